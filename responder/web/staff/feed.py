"""What happens in a salon, as HTML, to every desk that is open: read once, rendered once a language, sent to all.

An event on the live topic is only a nudge; rows and messages are read from the tables. While one change is being
rendered others gather, so a burst costs one rendering. Without an open desk nothing runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from typing import Any

import orjson

from responder.clock import Clock
from responder.db.engine import Database
from responder.errors import NotFound
from responder.live import Event, Live, put
from responder.logs import get_logger
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.web.staff.dialogue import read_head, read_messages
from responder.web.staff.queue import count_waiting, read_rows
from responder.web.staff.rendering import render

BACKLOG = 256  # events a slow reader may be behind before it is told to look anew
LATEST_MESSAGES = 6  # of a changed dialogue: what may have changed with it
AGAIN_AFTER_S = 1.0
ACCESS = "access"  # of the event after which a reader may have lost the right to read
CHANGES = frozenset({"message", "dialogue", "visit"})  # events about one dialogue, by `thread_id`

RESYNC = b"event: resync\ndata: {}\n\n"
ASK_AGAIN = b": access\n\n"  # a comment: for the stream, not for the browser

log = get_logger(__name__)


class DeskFeed:
    """One for a process; `open` gives a desk's events until it leaves."""

    def __init__(self, *, database: Database, salons: SalonCache, clock: Clock, live: Live) -> None:
        self._database = database
        self._salons = salons
        self._clock = clock
        self._live = live
        self._rooms: dict[int, _Room] = {}

    @contextlib.asynccontextmanager
    async def open(self, salon: SalonProfile, language: str) -> AsyncIterator[asyncio.Queue[bytes]]:
        """A queue of encoded server-sent events of this salon."""
        room = self._rooms.get(salon.id)
        if room is None:
            room = self._rooms[salon.id] = _Room(salon.id, self)
        queue = await room.enter(language)
        try:
            yield queue
        finally:
            if room.leave(queue):
                self._rooms.pop(salon.id, None)

    async def changes(self, salon_id: int, threads: Iterable[int], languages: Iterable[str]) -> dict[str, list[bytes]]:
        """By language, one event for each changed dialogue and one with the counts."""
        salon = await self._salons.get(salon_id)
        found = []
        async with self._database.connection() as connection:
            rows = {row["id"]: row for row in await read_rows(connection, salon, list(threads))}
            for thread_id, row in rows.items():
                with contextlib.suppress(NotFound):
                    head = await read_head(connection, salon_id, thread_id)
                    messages = await read_messages(connection, thread_id, limit=LATEST_MESSAGES)
                    found.append((row, head, messages))
            counts = await count_waiting(connection, salon_id)
        return {
            language: [
                *(_event("dialogue", self._changed(salon, language, *parts)) for parts in found),
                _event("counts", counts),
            ]
            for language in languages
        }

    async def listen(self, salon_id: int) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Event]]:
        topic: contextlib.AbstractAsyncContextManager[AsyncIterator[Event]] = self._live.subscribe(f"salon:{salon_id}")
        return topic

    def _changed(
        self,
        salon: SalonProfile,
        language: str,
        row: dict[str, Any],
        head: dict[str, Any],
        messages: list[dict[str, Any]],
    ) -> dict[str, Any]:
        last = messages[-1] if messages else None

        def part(template: str, **values: Any) -> str:
            return render(template, salon=salon, language=language, now=self._clock.now(), **values)

        return {
            "id": row["id"],
            "row": part("staff_queue_row.html", row=row),
            "messages": [part("staff_message.html", message=message, head=head) for message in messages],
            "is_from_customer": last is not None and last["direction"] == "in",
        }


class _Room:
    """The open desks of one salon in this process, and the task that tells them."""

    def __init__(self, salon_id: int, feed: DeskFeed) -> None:
        self._salon_id = salon_id
        self._feed = feed
        self._readers: dict[asyncio.Queue[bytes], str] = {}
        self._changed: set[int] = set()
        self._wake = asyncio.Event()
        self._is_listening = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def enter(self, language: str) -> asyncio.Queue[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG)
        self._readers[queue] = language
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._gather()), asyncio.create_task(self._tell())]
        await self._is_listening.wait()
        return queue

    def leave(self, queue: asyncio.Queue[bytes]) -> bool:
        """True when nobody is left; the room is over then."""
        self._readers.pop(queue, None)
        if self._readers:
            return False
        for task in self._tasks:
            task.cancel()
        return True

    async def _gather(self) -> None:
        while True:
            try:
                async with await self._feed.listen(self._salon_id) as events:
                    self._is_listening.set()
                    async for event in events:
                        self._take(event)
            except Exception as error:  # the outer edge of a task nobody awaits
                log.warning("desk_feed_interrupted", salon_id=self._salon_id, error=type(error).__name__)
            self._is_listening.set()
            await asyncio.sleep(AGAIN_AFTER_S)
            self._send({language: [RESYNC] for language in self._languages()})

    def _take(self, event: Event) -> None:
        if event.get("type") in CHANGES and isinstance(event.get("thread_id"), int):
            self._changed.add(event["thread_id"])
            self._wake.set()
        if event.get("type") not in ("message", "dialogue"):
            told = ASK_AGAIN if event.get("type") == ACCESS else _event(str(event.get("type")), event)
            self._send({language: [told] for language in self._languages()})

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            threads, self._changed = self._changed, set()
            try:
                self._send(await self._feed.changes(self._salon_id, threads, self._languages()))
            except Exception as error:  # a database that is away for a moment: desks look anew
                log.warning("desk_feed_missed", salon_id=self._salon_id, error=type(error).__name__)
                await asyncio.sleep(AGAIN_AFTER_S)
                self._send({language: [RESYNC] for language in self._languages()})

    def _send(self, events: dict[str, list[bytes]]) -> None:
        by_language: defaultdict[str, list[bytes]] = defaultdict(list, events)
        for queue, language in self._readers.items():
            if queue.qsize() + len(by_language[language]) > BACKLOG:
                while not queue.empty():
                    queue.get_nowait()
                put(queue, RESYNC)
                continue
            for event in by_language[language]:
                put(queue, event)

    def _languages(self) -> set[str]:
        return set(self._readers.values())


def _event(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data, option=orjson.OPT_UTC_Z))
