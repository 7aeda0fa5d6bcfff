"""Several endpoints: the next is asked when one fails or is slow, never beyond the time a turn has, and all is paid for
that was answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from responder.clock import SystemClock
from responder.dialogue.state import DialogueState
from responder.llm.backend import EndpointSpec, Price, price_of
from responder.llm.breaker import FAILURES
from responder.llm.reader import LlmReader
from responder.llm.reading import Line, LlmOutcome, LlmReading
from tests.stubs import openai_api as api
from tests.stubs.openai_api import API_KEY, OpenAiStub
from tests.unit.llm.turn import NOW, context, salon

SALON = salon()
FRESH = DialogueState(language="ru")
WORDS = "хочу на маникюр завтра в 15:00"
SOON_S, ENOUGH_S = 0.3, 5.0


@pytest.fixture
async def first() -> AsyncIterator[OpenAiStub]:
    async with OpenAiStub() as stub:
        yield stub


@pytest.fixture
async def second() -> AsyncIterator[OpenAiStub]:
    async with OpenAiStub() as stub:
        yield stub


def spec(stub: OpenAiStub, name: str, *, price: Price | None = None) -> EndpointSpec:
    return EndpointSpec(name=name, base_url=stub.url, api_key=API_KEY, model=name, price=price)


async def read(*specs: EndpointSpec, hedge_s: float = 0.05, deadline_s: float = ENOUGH_S, times: int = 1) -> LlmReading:
    """The last of `times` readings by one reader."""
    reader = LlmReader(specs, clock=SystemClock(), hedge_s=hedge_s)
    await reader.open()
    try:
        for _ in range(times):
            reading = await reader.read(
                [Line(author="customer", text=WORDS)],
                salon=SALON,
                state=FRESH,
                context=context(FRESH),
                now=NOW,
                deadline_s=deadline_s,
            )
        return reading
    finally:
        await reader.close()


async def test_the_first_answers_alone(first: OpenAiStub, second: OpenAiStub) -> None:
    """A healthy first endpoint is the only one that is asked and paid."""
    reading = await read(spec(first, "llm"), spec(second, "llm_2"), hedge_s=ENOUGH_S)

    assert (reading.outcome, reading.endpoint) == (LlmOutcome.USED, "llm")
    assert second.served == 0


@pytest.mark.parametrize(
    "sickness",
    [api.server_error_html(), api.quota_used_up(), api.malformed_body(), api.refusal(), api.unknown_tool()],
    ids=["down", "no quota", "malformed", "refuses", "unknown tool"],
)
async def test_the_next_is_asked_when_one_fails(first: OpenAiStub, second: OpenAiStub, sickness: api.Answer) -> None:
    """Whatever is wrong with the first, the second's answer is used in the same turn."""
    first.always_answer_with(sickness)

    reading = await read(spec(first, "llm"), spec(second, "llm_2"), hedge_s=0)

    assert (reading.outcome, reading.endpoint) == (LlmOutcome.USED, "llm_2")


async def test_a_slow_one_is_hedged(first: OpenAiStub, second: OpenAiStub) -> None:
    """Without an answer after the hedge the next is asked too; the first usable answer counts."""
    first.always_answer_with(api.hang())

    reading = await read(spec(first, "llm"), spec(second, "llm_2"))

    assert (reading.outcome, reading.endpoint) == (LlmOutcome.USED, "llm_2")
    assert first.served == 1


async def test_without_a_hedge_a_slow_one_is_waited_for(first: OpenAiStub, second: OpenAiStub) -> None:
    """Who does not want to pay twice waits for the first alone."""
    first.always_answer_with(api.hang())

    reading = await read(spec(first, "llm"), spec(second, "llm_2"), hedge_s=0, deadline_s=SOON_S)

    assert reading.outcome is LlmOutcome.LATE
    assert second.served == 0


async def test_a_resting_endpoint_costs_no_time(first: OpenAiStub, second: OpenAiStub) -> None:
    """After failures in a row the first is left alone and the second asked at once."""
    first.always_answer_with(api.quota_used_up())

    reading = await read(spec(first, "llm"), spec(second, "llm_2"), hedge_s=0, times=FAILURES + 2)

    assert reading.endpoint == "llm_2"
    assert first.served == FAILURES


async def test_every_answer_is_paid_for(first: OpenAiStub, second: OpenAiStub) -> None:
    """A refused answer costs what it costs: tokens and money of all answers are of the turn."""
    price = Price(sent=Decimal(2), cached=Decimal(1), written=Decimal(10))
    first.always_answer_with(api.refusal())

    reading = await read(spec(first, "llm", price=price), spec(second, "llm_2", price=price), hedge_s=0)

    assert (reading.tokens_in, reading.tokens_out) == (2400, 80)  # twice what the stub says of each
    assert reading.cost_micros == 2400 * 2 + 80 * 10


async def test_all_may_fail(first: OpenAiStub, second: OpenAiStub) -> None:
    """The reason of the last is told; nothing is raised."""
    for stub in (first, second):
        stub.always_answer_with(api.quota_used_up())

    reading = await read(spec(first, "llm"), spec(second, "llm_2"))

    assert (reading.outcome, reading.meaning) == (LlmOutcome.FAILED, None)
    assert "insufficient_quota" in reading.detail


async def test_a_late_answer_can_still_be_had(first: OpenAiStub) -> None:
    """What comes after the deadline is kept for whoever asks for it."""
    reader = LlmReader([spec(first, "llm")], clock=SystemClock())
    first.delay_s = SOON_S * 2
    await reader.open()
    try:
        reading = await reader.read(
            [Line(author="customer", text=WORDS)],
            salon=SALON,
            state=FRESH,
            context=context(FRESH),
            now=NOW,
            deadline_s=SOON_S / 3,
        )
        assert reading.outcome is LlmOutcome.LATE
        assert reading.late is not None
        late = await reading.late
    finally:
        await reader.close()
    assert late.meaning is not None
    assert late.meaning.service == "manicure"


async def test_a_vendor_that_knows_no_strictness(first: OpenAiStub) -> None:
    """Refused for `strict`, the tools are sent without it, and that is remembered."""
    first.answer_with(api._error(400, "Unknown field 'strict' in tools[0].function"))

    reading = await read(spec(first, "llm"), times=2)

    assert reading.outcome is LlmOutcome.USED
    sent = ["strict" in request.body["tools"][0]["function"] for request in first.requests]
    assert sent == [True, False, False]


@pytest.mark.parametrize(
    ("text", "cost"),
    [("1/0.5/4", 1 * 600 + 0.5 * 400 + 4 * 100), ("1/4", 1 * 1000 + 4 * 100)],
)
def test_prices(text: str, cost: float) -> None:
    """Cached tokens have a price of their own where one is given."""
    assert price_of(text).micros(tokens_in=1000, tokens_cached=400, tokens_out=100) == cost


@pytest.mark.parametrize("text", ["", "1", "1/2/3/4", "a/b", "-1/2", "nan/1"])
def test_a_price_that_is_none(text: str) -> None:
    """What would be right is said."""
    with pytest.raises(ValueError, match="sent/cached/written"):
        price_of(text)
