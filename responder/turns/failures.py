"""What becomes of a turn that could not be finished: taken again after a pause, or given to a person, and the customer
told so.

Nothing here may need what has just failed: the word to the customer falls back on the plain phrase when the salon's
wording cannot be had. A database that is away is nobody's failure: it is waited for while the lease lasts, and not
counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from responder import metrics
from responder.db.engine import Database
from responder.dialogue.handoffs import open_handoff
from responder.dialogue.states import HandoffReason
from responder.logs import get_logger
from responder.salon.loader import SalonCache
from responder.turns import statements as sql
from responder.turns.claim import LEASE_LASTS, Claim, reply_key
from responder.turns.decision import Say
from responder.turns.outcomes import Outcome
from responder.turns.wording import Voice, phrases

log = get_logger(__name__)
FAILURES_BEFORE_HANDOFF = 3
APOLOGY = "handoff_failed"
RETRY_S = 0.5
AFTER_LOSS_S = 0.5
LAST_RESORT_LANGUAGE = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Aftermath:
    """When the thread's next turn is due, and whether something waits to be sent there."""

    due: datetime | None = None
    has_words: bool = False


async def back_off_or_give_up(database: Database, claim: Claim, *, salons: SalonCache, now: datetime) -> Aftermath:
    """Have the turn taken again after a pause; after several failures in a row ask a person, tell the customer, and let
    the dialogue rest until somebody writes."""
    metrics.TURNS.labels("none", "failed").inc()
    about = {"thread": claim.thread_id, "token": claim.token, "now": now}
    if claim.failures + 1 < FAILURES_BEFORE_HANDOFF:
        due = now + timedelta(seconds=0.2 * 4**claim.failures)
        async with database.connection() as connection:
            await connection.execute(sql.RELEASE, about | {"due": due, "failures": 1})
        return Aftermath(due=due)
    words = await _apology(claim, salons, now)
    async with database.transaction() as connection:
        if await (await connection.execute(sql.GIVE_UP, about)).fetchone() is None:
            return Aftermath()
        is_news = await open_handoff(
            connection, thread_id=claim.thread_id, reason=HandoffReason.FAILED, detail="turn failed", now=now
        )
        if is_news:
            await connection.execute(sql.TELL, about | _message(claim, words))
    if is_news:
        metrics.HANDOFFS.labels(HandoffReason.FAILED).inc()
    return Aftermath(has_words=is_news)


@retry(
    retry=retry_if_exception_type(psycopg.OperationalError),
    stop=stop_after_delay(LEASE_LASTS.total_seconds()),
    wait=wait_fixed(RETRY_S),
    reraise=True,
)
async def take_up_again(database: Database, thread_id: int, *, token: str, now: datetime) -> Aftermath:
    """After the database was lost in the middle of the turn of `token`: have it taken again soon and, if its commit
    went through and only the answer was lost, its reply sent. Raises what the database raises when it stays away."""
    due = now + timedelta(seconds=AFTER_LOSS_S)
    about = {"thread": thread_id, "token": token, "now": now, "due": due, "failures": 0, "key": reply_key(token)}
    async with database.connection() as connection:
        await connection.execute(sql.RELEASE, about)
        unsent = await connection.execute(sql.SEND_AFTER_ALL, about)
    return Aftermath(due=due, has_words=bool(unsent.rowcount))


async def _apology(claim: Claim, salons: SalonCache, now: datetime) -> Say:
    language = claim.state.language or LAST_RESORT_LANGUAGE
    try:
        salon = await salons.get(claim.salon_id, claim.salon_revision)
        language = language if claim.state.language in salon.languages else salon.language
        voice = Voice(salon, language, now=now)
        return Say(APOLOGY, voice.say(APOLOGY, when_people=voice.when_people()))
    except psycopg.OperationalError:
        raise
    except Exception:  # whatever made the turn fail may have made this fail too
        log.exception("apology_unworded")
        book = phrases(language)
        return Say(APOLOGY, book[APOLOGY].format(when_people=book["people_now"]))


def _message(claim: Claim, words: Say) -> dict[str, object]:
    return {
        "salon": claim.salon_id,
        "enquiry": claim.enquiry_id,
        "account": claim.channel_account_id,
        "text": words.text,
        "substance": Outcome.HANDOFF_FAILED.substance.value,
        "key": f"failed-{claim.token}",
    }
