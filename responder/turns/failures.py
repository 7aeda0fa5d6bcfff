"""What becomes of a turn that could not be finished: taken again after a pause, or given to a person, and the customer
told so.

Nothing here may need what has just failed: the thread is known from one small statement where it could not be claimed,
and the word to the customer falls back on the plain phrase when the salon's wording cannot be had. A database that is
away is nobody's failure: it is waited for while the lease lasts, and not counted. What was given up is a person's from
then on: no later turn reads it again, or one message that cannot be read would silence the bot for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from responder import metrics
from responder.db.engine import Connection, Database
from responder.db.outages import is_away
from responder.dialogue.handoffs import open_handoff
from responder.dialogue.state import DialogueState
from responder.dialogue.states import HandoffReason
from responder.logs import get_logger
from responder.salon.loader import SalonCache
from responder.turns import statements as sql
from responder.turns.claim import LEASE_LASTS, Claim, reply_key
from responder.turns.outcomes import Outcome
from responder.turns.wording import Voice, phrases

log = get_logger(__name__)
FAILURES_BEFORE_HANDOFF = 3
APOLOGY = "handoff_failed"
RETRY_S = 0.5
AFTER_LOSS_S = 0.5
LAST_RESORT_LANGUAGE = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfinished:
    """A turn under its lease that came to nothing: whose, what it had read, and how often that has failed before."""

    token: str
    thread_id: int
    salon_id: int
    salon_revision: int
    channel_account_id: int
    enquiry_id: int
    state: DialogueState
    seen_id: int | None
    started_at: datetime
    failures: int

    @classmethod
    def of(cls, claim: Claim) -> Unfinished:
        return cls(**{name: getattr(claim, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True, slots=True)
class Aftermath:
    """When the thread's next turn is due, and whether something waits to be sent there."""

    due: datetime | None = None
    has_words: bool = False


async def take_hold(database: Database, thread_id: int, *, token: str, now: datetime) -> Unfinished | None:
    """The lease of a thread whose claim itself failed, without what a claim reads; None when another process has it or
    no turn is due any more. A state that cannot be read is begun anew."""
    about = {"thread": thread_id, "token": token, "now": now, "until": now + LEASE_LASTS}
    async with database.connection() as connection:
        row = await (await connection.execute(sql.TAKE_HOLD, about)).fetchone()
    if row is None:
        return None
    state = _remembered(row.pop("state"), row["enquiry_id"])
    return Unfinished(token=token, thread_id=thread_id, state=state, started_at=now, **row)


async def back_off_or_give_up(database: Database, turn: Unfinished, *, salons: SalonCache, now: datetime) -> Aftermath:
    """Have the turn taken again after a pause. After several failures in a row give what the first of them had read to
    a person, tell the customer once an enquiry, and have newer words answered by themselves."""
    metrics.TURNS.labels("none", "failed").inc()
    about = {"thread": turn.thread_id, "token": turn.token, "seen": turn.seen_id, "now": now}
    if turn.failures + 1 < FAILURES_BEFORE_HANDOFF:
        due = now + timedelta(seconds=0.2 * 4**turn.failures)
        async with database.connection() as connection:
            await connection.execute(sql.BACK_OFF, about | {"due": due})
        return Aftermath(due=due)
    words = await _apology(turn, salons, now)
    is_told = HandoffReason.FAILED in turn.state.handed_off
    state = turn.state if is_told else turn.state.but(handed_off=(*turn.state.handed_off, HandoffReason.FAILED))
    async with database.transaction() as connection:
        given_up = await (await connection.execute(sql.GIVE_UP, about | {"state": Jsonb(state.to_json())})).fetchone()
        if given_up is None:
            return Aftermath()
        await _hand_over(connection, turn, now=now)
        values = about | _record(turn, given_up["from_id"], given_up["to_id"])
        row = await (await connection.execute(sql.RECORD_GIVEN_UP, values)).fetchone()
        if not is_told:
            await connection.execute(sql.TELL, values | {"turn": row and row["id"], "text": words})
    return Aftermath(due=given_up["turn_due_at"], has_words=not is_told)


@retry(
    retry=retry_if_exception(is_away),
    stop=stop_after_delay(LEASE_LASTS.total_seconds()),
    wait=wait_fixed(RETRY_S),
    reraise=True,
)
async def take_up_again(database: Database, thread_id: int, *, token: str, now: datetime) -> Aftermath:
    """After the database was lost in the middle of the turn of `token`: have it taken again soon and, if its commit
    went through and only the answer was lost, its reply sent. Raises what the database raises when it stays away."""
    due = now + timedelta(seconds=AFTER_LOSS_S)
    about = {"thread": thread_id, "token": token, "now": now, "due": due, "key": reply_key(token)}
    async with database.connection() as connection:
        await connection.execute(sql.RELEASE, about)
        unsent = await connection.execute(sql.SEND_AFTER_ALL, about)
    return Aftermath(due=due, has_words=bool(unsent.rowcount))


async def _hand_over(connection: Connection, turn: Unfinished, *, now: datetime) -> None:
    reason = HandoffReason.FAILED
    if await open_handoff(connection, thread_id=turn.thread_id, reason=reason, detail="turn failed", now=now):
        metrics.HANDOFFS.labels(reason).inc()


async def _apology(turn: Unfinished, salons: SalonCache, now: datetime) -> str:
    language = turn.state.language or LAST_RESORT_LANGUAGE
    try:
        salon = await salons.get(turn.salon_id, turn.salon_revision)
        language = language if turn.state.language in salon.languages else salon.language
        voice = Voice(salon, language, now=now)
        return voice.say(APOLOGY, when_people=voice.when_people())
    except Exception as error:  # whatever made the turn fail may have made this fail too
        if is_away(error):
            raise
        log.exception("apology_unworded")
        book = phrases(language)
        return book[APOLOGY].format(when_people=book["people_now"])


def _remembered(document: dict[str, Any], enquiry_id: int) -> DialogueState:
    try:
        return DialogueState.from_json(document).for_enquiry(enquiry_id)
    except Exception:  # it may be what the claim failed on
        log.exception("state_unreadable")
        return DialogueState(enquiry_id=enquiry_id)


def _record(turn: Unfinished, from_id: int | None, to_id: int | None) -> dict[str, object]:
    return {
        "salon": turn.salon_id,
        "enquiry": turn.enquiry_id,
        "account": turn.channel_account_id,
        "started": turn.started_at,
        "first": from_id,
        "last": to_id,
        "decision": Outcome.HANDOFF_FAILED.value,
        "substance": Outcome.HANDOFF_FAILED.substance.value,
        "key": f"failed-{turn.token}",
    }
