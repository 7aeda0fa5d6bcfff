"""What the LLM cost: stored with each turn, told by the report for each booking, in the terminal, over HTTP, in SQL."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from responder.reports.query import make_query
from responder.reports.spending import Spending, read_spending, spending_document, spending_text
from tests.acceptance.test_booking_by_telegram import book
from tests.running import SLUG, TUESDAY, Running, running
from tests.stubs.openai_api import API_KEY, OpenAiStub
from tests.stubs.telegram_api import TelegramStub

TOKENS_IN, TOKENS_OUT = 1200, 40  # what the stub says of each answer
PRICE = "2/1/10"
COST = (TOKENS_IN * 2 + TOKENS_OUT * 10) / 1_000_000  # of one answer


def with_llm(llm: OpenAiStub, **settings: Any) -> dict[str, Any]:
    return {"llm_base_url": llm.url, "llm_api_key": API_KEY, "llm_model": "stub", **settings}


async def spent(app: Running) -> tuple[Spending, ...]:
    [salon] = await app.responder.salons.all()
    return await read_spending(app.responder.database, make_query(salon, now=app.responder.clock.now(), days=1))


async def test_the_cost_of_a_booking(database_url: str) -> None:
    """Every answered turn is paid for; the sum is shared by the bookings made."""
    async with (
        TelegramStub() as telegram,
        OpenAiStub() as llm,
        running(database_url, telegram=telegram, **with_llm(llm, llm_price=PRICE, llm_currency="EUR")) as app,
    ):
        await book(telegram)
        await app.responder.scheduler.idle()
        [found] = await spent(app)
        turns = await app.rows("SELECT llm_model, llm_cost_micros, llm_currency FROM turn WHERE tokens_in > 0")
        shown = await (await app.staff("GET", "/report/spending?days=1")).json()
        [view] = await app.rows("SELECT sum(cost) AS cost, max(currency) AS currency FROM bi.llm_spending")

    assert found.turns == len(turns) == llm.served
    assert {(turn["llm_model"], turn["llm_currency"]) for turn in turns} == {("stub", "EUR")}
    assert found.cost == Decimal(str(COST)) * llm.served == view["cost"]
    assert (found.bookings, found.cost_per_booking) == (1, found.cost)
    assert shown["llm"] == spending_document([found])
    assert shown["salon"] == SLUG
    assert "на одну запись" in spending_text([found], language="ru")
    assert "for each booking (1 bookings)" in spending_text([found], language="en")


async def test_without_prices_no_cost_is_made_up(database_url: str) -> None:
    """Tokens are counted, money is not invented; another period has neither."""
    async with (
        TelegramStub() as telegram,
        OpenAiStub() as llm,
        running(database_url, telegram=telegram, **with_llm(llm)) as app,
    ):
        await telegram.customer_says(1, "сколько стоит маникюр?").confirmed()
        await app.responder.scheduler.idle()
        [found] = await spent(app)
        [salon] = await app.responder.salons.all()
        later = make_query(salon, now=TUESDAY + timedelta(days=9), days=1)
        nothing = await read_spending(app.responder.database, later)

    assert (found.cost, found.cost_per_booking, found.currency) == (None, None, None)
    assert (found.tokens_in, found.tokens_out) == (TOKENS_IN, TOKENS_OUT)
    assert spending_text([found], language="en") == "Language model: 1,200 tokens sent, 40 received"
    assert nothing == ()
