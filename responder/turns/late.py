"""An answer of the LLM that came after the rules' reply had to go out. It is worth a second reply only where the rules
had not understood, and only while nothing else has happened: no newer word of the customer, no person in the dialogue,
the state as the first reply left it.

The thread is taken again under a lease of its own and the same transaction as every turn commits it; whoever comes
first in between wins, and a process that dies loses only this second reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from psycopg.types.json import Jsonb

from responder.clock import Clock
from responder.db.engine import Database
from responder.llm.merge import merge
from responder.llm.reading import LlmOutcome, LlmReading
from responder.logs import get_logger
from responder.turns import statements as sql
from responder.turns.claim import LEASE_LASTS, Claim, new_token
from responder.turns.commit import LeaseLost
from responder.turns.decision import Decision
from responder.turns.outcomes import Outcome
from responder.turns.reading import Reading, Spent
from responder.turns.stopwatch import Stopwatch

log = get_logger(__name__)
UNDERSTOOD_LATE = "used_late"  # how such a turn's LLM call ended


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondThought:
    """What a late answer is waited for: the turn that was taken, and how it ended."""

    claim: Claim
    reading: Reading
    decision: Decision


class LateAnswers:
    """`take` decides, commits and sends a turn that is claimed already; it gives False when that says nothing new."""

    def __init__(self, database: Database, *, clock: Clock, take: Callable[[Claim, Reading], Awaitable[bool]]) -> None:
        self._database = database
        self._clock = clock
        self._take = take
        self._waiting: set[asyncio.Task[None]] = set()

    def expect(self, reading: Reading, decision: Decision, claim: Claim) -> None:
        """Wait for the late answer of a turn in the background, where it could matter."""
        late = reading.late
        if late is None:
            return
        if decision.name is not Outcome.MISUNDERSTOOD:
            late.cancel()
            return
        thought = SecondThought(claim=claim, reading=reading, decision=decision)
        task = asyncio.create_task(self._wait(thought, late), name=f"late-{claim.thread_id}")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def idle(self) -> None:
        """Return when no late answer is waited for."""
        while self._waiting:
            await asyncio.wait(tuple(self._waiting))

    async def close(self) -> None:
        for task in tuple(self._waiting):
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def _wait(self, thought: SecondThought, late: asyncio.Future[LlmReading]) -> None:
        try:
            answer = await late
            if answer.outcome is LlmOutcome.USED and answer.meaning is not None and answer.meaning.understood:
                await self._say(thought, answer)
        except LeaseLost:
            log.info("late_answer_overtaken", thread_id=thought.claim.thread_id)
        except Exception:  # the outer edge of what nobody waits for: the customer has an answer already
            log.exception("late_answer_lost", thread_id=thought.claim.thread_id)

    async def _say(self, thought: SecondThought, answer: LlmReading) -> None:
        claim = await self._claim(thought)
        if claim is None or answer.meaning is None:
            return
        meaning = merge(thought.reading.meaning, answer.meaning, asked=thought.claim.state.asked)
        reading = replace(
            thought.reading,
            meaning=replace(meaning, understood=True),
            by="llm",
            llm_outcome=UNDERSTOOD_LATE,
            llm_detail="",
            spent=Spent.of(answer),
            late=None,
        )
        is_said = False
        try:
            is_said = await self._take(claim, reading)
        finally:
            if not is_said:
                await self._let_go(claim)

    async def _claim(self, thought: SecondThought) -> Claim | None:
        now, token = self._clock.now(), new_token()
        values = {
            "thread": thought.claim.thread_id,
            "token": token,
            "until": now + LEASE_LASTS,
            "seen": thought.claim.seen_id,
            "state": Jsonb(thought.decision.state.to_json()),
        }
        async with self._database.connection() as connection:
            row = await (await connection.execute(sql.CLAIM_AGAIN, values)).fetchone()
        if row is None:
            return None
        return replace(
            thought.claim,
            token=token,
            state=thought.decision.state,
            is_answered=True,
            started_at=now,
            stopwatch=Stopwatch(),
        )

    async def _let_go(self, claim: Claim) -> None:
        async with self._database.connection() as connection:
            await connection.execute(sql.LET_GO, {"thread": claim.thread_id, "token": claim.token})
