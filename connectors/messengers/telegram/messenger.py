"""The Telegram account as a `Messenger`: webhook or polling in, `sendMessage` out.

Facts it stands on: https://core.telegram.org/bots/api. There is no idempotency key, so a lost answer is an unknown
outcome; there are no delivery or read notices.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from telegram import Bot

from connectors.contract import (
    Capabilities,
    ChannelKind,
    ConnectorError,
    Inbound,
    InboundHandler,
    InboundKind,
    Outbound,
    OutcomeUnknown,
    PermanentError,
    RawRequest,
    Receipt,
    TransientError,
    Unauthentic,
    WebhookResult,
)
from connectors.json_body import read_object
from connectors.messengers.telegram.failures import translated
from connectors.messengers.telegram.keyboards import Keyboards
from connectors.messengers.telegram.polling import Poller, RawUpdate
from connectors.messengers.telegram.transport import AiohttpRequest
from connectors.messengers.telegram.updates import ALLOWED_UPDATES, inbound_of, is_update, message_key_of

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  the name of a header
_LONG_POLL_S = 30
_LONG_POLL_UPDATES = 100
_NO_PREVIEW = {"is_disabled": True}
_ANSWERS = frozenset({InboundKind.MESSAGE, InboundKind.STARTED, InboundKind.PRESSED})


class TelegramMessenger:
    """One bot.

    `webhook_secret` (1-256 of A-Z a-z 0-9 _ -) is what `subscribe` registers and `receive` insists on; without it every
    webhook request is refused. `base_url` is another Bot API server. Thread keys are chat ids, or
    "business_connection_id:chat_id" in chats of a business account; message ids are "thread_key:message_id", in
    receipts and in inbound items alike, because Telegram's own number is unique in a chat only.
    """

    kind = ChannelKind.TELEGRAM
    capabilities = Capabilities(
        text_limit=4096,
        max_buttons=24,
        button_label_limit=40,
        button_payload_limit_bytes=64,
        can_ask_contact=True,
        has_typing=True,
        typing_lasts_s=5.0,
        min_interval_s=1.0,
        can_poll=True,
        sent_at_resolution_s=1.0,
    )

    def __init__(
        self,
        *,
        token: str,
        webhook_secret: str | None,
        base_url: str = "https://api.telegram.org",
        connect_timeout_s: float = 5.0,
        read_timeout_s: float = 10.0,
    ) -> None:
        root = base_url.rstrip("/")
        self._secret = webhook_secret
        self._methods = f"{root}/bot{token}"
        self._request = AiohttpRequest(token=token, connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s)
        self._bot = Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )
        self._keyboards = Keyboards()

    async def open(self) -> None:
        """Only the transport: `Bot.initialize` would call `getMe` and fail while Telegram is down."""
        await self._request.initialize()

    async def close(self) -> None:
        await self._request.shutdown()

    def admit(self, headers: Mapping[str, str]) -> None:
        given = headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
        if not self._secret or not hmac.compare_digest(given, self._secret.encode()):
            raise Unauthentic("the secret header is missing or wrong")

    def receive(self, request: RawRequest) -> WebhookResult:
        self.admit(request.headers)
        return WebhookResult(items=self._read(read_object(request.body)))

    async def send(self, message: Outbound) -> Receipt:
        business_connection_id, chat_id = _address(message.thread_key)
        # Telegram takes request_contact in a private chat with the bot itself, nowhere else.
        markup = self._keyboards.markup_for(message, can_ask_contact=business_connection_id is None)
        parameters: dict[str, object] = {
            "chat_id": chat_id,
            "text": message.text,
            "link_preview_options": _NO_PREVIEW,
        }
        if business_connection_id is not None:
            parameters["business_connection_id"] = business_connection_id
        if markup is not None:
            parameters["reply_markup"] = markup
        if (original := _message_number(message.reply_to)) is not None:
            parameters["reply_parameters"] = {"message_id": original, "allow_sending_without_reply": True}
        result = await self._call("sendMessage", parameters)
        self._keyboards.was_sent(message.thread_key, markup)
        return Receipt(provider_message_id=message_key_of(message.thread_key, _sent_number(result)))

    async def show_typing(self, thread_key: str) -> None:
        with suppress(ConnectorError):
            business_connection_id, chat_id = _address(thread_key)
            parameters: dict[str, object] = {"chat_id": chat_id, "action": "typing"}
            if business_connection_id is not None:
                parameters["business_connection_id"] = business_connection_id
            await self._call("sendChatAction", parameters)

    async def acknowledge_press(self, press_id: str) -> None:
        with suppress(ConnectorError):
            await self._call("answerCallbackQuery", {"callback_query_id": press_id})

    async def fetch(self, attachment_id: str) -> bytes:
        with translated():
            file = await self._bot.get_file(attachment_id)
        if not file.file_path:
            raise PermanentError("Telegram has no such file")
        with translated():
            status, content = await self._request.do_request(file.file_path, "GET")
        if status == 404:
            raise PermanentError("Telegram has no such file any more", code="404")
        if status != 200:
            raise TransientError(f"Telegram answers {status} to a download")
        return content

    async def probe(self) -> str:
        with translated():
            me = await self._bot.get_me()
        return f"@{me.username}"

    async def subscribe(self, url: str) -> None:
        if not self._secret:
            raise PermanentError("a Telegram webhook needs a webhook_secret")
        with translated():
            await self._bot.set_webhook(url, secret_token=self._secret, allowed_updates=ALLOWED_UPDATES)

    async def poll(self, handle: InboundHandler) -> None:
        await Poller(ask=self._updates, read=self._read, remove_webhook=self._remove_webhook).run(handle)

    def _read(self, update: Mapping[str, Any]) -> Sequence[Inbound]:
        items = inbound_of(update)
        for item in items:
            if item.kind in _ANSWERS:
                self._keyboards.was_answered(item.thread_key)
        return items

    async def _updates(self, offset: int | None) -> Sequence[RawUpdate]:
        """The next updates; not `Bot.get_updates`, which gives up the whole batch over one it cannot parse."""
        parameters: dict[str, object] = {
            "timeout": _LONG_POLL_S,
            "limit": _LONG_POLL_UPDATES,
            "allowed_updates": ALLOWED_UPDATES,
        }
        if offset is not None:
            parameters["offset"] = offset
        updates = await self._call("getUpdates", parameters, read_timeout_s=_LONG_POLL_S + 10.0)
        if not isinstance(updates, list) or not all(is_update(update) for update in updates):
            raise TransientError("Telegram answers getUpdates with something else")
        return updates

    async def _remove_webhook(self) -> None:
        with translated():
            await self._bot.delete_webhook(drop_pending_updates=False)

    async def _call(
        self, method: str, parameters: Mapping[str, object], *, read_timeout_s: float | None = None
    ) -> object:
        with translated():
            return await self._request.call(f"{self._methods}/{method}", parameters, read_timeout_s=read_timeout_s)


def _address(thread_key: str) -> tuple[str | None, int]:
    connection, _, chat = thread_key.rpartition(":")
    try:
        return connection or None, int(chat)
    except ValueError as error:
        raise PermanentError("not a Telegram thread") from error


def _message_number(message_key: str | None) -> int | None:
    number = (message_key or "").rpartition(":")[2]
    return int(number) if number.isdecimal() else None


def _sent_number(result: object) -> int:
    number = result.get("message_id") if isinstance(result, dict) else None
    if type(number) is not int:
        raise OutcomeUnknown("Telegram accepted a message and did not say which")
    return number
