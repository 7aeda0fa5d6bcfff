"""Two hundred customers want the same slot at once: the database gives it to one."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from connectors.contract import ChannelKind, Inbound, InboundKind
from responder.intake.service import Account
from tests.running import Running, running, until

CUSTOMERS = 200


async def test_two_hundred_customers_one_slot(database_url: str) -> None:
    """All ask for one specialist's same hour; one holds it, everybody else is offered something else."""
    async with running(database_url, burst_quiet_s=0) as app:
        (salon,) = await app.responder.salons.all()
        account = next(a for a in salon.channels if a.kind == ChannelKind.WEBCHAT)
        door = app.responder.door_of(account.id)
        assert door is not None
        day = next(d for d in _days(app) if salon.hours.on(d.date()))
        text = f"стрижка женская {day:%d.%m} в 15:00 к {_someone(salon)}"
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


def _days(app: Running) -> list[datetime]:
    today = app.responder.clock.now()
    return [today + timedelta(days=number) for number in range(2, 9)]


def _someone(salon: object) -> str:
    return "Злате"


async def _ask(app: Running, account: Account, number: int, text: str) -> None:
    item = Inbound(kind=InboundKind.MESSAGE, provider_key=f"v{number}:1", thread_key=f"v{number}", text=text)
    await app.responder.accept(account, [item], app.responder.clock.now())


async def _all_answered(app: Running) -> bool:
    rows = await app.rows("SELECT count(*) AS n FROM message WHERE direction = 'out' AND accepted_at IS NOT NULL")
    return bool(rows[0]["n"] == CUSTOMERS)
