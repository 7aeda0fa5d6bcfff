"""The live port over Redis, for several processes; without Redis each process still has itself.

Nobody ever waits for Redis: events leave by way of a queue, and readers are fed by a task of their own. While Redis is
away, events reach the readers of this process directly, and every reader is told to look into the database every
`LOOK_EVERY_S`, so that a page falls a little behind and never stands still.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from responder.live import QUEUE_LIMIT, Event, InProcessLive, drain, put
from responder.logs import get_logger

log = get_logger(__name__)
MOST_CONNECTIONS = 10_000
ANSWER_WITHIN_S = 1.0
AGAIN_AFTER_S = 1.0  # while Redis is away it is asked this often, by the whole process
LOOK_EVERY_S = 2.0
SILENT_FOR_S = 15.0  # a connection that has said nothing for so long is asked whether it lives
LOOK: Event = {"kind": "look"}  # something may have happened: look into the database
FAILURES = (redis.RedisError, OSError, TimeoutError)


class RedisLive:
    def __init__(self, url: str) -> None:
        self._client: redis.Redis = redis.Redis.from_url(
            url,
            socket_timeout=ANSWER_WITHIN_S,
            socket_connect_timeout=ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),  # a library that tries again by itself hides that something was missed
            max_connections=MOST_CONNECTIONS,  # every open page listens on one of its own; the default is 100
        )
        self._here = InProcessLive()
        self._outbox: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(QUEUE_LIMIT)
        self._sender: asyncio.Task[None] | None = None
        self._away_until = 0.0  # by the loop's time
        self._is_away = False

    async def publish(self, topic: str, event: Event) -> None:
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all(), name="live_sender")
        put(self._outbox, (topic, event))

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        queue = self._here.enter(topics)
        listens = asyncio.Event()
        relay = asyncio.create_task(self._relay(topics, queue, listens), name="live_relay")
        try:
            await listens.wait()
            yield drain(queue)
        finally:
            self._here.leave(topics, queue)
            relay.cancel()
            await asyncio.gather(relay, return_exceptions=True)

    async def count(self, key: str, *, window_s: float) -> int:
        """Without Redis every process counts for itself."""
        name = f"responder:count:{key}"
        if not self._is_resting():
            try:
                async with self._client.pipeline(transaction=True) as pipe:
                    pipe.set(name, 0, px=int(window_s * 1000), nx=True)
                    pipe.incr(name)
                    counted = int((await pipe.execute())[1])
            except FAILURES as error:
                self._went_away(error)
            else:
                self._is_here()
                return counted
        return await self._here.count(key, window_s=window_s)

    async def close(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        await self._here.close()
        await self._client.aclose()

    async def _send_all(self) -> None:
        while True:
            topic, event = await self._outbox.get()
            if not self._is_resting():
                try:
                    await self._client.publish(f"responder:{topic}", orjson.dumps(event))
                except FAILURES as error:
                    self._went_away(error)
                else:
                    self._is_here()
                    continue
            await self._here.publish(topic, event)

    async def _relay(self, topics: tuple[str, ...], queue: asyncio.Queue[Event], listens: asyncio.Event) -> None:
        """What Redis brings, into a reader's queue; `listens` is set as soon as nothing published later is missed, or
        looking has taken the place of listening."""
        names = [f"responder:{topic}" for topic in topics]
        while True:
            if not self._is_resting():
                try:
                    await self._listen(names, queue, listens)
                except FAILURES as error:
                    self._went_away(error)
            listens.set()
            put(queue, LOOK)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _listen(self, names: list[str], queue: asyncio.Queue[Event], listens: asyncio.Event) -> None:
        """Until the connection fails."""
        listener = self._client.pubsub()
        try:
            await listener.subscribe(*names)
            for _ in names:
                if await listener.get_message(timeout=ANSWER_WITHIN_S) is None:
                    raise TimeoutError("no answer to a subscription")
            self._is_here()
            if listens.is_set():
                put(queue, LOOK)  # for what was missed
            listens.set()
            is_asked = False
            while True:
                item: dict[str, Any] | None = await listener.get_message(timeout=SILENT_FOR_S)
                if item is None and is_asked:
                    raise TimeoutError("the connection is silent")
                is_asked = item is None
                if item is None:
                    await listener.ping()
                elif item["type"] == "message":
                    put(queue, orjson.loads(item["data"]))
        finally:
            await listener.aclose()  # type: ignore[no-untyped-call]

    def _is_resting(self) -> bool:
        return self._is_away and asyncio.get_running_loop().time() < self._away_until

    def _went_away(self, error: Exception) -> None:
        self._away_until = asyncio.get_running_loop().time() + AGAIN_AFTER_S
        if not self._is_away:
            self._is_away = True
            log.error("redis_away", error=type(error).__name__)

    def _is_here(self) -> None:
        if self._is_away:
            self._is_away = False
            log.info("redis_back")
