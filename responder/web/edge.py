"""The outermost part of the application: what no handler should have to think of.

It refuses addresses that hold U+0000, and it makes every body a bounded one: not compressed and at most `BODY_LIMIT`
bytes. A body is judged when a handler asks for it and not before, so whoever proves nothing by headers is refused
without a byte of it being read. It must cost next to nothing: every message of every channel comes this way. How long
a body may take to arrive is `responder.web.protocol`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from responder.web.problems import Problem

BODY_LIMIT = 1024 * 1024  # bytes; WhatsApp batches are the largest documented and stay far below
WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")  # nobody reads theirs; streams listen there for the reader going away

Refuse = Callable[[Request, HTTPException], Awaitable[Response]]


class Edge:
    """`refuse` turns a refusal into the answer its reader understands."""

    def __init__(self, app: ASGIApp, *, refuse: Refuse, body_limit: int = BODY_LIMIT) -> None:
        self._app = app
        self._refuse = refuse
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            response = await self._refuse(Request(scope), Problem(400, "nul_in_address"))
            await response(scope, receive, send)
        elif scope["method"] in WITHOUT_BODY:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, _bounded(scope, receive, self._body_limit), send)


def _bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    """`receive` for one request's body; raises `Problem` 413 or 415 in whoever reads it."""
    left = limit
    is_begun = False

    async def receive_bounded() -> Message:
        nonlocal left, is_begun
        if not is_begun:
            is_begun = True
            _judge_headers(scope, limit)
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(limit)
        return message

    return receive_bounded


def _judge_headers(scope: Scope, limit: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and (len(value) > 19 or int(value) > limit):
            raise _too_large(limit)
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise Problem(415, "body_is_encoded")


def _too_large(limit: int) -> Problem:
    return Problem(413, "body_too_large", headers={"connection": "close"}, limit=limit)
