"""What the chat API says no with: one JSON form, one place that turns a refusal into a response.

{"error": "rate_limited", "message": "..."}
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from responder.db.outages import DATABASE_ERRORS, is_outage
from responder.errors import Refused
from responder.logs import get_logger

log = get_logger(__name__)

_EDGE_CODES = {413: "too_large", 415: "encoded"}


class ChatRefusal(Refused):
    """The caller's request is refused; `code` is for programs, `message` for people."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


def json_response(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(content, option=orjson.OPT_UTC_Z),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store", "x-content-type-options": "nosniff", **(headers or {})},
    )


class ChatRoute(APIRoute):
    """Answers refusals as JSON and names the origin that may read the answer (`let_read`)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except (ChatRefusal, HTTPException, *DATABASE_ERRORS) as error:
                refusal = _as_refusal(error)
                content = {"error": refusal.code, "message": refusal.message}
                response = json_response(content, status=refusal.status, headers=refusal.headers)
            response.headers.append("vary", "Origin")
            origin = getattr(request.state, "readable_by", None)
            if origin is not None:
                response.headers["access-control-allow-origin"] = origin
                response.headers["access-control-expose-headers"] = "retry-after"
            return response

        return answer


def _as_refusal(error: Exception) -> ChatRefusal:
    """What ended the request, in this API's form; raises what is no refusal and no outage."""
    if isinstance(error, ChatRefusal):
        return error
    if isinstance(error, HTTPException):  # of the application's edge
        return ChatRefusal(error.status_code, _EDGE_CODES[error.status_code], error.detail, headers=error.headers)
    if is_outage(error):
        log.error("chat_unavailable", error=type(error).__name__)
        return ChatRefusal(503, "unavailable", "Not possible just now; please repeat.", headers={"retry-after": "2"})
    raise error


def let_read(request: Request, origin: str) -> None:
    """Scripts of `origin` may read the answer, a refusal included."""
    request.state.readable_by = origin
