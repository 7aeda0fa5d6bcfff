"""The LLM as a reader: the customer's words go out under a deadline, a `Meaning` comes back or a reason why not. It
never raises and never takes longer than it was given; it books nothing, and what it says is checked.

Several endpoints make a chain. The first is asked; the next when it fails, or has not answered `hedge_s` after it was
asked. The first usable answer counts, and what is still on its way then is given up. What comes after the deadline can
still be had from `LlmReading.late`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from responder.clock import Clock
from responder.dialogue.meaning import Context
from responder.dialogue.state import DialogueState
from responder.llm import prompt
from responder.llm.backend import Backend, EndpointSpec, together
from responder.llm.judge import Question
from responder.llm.reading import Line, LlmOutcome, LlmReading, nothing
from responder.salon.profile import SalonProfile

HEDGE_S = 1.2
LATE_WITHIN_S = 20.0  # after the deadline; later than that nobody waits any more


class LlmReader:
    """A chain of endpoints. Made once, used from many tasks at once, closed once."""

    def __init__(self, endpoints: Sequence[EndpointSpec], *, clock: Clock, hedge_s: float = HEDGE_S) -> None:
        """`hedge_s` 0: the next endpoint is asked only when one fails."""
        self.backends = tuple(Backend(spec, clock) for spec in endpoints)
        self._hedge_s = hedge_s
        self._late: set[asyncio.Future[LlmReading]] = set()

    async def open(self) -> None:
        """Make the clients; touches no network."""
        for backend in self.backends:
            await backend.open()

    async def close(self) -> None:
        """Harmless twice."""
        for late in tuple(self._late):
            late.cancel()
        for backend in self.backends:
            await backend.close()

    async def read(
        self,
        conversation: Sequence[Line],
        *,
        salon: SalonProfile,
        state: DialogueState,
        context: Context,
        now: datetime,
        deadline_s: float,
        only: str | None = None,
    ) -> LlmReading:
        """What the customer's last words mean, within `deadline_s` seconds of wall time; raises nothing but
        `CancelledError`. `meaning` is None unless the outcome is USED, or GUARDED with something left. `only` names
        one endpoint to ask."""
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
        asked = [backend for backend in self.backends if only in (None, backend.spec.name)]
        return replace(await self._read(question, asked), prompt_version=template.version)

    async def _read(self, question: Question, backends: Sequence[Backend]) -> LlmReading:
        if not prompt.new_words(question.conversation).strip():
            return nothing(LlmOutcome.OFF, "nothing to read")
        if question.deadline_s <= 0:
            return nothing(LlmOutcome.LATE, "no time left")
        race = _Race(backends, question, hedge_s=self._hedge_s)
        try:
            reading = await race.run()
            if reading.outcome is LlmOutcome.LATE:
                reading = replace(reading, late=self._kept(race))
            return reading
        finally:
            race.give_up()

    def _kept(self, race: _Race) -> asyncio.Future[LlmReading]:
        late = asyncio.ensure_future(_afterwards(race.hand_over(), LATE_WITHIN_S))
        self._late.add(late)
        late.add_done_callback(self._late.discard)
        return late


class _Race:
    """The calls of one question."""

    def __init__(self, backends: Sequence[Backend], question: Question, *, hedge_s: float) -> None:
        self._left = list(backends)
        self._question = question
        self._hedge_s = hedge_s
        self._running: dict[asyncio.Task[LlmReading], Backend] = {}
        self._came: list[LlmReading] = []

    async def run(self) -> LlmReading:
        """The first usable reading before the deadline, or why there is none."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = began + self._question.deadline_s
        asks_next_at = self._ask_next(began)
        if not self._running:
            return nothing(LlmOutcome.FAILED, "every endpoint rests after failures")
        while self._running:
            until = min(deadline, asks_next_at)
            done, _ = await asyncio.wait(
                self._running, timeout=max(until - loop.time(), 0.0), return_when=asyncio.FIRST_COMPLETED
            )
            usable = self._take(done)
            if usable is not None:
                return usable
            if loop.time() >= deadline:
                return self._missed()
            if not self._running or loop.time() >= asks_next_at:
                asks_next_at = self._ask_next(loop.time())
        return replace(self._came[-1], **together(self._came))

    def hand_over(self) -> list[asyncio.Task[LlmReading]]:
        """What is still on its way, no longer to be given up here."""
        running, self._running = list(self._running), {}
        return running

    def give_up(self) -> None:
        """Cancel what is still on its way."""
        for task, backend in self._running.items():
            task.cancel()
            backend.breaker.abandoned()
        self._running = {}

    def _ask_next(self, now: float) -> float:
        """Ask the next endpoint that is not resting; gives when the one after it is due."""
        while self._left:
            backend = self._left.pop(0)
            if backend.breaker.admit():
                self._running[asyncio.create_task(backend.read(self._question))] = backend
                break
        return now + self._hedge_s if self._left and self._hedge_s > 0 else float("inf")

    def _take(self, done: set[asyncio.Task[LlmReading]]) -> LlmReading | None:
        for task in done:
            backend = self._running.pop(task)
            reading = task.result()
            self._came.append(reading)
            if reading.outcome is LlmOutcome.FAILED:
                backend.breaker.abandoned()  # what was the endpoint's fault it has been told already
            else:
                backend.breaker.succeeded()
            if reading.meaning is not None:
                return replace(reading, **together(self._came))
        return None

    def _missed(self) -> LlmReading:
        for backend in self._running.values():
            backend.missed(self._question.deadline_s)
        detail = f"no answer within {self._question.deadline_s:.1f} s"
        last = next(iter(self._running.values())).spec if self._running else None
        reading = nothing(LlmOutcome.LATE, detail)
        if last is not None:
            reading = replace(reading, endpoint=last.name, model=last.model)
        return replace(reading, **together(self._came))


async def _afterwards(running: Sequence[asyncio.Task[LlmReading]], within_s: float) -> LlmReading:
    """The first usable one of the late, while anybody may still want it."""
    try:
        async with asyncio.timeout(within_s):
            for task in asyncio.as_completed(running):
                reading = await task
                if reading.meaning is not None:
                    return reading
    except TimeoutError:
        pass
    finally:
        for each in running:
            each.cancel()
    return nothing(LlmOutcome.LATE, "nothing usable came late either")
