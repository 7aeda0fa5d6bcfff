"""The doors messengers knock on: one address per channel account. Store first, answer, work later.

Answers: 2xx stored (or a duplicate), 400 malformed, 401 unauthentic, 404 no such account, 413 too large, 415 encoded,
503 not stored, come again. Never a 5xx for what the other side sent: a messenger repeats what it got a
5xx for, and would repeat it for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route

from connectors.contract import Inbound, Malformed, Messenger, RawRequest, RejectedRequest
from responder import metrics
from responder.clock import Clock
from responder.db.outages import DATABASE_ERRORS, is_about_values, is_outage
from responder.intake.bounds import set_aside
from responder.intake.service import Account
from responder.logs import get_logger
from responder.turns.stopwatch import Stopwatch

log = get_logger(__name__)


class Door(Protocol):
    """An open channel account: who speaks its protocol, and where its messages belong."""

    @property
    def account(self) -> Account: ...

    @property
    def messenger(self) -> Messenger: ...


FindDoor = Callable[[str, str], Door | None]
Accept = Callable[[Account, Sequence[Inbound], datetime], Awaitable[object]]


def hooks_route(find_door: FindDoor, accept: Accept, *, clock: Clock) -> Route:
    """`/hooks/{salon}/{account}`: GET for handshakes, POST for updates. A plain route: it takes raw bytes, and every
    message of every channel comes this way."""

    async def hook(request: Request) -> Response:
        received_at = clock.now()
        door = find_door(request.path_params["salon"], request.path_params["account"])
        if door is None:
            return Response(b"no such channel account", 404)
        try:
            return await _take_in(request, door, accept, received_at)
        except RejectedRequest as error:
            metrics.REJECTED.labels(door.messenger.kind, str(error.status)).inc()
            return Response(str(error), error.status)
        except HTTPException as error:  # the body was refused while it was read
            metrics.REJECTED.labels(door.messenger.kind, str(error.status_code)).inc()
            return Response(error.detail, error.status_code, headers=error.headers)

    return Route("/hooks/{salon}/{account}", hook, methods=["GET", "POST"])


async def _take_in(request: Request, door: Door, accept: Accept, received_at: datetime) -> Response:
    stopwatch = Stopwatch()
    headers = dict(request.headers)
    door.messenger.admit(headers)
    body = await request.body() if request.method == "POST" else b""
    result = door.messenger.receive(
        RawRequest(method=request.method, headers=headers, query=dict(request.query_params), body=body)
    )
    stopwatch.lap("receive")
    if result.items:
        try:
            await _store(door, result.items, accept, received_at)
        except DATABASE_ERRORS as error:
            if not is_outage(error):
                raise
            log.error("not_stored", channel=door.messenger.kind.value, error=type(error).__name__)
            return Response(b"not stored, please repeat", 503, headers={"retry-after": "1"})
        stopwatch.lap("store")
    return Response(result.body, result.status, media_type=result.content_type)


async def _store(door: Door, items: Sequence[Inbound], accept: Accept, received_at: datetime) -> None:
    """The second line of defence: values that the database refuses, though intake found them within bounds, are kept
    raw and not acted on."""
    try:
        await accept(door.account, items, received_at)
    except DATABASE_ERRORS as error:
        if not is_about_values(error):
            raise
        log.error("set_aside", channel=door.messenger.kind.value, error=type(error).__name__)
        await _set_aside(door, items, accept, received_at)


async def _set_aside(door: Door, items: Sequence[Inbound], accept: Accept, received_at: datetime) -> None:
    try:
        await accept(door.account, [set_aside(item) for item in items], received_at)
    except DATABASE_ERRORS as error:
        if not is_about_values(error):
            raise
        log.error("not_storable", channel=door.messenger.kind.value, error=type(error).__name__)
        raise Malformed("the request holds a value that cannot be stored") from error
