"""The live port: tell whoever is looking that something changed. Only what may be lost travels here.

`InProcessLive` serves one process; `RedisLive` serves many. A message is a small JSON object and never the only copy
of anything: receivers read the database.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import orjson
import redis.asyncio as redis

QUEUE_LIMIT = 1_000  # a reader this far behind loses the oldest

Event = dict[str, Any]


class Live(Protocol):
    async def publish(self, topic: str, event: Event) -> None:
        """Best effort; never raises because nobody listens or Redis is away."""

    def subscribe(self, *topics: str) -> Any:
        """Async context manager giving an async iterator of events."""

    async def count(self, key: str, *, window_s: float) -> int:
        """How often `key` was counted in the present window, this time included: a rate limit."""

    async def close(self) -> None: ...


class InProcessLive:
    """The twin of `RedisLive` for a single process."""

    def __init__(self) -> None:
        self._readers: dict[str, set[asyncio.Queue[Event]]] = defaultdict(set)
        self._counts: dict[str, tuple[float, int]] = {}

    async def publish(self, topic: str, event: Event) -> None:
        for queue in tuple(self._readers.get(topic, ())):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        for topic in topics:
            self._readers[topic].add(queue)
        try:
            yield _drain(queue)
        finally:
            for topic in topics:
                self._readers[topic].discard(queue)
                if not self._readers[topic]:
                    del self._readers[topic]

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


class RedisLive:
    """Publish and subscribe through Redis, for several processes."""

    def __init__(self, url: str) -> None:
        self._client: redis.Redis = redis.Redis.from_url(url)

    async def publish(self, topic: str, event: Event) -> None:
        try:
            await self._client.publish(f"responder:{topic}", orjson.dumps(event))
        except redis.RedisError:
            return  # only live updates are lost; readers catch up from the database

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        listener = self._client.pubsub(ignore_subscribe_messages=True)
        await listener.subscribe(*(f"responder:{topic}" for topic in topics))
        try:
            yield _listen(listener)
        finally:
            await listener.aclose()  # type: ignore[no-untyped-call]

    async def count(self, key: str, *, window_s: float) -> int:
        name = f"responder:count:{key}"
        try:
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.set(name, 0, px=int(window_s * 1000), nx=True)
                pipe.incr(name)
                return int((await pipe.execute())[1])
        except redis.RedisError:
            return 1  # without Redis nobody is refused

    async def close(self) -> None:
        await self._client.aclose()


async def _drain(queue: asyncio.Queue[Event]) -> AsyncIterator[Event]:
    while True:
        yield await queue.get()


async def _listen(listener: Any) -> AsyncIterator[Event]:
    async for item in listener.listen():
        yield orjson.loads(item["data"])
