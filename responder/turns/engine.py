"""The route of one turn, and the only place that knows its order: claim, understand, decide, commit, deliver.

In: the id of a thread with something unanswered. Out: at most one reply, on its way. A turn that fails is tried again
after a pause; after `FAILURES_BEFORE_HANDOFF` a person is asked to step in. It must never reply twice to the same
words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from responder import metrics
from responder.clock import Clock
from responder.db.engine import Database
from responder.delivery.service import Delivery, Parcel
from responder.dialogue.handoffs import open_handoff
from responder.dialogue.states import Author, HandoffReason
from responder.live import Live
from responder.llm.reader import LlmReader
from responder.llm.reading import Line
from responder.logs import get_logger
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.turns import statements as sql
from responder.turns.claim import Claim, claim_thread
from responder.turns.commit import Committed, LeaseLost, Traces, leave_traces, write_down
from responder.turns.decide import decide
from responder.turns.decision import Decision
from responder.turns.effects import carry_out, look_up
from responder.turns.reading import Reading, read
from responder.turns.situation import Situation
from responder.turns.wording import Voice
from responder.understanding.reader import Reader

log = get_logger(__name__)
FAILURES_BEFORE_HANDOFF = 3
CONVERSATION_LINES = 20
MOST_RESTARTS = 3  # newer words are taken in this often before the answer goes out


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The promise in seconds, and what follows from it."""

    reply_budget_s: float
    llm_deadline_s: float
    hold_for: timedelta
    burst_cap_s: float


