"""Redis goes away, hangs and comes back: pages fall a little behind, and nothing else notices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from responder import live_redis
from responder.live_redis import LOOK, RedisLive
from tests.integration.outages import OwnRedis, Served, served
from tests.running import until

TOPIC = "salon:1"
PATIENCE_S = 20  # a bound on hanging, not on speed


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    server = OwnRedis()
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def two(own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[RedisLive, RedisLive]]:
    """The live ports of two processes, in a hurry."""
    for name, value in {"ANSWER_WITHIN_S": 0.3, "AGAIN_AFTER_S": 0.1, "LOOK_EVERY_S": 0.2, "SILENT_FOR_S": 0.5}.items():
        monkeypatch.setattr(live_redis, name, value)
    ports = RedisLive(own_redis.url), RedisLive(own_redis.url)
    yield ports
    for port in ports:
        await port.close()


async def next_of(events: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    return await asyncio.wait_for(anext(events), PATIENCE_S)


async def until_event(events: AsyncIterator[dict[str, Any]], wanted: dict[str, Any]) -> None:
    while await next_of(events) != wanted:
        pass


async def test_an_event_reaches_the_other_process(two: tuple[RedisLive, RedisLive]) -> None:
    """Whoever subscribed before it was published gets it, once."""
    here, there = two
    async with there.subscribe(TOPIC) as events:
        await here.publish(TOPIC, {"n": 1})
        await here.publish(TOPIC, {"n": 2})
        got = [await next_of(events), await next_of(events)]
    assert got == [{"n": 1}, {"n": 2}]


async def test_many_pages_listen_at_once(two: tuple[RedisLive, RedisLive]) -> None:
    """The two hundredth open page is told like the first."""
    here, there = two
    async with AsyncExitStack() as pages:
        readers = [await pages.enter_async_context(there.subscribe(TOPIC)) for _ in range(200)]
        await here.publish(TOPIC, {"n": 1})
        heard = await asyncio.gather(*(next_of(reader) for reader in readers))
    assert heard == [{"n": 1}] * 200


@pytest.mark.parametrize("trouble", ["stopped", "frozen"])
async def test_readers_look_while_redis_is_away_and_listen_again_after(
    two: tuple[RedisLive, RedisLive], own_redis: OwnRedis, trouble: str
) -> None:
    """Away: readers of other processes are told to look, those of the same process still hear. Back: all hear."""
    here, there = two
    async with there.subscribe(TOPIC) as far, here.subscribe(TOPIC) as near:
        own_redis.stop() if trouble == "stopped" else own_redis.freeze()
        await until_event(far, LOOK)
        await until_event(near, LOOK)
        await here.publish(TOPIC, {"n": 1})
        await until_event(near, {"n": 1})
        own_redis.start() if trouble == "stopped" else own_redis.thaw()

        async def is_heard() -> bool:
            await here.publish(TOPIC, {"n": 2})
            return await next_of(far) == {"n": 2}

        await until(is_heard, within_s=PATIENCE_S)


@pytest.mark.parametrize("trouble", ["stopped", "frozen"])
async def test_nobody_waits_for_redis(two: tuple[RedisLive, RedisLive], own_redis: OwnRedis, trouble: str) -> None:
    """Publishing never waits; subscribing and counting wait for one answer at most, and go on without."""
    here, _ = two
    own_redis.stop() if trouble == "stopped" else own_redis.freeze()
    async with asyncio.timeout(PATIENCE_S):
        for number in range(live_redis.QUEUE_LIMIT * 3):
            await here.publish(TOPIC, {"n": number})
        counts = [await here.count("visitor", window_s=60) for _ in range(50)]
        async with here.subscribe(TOPIC) as events:
            await until_event(events, LOOK)
    assert counts == list(range(1, 51))
    own_redis.start() if trouble == "stopped" else own_redis.thaw()


async def test_a_served_chat_without_redis(own_redis: OwnRedis, database_url: str, tmp_path: Path) -> None:
    """A visitor whose stream is open gets every answer while Redis is away and after; readiness names it and stays 200;
    the log says once that it went and once that it came back."""
    async with served(
        tmp_path, database_url=database_url, REDIS_URL=own_redis.url, VAR_DIR=str(tmp_path / "var")
    ) as app:
        async with app.http.post(
            f"{app.url}/web/v1/sessions", json={"site": "demo"}, headers={"origin": app.url}
        ) as it:
            token = (await it.json())["token"]
        visitor = Visitor(app, token)
        async with visitor.stream() as lines:
            before = await visitor.asks("Где вы находитесь?", lines)
            own_redis.stop()
            without = [
                await visitor.asks(f"Сколько стоит {what}?", lines) for what in ("маникюр", "педикюр", "стрижка")
            ]
            status, body = await app.ready()
            own_redis.start()

            async def is_back() -> bool:
                return app.logged("redis_back") == 1

            await until(is_back, within_s=PATIENCE_S)
            after = await visitor.asks("Сколько стоит окрашивание?", lines)
        ready = await app.ready()
        said = app.logged("redis_away"), app.logged("redis_back")
    assert all((before, *without, after))
    assert (status, body["status"], body["parts"]["database"]) == (200, "degraded", "ok")
    assert body["parts"]["redis"] != "ok"
    assert ready[1]["status"] == "ok"
    assert said == (1, 1)


class Visitor:
    def __init__(self, app: Served, token: str) -> None:
        self._app = app
        self._headers = {"authorization": f"Bearer {token}", "origin": app.url}
        self._asked = 0

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[aiohttp.StreamReader]:
        http, base = self._app.http, f"{self._app.url}/web/v1"
        async with http.post(f"{base}/ticket", headers=self._headers) as answer:
            parameters = {"ticket": (await answer.json())["ticket"], "after": "0"}
        async with http.get(f"{base}/events", params=parameters, headers=self._headers) as response:
            yield response.content

    async def asks(self, text: str, lines: aiohttp.StreamReader) -> str:
        """Say it and give the bot's next line, as the open stream brings it."""
        self._asked += 1
        message = {"client_message_id": f"m-{self._asked}", "text": text}
        async with self._app.http.post(
            f"{self._app.url}/web/v1/messages", json=message, headers=self._headers
        ) as answer:
            assert answer.status == 202, await answer.text()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await lines.readline()).decode()
                assert line, "the stream ended"
                if line.startswith("data: {") and (told := json.loads(line[6:])).get("from") == "bot":
                    return str(told["text"])
