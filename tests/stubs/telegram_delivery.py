"""How a Bot API server gets updates to a bot: posted to its webhook until it answers 2xx, or kept until polled.

Part of the Telegram stub. Updates of one lane (a chat) keep their order and block only one another, as on the real
server; a retry waits one second, then twice as long each time, or what the bot's `Retry-After` asks for.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field

import aiohttp
import orjson

from tests.stubs.telegram_rules import Refusal
from tests.stubs.telegram_updates import Json


@dataclass(kw_only=True, slots=True)
class Delivery:
    """An update on its way to the bot; `answers` are the statuses its webhook gave so far (0: no answer)."""

    update: Json
    answers: list[int] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def confirmed(self) -> Delivery:
        """Return when the bot has taken the update: 2xx from its webhook, or a later `getUpdates` offset."""
        await self.done.wait()
        return self


class UpdateDelivery:
    """Every update of one bot that has not been confirmed yet."""

    def __init__(self, *, second_s: float) -> None:
        self.webhook_url: str | None = None
        self.webhook_secret: str | None = None
        self._second_s = second_s
        self._queued: deque[Delivery] = deque()
        self._lanes: dict[int, asyncio.Queue[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._pollers = itertools.count(1)
        self._last_poller = 0
        self._is_closed = False
        self.polled = asyncio.Event()  # set while somebody waits for updates

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))

    async def close(self) -> None:
        self._is_closed = True
        self._wake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def put(self, update: Json, *, lane: int) -> Delivery:
        delivery = Delivery(update=update)
        if self.webhook_url is None:
            self._queued.append(delivery)
            self._wake.set()
        else:
            self._lane(lane).put_nowait(delivery)
        return delivery

    def set_webhook(self, url: str | None, secret: str | None) -> None:
        """Post from now on, beginning with what waits; without a url keep updates for `poll`."""
        self.webhook_url, self.webhook_secret = url, secret
        self._wake.set()
        while url is not None and self._queued:
            self._lane(0).put_nowait(self._queued.popleft())

    async def poll(self, *, offset: int, limit: int, timeout_s: float) -> list[Json]:
        """Confirm everything below `offset` and wait for what follows; a newer poll ends an older one."""
        if self.webhook_url is not None:
            problem = "can't use getUpdates method while webhook is active; use deleteWebhook to delete it first"
            raise Refusal(409, f"Conflict: {problem}")
        while self._queued and self._queued[0].update["update_id"] < offset:
            self._queued.popleft().done.set()
        me = self._last_poller = next(self._pollers)
        self._wake.set()
        self.polled.set()
        await self._until_due(me, timeout_s=timeout_s)
        if me != self._last_poller:
            problem = "terminated by other getUpdates request; make sure that only one bot instance is running"
            raise Refusal(409, f"Conflict: {problem}")
        self.polled.clear()
        return [delivery.update for delivery in itertools.islice(self._queued, limit)]

    async def _until_due(self, me: int, *, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self._queued and me == self._last_poller and not self._is_closed and loop.time() < deadline:
            self._wake = asyncio.Event() if self._wake.is_set() else self._wake
            try:
                await asyncio.wait_for(self._wake.wait(), deadline - loop.time())
            except TimeoutError:
                return

    def _lane(self, number: int) -> asyncio.Queue[Delivery]:
        if number not in self._lanes:
            self._lanes[number] = asyncio.Queue()
            self._tasks.add(asyncio.create_task(self._post_all(self._lanes[number])))
        return self._lanes[number]

    async def _post_all(self, lane: asyncio.Queue[Delivery]) -> None:
        while True:
            delivery = await lane.get()
            await self._post_until_taken(delivery)
            delivery.done.set()

    async def _post_until_taken(self, delivery: Delivery) -> None:
        body, patience = orjson.dumps(delivery.update), 1.0
        while True:
            headers = {"Content-Type": "application/json"}
            if self.webhook_secret is not None:
                headers["X-Telegram-Bot-Api-Secret-Token"] = self.webhook_secret
            wait = patience
            try:
                async with self._session.post(self.webhook_url or "", data=body, headers=headers) as answer:
                    delivery.answers.append(answer.status)
                    if answer.ok:
                        return
                    wait = float(answer.headers.get("Retry-After", wait))
            except (aiohttp.ClientError, TimeoutError):
                delivery.answers.append(0)
            await asyncio.sleep(wait * self._second_s)
            patience = min(patience * 2, 60.0)
