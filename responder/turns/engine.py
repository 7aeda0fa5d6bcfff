"""The route of one turn, and the only place that knows its order: claim, understand, decide, commit, deliver.

In: the id of a thread with something unanswered. Out: at most one reply, on its way. A turn that fails is tried again
after a pause, then given to a person (`failures`). It must never reply twice to the same words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from connectors.contract import Messenger
from responder import metrics
from responder.clock import Clock
from responder.db.engine import Database
from responder.db.outages import DATABASE_ERRORS, is_away
from responder.delivery.service import Delivery, Parcel
from responder.dialogue.states import Author
from responder.live import Live
from responder.logs import get_logger
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.turns import statements as sql
from responder.turns.claim import Claim, claim_thread, new_token, reply_key
from responder.turns.commit import Committed, LeaseLost, Traces, leave_traces, write_down
from responder.turns.decide import decide
from responder.turns.decision import Decision
from responder.turns.effects import carry_out, look_up
from responder.turns.failures import Aftermath, Unfinished, back_off_or_give_up, take_hold, take_up_again
from responder.turns.late import LateAnswers
from responder.turns.listening import listen
from responder.turns.reading import Reading, read
from responder.turns.situation import Situation
from responder.turns.typing_sign import TypingSign
from responder.turns.wording import Voice
from responder.understanding.readers import Readers

if TYPE_CHECKING:
    from responder.llm.reader import LlmReader
    from responder.llm.transcriber import Transcriber

log = get_logger(__name__)
CONVERSATION_LINES = 20
MOST_RESTARTS = 3  # newer words are taken in this often before the answer goes out


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The promise in seconds, and what follows from it."""

    reply_budget_s: float
    llm_deadline_s: float
    hold_for: timedelta
    burst_cap_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A turn that is over but for the sending: `send` speaks to the messenger, as long as that takes."""

    next_due: datetime | None = None
    send: Callable[[], Awaitable[object]] | None = None


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
        readers: Readers | None = None,
        llm: LlmReader | None = None,
        transcriber: Transcriber | None = None,
        messenger_of: Callable[[int], Messenger | None] = lambda _account_id: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._salons = salons
        self._delivery = delivery
        self._live = live
        self._limits = limits
        self._llm = llm
        self._transcriber = transcriber
        self._messenger_of = messenger_of
        self._readers = readers or Readers()
        self.late = LateAnswers(database, clock=clock, take=self._take_late)

    async def run(self, thread_id: int, *, slots: asyncio.Semaphore | None = None) -> datetime | None:
        """Take the thread's turn, if it is due and free; gives when its next one is due, if words came meanwhile. One
        of `slots` is held until the commit and never while a messenger is spoken to, which may hang."""
        async with slots or nullcontext():
            ended = await self._run(thread_id)
        if ended.send is not None:
            await ended.send()
        return ended.next_due

    async def _run(self, thread_id: int) -> Ended:
        token = new_token()
        with structlog.contextvars.bound_contextvars(turn=token, thread_id=thread_id):
            try:
                return await self._finish(thread_id, token=token)
            except DATABASE_ERRORS as error:
                if not is_away(error):
                    raise
                log.warning("turn_lost_database", error=type(error).__name__)
                after = await take_up_again(self._database, thread_id, token=token, now=self._clock.now())
                return self._after(thread_id, after)

    async def _finish(self, thread_id: int, *, token: str) -> Ended:
        """Take the turn, or see to it that somebody will."""
        claim = None
        try:
            claim = await self._claim(thread_id, token=token)
            return Ended() if claim is None else await self._take(claim)
        except LeaseLost:
            log.info("turn_abandoned")
            return Ended()
        except Exception as error:  # the outer edge of a turn: whatever it was, the customer is not forgotten
            if is_away(error):
                raise
            log.exception("turn_failed", is_claimed=claim is not None)
            now = self._clock.now()
            turn = Unfinished.of(claim) if claim else await take_hold(self._database, thread_id, token=token, now=now)
            if turn is None:
                return Ended()
            return self._after(thread_id, await back_off_or_give_up(self._database, turn, salons=self._salons, now=now))

    def _after(self, thread_id: int, after: Aftermath) -> Ended:
        return Ended(
            next_due=after.due, send=partial(self._delivery.deliver_next, thread_id) if after.has_words else None
        )

    def warm_up(self, salon: SalonProfile) -> None:
        """Load what the first turn of a salon would wait for."""
        now = self._clock.now()
        for language in salon.languages:
            Voice(salon, language, now=now).hours()
        self._readers.of(salon).read(["завтра в 15 на стрижку, tomorrow at 3 pm"], now=now)

    async def _claim(self, thread_id: int, *, token: str) -> Claim | None:
        lines = 0 if self._llm is None else CONVERSATION_LINES
        return await claim_thread(self._database, thread_id, clock=self._clock, token=token, lines=lines)

    async def _take(self, claim: Claim) -> Ended:
        for restart in range(MOST_RESTARTS + 1):
            if restart:
                renewed = await self._claim(claim.thread_id, token=claim.token)
                if renewed is None:
                    return Ended()
                claim = renewed
            if not claim.unread:
                return Ended(next_due=await self._rest(claim))
            salon = await self._salons.get(claim.salon_id, claim.salon_revision)
            claim = await self._listen(claim)
            reading = await self._understand(claim, salon)
            claim.stopwatch.lap("understand")
            age_s = (self._clock.now() - claim.unanswered_since).total_seconds()
            may_restart = restart < MOST_RESTARTS and age_s < self._limits.burst_cap_s
            try:
                decision, at = self._decide(claim, salon, reading)
                decision, committed = await self._commit(claim, decision, at, reading, may_restart=may_restart)
            except LeaseLost:
                if reading.late is not None:
                    reading.late.cancel()
                if not may_restart:
                    raise
                continue
            metrics.TURNS.labels(reading.by, decision.name).inc()
            self.late.expect(reading, decision, claim)
            return Ended(next_due=committed.turn_due_at, send=partial(self._deliver, claim, decision, committed))
        return Ended()

    async def _listen(self, claim: Claim) -> Claim:
        """Voice messages as words, where a transcriber is set up."""
        if self._transcriber is None:
            return claim
        return await listen(
            claim,
            messenger=self._messenger_of(claim.channel_account_id),
            transcriber=self._transcriber,
            database=self._database,
            deadline_s=self._limits.llm_deadline_s - (self._clock.now() - claim.unanswered_since).total_seconds(),
        )

    async def _understand(self, claim: Claim, salon: SalonProfile) -> Reading:
        now = self._clock.now()
        waited_s = (now - claim.unanswered_since).total_seconds()
        messenger = None if self._llm is None else self._messenger_of(claim.channel_account_id)
        with TypingSign(messenger, claim.thread_key):  # ends before the reply leaves, or it would outlast the reply
            return await read(
                claim,
                salon=salon,
                rules=self._readers.of(salon),
                llm=self._llm,
                now=now,
                deadline_s=max(self._limits.llm_deadline_s - waited_s, 0.0),
            )

    async def _take_late(self, claim: Claim, reading: Reading) -> bool:
        """Say what a late answer of the LLM adds, on a thread that is claimed; False when it adds nothing."""
        salon = await self._salons.get(claim.salon_id, claim.salon_revision)
        decision, at = self._decide(claim, salon, reading)
        if not decision.says_more:
            return False
        decision, committed = await self._commit(claim, decision, at, reading, may_restart=False)
        metrics.TURNS.labels(reading.by, decision.name).inc()
        await self._deliver(claim, decision, committed)
        return True

    def _decide(self, claim: Claim, salon: SalonProfile, reading: Reading) -> tuple[Decision, Situation]:
        language = language_of(claim, reading, salon)
        now = self._clock.now()
        messenger = self._messenger_of(claim.channel_account_id)
        at = Situation(
            salon=salon,
            voice=Voice(salon, language, now=now),
            now=now,
            is_answered=claim.is_answered,
            is_started=any(message.kind == "started" for message in claim.unread),
            attachments=claim.attachments,
            can_ask_contact=messenger is not None and messenger.capabilities.can_ask_contact,
        )
        decision = decide(claim.state.but(language=language, hint=None), reading.meaning, at)
        claim.stopwatch.lap("decide")
        return decision, at

    async def _commit(
        self, claim: Claim, decision: Decision, at: Situation, reading: Reading, *, may_restart: bool
    ) -> tuple[Decision, Committed]:
        """Ask and write the appointment book, and write all of it down, or nothing."""
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
                    idempotency_key=reply_key(claim.token),
                    composed_at=self._clock.now(),
                    payload=decision.payload(),
                    clock_start_at=None if claim.is_answered else claim.clock_start_at,
                    is_prompt=True,
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


def language_of(claim: Claim, reading: Reading, salon: SalonProfile) -> str:
    """The language to answer in: of these words, else of the dialogue so far, else the salon's."""
    for language in (reading.meaning.language, claim.state.language):
        if language in salon.languages:
            return str(language)
    return salon.language
