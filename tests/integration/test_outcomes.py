"""Who knows what became of an attempt, and who must not guess: receipts outlive an absent database (decision 0005)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from connectors.contract import TransientError
from connectors.fake import FakeMessenger
from responder.clock import FixedClock
from responder.db.engine import Connection, Database
from responder.delivery import outcomes
from responder.delivery.service import Delivery
from responder.live import InProcessLive
from tests.integration.lead_world import make_world
from tests.running import until


class MoodyDatabase(Database):
    """One process's way to the database, which may be away for this process alone."""

    is_away = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self._refuse()
        async with super().connection() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        self._refuse()
        async with super().transaction() as connection:
            yield connection

    def _refuse(self) -> None:
        if self.is_away:
            raise psycopg.OperationalError("away")


class _Messenger(FakeMessenger):
    """Lets the test do something at the moment the customer has the message."""

    def __init__(self) -> None:
        super().__init__()
        self.after_send: Any = lambda: None

    async def send(self, message: Any) -> Any:
        try:
            return await super().send(message)
        finally:
            self.after_send()


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    database: MoodyDatabase
    delivery: Delivery

    async def sweep(self) -> None:
        await self.delivery.sweep()
        await self.delivery.idle()


@dataclass(frozen=True, kw_only=True, slots=True)
class Two:
    """Two processes, one messenger, one message that waits to be sent."""

    ours: Process
    other: Process
    messenger: _Messenger
    clock: FixedClock
    thread_id: int

    async def row(self) -> dict[str, Any]:
        async with self.other.database.connection() as connection:
            cursor = await connection.execute(
                "SELECT send_state, attempts, provider_message_id FROM message WHERE idempotency_key = 'k'"
            )
            row = await cursor.fetchone()
        assert row is not None
        return row


@pytest.fixture
async def two(database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    monkeypatch.setattr(outcomes, "RETRY_S", 0.01)
    messenger, processes = _Messenger(), []
    await messenger.open()
    for _ in range(2):
        database = MoodyDatabase(database_url, pool_size=2)
        await database.open()
        delivery = Delivery(database, clock=clock, messenger_of=lambda _: messenger, live=InProcessLive())
        processes.append(Process(database=database, delivery=delivery))
    world = await make_world(processes[0].database, now=clock.now())
    async with processes[0].database.connection() as connection:
        await connection.execute(
            """INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, text,
                   composed_at, idempotency_key, send_state, next_attempt_at)
               SELECT salon_id, thread_id, enquiry_id, channel_account_id, 'out', 'bot', 'Ждём вас', %(now)s, 'k',
                   'queued', %(now)s FROM message WHERE direction = 'in' AND thread_id = %(thread)s""",
            {"now": clock.now(), "thread": world.thread_id},
        )
    yield Two(ours=processes[0], other=processes[1], messenger=messenger, clock=clock, thread_id=world.thread_id)
    for process in processes:
        process.database.is_away = False
        await process.delivery.close()
        await process.database.close()


async def written(process: Process) -> None:
    """Everything this process knows stands in the database."""

    async def is_written() -> bool:
        return not process.delivery.held

    await until(is_written)


async def test_a_held_receipt_wins_over_the_sweep_of_another_process(two: Two) -> None:
    """The sender loses the database with the receipt in hand for longer than an attempt lasts; another process calls
    the attempt lost; the sender comes back within the pause: accepted, and never sent again."""
    two.messenger.after_send = lambda: setattr(two.ours.database, "is_away", True)
    await two.ours.delivery.deliver_next(two.thread_id)
    two.clock.advance(26)
    await two.other.sweep()
    lost = await two.row()
    two.ours.database.is_away = False
    await written(two.ours)
    two.clock.advance(60)
    await two.other.sweep()
    assert lost["send_state"] == "unknown"
    assert (await two.row())["send_state"] == "accepted"
    assert len(two.messenger.sent) == 1


async def test_nobody_repeats_a_message_right_after_an_outage(two: Two) -> None:
    """The pause of an unknown outcome ran out while the database was away for all: the first sweep afterwards leaves it
    alone, so that whoever has the receipt writes it first."""
    two.messenger.after_send = lambda: setattr(two.ours.database, "is_away", True)
    await two.ours.delivery.deliver_next(two.thread_id)
    two.clock.advance(26)
    await two.other.sweep()
    two.other.database.is_away = True
    two.clock.advance(300)
    with pytest.raises(psycopg.OperationalError):
        await two.other.sweep()
    two.other.database.is_away = False
    await two.other.sweep()
    two.ours.database.is_away = False
    await written(two.ours)
    two.clock.advance(60)
    await two.other.sweep()
    assert (await two.row())["send_state"] == "accepted"
    assert len(two.messenger.sent) == 1


async def test_a_process_never_calls_its_own_attempt_lost(two: Two) -> None:
    """The sender's own sweep, with the database back and its receipt still in hand, leaves the row alone."""

    def sweep_is_late() -> None:
        two.clock.advance(26)

    two.messenger.after_send = sweep_is_late
    stamped = asyncio.Event()
    original = two.ours.delivery._stamp

    async def slow(*args: Any) -> None:
        if not stamped.is_set():
            raise psycopg.OperationalError("away")
        await original(*args)

    two.ours.delivery._stamp = slow  # type: ignore[method-assign]
    await two.ours.delivery.deliver_next(two.thread_id)
    await two.ours.sweep()
    before = await two.row()
    stamped.set()
    await written(two.ours)
    assert before["send_state"] == "sending"
    assert (await two.row())["send_state"] == "accepted"


async def test_a_failure_that_is_known_is_not_forgotten(two: Two) -> None:
    """The messenger said "not now" and the database went away: the row goes back to the queue, as it would have, and is
    not counted as an outcome nobody knows."""
    two.messenger.fail_next(TransientError("busy", retry_after_s=5))
    two.messenger.after_send = lambda: setattr(two.ours.database, "is_away", True)
    await two.ours.delivery.deliver_next(two.thread_id)
    two.ours.database.is_away = False
    await written(two.ours)
    queued = await two.row()
    two.messenger.after_send = lambda: None
    two.clock.advance(6)
    await two.ours.sweep()
    assert queued["send_state"] == "queued"
    assert (await two.row())["send_state"] == "accepted"
    assert len(two.messenger.sent) == 1


async def test_what_is_held_is_written_before_the_process_ends(two: Two) -> None:
    """A process that is told to stop while the database is away waits for it a little."""
    two.messenger.after_send = lambda: setattr(two.ours.database, "is_away", True)
    await two.ours.delivery.deliver_next(two.thread_id)
    closing = asyncio.create_task(two.ours.delivery.close())
    await asyncio.sleep(0)
    two.ours.database.is_away = False
    await closing
    assert (await two.row())["send_state"] == "accepted"


async def test_a_dead_process_costs_one_repeat_and_no_more(two: Two) -> None:
    """Receipts die with their process: the message is sent once more after the attempt and the pause, never twice."""
    two.messenger.after_send = lambda: setattr(two.ours.database, "is_away", True)
    await two.ours.delivery.deliver_next(two.thread_id)
    for _ in range(5):
        two.clock.advance(30)
        await two.other.sweep()
    row = await two.row()
    assert (row["send_state"], row["attempts"]) == ("accepted", 2)
    assert len(two.messenger.sent) == 2
