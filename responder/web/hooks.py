"""The doors messengers knock on: one address per channel account. Store first, answer, work later.

Answers: 2xx stored (or a duplicate), 400 malformed, 401 unauthentic, 404 no such account, 413 too large, 503 not
stored, come again. Never a 5xx for what the other side sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import psycopg
from fastapi import Request, Response
from psycopg_pool import PoolTimeout
from starlette.routing import Route

from connectors.contract import Inbound, Messenger, RawRequest, RejectedRequest
from responder import metrics
from responder.clock import Clock
from responder.intake.service import Account
from responder.logs import get_logger
from responder.turns.stopwatch import Stopwatch

log = get_logger(__name__)
BODY_LIMIT = 1024 * 1024  # bytes; WhatsApp batches are the largest documented and stay far below


class Door(Protocol):
    """An open channel account: who speaks its protocol, and where its messages belong."""

    @property
    def account(self) -> Account: ...

    @property
    def messenger(self) -> Messenger: ...


FindDoor = Callable[[str, str], Door | None]
Accept = Callable[[Account, Sequence[Inbound], datetime], Awaitable[object]]


class BodyTooLarge(Exception):
    """The request body passed the limit; nothing of it was kept."""


def hooks_route(find_door: FindDoor, accept: Accept, *, clock: Clock) -> Route:
    """`/hooks/{salon}/{account}`: GET for handshakes, POST for updates. A plain route: it takes raw bytes, and every
    message of every channel comes this way."""

    async def hook(request: Request) -> Response:
        received_at = clock.now()
        door = find_door(request.path_params["salon"], request.path_params["account"])
        if door is None:
            return Response(b"no such channel account", 404)
        channel = door.messenger.kind
        stopwatch = Stopwatch()
        try:
            body = await read_body(request)
            result = door.messenger.receive(
                RawRequest(
                    method=request.method,
                    headers=dict(request.headers),
                    query=dict(request.query_params),
                    body=body,
                )
            )
            stopwatch.lap("receive")
            if result.items:
                await accept(door.account, result.items, received_at)
                stopwatch.lap("store")
        except BodyTooLarge:
            metrics.REJECTED.labels(channel, "413").inc()
            return Response(f"the body is larger than {BODY_LIMIT} bytes", 413)
        except RejectedRequest as error:
            metrics.REJECTED.labels(channel, str(error.status)).inc()
            return Response(str(error), error.status)
        except (psycopg.OperationalError, PoolTimeout) as error:
            log.error("not_stored", channel=channel.value, error=type(error).__name__)
            return Response(b"not stored, please repeat", 503, headers={"retry-after": "1"})
        return Response(result.body, result.status, media_type=result.content_type)

    return Route("/hooks/{salon}/{account}", hook, methods=["GET", "POST"])


async def read_body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The body, at most `limit` bytes; raises `BodyTooLarge` before keeping more."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
    return b"".join(chunks)
