"""The live port: tell whoever is looking that something changed. Only what may be lost travels here.

`InProcessLive` serves one process; `RedisLive` (`live_redis`) serves many. A message is a small JSON object and never
the only copy of anything: receivers read the database.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

QUEUE_LIMIT = 1_000  # a reader this far behind loses the oldest

Event = dict[str, Any]
T = TypeVar("T")


class Live(Protocol):
    async def publish(self, topic: str, event: Event) -> None:
        """Best effort; never raises because nobody listens or Redis is away."""

    def subscribe(self, *topics: str) -> Any:
        """Async context manager giving an async iterator of events."""

    async def count(self, key: str, *, window_s: float) -> int:
        """How often `key` was counted in the present window, this time included: a rate limit."""

    async def close(self) -> None: ...


class InProcessLive:
    """The twin of `RedisLive` for a single process, and what is left of it while Redis is away."""

    def __init__(self) -> None:
        self._readers: dict[str, set[asyncio.Queue[Event]]] = defaultdict(set)
        self._counts: dict[str, tuple[float, int]] = {}

    async def publish(self, topic: str, event: Event) -> None:
        for queue in tuple(self._readers.get(topic, ())):
            put(queue, event)

    def enter(self, topics: Iterable[str]) -> asyncio.Queue[Event]:
        """A queue that gets what is published to these topics until it leaves."""
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        for topic in topics:
            self._readers[topic].add(queue)
        return queue

    def leave(self, topics: Iterable[str], queue: asyncio.Queue[Event]) -> None:
        for topic in topics:
            self._readers[topic].discard(queue)
            if not self._readers[topic]:
                del self._readers[topic]

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        queue = self.enter(topics)
        try:
            yield drain(queue)
        finally:
            self.leave(topics, queue)

    async def count(self, key: str, *, window_s: float) -> int:
        now = asyncio.get_running_loop().time()
        ends, count = self._counts.get(key, (0.0, 0))
        if now >= ends:
            ends, count = now + window_s, 0
            self._forget_ended(now)
        self._counts[key] = (ends, count + 1)
        return count + 1

    def _forget_ended(self, now: float) -> None:
        if len(self._counts) > 10_000:
            self._counts = {key: value for key, value in self._counts.items() if value[0] > now}

    async def close(self) -> None:
        self._readers.clear()


def put(queue: asyncio.Queue[T], item: T) -> None:
    """Never waits: a full queue loses its oldest."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(item)


async def drain(queue: asyncio.Queue[Event]) -> AsyncIterator[Event]:
    while True:
        yield await queue.get()