class TurnEngine:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        salons: SalonCache,
        delivery: Delivery,
        live: Live,
        limits: Limits,
        llm: LlmReader | None = None,
        can_ask_contact: Callable[[int], bool] = lambda _account_id: False,
    ) -> None:
        self._database = database
        self._clock = clock
        self._salons = salons
        self._delivery = delivery
        self._live = live
        self._limits = limits
        self._llm = llm
        self._can_ask_contact = can_ask_contact
        self._readers: dict[int, tuple[int, Reader]] = {}

    async def run(self, thread_id: int) -> datetime | None:
        """Take the thread's turn, if it is due and free; gives when its next one is due, if words came meanwhile."""
        claim = await claim_thread(self._database, thread_id, clock=self._clock)
        if claim is None:
            return None
        with structlog.contextvars.bound_contextvars(turn=claim.token, thread_id=thread_id):
            try:
                return await self._take(claim)
            except LeaseLost:
                log.info("turn_abandoned")
                return None
            except Exception:  # the outer edge of a turn: whatever it was, the customer is not forgotten
                log.exception("turn_failed", failures=claim.failures + 1)
                return await self._fail(claim)

    def warm_up(self, salon: SalonProfile) -> None:
        """Load what the first turn of a salon would wait for."""
        now = self._clock.now()
        for language in salon.languages:
            Voice(salon, language, now=now).hours()
        self._reader(salon).read(["завтра в 15 на стрижку, tomorrow at 3 pm"], now=now)

    async def _take(self, claim: Claim) -> datetime | None:
        for restart in range(MOST_RESTARTS + 1):
            if restart:
                renewed = await claim_thread(self._database, claim.thread_id, clock=self._clock, token=claim.token)
                if renewed is None:
                    return None
                claim = renewed
            if not claim.unread:
                return await self._rest(claim)
            salon = await self._salons.get(claim.salon_id, claim.salon_revision)
            reading = await self._understand(claim, salon)
            claim.stopwatch.lap("understand")
            age_s = (self._clock.now() - claim.unanswered_since).total_seconds()
            may_restart = restart < MOST_RESTARTS and age_s < self._limits.burst_cap_s
            try:
                decision, committed = await self._commit(claim, salon, reading, may_restart=may_restart)
            except LeaseLost:
                if not may_restart:
                    raise
                continue
            metrics.TURNS.labels(reading.by, decision.name).inc()
            await self._deliver(claim, decision, committed)
            return committed.turn_due_at
        return None

    async def _understand(self, claim: Claim, salon: SalonProfile) -> Reading:
        now = self._clock.now()
        waited_s = (now - claim.unanswered_since).total_seconds()

        async def conversation() -> Sequence[Line]:
            return await self._conversation(claim.thread_id)

        return await read(
            claim,
            salon=salon,
            rules=self._reader(salon),
            llm=self._llm,
            conversation=conversation,
            now=now,
            deadline_s=max(self._limits.llm_deadline_s - waited_s, 0.0),
        )

    async def _commit(
        self, claim: Claim, salon: SalonProfile, reading: Reading, *, may_restart: bool
    ) -> tuple[Decision, Committed]:
        """Decide, and write all of it down, or nothing."""
        language = language_of(claim, reading, salon)
        now = self._clock.now()
        at = Situation(
            salon=salon,
            voice=Voice(salon, language, now=now),
            now=now,
            is_answered=claim.is_answered,
            is_started=any(message.kind == "started" for message in claim.unread),
            attachments=claim.attachments,
            can_ask_contact=self._can_ask_contact(claim.channel_account_id),
        )
        decision = decide(claim.state.but(language=language), reading.meaning, at)
        claim.stopwatch.lap("decide")
        async with self._database.connection() as connection:
            decision = await look_up(connection, decision, at, claim)
            claim.stopwatch.lap("look_up")
            if decision.deed is None and not Traces.of(decision, claim).any:
                # one statement is a transaction by itself: half the round trips for a turn that only speaks
                committed = await write_down(connection, decision, at, claim, reading, may_restart=may_restart)
            else:
                async with connection.transaction():
                    decision = await carry_out(connection, decision, at, claim, hold_for=self._limits.hold_for)
                    claim.stopwatch.lap("book")
                    committed = await write_down(connection, decision, at, claim, reading, may_restart=may_restart)
                    await leave_traces(connection, Traces.of(decision, claim), decision, at, claim)
        claim.stopwatch.lap("commit")
        return decision, committed

    async def _deliver(self, claim: Claim, decision: Decision, committed: Committed) -> None:
        if committed.message_id is None:
            return
        if committed.is_first_in_line:
            account = claim.channel_account_id
            await self._delivery.deliver(
                Parcel(
                    message_id=committed.message_id,
                    thread_id=claim.thread_id,
                    salon_id=claim.salon_id,
                    channel_account_id=account,
                    thread_key=claim.thread_key,
                    author=Author.BOT,
                    text=decision.text,
                    idempotency_key=f"turn-{claim.token}",
                    composed_at=self._clock.now(),
                    payload=decision.payload(),
                    clock_start_at=None if claim.is_answered else claim.clock_start_at,
                )
            )
        else:
            await self._delivery.deliver_next(claim.thread_id)
        claim.stopwatch.lap("deliver")
        await self._live.publish(f"salon:{claim.salon_id}", {"type": "message", "thread_id": claim.thread_id})

    async def _rest(self, claim: Claim) -> datetime | None:
        """Say nothing to words that were taken back; gives when the next turn is due, if others came meanwhile."""
        metrics.TURNS.labels("none", "nothing_left").inc()
        values = {"thread": claim.thread_id, "token": claim.token, "seen": claim.seen_id}
        async with self._database.connection() as connection:
            row = await (await connection.execute(sql.REST, values)).fetchone()
        return None if row is None else row["turn_due_at"]

    async def _fail(self, claim: Claim) -> datetime | None:
        """Back off and try again; after several failures ask a person, and let the dialogue rest until then."""
        now = self._clock.now()
        metrics.TURNS.labels("none", "failed").inc()
        async with self._database.transaction() as connection:
            if claim.failures + 1 < FAILURES_BEFORE_HANDOFF:
                due = now + timedelta(seconds=0.2 * 4**claim.failures)
                await connection.execute(sql.RELEASE, {"thread": claim.thread_id, "token": claim.token, "due": due})
                return due
            given_up = await connection.execute(sql.GIVE_UP, {"thread": claim.thread_id, "token": claim.token})
            if await given_up.fetchone() is not None:
                await open_handoff(
                    connection, thread_id=claim.thread_id, reason=HandoffReason.FAILED, detail="turn failed", now=now
                )
                metrics.HANDOFFS.labels(HandoffReason.FAILED).inc()
        return None

    async def _conversation(self, thread_id: int) -> list[Line]:
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                sql.CONVERSATION, {"thread": thread_id, "limit": CONVERSATION_LINES}, prepare=True
            )
            rows = await cursor.fetchall()
        return [Line(author=_speaker(row["author"]), text=row["text"]) for row in reversed(rows)]

    def _reader(self, salon: SalonProfile) -> Reader:
        cached = self._readers.get(salon.id)
        if cached is None or cached[0] != salon.revision:
            cached = self._readers[salon.id] = (salon.revision, Reader(salon))
        return cached[1]


def language_of(claim: Claim, reading: Reading, salon: SalonProfile) -> str:
    """The language to answer in: of these words, else of the dialogue so far, else the salon's."""
    for language in (reading.meaning.language, claim.state.language):
        if language in salon.languages:
            return str(language)
    return salon.language


def _speaker(author: str) -> Literal["customer", "bot", "person"]:
    match author:
        case Author.CUSTOMER:
            return "customer"
        case Author.HUMAN | Author.HUMAN_DEVICE:
            return "person"
        case _:
            return "bot"
