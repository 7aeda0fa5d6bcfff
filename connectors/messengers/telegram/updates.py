"""Telegram's updates as `Inbound` values.

In comes one `Update` as decoded JSON, which its sender has been authenticated for and which may still have any shape;
out goes a list of items, `UNKNOWN` where the update is not understood. Group chats are not understood on purpose: a bot
in the staff's group must not answer the staff. Shapes: https://core.telegram.org/bots/api#update.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType

from connectors.contract import ContactCard, Inbound, InboundKind, Malformed, Source
from connectors.messengers.telegram.attachments import attachments_of
from connectors.messengers.telegram.typed import integer, optional_text, text_of

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)
_INT64 = 2**63
_DELETED_AT_ONCE = 1000  # a hundred is the most that Telegram is known to tell of in one update
_DEEP_LINK = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DATES = frozenset({"date", "edit_date"})
_NO_DATE = 1  # not 0, which makes PTB take a message for an inaccessible one
_LAST_DATE = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
_TELEGRAM_BEGAN = datetime(2013, 8, 1, tzinfo=UTC)  # an earlier date is Telegram's way of giving none


def inbound_of(data: Mapping[str, Any]) -> Sequence[Inbound]:
    """What an update holds; raises `Malformed` when it is no update at all."""
    if not is_update(data):
        raise Malformed("the body is not an Update: update_id must be a whole number of at most 64 bits")
    for readable in (_as_it_is, _with_readable_dates):
        # PTB meets shapes it was not made for and says so in many ways; the update is kept all the same
        with suppress(Exception):
            return _understood(Update.de_json(readable(data), None), raw=data) or [unknown_of(data)]
    return [unknown_of(data)]


def is_update(data: Any) -> bool:
    """Whether it has the number that everything kept of an update is named by."""
    return isinstance(data, dict) and type(number := data.get("update_id")) is int and -_INT64 <= number < _INT64


def unknown_of(data: Mapping[str, Any]) -> Inbound:
    """An update that is kept and not acted on."""
    key = str(data["update_id"])
    return Inbound(kind=InboundKind.UNKNOWN, provider_key=key, thread_key=_thread_in(data), raw=data)


def thread_key_of(chat_id: int, business_connection_id: str | None) -> str:
    """A private chat with the bot is named by its id; the owner's own chat with a customer by the connection too."""
    return str(chat_id) if business_connection_id is None else f"{business_connection_id}:{chat_id}"


def message_key_of(thread_key: str, message_id: int) -> str:
    """Telegram counts messages per chat or per bot, so only both together name one in the account."""
    return f"{thread_key}:{message_id}"


def _as_it_is(data: Mapping[str, Any]) -> dict[str, Any]:
    return dict(data)


