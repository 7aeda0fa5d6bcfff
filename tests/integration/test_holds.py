"""What becomes of a held slot in the turns of a dialogue: dropped, run out, fought over; with a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import ChannelKind, Inbound, InboundKind
from responder.clock import ShiftedClock
from responder.intake.service import Account
from tests.running import Running, running, until

MONDAY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HOLDS_FOR = timedelta(minutes=10)
AT_THREE = "женская стрижка 25.11 в 15:00 к Анне"
RIVALS = 40


class Crowd:
    """Customers of the demo salon's web chat."""

    def __init__(self, app: Running, account: Account, clock: ShiftedClock) -> None:
        self.app, self._account, self.clock = app, account, clock
        self._said = 0

    async def say(self, who: str, text: str) -> str:
        """Say it and give the reply."""
        before = len(await self._replies(who))
        self._said += 1
        item = Inbound(kind=InboundKind.MESSAGE, provider_key=f"{who}:{self._said}", thread_key=who, text=text)
        await self.app.responder.accept(self._account, [item], self.clock.now())

        async def answered() -> list[dict[str, Any]]:
            return (await self._replies(who))[before:]

        return str((await until(answered, within_s=60))[0]["text"])

    async def hold_at_three(self, who: str) -> None:
        """Everything said but the yes."""
        assert "держу для вас" in await self.say(who, AT_THREE)
        assert "Всё верно" in await self.say(who, "Анна, 8 (912) 345-67-89")

    async def appointments(self, state: str) -> list[dict[str, Any]]:
        return await self.app.rows(
            "SELECT p.*, t.thread_key FROM appointment p JOIN thread t ON t.id = p.thread_id WHERE p.state = %(state)s",
            state=state,
        )

    async def _replies(self, who: str) -> list[dict[str, Any]]:
        return await self.app.rows(
            "SELECT m.text FROM message m JOIN thread t ON t.id = m.thread_id"
            " WHERE t.thread_key = %(who)s AND m.direction = 'out' AND m.accepted_at IS NOT NULL ORDER BY m.id",
            who=who,
        )


@asynccontextmanager
async def crowd(database_url: str) -> AsyncIterator[Crowd]:
    clock = ShiftedClock(MONDAY)
    async with running(database_url, burst_quiet_s=0, clock=clock) as app:
        (salon,) = await app.responder.salons.all()
        account = next(a for a in salon.channels if a.kind == ChannelKind.WEBCHAT)
        door = app.responder.door_of(account.id)
        assert door is not None
        yield Crowd(app, door.account, clock)


async def test_a_slot_turned_away_from_is_free_at_once(database_url: str) -> None:
    """Whoever asks for another day gives the held slot back in that very turn: the next customer gets it."""
    async with crowd(database_url) as customers:
        await customers.hold_at_three("first")
        assert "Какое вам подходит" in await customers.say("first", "а в субботу утром?")
        assert await customers.appointments("held") == []
        await customers.hold_at_three("second")
        (held,) = await customers.appointments("held")
    assert held["thread_key"] == "second"


async def test_a_dropped_booking_gives_its_slot_back(database_url: str) -> None:
    """Called off before the yes: nothing stays behind."""
    async with crowd(database_url) as customers:
        await customers.hold_at_three("first")
        assert "не записываю" in await customers.say("first", "отмените, я передумала")
        assert await customers.appointments("held") == []


async def test_a_yes_after_the_hold_ran_out_still_books_a_free_slot(database_url: str) -> None:
    """Nobody else has taken it: the customer never learns that the hold had ended."""
    async with crowd(database_url) as customers:
        await customers.hold_at_three("first")
        customers.clock.jump_to(MONDAY + 3 * HOLDS_FOR)
        assert "вы записаны" in await customers.say("first", "да")


async def test_a_yes_that_comes_too_late_is_told_so_and_offered_others(database_url: str) -> None:
    """The hold ran out and somebody else booked the slot: said plainly, with what is free now."""
    async with crowd(database_url) as customers:
        await customers.hold_at_three("first")
        customers.clock.jump_to(MONDAY + 3 * HOLDS_FOR)
        await customers.hold_at_three("second")
        assert "вы записаны" in await customers.say("second", "да")
        told = await customers.say("first", "да")
        (booked,) = await customers.appointments("booked")
    assert "только что заняли" in told
    assert booked["thread_key"] == "second"


async def test_many_late_yeses_to_one_slot_book_it_once(database_url: str) -> None:
    """Each held the same slot in turn, each hold ran out, all confirm in the same moment: one is booked, everybody
    else is offered something, nobody is left without an answer."""
    async with crowd(database_url) as customers:
        names = [f"v{number}" for number in range(RIVALS)]
        for number, who in enumerate(names):
            customers.clock.jump_to(MONDAY + number * 2 * HOLDS_FOR)
            await customers.hold_at_three(who)
        customers.clock.jump_to(MONDAY + RIVALS * 2 * HOLDS_FOR)
        answers = await asyncio.gather(*(customers.say(who, "да") for who in names))
        booked = await customers.appointments("booked")
        overlaps = await customers.app.rows("""
            SELECT count(*) AS n FROM appointment a JOIN appointment b
            ON a.specialist_id = b.specialist_id AND a.id < b.id AND a.busy && b.busy
            WHERE a.state IN ('held', 'booked') AND b.state IN ('held', 'booked')""")
        failed = await customers.app.rows("SELECT count(*) AS n FROM handoff")
    assert sum("вы записаны" in answer for answer in answers) == 1
    assert sum("только что заняли" in answer for answer in answers) == RIVALS - 1
    assert len(booked) == 1
    assert (overlaps[0]["n"], failed[0]["n"]) == (0, 0)
