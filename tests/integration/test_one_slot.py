"""Two hundred customers want the same slot at once: the database gives it to one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from connectors.contract import ChannelKind, Inbound, InboundKind
from responder.clock import ShiftedClock
from responder.intake.service import Account
from tests.running import Running, running, until

CUSTOMERS = 200
MONDAY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


async def test_two_hundred_customers_one_slot(database_url: str) -> None:
    """All ask for one specialist's same hour; one holds it, everybody else is offered something else."""
    async with running(database_url, burst_quiet_s=0, clock=ShiftedClock(MONDAY)) as app:
        (salon,) = await app.responder.salons.all()
        account = next(a for a in salon.channels if a.kind == ChannelKind.WEBCHAT)
        door = app.responder.door_of(account.id)
        assert door is not None
        text = "женская стрижка 25.11 в 15:00 к Анне"
        await asyncio.gather(*(_ask(app, door.account, number, text) for number in range(CUSTOMERS)))
        await until(lambda: _all_answered(app), within_s=60)

        held = await app.rows("SELECT * FROM appointment WHERE state = 'held' ORDER BY starts_at")
        overlaps = await app.rows("""
            SELECT count(*) AS n FROM appointment a JOIN appointment b
            ON a.specialist_id = b.specialist_id AND a.id < b.id AND a.busy && b.busy
            WHERE a.state = 'held' AND b.state = 'held'""")
        decisions = await app.rows("SELECT decision, count(*) AS n FROM turn GROUP BY 1")
        handoffs = await app.rows("SELECT count(*) AS n FROM handoff")
    by_decision = {row["decision"]: row["n"] for row in decisions}
    at_three = [row for row in held if row["starts_at"].astimezone(salon.zone).hour == 15]
    assert len(at_three) == 1
    assert overlaps[0]["n"] == 0
    assert handoffs[0]["n"] == 0
    assert by_decision["ask_name_and_phone"] == 1
    assert by_decision["offer"] == CUSTOMERS - 1


async def _ask(app: Running, account: Account, number: int, text: str) -> None:
    item = Inbound(kind=InboundKind.MESSAGE, provider_key=f"v{number}:1", thread_key=f"v{number}", text=text)
    await app.responder.accept(account, [item], app.responder.clock.now())


async def _all_answered(app: Running) -> bool:
    rows = await app.rows("SELECT count(*) AS n FROM message WHERE direction = 'out' AND accepted_at IS NOT NULL")
    return bool(rows[0]["n"] == CUSTOMERS)
