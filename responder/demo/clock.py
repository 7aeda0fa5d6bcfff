"""The demo's clock: waits cost simulated time only, so that days pass in a minute while work takes its real time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import datetime, timedelta

from responder.clock import ShiftedClock


class DemoClock(ShiftedClock):
    """`sleep` returns when the simulation lets the time pass; between that, the clock runs at its usual speed."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._somebody_sleeps = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        wakes_at = self.now() + timedelta(seconds=max(seconds, 0.0))
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (wakes_at, next(self._numbers), waking))
        self._somebody_sleeps.set()
        await waking

    async def somebody_sleeps(self) -> None:
        """Return as soon as anybody waits for time to pass."""
        await self._somebody_sleeps.wait()

    def wake_next(self) -> None:
        """Let time pass until the next sleeper wakes; nothing happens where nobody sleeps."""
        while self._sleepers:
            wakes_at, _, waking = heapq.heappop(self._sleepers)
            if not self._sleepers:
                self._somebody_sleeps.clear()
            if not waking.done():
                self.pass_to(wakes_at)
                waking.set_result(None)
                return

    def pass_to(self, instant: datetime) -> None:
        """Go forward to `instant`; never back."""
        if instant > self.now():
            self.jump_to(instant)
