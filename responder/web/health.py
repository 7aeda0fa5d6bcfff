"""Is the process alive, is every part of it working, and the numbers for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from responder import metrics

CHECK_LASTS_S = 3.0
OK = "ok"
SPARED = frozenset({"redis"})  # without it pages fall a little behind; taking every process out would help nobody

Check = Callable[[], Awaitable[None]]


async def check_parts(checks: Mapping[str, Check]) -> dict[str, str]:
    """Every part by name: "ok", or the kind of trouble; this page is public, and messages may name hosts and users."""
    results = await asyncio.gather(*(_check(check) for check in checks.values()))
    parts = dict(zip(checks, results, strict=True))
    for name, result in parts.items():
        metrics.READY.labels(name).set(1 if result == OK else 0)
    return parts


def health_router(checks: Mapping[str, Check]) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        """200 when every part works that an answer to a customer needs, else 503; each part by name."""
        parts = await check_parts(checks)
        missing = {name for name, result in parts.items() if result != OK}
        is_ready = missing <= SPARED
        status = OK if not missing else "degraded" if is_ready else "not ready"
        return JSONResponse({"status": status, "parts": parts}, status_code=200 if is_ready else 503)

    @router.get("/metrics", include_in_schema=False)
    async def prometheus() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _check(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_LASTS_S):
            await check()
    except TimeoutError:
        return f"no answer within {CHECK_LASTS_S:g} s"
    except Exception as error:  # the edge of a check: whatever is wrong is what we report
        return f"failing ({type(error).__name__})"
    return OK
