"""A Telegram to talk to: a small server speaking the Bot API's wire protocol and enforcing its rules.

Used by the contract tests, the end-to-end tests, the demo and the benchmarks:

    async with TelegramStub() as telegram:
        ...                                            # a bot with telegram.token against telegram.url
        await telegram.customer_says(4455, "Hello").confirmed()
        (reply,) = await telegram.until_sent(4455, count=1)

The customers' side are plain calls (`customer_says`, `customer_presses`...). Their updates go to the webhook, with the
secret header and again until it answers 2xx, or wait for `getUpdates` when no webhook is set. Misfortune is ordered
with `fail_next`, `hang_next`, `reset_next` and `lose_answer_next` (for one method, or the next of `ANY_METHOD`), and
`go_down`.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from tests.stubs.telegram_chats import BOT, Chats, SentMessage
from tests.stubs.telegram_delivery import UpdateDelivery
from tests.stubs.telegram_rules import CHAT_ACTIONS, Refusal, check_markup, check_secret, check_text, decoded
from tests.stubs.telegram_updates import Json

__all__ = ["ANY_METHOD", "BOT", "SentMessage", "TelegramStub"]

ANY_METHOD = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mishap:
    answer: web.Response | None = None  # None: never answer
    is_carried_out: bool = False
    is_reset: bool = False


class TelegramStub(Chats):
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
        super().__init__(UpdateDelivery(second_s=second_s), now=now)
        self.token = token
        self.url = ""  # of the server, known once it is entered
        self.allowed_updates: list[str] | None = None
        self.calls: list[tuple[str, Mapping[str, Any]]] = []  # every authentic call except getUpdates
        self.typing: list[int] = []
        self.answer_delay_s = answer_delay_s
        self._port, self._flood_interval_s = port, flood_interval_s
        self._files: dict[str, bytes] = {}
        self._gone: set[str] = set()
        self._mishaps: dict[str, deque[_Mishap]] = defaultdict(deque)
        self._closing = asyncio.Event()

    # --- server

    async def __aenter__(self) -> TelegramStub:
        await self._delivery.open()
        await self.come_back()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._delivery.close()
        await self._runner.cleanup()

    async def go_down(self) -> None:
        """Stop listening and drop every connection; nothing is forgotten."""
        await self._runner.cleanup()

    async def come_back(self) -> None:
        """Listen at the same address as before."""
        app = web.Application(client_max_size=50 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._on_call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._on_file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    def tell_time_by(self, now: Callable[[], float]) -> None:
        """From here on the stamps of messages are those of `now`, in seconds since 1970."""
        self._now = now

    def add_file(self, content: bytes, *, is_chunked: bool = False) -> str:
        """Keep a file, given out in chunks or with its length, and give the id that `getFile` takes."""
        file_id = f"{'chunked' if is_chunked else 'file'}-{next(self._ids)}"
        self._files[file_id] = content
        return file_id

    def forget_content(self, file_id: str) -> None:
        """Let `getFile` know the file and its download be gone."""
        self._gone.add(file_id)

    @property
    def webhook(self) -> tuple[str, str | None] | None:
        """Address and secret of the webhook, None while there is none."""
        url = self._delivery.webhook_url
        return None if url is None else (url, self._delivery.webhook_secret)

    async def until_polled(self) -> None:
        """Wait until a `getUpdates` waits for something to happen."""
        await self._delivery.polled.wait()

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

    def reset_next(self, *, method: str = "sendMessage") -> None:
        """Take the next call and drop the connection; nothing is done."""
        self._mishaps[method].append(_Mishap(is_reset=True))

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
        mishaps = self._mishaps[method] or self._mishaps[ANY_METHOD]
        mishap = mishaps.popleft() if mishaps else None
        if mishap is not None and mishap.answer is not None:
            return mishap.answer
        if mishap is not None and mishap.is_reset and request.transport is not None:
            request.transport.abort()
            return _refused(Refusal(500, "Internal Server Error: restart"))
        if mishap is not None and not mishap.is_carried_out:
            await self._closing.wait()
            return _refused(Refusal(500, "Internal Server Error: restart"))
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
        self._keep(sent)
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
        file_id = request.match_info["path"].removeprefix("files/")
        is_known = file_id in self._files and file_id not in self._gone
        if request.match_info["token"] != self.token or not is_known:
            return _refused(Refusal(404, "Not Found"))
        response = web.Response(body=self._files[file_id])
        if file_id.startswith("chunked"):
            response.enable_chunked_encoding()
        return response

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
