"""What one message costs the database: how often it is asked, what it waits for, and whose rows are touched twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from connectors.fake import FakeMessenger
from responder.clock import FixedClock, SystemClock
from responder.db.engine import Database
from responder.delivery.service import Delivery
from responder.live import InProcessLive
from responder.turns.claim import claim_thread, new_token
from tests.integration.lead_world import make_world
from tests.running import running
from tests.stubs.telegram_api import TelegramStub

CHAT = 77


async def test_a_message_that_is_only_answered_is_four_statements(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored, claimed, answered, stamped: no fifth round trip between the webhook and the accepted reply."""
    asked: list[str] = []
    execute = psycopg.AsyncConnection.execute

    async def counting(self: Any, query: Any, *values: Any, **options: Any) -> Any:
        asked.append(" ".join(str(query).split())[:40])
        return await execute(self, query, *values, **options)

    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0.0) as app,
    ):
        for text in ("Где вы находитесь?", "До скольки вы работаете?"):
            asked.clear()
            monkeypatch.setattr(psycopg.AsyncConnection, "execute", counting)
            await telegram.customer_says(CHAT, text).confirmed()
            await app.responder.scheduler.idle()
            monkeypatch.undo()

    assert len(telegram.sent(CHAT)) == 2
    assert len(asked) == 4, asked


async def test_the_stamp_of_a_prompt_reply_leaves_its_thread_alone(database_url: str) -> None:
    """The customer's next message locks the thread's row at this very moment: the turn has written all of it before."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0.0) as app,
    ):
        await telegram.customer_says(CHAT, "Где вы находитесь?").confirmed()
        await app.responder.scheduler.idle()
        [row] = await app.rows(
            """SELECT t.xmin = turn.xmin AS is_turns, m.xmin = turn.xmin AS is_unstamped, m.send_state,
                   t.last_message_at = m.composed_at AS moved_up
               FROM thread t JOIN turn ON turn.thread_id = t.id JOIN message m ON m.turn_id = turn.id"""
        )

    assert row == {"is_turns": True, "is_unstamped": False, "send_state": "accepted", "moved_up": True}


async def test_a_reply_that_waited_moves_its_thread_up_when_it_is_accepted(database: Database) -> None:
    """An hour after it was written, the dialogue stands where its newest message belongs."""
    clock = FixedClock(SystemClock().now())
    world = await make_world(database, now=clock.now())
    messenger = FakeMessenger()
    await messenger.open()
    delivery = Delivery(database, clock=clock, messenger_of=lambda _: messenger, live=InProcessLive())
    async with database.connection() as connection:
        await connection.execute(
            """INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, text,
                   composed_at, idempotency_key, send_state)
               SELECT salon_id, thread_id, enquiry_id, channel_account_id, 'out', 'bot', 'Ждём вас', %(now)s, 'k',
                   'queued' FROM message WHERE direction = 'in' AND thread_id = %(thread)s""",
            {"now": clock.now(), "thread": world.thread_id},
        )
    clock.advance(50 * 60)

    assert await delivery.deliver_next(world.thread_id)
    async with database.connection() as connection:
        (row,) = await (await connection.execute("SELECT last_message_at FROM thread")).fetchall()
    assert row["last_message_at"] == clock.now()
    await delivery.close()


async def test_a_lease_alone_does_not_wait_for_the_disk(database: Database) -> None:
    """Whatever else goes over the connection that claimed a thread is as durable as ever."""
    clock = FixedClock(SystemClock().now())
    world = await make_world(database, now=clock.now())
    async with database.connection() as connection:
        await connection.execute("UPDATE thread SET turn_due_at = %(now)s", {"now": clock.now() - timedelta(seconds=1)})
    claim = await claim_thread(database, world.thread_id, clock=clock, token=new_token())

    async with database.connection() as connection:
        (row,) = await (await connection.execute("SHOW synchronous_commit")).fetchall()
    assert claim is not None
    assert row["synchronous_commit"] == "on"
