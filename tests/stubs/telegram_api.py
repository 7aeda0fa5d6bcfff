"""A Telegram to talk to: a small server speaking the Bot API's wire protocol and enforcing its rules.

Used by the contract tests, the end-to-end tests, the demo and the benchmarks:

    async with TelegramStub() as telegram:
        ...                                            # a bot with telegram.token against telegram.url
        await telegram.customer_says(4455, "Hello").confirmed()
        (reply,) = await telegram.until_sent(4455, count=1)

The customers' side are plain calls (`customer_says`, `customer_presses`...). Their updates go to the webhook, with the
secret header and again until it answers 2xx, or wait for `getUpdates` when no webhook is set. Misfortune is ordered
with `fail_next`, `hang_next` and `lose_answer_next`.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_delivery import Delivery, UpdateDelivery
from tests.stubs.telegram_rules import CHAT_ACTIONS, Refusal, check_markup, check_secret, check_text, decoded
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mishap:
    answer: web.Response | None = None  # None: never answer
    is_carried_out: bool = False


class TelegramStub:
    """One bot account at a Bot API server on 127.0.0.1.

    `flood_interval_s`: refuse a second message to a chat within this time, as Telegram does after a burst.
    `second_s`: how long a second of the server's patience (webhook retries) lasts here.
    """

    def __init__(
        self,
        *,
        token: str = "1:stub-token",
        port: int = 0,
        flood_interval_s: float | None = None,
        answer_delay_s: float = 0.0,
        second_s: float = 0.02,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.token = token
        self.url = ""  # of the server, known once it is entered
        self.allowed_updates: list[str] | None = None
        self.calls: list[tuple[str, Mapping[str, Any]]] = []  # every authentic call except getUpdates
        self.typing: list[int] = []
        self.answer_delay_s = answer_delay_s
        self._port, self._flood_interval_s, self._now = port, flood_interval_s, now
        self._ids = itertools.count(1)
        self._update_ids = itertools.count(700_000_001)
        self._customers: dict[int, Customer] = {}
        self._blocked: set[int] = set()
        self._sent: dict[int, list[SentMessage]] = defaultdict(list)
        self._waiters: dict[int, list[tuple[int, asyncio.Event]]] = defaultdict(list)
        self._queries: set[str] = set()
        self._files: dict[str, bytes] = {}
        self._mishaps: dict[str, deque[_Mishap]] = defaultdict(deque)
        self._delivery = UpdateDelivery(second_s=second_s)
        self._closing = asyncio.Event()

    # --- server

    async def __aenter__(self) -> TelegramStub:
        app = web.Application(client_max_size=50 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._on_call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._on_file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"
        await self._delivery.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._delivery.close()
        await self._runner.cleanup()

    # --- the customers' side

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

    def add_file(self, content: bytes) -> str:
        """Keep a file and give the id that `getFile` takes."""
        file_id = f"file-{next(self._ids)}"
        self._files[file_id] = content
        return file_id

    def deliver(self, content: Mapping[str, Any], *, lane: int = 0) -> Delivery:
        """Send any update; without an `update_id` (a redelivery has one) it gets the next. Same lane, same order."""
        return self._delivery.put({"update_id": next(self._update_ids), **content}, lane=lane)

    # --- what the bot did

    @property
    def webhook(self) -> tuple[str, str | None] | None:
        """Address and secret of the webhook, None while there is none."""
        url = self._delivery.webhook_url
        return None if url is None else (url, self._delivery.webhook_secret)

    def sent(self, chat_id: int) -> list[SentMessage]:
        """Messages accepted for this chat, oldest first."""
        return list(self._sent[chat_id])

    async def until_sent(self, chat_id: int, *, count: int, timeout_s: float = 10.0) -> list[SentMessage]:
        """Wait until the bot has sent at least `count` messages to this chat; TimeoutError when it does not."""
        if len(self._sent[chat_id]) < count:
            event = asyncio.Event()
            self._waiters[chat_id].append((count, event))
            await asyncio.wait_for(event.wait(), timeout_s)
        return self.sent(chat_id)

    # --- misfortune

    def fail_next(
        self,
        status: int,
        *,
        description: str = "Internal Server Error",
        retry_after_s: int | None = None,
        body: bytes | None = None,
        method: str = "sendMessage",
        times: int = 1,
    ) -> None:
        """Refuse the next calls of `method` with this error answer (or with `body`, whatever it is)."""
        for _ in range(times):
            refused = _refused(Refusal(status, description, retry_after_s))
            answer = refused if body is None else web.Response(status=status, body=body)
            self._mishaps[method].append(_Mishap(answer=answer))

    def hang_next(self, *, method: str = "sendMessage") -> None:
        """Take the next call and never answer; nothing is done."""
        self._mishaps[method].append(_Mishap())

    def lose_answer_next(self, *, method: str = "sendMessage") -> None:
        """Carry the next call out and drop the connection instead of answering."""
        self._mishaps[method].append(_Mishap(is_carried_out=True))

    # --- methods of the Bot API

    async def _on_call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            is_token = ":" in request.match_info["token"]
            return _refused(Refusal(401, "Unauthorized") if is_token else Refusal(404, "Not Found"))
        method, parameters = request.match_info["method"], await _parameters(request)
        if method != "getUpdates":
            self.calls.append((method, parameters))
        if self.answer_delay_s:
            await asyncio.sleep(self.answer_delay_s)
        mishap = self._mishaps[method].popleft() if self._mishaps[method] else None
        if mishap is not None and mishap.answer is not None:
            return mishap.answer
        if mishap is not None and not mishap.is_carried_out:
            await self._closing.wait()
        answer = await self._carried_out(method, parameters)
        if mishap is not None and request.transport is not None:
            request.transport.abort()
        return answer

    async def _carried_out(self, method: str, parameters: Mapping[str, Any]) -> web.Response:
        handlers: dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            "getMe": self._get_me,
            "sendMessage": self._send_message,
            "sendChatAction": self._send_chat_action,
            "answerCallbackQuery": self._answer_callback_query,
            "getFile": self._get_file,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getUpdates": self._get_updates,
        }
        try:
            if method not in handlers:
                raise Refusal(404, "Not Found")
            return _json(200, {"ok": True, "result": await handlers[method](parameters)})
        except Refusal as refusal:
            return _refused(refusal)

    async def _get_me(self, _: Mapping[str, Any]) -> Json:
        return {**BOT, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    async def _send_message(self, parameters: Mapping[str, Any]) -> Json:
        chat_id = self._chat(parameters)
        text, markup = check_text(parameters.get("text")), check_markup(parameters.get("reply_markup"))
        self._check_reply(parameters)
        self._check_flood(chat_id)
        sent = SentMessage(
            chat_id=chat_id,
            message_id=next(self._ids),
            text=text.strip(),
            at=self._now(),
            markup=markup,
            parameters=parameters,
        )
        self._sent[chat_id].append(sent)
        for count, event in self._waiters[chat_id]:
            if len(self._sent[chat_id]) >= count:
                event.set()
        return self._as_message(sent)

    async def _send_chat_action(self, parameters: Mapping[str, Any]) -> bool:
        if parameters.get("action") not in CHAT_ACTIONS:
            raise Refusal(400, "Bad Request: wrong parameter action in request")
        self.typing.append(self._chat(parameters))
        return True

    async def _answer_callback_query(self, parameters: Mapping[str, Any]) -> bool:
        query_id = str(parameters.get("callback_query_id"))
        if query_id not in self._queries:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._queries.discard(query_id)
        return True

    async def _get_file(self, parameters: Mapping[str, Any]) -> Json:
        file_id = str(parameters.get("file_id"))
        if file_id not in self._files:
            raise Refusal(400, "Bad Request: invalid file_id")
        if len(self._files[file_id]) > 20 * 2**20:
            raise Refusal(400, "Bad Request: file is too big")
        size = len(self._files[file_id])
        return {"file_id": file_id, "file_unique_id": file_id, "file_size": size, "file_path": f"files/{file_id}"}

    async def _set_webhook(self, parameters: Mapping[str, Any]) -> bool:
        secret = check_secret(parameters.get("secret_token"))
        self._remember_allowed(parameters)
        self._delivery.set_webhook(str(parameters.get("url") or "") or None, secret)
        return True

    async def _delete_webhook(self, _: Mapping[str, Any]) -> bool:
        self._delivery.set_webhook(None, None)
        return True

    async def _get_updates(self, parameters: Mapping[str, Any]) -> list[Json]:
        self._remember_allowed(parameters)
        numbers = {name: int(parameters.get(name) or 0) for name in ("offset", "limit", "timeout")}
        return await self._delivery.poll(
            offset=numbers["offset"], limit=numbers["limit"] or 100, timeout_s=numbers["timeout"]
        )

    async def _on_file(self, request: web.Request) -> web.Response:
        content = self._files.get(request.match_info["path"].removeprefix("files/"))
        if request.match_info["token"] != self.token or content is None:
            return _refused(Refusal(404, "Not Found"))
        return web.Response(body=content)

    # --- rules that need the state

    def _chat(self, parameters: Mapping[str, Any]) -> int:
        try:
            chat_id = int(parameters["chat_id"])
        except (KeyError, ValueError) as error:
            raise Refusal(400, "Bad Request: chat_id is empty") from error
        if chat_id in self._blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if chat_id not in self._customers:
            raise Refusal(400, "Bad Request: chat not found")
        return chat_id

    def _check_flood(self, chat_id: int) -> None:
        last = self._sent[chat_id][-1].at if self._sent[chat_id] else None
        if self._flood_interval_s is None or last is None:
            return
        wait_s = last + self._flood_interval_s - self._now()
        if wait_s > 0:
            seconds = int(wait_s) + 1
            raise Refusal(429, f"Too Many Requests: retry after {seconds}", seconds)

    def _check_reply(self, parameters: Mapping[str, Any]) -> None:
        reply = decoded(parameters.get("reply_parameters"))
        if reply is not None and not isinstance(reply.get("message_id"), int):
            raise Refusal(400, "Bad Request: message to be replied not found")

    # --- shapes

    def _remember_allowed(self, parameters: Mapping[str, Any]) -> None:
        if parameters.get("allowed_updates") is not None:
            self.allowed_updates = decoded(parameters["allowed_updates"])

    def _stamped(self, date: int | None = None) -> Any:
        return {"message_id": next(self._ids), "date": int(self._now()) if date is None else date}

    def _membership(self, chat_id: int, status: str) -> Delivery:
        change = updates.membership(self.customer(chat_id), status=status, date=int(self._now()), bot=BOT)
        return self.deliver(change, lane=chat_id)

    def _as_message(self, sent: SentMessage) -> Json:
        chat = self._customers[sent.chat_id].as_chat()
        message = {"message_id": sent.message_id, "from": BOT, "chat": chat, "date": int(sent.at), "text": sent.text}
        return {**message, "reply_markup": sent.markup} if "inline_keyboard" in (sent.markup or {}) else message


async def _parameters(request: web.Request) -> Mapping[str, Any]:
    """Parameters from the query, a JSON body, a form or multipart, which the Bot API all takes."""
    if request.content_type == "application/json":
        body = await request.read()
        try:
            return {**request.query, **orjson.loads(body or b"{}")}
        except (orjson.JSONDecodeError, TypeError):
            return dict(request.query)
    return {**request.query, **await request.post()}


def _json(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)


def _refused(refusal: Refusal) -> web.Response:
    body: Json = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.retry_after_s is None:
        return _json(refusal.code, body)
    body["parameters"] = {"retry_after": refusal.retry_after_s}
    return _json(refusal.code, body, {"Retry-After": str(refusal.retry_after_s)})
