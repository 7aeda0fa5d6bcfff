"""The server-sent events of one open desk: everything of its salon, and that the session still stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from responder.salon.profile import SalonProfile
from responder.staff.rules import Right
from responder.web.access import Access
from responder.web.problems import Problem
from responder.web.staff.feed import ASK_AGAIN, RESYNC, DeskFeed
from responder.web.staff.pages import Frame
from responder.web.staff.route import staff_route

PING_S = 15.0
HELLO = b"retry: 2000\n\nevent: ready\ndata: {}\n\n"
PING = b"event: ping\ndata: {}\n\n"
ENDED = b"event: ended\ndata: {}\n\n"
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def desk_stream(frame: Frame, feed: DeskFeed, *, ping_s: float = PING_S) -> APIRouter:
    """`GET /desk/events?salon=slug`."""
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))

    @router.get("/desk/events")
    async def events(request: Request) -> StreamingResponse:
        staff = await frame.enter(request, Right.DIALOGUES)
        language = frame.language(request, staff.salon)
        content = _events(request, feed, frame.access, staff.salon, language, ping_s)
        return StreamingResponse(content, media_type="text/event-stream", headers=HEADERS)

    return router


async def _events(
    request: Request, feed: DeskFeed, access: Access, salon: SalonProfile, language: str, ping_s: float
) -> AsyncIterator[bytes]:
    """Whether the reader still may is asked when somebody lost a right, or that may have been missed, and every
    `ping_s`, however much there is to tell."""
    clock = asyncio.get_running_loop().time
    async with feed.open(salon, language) as queue:
        yield HELLO
        ask_at = clock() + ping_s
        while True:
            try:
                told = [await asyncio.wait_for(queue.get(), max(0.0, ask_at - clock()))]
            except TimeoutError:
                told = [PING]
            while not queue.empty():
                told.append(queue.get_nowait())
            if clock() >= ask_at or ASK_AGAIN in told or RESYNC in told:
                if not await _still_may(access, request, salon):
                    yield ENDED
                    return
                ask_at = clock() + ping_s
            yield b"".join(told)


async def _still_may(access: Access, request: Request, salon: SalonProfile) -> bool:
    try:
        await access.require(request)
        await access.staff(request, salon)
    except Problem:
        return False
    return True
