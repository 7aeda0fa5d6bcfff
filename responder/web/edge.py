"""The outermost part of the application: what no handler should have to think of.

It refuses addresses that hold U+0000, and it makes every body a bounded one: not compressed, at most `BODY_LIMIT`
bytes, wholly here within `BODY_WITHIN_S`. A body is judged when a handler asks for it and not before, so whoever
proves nothing by headers is refused without a byte of it being read. It must cost next to nothing: every message of
every channel comes this way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from responder.web.problems import Problem

BODY_LIMIT = 1024 * 1024  # bytes; WhatsApp batches are the largest documented and stay far below
BODY_WITHIN_S = 10.0
WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")  # nobody reads theirs; streams listen there for the reader going away

Refuse = Callable[[Request, HTTPException], Awaitable[Response]]


class Edge:
    """`refuse` turns a refusal into the answer its reader understands."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        refuse: Refuse,
        body_limit: int = BODY_LIMIT,
        body_within_s: float = BODY_WITHIN_S,
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._body_limit = body_limit
        self._body_within_s = body_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            response = await self._refuse(Request(scope), Problem(400, "nul_in_address"))
            await response(scope, receive, send)
        elif scope["method"] in WITHOUT_BODY:
            await self._app(scope, receive, send)
        else:
            body = _BoundedBody(scope, receive, limit=self._body_limit, within_s=self._body_within_s)
            await self._app(scope, body.receive, send)


class _BoundedBody:
    """One request's body; raises `Problem` 408, 413 or 415 in whoever reads it."""

    def __init__(self, scope: Scope, receive: Receive, *, limit: int, within_s: float) -> None:
        self._headers = scope["headers"]
        self._receive = receive
        self._left = limit
        self._limit = limit
        self._within_s = within_s
        self._deadline: float | None = None
        self._is_complete = False

    async def receive(self) -> Message:
        if self._is_complete:
            return await self._receive()
        if self._deadline is None:
            self._judge_headers()
            self._deadline = asyncio.get_running_loop().time() + self._within_s
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, "body_too_slow", headers={"connection": "close"}, seconds=self._within_s) from None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise self._too_large()
        self._is_complete = not message.get("more_body", False)
        return message

    def _judge_headers(self) -> None:
        for name, value in self._headers:
            if name == b"content-length" and value.isdigit() and (len(value) > 19 or int(value) > self._limit):
                raise self._too_large()
            if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                raise Problem(415, "body_is_encoded")

    def _too_large(self) -> Problem:
        return Problem(413, "body_too_large", headers={"connection": "close"}, limit=self._limit)
