"""Time as a dependency: whoever needs to know or pass time is handed a `Clock`, so that tests and the demo own it.

Instants are aware UTC `datetime`s with microseconds; differences inside one process come from `monotonic()`.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean anything."""

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later by this clock; at once when not positive."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


class ShiftedClock(SystemClock):
    """The machine's clock moved by an offset that its owner may change: time runs at its usual speed between jumps."""

    def __init__(self, start: datetime | None = None) -> None:
        self._offset = timedelta()
        if start is not None:
            self.jump_to(start)

    def now(self) -> datetime:
        return super().now() + self._offset

    def jump_to(self, instant: datetime) -> None:
        """Make `now()` read `instant` at this moment."""
        self._offset = instant - super().now()


class FixedClock:
    """A clock for tests: stands still until told; sleeping moves it."""

    def __init__(self, instant: datetime) -> None:
        self._now = instant
        self._start = instant

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0.0))
        await asyncio.sleep(0)