def _with_readable_dates(value: Any) -> Any:
    """A date that is no time is no reason to leave a customer without an answer: it becomes one before Telegram."""
    if isinstance(value, list):
        return [_with_readable_dates(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _NO_DATE if name in _DATES and not _is_date(item) else _with_readable_dates(item)
        for name, item in value.items()
    }


def _is_date(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LAST_DATE


def _understood(update: Update, *, raw: Mapping[str, Any]) -> list[Inbound]:
    if (message := update.message or update.business_message) is not None:
        return _said(message, raw=raw)
    if (message := update.edited_message or update.edited_business_message) is not None:
        return _edited(message, raw=raw)
    if (query := update.callback_query) is not None:
        return _pressed(query, raw=raw)
    if (change := update.my_chat_member) is not None:
        return _membership(change, raw=raw)
    if (deleted := update.deleted_business_messages) is not None and len(deleted.message_ids) <= _DELETED_AT_ONCE:
        thread_key = thread_key_of(deleted.chat.id, text_of(deleted.business_connection_id))
        about = Inbound(kind=InboundKind.DELETED, provider_key=str(raw["update_id"]), thread_key=thread_key, raw=raw)
        return [
            replace(
                about,
                provider_key=f"{about.provider_key}/{message_id}",
                provider_message_id=message_key_of(thread_key, integer(message_id)),
                order_key=message_id,
            )
            for message_id in deleted.message_ids
        ]
    return []


def _said(message: Message, *, raw: Mapping[str, Any]) -> list[Inbound]:
    kind = _speaker(message)
    if kind is None:
        return []
    item = replace(
        _about(message, raw=raw),
        kind=kind,
        text=text_of(message.text if message.text is not None else message.caption),
        contact=_contact(message),
        attachments=attachments_of(message),
    )
    if item.text.partition(" ")[0].partition("@")[0] == "/start" and kind is InboundKind.MESSAGE:
        return [_started(item)]
    return [item] if item.text or item.contact or item.attachments else []


def _speaker(message: Message) -> InboundKind | None:
    """MESSAGE from a customer, ECHO from the owner of a business account, None from anybody else."""
    sender = message.from_user
    if message.chat.type != ChatType.PRIVATE or sender is None or sender.is_bot:
        return None
    if message.business_connection_id is None or sender.id == message.chat.id:
        return InboundKind.MESSAGE
    is_automatic = message.sender_business_bot is not None or message.is_from_offline
    return None if is_automatic else InboundKind.ECHO


def _started(item: Inbound) -> Inbound:
    rest = item.text.partition(" ")[2].strip()
    if _DEEP_LINK.fullmatch(rest):
        return replace(item, kind=InboundKind.STARTED, text="", payload=rest, source=Source(ref=rest))
    return replace(item, kind=InboundKind.STARTED, text=rest)


def _edited(message: Message, *, raw: Mapping[str, Any]) -> list[Inbound]:
    text = text_of(message.text if message.text is not None else message.caption)
    if _speaker(message) is not InboundKind.MESSAGE or not text:
        return []
    return [
        replace(_about(message, raw=raw), kind=InboundKind.EDITED, text=text, sent_at=_instant(message.edit_date)),
    ]


def _pressed(query: CallbackQuery, *, raw: Mapping[str, Any]) -> list[Inbound]:
    message, payload = query.message, optional_text(query.data)
    if message is None or payload is None or message.chat.type != ChatType.PRIVATE:
        return []
    connection = message.business_connection_id if isinstance(message, Message) else None
    item = _item(message.chat, query.from_user, connection=connection, message_id=message.message_id, raw=raw)
    return [
        replace(
            item,
            kind=InboundKind.PRESSED,
            provider_message_id=None,
            text=_label(message, payload) if isinstance(message, Message) else "",
            payload=payload,
            press_id=text_of(query.id),
        )
    ]


def _label(message: Message, payload: str) -> str:
    rows = message.reply_markup.inline_keyboard if message.reply_markup is not None else ()
    return next((text_of(key.text) for row in rows for key in row if key.callback_data == payload), "")


def _membership(change: ChatMemberUpdated, *, raw: Mapping[str, Any]) -> list[Inbound]:
    kinds = {ChatMemberStatus.BANNED: InboundKind.BLOCKED, ChatMemberStatus.MEMBER: InboundKind.UNBLOCKED}
    kind = kinds.get(ChatMemberStatus(change.new_chat_member.status))
    if change.chat.type != ChatType.PRIVATE or kind is None:
        return []
    item = _item(change.chat, change.from_user, connection=None, message_id=0, raw=raw)
    return [replace(item, kind=kind, provider_message_id=None, sent_at=_instant(change.date))]


def _about(message: Message, *, raw: Mapping[str, Any]) -> Inbound:
    item = _item(
        message.chat,
        message.from_user,
        connection=optional_text(message.business_connection_id),
        message_id=message.message_id,
        raw=raw,
    )
    original = message.reply_to_message
    reply_to = None if original is None else message_key_of(item.thread_key, integer(original.message_id))
    return replace(item, sent_at=_instant(message.date), reply_to=reply_to)


def _item(
    chat: Chat, sender: User | None, *, connection: str | None, message_id: int, raw: Mapping[str, Any]
) -> Inbound:
    """What all kinds share, typed: nothing that PTB left unchecked goes further."""
    thread_key = thread_key_of(integer(chat.id), connection)
    language = optional_text(sender.language_code) if sender is not None else None
    return Inbound(
        kind=InboundKind.UNKNOWN,
        provider_key=str(raw["update_id"]),
        thread_key=thread_key,
        provider_message_id=message_key_of(thread_key, integer(message_id)),
        order_key=message_id,
        sender_name=_full_name(sender.first_name, sender.last_name) if sender is not None else None,
        sender_username=optional_text(sender.username) if sender is not None else None,
        language=language.partition("-")[0].lower() if language else None,
        raw=raw,
    )


def _contact(message: Message) -> ContactCard | None:
    card, sender = message.contact, message.from_user
    if card is None:
        return None
    return ContactCard(
        phone=text_of(card.phone_number),
        name=_full_name(card.first_name, card.last_name),
        is_own=sender is not None and card.user_id is not None and card.user_id == sender.id,
    )


def _full_name(first: object, last: object) -> str | None:
    return f"{text_of(first)} {text_of(last)}".strip() or None


def _instant(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment >= _TELEGRAM_BEGAN else None


def _thread_in(data: Mapping[str, Any]) -> str:
    """The thread of an update that was not understood, where it plainly names one."""
    for part in data.values():
        chat = part.get("chat") if isinstance(part, dict) else None
        chat_id = chat.get("id") if isinstance(chat, dict) else None
        if type(chat_id) is int:
            connection = part.get("business_connection_id")
            return thread_key_of(chat_id, connection if isinstance(connection, str) else None)
    return ""
