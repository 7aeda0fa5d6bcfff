"""The LLM as a reader: the customer's words go out in one call under a deadline, a `Meaning` comes back or a reason why
not. It never raises and never takes longer than it was given; it books nothing, and what it says is checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random

from responder import metrics
from responder.clock import Clock
from responder.dialogue.meaning import Context
from responder.dialogue.state import DialogueState
from responder.llm import prompt
from responder.llm.breaker import Breaker
from responder.llm.dialect import Dialect
from responder.llm.endpoint import Endpoint, EndpointBusy, EndpointError, EndpointRefused
from responder.llm.judge import Question, judge
from responder.llm.reading import Line, LlmOutcome, LlmReading
from responder.llm.reply import Reply, parse
from responder.logs import get_logger
from responder.salon.profile import SalonProfile

ATTEMPTS = 3
_QUICK_SHARE = 0.7  # of the deadline: a retry that would start later cannot succeed in time
_FAIR_DEADLINE_S = 0.5  # being late within less says nothing about the endpoint
_PAUSE = wait_random(0.05, 0.2)
_MAX_REPHRASINGS = 4

log = get_logger("llm")


class LlmReader:
    """One endpoint and model. Made once, used from many tasks at once, closed once."""

    def __init__(
        self, *, base_url: str | None, api_key: str, model: str, clock: Clock, breaker: Breaker | None = None
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._model = model
        self._clock = clock
        self._breaker = breaker or Breaker(clock)
        self._dialect = Dialect()
        self._endpoint: Endpoint | None = None

    async def open(self) -> None:
        """Make the client; touches no network."""
        self._endpoint = self._endpoint or Endpoint(base_url=self._base_url, api_key=self._api_key)

    async def close(self) -> None:
        """Harmless twice."""
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            await endpoint.close()

    async def read(
        self,
        conversation: Sequence[Line],
        *,
        salon: SalonProfile,
        state: DialogueState,
        context: Context,
        now: datetime,
        deadline_s: float,
    ) -> LlmReading:
        """What the customer's last words mean, within `deadline_s` seconds of wall time; raises nothing but
        `CancelledError`. `meaning` is None unless the outcome is USED, or GUARDED with something left."""
        template = prompt.choose_template(salon, state, context)
        question = Question(
            conversation=conversation,
            salon=salon,
            state=state,
            context=context,
            now=now,
            template=template,
            deadline_s=deadline_s,
        )
        reading = replace(await self._read(question), prompt_version=template.version)
        metrics.LLM_CALLS.labels(reading.outcome.value).inc()
        return reading

    async def _read(self, question: Question) -> LlmReading:
        if self._endpoint is None or not prompt.new_words(question.conversation).strip():
            return _nothing(LlmOutcome.OFF, "nothing to read" if self._endpoint else "not open")
        if question.deadline_s <= 0:
            return _nothing(LlmOutcome.LATE, "no time left")
        if not self._breaker.admit():
            return _nothing(LlmOutcome.FAILED, "endpoint rests after failures")
        try:
            async with asyncio.timeout(question.deadline_s):
                reply = await self._ask(self._endpoint, question)
            self._breaker.succeeded()
            return judge(reply, question)
        except TimeoutError:
            self._failed(question)
            return _nothing(LlmOutcome.LATE, f"no answer within {question.deadline_s:.1f} s")
        except EndpointError as error:
            self._breaker.failed()
            return _nothing(LlmOutcome.FAILED, str(error))
        except Exception as error:
            # The outer edge of a call: whatever a vendor invents next must not cost the customer the rules' answer.
            log.exception("llm_reading_broke")
            return _nothing(LlmOutcome.FAILED, f"unexpected {type(error).__name__}")
        finally:
            self._breaker.abandoned()

    def _failed(self, question: Question) -> None:
        if question.deadline_s >= _FAIR_DEADLINE_S:
            self._breaker.failed()

    async def _ask(self, endpoint: Endpoint, question: Question) -> Reply:
        """The reply, in the plainest dialect that the endpoint insists on; one that worked is kept."""
        dialect, with_history = self._dialect, True
        for _ in range(_MAX_REPHRASINGS):
            request = dialect.request(self._model, _messages(question, dialect, with_history=with_history))
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
                log.info("llm_dialect_learned", dialect=repr(dialect))
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


def _nothing(outcome: LlmOutcome, detail: str) -> LlmReading:
    return LlmReading(meaning=None, outcome=outcome, detail=detail)
