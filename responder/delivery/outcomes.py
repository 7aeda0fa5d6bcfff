"""Outcomes of attempts that the database does not know yet: kept in this process and written when it is back.

A receipt is the only proof that a customer has a message. Losing it while the database is away would send the message
once more, so it is held for as long as the process lives (docs/decisions/0005).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg

from responder.logs import get_logger

log = get_logger(__name__)
RETRY_S = 0.5

Write = Callable[[], Awaitable[None]]


class Outcomes:
    """`write` is one harmless-to-repeat transaction that notes what became of an attempt."""

    def __init__(self) -> None:
        self._held: dict[int, asyncio.Task[None]] = {}

    @property
    def held(self) -> frozenset[int]:
        """Messages whose outcome is known here and not in the database."""
        return frozenset(self._held)

    async def note(self, message_id: int, write: Write) -> None:
        """Write it now, or hold it and return: it is written as soon as the database takes it."""
        try:
            await write()
        except psycopg.OperationalError as error:
            log.warning("outcome_held", message_id=message_id, error=type(error).__name__)
            self._hold(message_id, write)
        except asyncio.CancelledError:  # the process is stopping; what it knows must not go with the task
            self._hold(message_id, write)
            raise

    async def settle(self, *, within_s: float) -> None:
        """Give what is held its last chance, before the process ends."""
        if self._held:
            await asyncio.wait(tuple(self._held.values()), timeout=within_s)
        for message_id, task in tuple(self._held.items()):
            log.error("outcome_lost", message_id=message_id)
            task.cancel()

    def _hold(self, message_id: int, write: Write) -> None:
        task = asyncio.create_task(self._write_at_last(message_id, write), name=f"outcome-{message_id}")
        self._held[message_id] = task
        task.add_done_callback(lambda _: self._held.pop(message_id, None))

    async def _write_at_last(self, message_id: int, write: Write) -> None:
        while True:
            try:
                await write()
            except psycopg.OperationalError:
                await asyncio.sleep(RETRY_S)  # the machine's time: a test's clock must not make this spin
            else:
                log.info("outcome_written", message_id=message_id)
                return
