"""What every report route has in common: a mistake in the question names its field, and the time taken is measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from responder import metrics
from responder.logs import get_logger
from responder.reports.query import BadQuery

log = get_logger(__name__)


class ReportRoute(APIRoute):
    """Answers 422 with `field` and `message` whoever found the mistake: the types of the question or the query."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def timed(request: Request) -> Response:
            started = time.perf_counter()
            response = await _answer(handle, request)
            taken_s = time.perf_counter() - started
            metrics.REPORT_SECONDS.labels(self.name).observe(taken_s)
            log.info(
                "report_answered", report=self.name, status=response.status_code, taken_ms=round(taken_s * 1000, 1)
            )
            return response

        return timed


def as_json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json", headers={"cache-control": "no-store"})


async def _answer(handle: Callable[[Request], Coroutine[Any, Any, Response]], request: Request) -> Response:
    try:
        return await handle(request)
    except RequestValidationError as error:
        first = error.errors()[0]
        return _refused(_field(first["loc"]), first["msg"])
    except BadQuery as error:
        return _refused(error.field, str(error).removeprefix(f"{error.field}: "))


def _field(location: tuple[Any, ...]) -> str:
    """`("query", "channel", 0)` is `channel`."""
    return str(location[1]) if len(location) > 1 else str(location[0])


def _refused(field: str, message: str) -> Response:
    document = {"error": 422, "field": field, "message": message}
    return Response(orjson.dumps(document), status_code=422, media_type="application/json")
