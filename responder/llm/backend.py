"""One endpoint with its model: asked in the dialect it understands, left alone while it keeps failing, its price known.

`read` never raises: it gives a reading, or one that says why there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random

from responder import metrics
from responder.clock import Clock
from responder.llm import prompt
from responder.llm.breaker import Breaker
from responder.llm.dialect import Dialect
from responder.llm.endpoint import Endpoint, EndpointBusy, EndpointError, EndpointRefused
from responder.llm.judge import Question, judge
from responder.llm.reading import LlmOutcome, LlmReading, nothing
from responder.llm.reply import Reply, parse
from responder.logs import get_logger

ATTEMPTS = 3
_QUICK_SHARE = 0.7  # of the deadline: a retry that would start later cannot succeed in time
_FAIR_DEADLINE_S = 0.5  # being late within less says nothing about the endpoint
_PAUSE = wait_random(0.05, 0.2)
_MAX_REPHRASINGS = 5

log = get_logger("llm")


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What a million tokens cost: sent, sent and found in the vendor's cache, written."""

    sent: Decimal
    cached: Decimal
    written: Decimal
    currency: str = "USD"

    def micros(self, *, tokens_in: int, tokens_cached: int, tokens_out: int) -> int:
        """The cost in millionths of the currency; `tokens_in` includes the cached ones."""
        fresh = max(tokens_in - tokens_cached, 0)
        return int(self.sent * fresh + self.cached * min(tokens_cached, tokens_in) + self.written * tokens_out)


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointSpec:
    """How to reach an endpoint and what it costs; `name` is what metrics and staff see."""

    name: str
    base_url: str | None
    api_key: str
    model: str
    price: Price | None = None


class Backend:
    """Made once, used from many tasks at once, closed once."""

    def __init__(self, spec: EndpointSpec, clock: Clock, *, breaker: Breaker | None = None) -> None:
        self.spec = spec
        self.breaker = breaker or Breaker(clock)
        self._clock = clock
        self._dialect = Dialect()
        self._endpoint: Endpoint | None = None

    async def open(self) -> None:
        """Make the client; touches no network."""
        self._endpoint = self._endpoint or Endpoint(base_url=self.spec.base_url, api_key=self.spec.api_key)

    async def close(self) -> None:
        """Harmless twice."""
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            await endpoint.close()

    async def read(self, question: Question) -> LlmReading:
        """The reading of one call that the breaker admitted; the caller tells the breaker of a deadline missed."""
        if self._endpoint is None:
            return nothing(LlmOutcome.OFF, "not open")
        try:
            reply = await self._ask(self._endpoint, question)
        except EndpointError as error:
            self.breaker.failed()
            reading = nothing(LlmOutcome.FAILED, str(error))
        except Exception as error:
            # The outer edge of a call: whatever a vendor invents next must not cost the customer the rules' answer.
            log.exception("llm_reading_broke", endpoint=self.spec.name)
            self.breaker.abandoned()
            reading = nothing(LlmOutcome.FAILED, f"unexpected {type(error).__name__}")
        else:
            reading = self._priced(judge(reply, question))
        metrics.LLM_CALLS.labels(self.spec.name, reading.outcome.value).inc()
        return replace(reading, endpoint=self.spec.name, model=self.spec.model)

    def missed(self, deadline_s: float) -> None:
        """No answer came within the deadline."""
        metrics.LLM_CALLS.labels(self.spec.name, LlmOutcome.LATE.value).inc()
        if deadline_s >= _FAIR_DEADLINE_S:
            self.breaker.failed()
        else:
            self.breaker.abandoned()

    def _priced(self, reading: LlmReading) -> LlmReading:
        price = self.spec.price
        if price is None:
            return reading
        cost = price.micros(
            tokens_in=reading.tokens_in, tokens_cached=reading.tokens_cached, tokens_out=reading.tokens_out
        )
        return replace(reading, cost_micros=cost, currency=price.currency)

    async def _ask(self, endpoint: Endpoint, question: Question) -> Reply:
        """The reply, in the plainest dialect that the endpoint insists on; one that worked is kept."""
        dialect, with_history = self._dialect, True
        for _ in range(_MAX_REPHRASINGS):
            request = dialect.request(self.spec.model, _messages(question, dialect, with_history=with_history))
            try:
                reply = parse(await self._complete(endpoint, request, question.deadline_s))
            except EndpointRefused as error:
                if error.is_about_length and with_history:
                    with_history = False
                    continue
                plainer = dialect.plainer(error.complaint) if error.is_about_form else None
                if plainer is None:
                    raise
                dialect = plainer
                continue
            if dialect is not self._dialect and reply.calls:
                log.info("llm_dialect_learned", endpoint=self.spec.name, dialect=repr(dialect))
                self._dialect = dialect
            return reply
        raise EndpointRefused("no form of the request is accepted", status=400)

    async def _complete(self, endpoint: Endpoint, request: dict[str, object], deadline_s: float) -> bytes:
        """One answer; quick failures are tried again while there is time for an answer."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(EndpointBusy),
            stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(deadline_s * _QUICK_SHARE),
            wait=_wait_s,
            sleep=self._clock.sleep,
            reraise=True,
        ):
            with attempt:
                return await endpoint.complete(request)
        raise AssertionError("unreachable: the last attempt raises")


def price_of(text: str, currency: str = "USD") -> Price:
    """Of "0.15/0.075/0.60": a million tokens sent, cached, written; two numbers are sent and written. Raises
    `ValueError` with what would be right."""
    parts = [part.strip() for part in text.split("/")]
    try:
        amounts = [Decimal(part) for part in parts]
    except ArithmeticError:
        amounts = []
    if len(amounts) not in (2, 3) or any(not amount.is_finite() or amount < 0 for amount in amounts):
        raise ValueError("must be prices of a million tokens like 0.15/0.075/0.60 (sent/cached/written)")
    cached = amounts[1] if len(amounts) == 3 else amounts[0]
    return Price(sent=amounts[0], cached=cached, written=amounts[-1], currency=currency.upper())


def _messages(question: Question, dialect: Dialect, *, with_history: bool) -> list[prompt.Message]:
    return prompt.messages(
        question.template,
        question.conversation,
        salon=question.salon,
        state=question.state,
        context=question.context,
        now=question.now,
        with_tools=dialect.has_tools,
        with_history=with_history,
    )


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    named = error.retry_after_s if isinstance(error, EndpointBusy) else None
    return named if named is not None else _PAUSE(state)


def together(readings: Sequence[LlmReading]) -> dict[str, Any]:
    """Tokens and cost of all of them, as fields of one; no cost where none is known."""
    costs = [reading.cost_micros for reading in readings if reading.cost_micros is not None]
    return {
        "tokens_in": sum(reading.tokens_in for reading in readings),
        "tokens_cached": sum(reading.tokens_cached for reading in readings),
        "tokens_out": sum(reading.tokens_out for reading in readings),
        "cost_micros": sum(costs) if costs else None,
        "currency": next((reading.currency for reading in readings if reading.currency), None),
    }
