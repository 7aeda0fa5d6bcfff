""" "When is my appointment?" through real doors: the answer comes from the appointment book."""

from __future__ import annotations

from tests.acceptance.test_booking_by_telegram import book
from tests.acceptance.test_llm_troubles import with_llm
from tests.running import running
from tests.stubs import openai_api as says
from tests.stubs.openai_api import OpenAiStub
from tests.stubs.telegram_api import TelegramStub

ANNA = 4455
ASKS = says.calls(("understand_request", {"intents": ["appointment"], "wishes": []}))


async def test_a_booked_visit_is_told_from_the_appointment_book(database_url: str) -> None:
    """Booked, asked about, cancelled at the desk, asked about again: each answer is what the book says then."""
    async with (
        TelegramStub() as telegram,
        OpenAiStub() as llm,
        running(database_url, telegram=telegram, **with_llm(llm)) as app,
    ):
        await book(telegram)
        so_far = len(telegram.sent(ANNA))
        llm.always_answer_with(ASKS)
        await telegram.customer_says(ANNA, "напомните, на когда я записана?").confirmed()
        told = (await telegram.until_sent(ANNA, count=so_far + 1))[-1].text
        async with app.responder.database.connection() as connection:
            await connection.execute("UPDATE appointment SET state = 'cancelled'")
        await telegram.customer_says(ANNA, "и всё-таки, на когда я записана?").confirmed()
        none = (await telegram.until_sent(ANNA, count=so_far + 2))[-1].text
        decisions = [row["decision"] for row in await app.rows("SELECT decision FROM turn ORDER BY id")]
    assert "Вы записаны: Женская стрижка" in told
    assert "записей у вас не вижу" in none
    assert decisions[-2:] == ["already_booked", "no_visit"]
