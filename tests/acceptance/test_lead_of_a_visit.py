"""A visit has one lead: over real HTTP, what a returning customer does to it is news of the item in Bitrix24."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from responder.assembly import keep_house
from responder.clock import ShiftedClock
from tests.running import Running, running, until
from tests.stubs.bitrix24_api import Bitrix24Stub
from tests.stubs.telegram_api import SentMessage, TelegramStub

ANNA = 4455
MONDAY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # 10:00 at the salon


@dataclass(frozen=True, kw_only=True)
class Town:
    """A salon, a messenger, a CRM, and a customer whose days pass when told."""

    app: Running
    telegram: TelegramStub
    bitrix: Bitrix24Stub
    clock: ShiftedClock

    async def say(self, text: str) -> SentMessage:
        """Write and wait for the answer."""
        before = len(self.telegram.sent(ANNA))
        await self.telegram.customer_says(ANNA, text).confirmed()
        return (await self.telegram.until_sent(ANNA, count=before + 1))[-1]

    async def book(self, wish: str, *details: str) -> None:
        """Say the wish, then each detail; it must end in a booking."""
        for text in (wish, *details):
            answer = await self.say(text)
        assert "вы записаны" in answer.text, answer.text

    async def next_day(self) -> None:
        """The enquiry goes quiet and is closed."""
        self.clock.jump_to(self.clock.now() + timedelta(hours=25))
        await keep_house(self.app.responder)
        assert await self.app.rows("SELECT 1 FROM enquiry WHERE closed_at IS NULL") == []

    async def settled(self) -> list[dict[str, Any]]:
        """The items of the CRM once it knows everything we know."""
        await until(self._is_current)
        return self.bitrix.leads

    async def _is_current(self) -> bool:
        behind = await self.app.rows(
            "SELECT 1 FROM lead LEFT JOIN lead_delivery d ON d.lead_id = lead.id AND d.crm_key = 'bitrix24' "
            "WHERE d.revision IS DISTINCT FROM lead.revision"
        )
        return not behind


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    clock = ShiftedClock(MONDAY)
    async with (
        TelegramStub() as telegram,
        Bitrix24Stub() as bitrix,
        running(database_url, telegram=telegram, bitrix=bitrix, clock=clock) as app,
    ):
        yield Town(app=app, telegram=telegram, bitrix=bitrix, clock=clock)


async def test_a_visit_that_moves_and_is_cancelled_later_stays_one_item(town: Town) -> None:
    """Booked, moved the next day, cancelled the day after: each time the same item says what is so now."""
    await town.book("Хочу на женскую стрижку в пятницу в 12:00", "Анна, 8 (912) 345-67-89", "да")
    (booked,) = [dict(item) for item in await town.settled()]

    await town.next_day()
    answer = await town.say("перенесите меня на субботу в 11:00")
    if "перенес" not in answer.text.lower():
        answer = await town.say("да")
    (moved,) = [dict(item) for item in await town.settled()]

    await town.next_day()
    await town.say("отмените запись, пожалуйста")
    await town.say("да")
    (cancelled,) = [dict(item) for item in await town.settled()]

    states = await town.app.rows("SELECT state FROM appointment WHERE state <> 'expired' ORDER BY id")
    assert [row["state"] for row in states] == ["cancelled", "cancelled"]
    assert booked["id"] == moved["id"] == cancelled["id"]
    assert booked["originId"] == moved["originId"] == cancelled["originId"]
    assert [item["UF_CRM_RSP_VISIT_STATE"] for item in (booked, moved, cancelled)] == ["booked", "booked", "cancelled"]
    assert booked["UF_CRM_RSP_VISIT_AT"] == "2026-11-27T12:00:00+05:00"
    assert moved["UF_CRM_RSP_VISIT_AT"] == "2026-11-28T11:00:00+05:00"
    assert "сб 28 нояб. 11:00" in moved["title"]
    assert cancelled["title"] == "Анна, Женская стрижка, запись отменена"
    assert "Запись отменена" in cancelled["comments"]


async def test_a_second_booking_in_a_later_enquiry_is_a_second_item(town: Town) -> None:
    """Another service, booked the next day beside the first visit, is another lead; the first one is left alone."""
    await town.book("Хочу на женскую стрижку в пятницу в 12:00", "Анна, 8 (912) 345-67-89", "да")
    (first,) = [dict(item) for item in await town.settled()]

    await town.next_day()
    await town.book("Ещё хочу маникюр в субботу в 12:00", "да")
    items = await town.settled()

    assert [item["id"] for item in items] == [first["id"], items[1]["id"]]
    assert dict(items[0]) == first
    assert "Маникюр" in items[1]["title"]
    assert {item["originId"] for item in items} == {
        row["origin_id"] for row in await town.app.rows("SELECT origin_id FROM lead")
    }
