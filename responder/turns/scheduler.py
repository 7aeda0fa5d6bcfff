"""Runs due turns: woken by the intake of its own process, and by a sweep for whatever other processes left behind."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from responder.clock import Clock
from responder.db.engine import Database
from responder.logs import get_logger
from responder.turns import statements as sql
from responder.turns.engine import TurnEngine

log = get_logger(__name__)
SWEEP_EVERY_S = 1.0
SWEEP_GRACE = timedelta(milliseconds=300)  # the process that took the message in goes first
SWEEP_BATCH = 100
LONGEST_WAIT_S = 60.0  # as FAR in the statements


class TurnScheduler:
    """`wake` never blocks; at most `limit` turns are thought about at once, one per thread."""

    def __init__(self, engine: TurnEngine, *, database: Database, clock: Clock, limit: int = 64) -> None:
        self._engine = engine
        self._database = database
        self._clock = clock
        self._slots = asyncio.Semaphore(limit)
        self._due: dict[int, datetime] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._is_closing = False

    def wake(self, thread_id: int, due_at: datetime) -> None:
        """The thread's turn is due at `due_at`; later calls move it."""
        if self._is_closing:
            return
        self._due[thread_id] = due_at
        if thread_id not in self._tasks:
            self._tasks[thread_id] = asyncio.create_task(self._serve(thread_id), name=f"turn-{thread_id}")

    async def sweep(self) -> int:
        """Wake threads whose turn is overdue and free; gives how many."""
        now = self._clock.now() - SWEEP_GRACE
        async with self._database.connection() as connection:
            rows = await (await connection.execute(sql.FIND_DUE, {"now": now, "limit": SWEEP_BATCH})).fetchall()
        for row in rows:
            self.wake(row["id"], now)
        return len(rows)

    async def idle(self) -> None:
        """Return when no turn is waiting or running here."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks.values()))

    async def close(self, *, within_s: float = 5.0) -> None:
        """Let running turns end; what is cut short is taken over when its lease has run out."""
        self._is_closing = True
        tasks = tuple(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
        for task in tasks:
            task.cancel()

    async def _serve(self, thread_id: int) -> None:
        try:
            while (due_at := self._due.pop(thread_id, None)) is not None:
                await self._until(thread_id, due_at)
                next_due = await self._engine.run(thread_id, slots=self._slots)
                if next_due is not None:  # a thread that backs off is not due the moment somebody writes
                    self._due[thread_id] = max(next_due, self._due.get(thread_id, next_due))
        except Exception:  # the outer edge of a turn: the sweep will find the thread again
            log.exception("turn_crashed", thread_id=thread_id)
        finally:
            del self._tasks[thread_id]
            if thread_id in self._due and not self._is_closing:
                self.wake(thread_id, self._due[thread_id])

    async def _until(self, thread_id: int, due_at: datetime) -> None:
        """Sleep until due; a wake in between that moves the due time moves the sleep. A time too far ahead was
        set before the clock was put back, and is due."""
        while True:
            wait_s = (due_at - self._clock.now()).total_seconds()
            if not 0 < wait_s <= LONGEST_WAIT_S:
                return
            await self._clock.sleep(wait_s)
            due_at = self._due.pop(thread_id, due_at)
