"""The people at the other end of a bot: what they do, and what reached them.

Part of the Telegram stub, which puts a Bot API server in front of it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_delivery import Delivery, UpdateDelivery
from tests.stubs.telegram_updates import Customer, Json

BOT = {"id": 1, "is_bot": True, "first_name": "Salon", "username": "salon_bot"}


@dataclass(frozen=True, kw_only=True, slots=True)
class SentMessage:
    """A `sendMessage` call that was accepted."""

    chat_id: int
    message_id: int
    text: str
    at: float  # Unix time of the acceptance
    markup: Mapping[str, Any] | None
    parameters: Mapping[str, Any]  # of the call, as they came

    @property
    def buttons(self) -> dict[str, str]:
        """Labels and callback data of the inline buttons."""
        rows = (self.markup or {}).get("inline_keyboard", ())
        return {button["text"]: button["callback_data"] for row in rows for button in row}

    @property
    def keyboard(self) -> list[str]:
        """Labels of the reply keyboard."""
        return [button["text"] for row in (self.markup or {}).get("keyboard", ()) for button in row]


class Chats:
    """Private chats with one bot; every `customer_*` call is an update on its way to the bot."""

    def __init__(self, delivery: UpdateDelivery, *, now: Callable[[], float]) -> None:
        self._delivery = delivery
        self._now = now
        self._ids = itertools.count(1)
        self._update_ids = itertools.count(700_000_001)
        self._customers: dict[int, Customer] = {}
        self._blocked: set[int] = set()
        self._sent: dict[int, list[SentMessage]] = defaultdict(list)
        self._news: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._queries: set[str] = set()

    def customer(self, chat_id: int, **about: Any) -> Customer:
        """The person of this chat, made known to the bot (who may write to them from now on)."""
        if about or chat_id not in self._customers:
            self._customers[chat_id] = Customer(id=chat_id, **about)
        return self._customers[chat_id]

    def customer_says(self, chat_id: int, text: str, *, date: int | None = None) -> Delivery:
        return self.customer_sends(chat_id, date=date, text=text)

    def customer_sends(self, chat_id: int, *, date: int | None = None, **content: Any) -> Delivery:
        """Any message: photo=[...], voice={...}, caption=..."""
        about = self._stamped(date)
        return self.deliver({"message": updates.message(self.customer(chat_id), **about, **content)}, lane=chat_id)

    def customer_opens(self, chat_id: int, payload: str = "") -> Delivery:
        """The start button, or a link t.me/bot?start=payload."""
        return self.customer_says(chat_id, f"/start {payload}".strip())

    def customer_shares_phone(self, chat_id: int, phone: str, *, is_own: bool = True) -> Delivery:
        customer = self.customer(chat_id)
        return self.deliver(updates.shared_phone(customer, phone, **self._stamped(), is_own=is_own), lane=chat_id)

    def customer_presses(self, chat_id: int, label: str) -> Delivery:
        """The newest button with this label, inline or of the reply keyboard; KeyError when none was sent."""
        for sent in reversed(self._sent[chat_id]):
            if label in sent.keyboard:
                return self.customer_says(chat_id, label)
            if label in sent.buttons:
                query_id = f"query-{next(self._ids)}"
                self._queries.add(query_id)
                press = updates.pressed(
                    self.customer(chat_id),
                    sent.buttons[label],
                    query_id=query_id,
                    button_message=self._as_message(sent),
                )
                return self.deliver(press, lane=chat_id)
        raise KeyError(label)

    def customer_edits(self, chat_id: int, message_id: int, text: str) -> Delivery:
        now = int(self._now())
        edit = updates.edited(self.customer(chat_id), text, message_id=message_id, date=now, edit_date=now)
        return self.deliver(edit, lane=chat_id)

    def customer_blocks(self, chat_id: int) -> Delivery:
        self._blocked.add(chat_id)
        return self._membership(chat_id, "kicked")

    def customer_unblocks(self, chat_id: int) -> Delivery:
        self._blocked.discard(chat_id)
        return self._membership(chat_id, "member")

    def deliver(self, content: Mapping[str, Any], *, lane: int = 0) -> Delivery:
        """Send any update; without an `update_id` (a redelivery has one) it gets the next. Same lane, same order."""
        return self._delivery.put({"update_id": next(self._update_ids), **content}, lane=lane)

    def sent(self, chat_id: int) -> list[SentMessage]:
        """Messages accepted for this chat, oldest first."""
        return list(self._sent[chat_id])

    async def until_sent(self, chat_id: int, *, count: int, timeout_s: float = 10.0) -> list[SentMessage]:
        """Wait until the bot has sent at least `count` messages to this chat; TimeoutError when it does not."""
        async with asyncio.timeout(timeout_s):
            while len(self._sent[chat_id]) < count:
                self._news[chat_id].clear()
                await self._news[chat_id].wait()
        return self.sent(chat_id)

    def _keep(self, sent: SentMessage) -> None:
        self._sent[sent.chat_id].append(sent)
        self._news[sent.chat_id].set()

    def _stamped(self, date: int | None = None) -> Any:
        return {"message_id": next(self._ids), "date": int(self._now()) if date is None else date}

    def _membership(self, chat_id: int, status: str) -> Delivery:
        change = updates.membership(self.customer(chat_id), status=status, date=int(self._now()), bot=BOT)
        return self.deliver(change, lane=chat_id)

    def _as_message(self, sent: SentMessage) -> Json:
        chat = self._customers[sent.chat_id].as_chat()
        message = {"message_id": sent.message_id, "from": BOT, "chat": chat, "date": int(sent.at), "text": sent.text}
        return {**message, "reply_markup": sent.markup} if "inline_keyboard" in (sent.markup or {}) else message
