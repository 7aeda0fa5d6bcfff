"""Server-sent events of one visitor's chat: every new line, and that somebody is typing.

An event on the live topic is only a nudge; lines are read from the desk. The last few lines are read again each time,
because a reply decided before the visitor's next message may be delivered after it and so carry a smaller id.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from responder.live import Live
from responder.logs import get_logger
from responder.web.chat.desk import ChatDesk, ChatLine, ChatSite, live_topic

REREAD_LINES = 30
RETRY = b"retry: 3000\n\n"
READY = b"event: ready\ndata: {}\n\n"
TYPING = b"event: typing\ndata: {}\n\n"
PING = b": ping\nevent: ping\ndata: {}\n\n"  # the comment is for proxies, the event lets a page notice silence

log = get_logger(__name__)


def line_json(line: ChatLine) -> dict[str, object]:
    """A line as pages get it, in answers and in events alike."""
    return {
        "id": line.id,
        "from": line.author.value,
        "name": line.author_name,
        "text": line.text,
        "buttons": [{"label": button.label, "payload": button.payload} for button in line.buttons],
        "at": line.at,
        "client_message_id": line.client_message_id,
    }


class OpenStream(StreamingResponse):
    """The response of a stream; calls `leave` however the stream ends, though it may never have begun."""

    def __init__(self, events: AsyncIterator[bytes], *, leave: Callable[[], None], **options: Any) -> None:
        super().__init__(events, **options)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


class VisitorStream:
    """One open stream; `after` is the id of the last line the page has."""

    def __init__(self, desk: ChatDesk, live: Live, *, site: ChatSite, visitor_id: str, after: int) -> None:
        self._desk, self._live, self._site, self._visitor_id = desk, live, site, visitor_id
        self._after = after
        self._sent: deque[int] = deque(maxlen=REREAD_LINES)

    async def events(self, *, ping_s: float) -> AsyncIterator[bytes]:
        """Encoded events until the page goes away or the live port fails; the page then comes back by itself."""
        yield RETRY
        try:
            async with self._live.subscribe(live_topic(self._site.channel_account_id, self._visitor_id)) as nudges:
                yield READY
                async for event in self._new_lines():
                    yield event
                async for nudge in _with_pauses(nudges, pause_s=ping_s):
                    if nudge is None:
                        yield PING
                    elif nudge.get("kind") == "typing":
                        yield TYPING
                    else:
                        async for event in self._new_lines():
                            yield event
        except Exception as error:  # the outer edge of a request whose status has long been sent
            log.warning("chat_stream_ended", site=self._site.key, error=type(error).__name__)

    async def _new_lines(self) -> AsyncIterator[bytes]:
        after = min(self._sent) - 1 if len(self._sent) == REREAD_LINES else self._after
        for line in await self._desk.messages(self._site, self._visitor_id, after):
            if line.id not in self._sent:
                self._sent.append(line.id)
                data = orjson.dumps(line_json(line), option=orjson.OPT_UTC_Z)
                yield b"id: %d\nevent: message\ndata: %s\n\n" % (line.id, data)


async def _with_pauses(
    nudges: AsyncIterator[dict[str, object]], *, pause_s: float
) -> AsyncIterator[dict[str, object] | None]:
    """Everything in `nudges`, and None whenever nothing came for `pause_s`."""
    # a task of its own for each step: cancelling a step on time-out would close the iterator for good
    step: asyncio.Future[dict[str, object]] = asyncio.ensure_future(anext(nudges))
    try:
        while True:
            await asyncio.wait({step}, timeout=pause_s)
            if not step.done():
                yield None
                continue
            try:
                nudge = step.result()
            except StopAsyncIteration:
                return
            step = asyncio.ensure_future(anext(nudges))
            yield nudge
    finally:
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
