"""What a turn leaves behind: state, reply and its own record in one statement; the rest only where there is any.

A turn that only speaks is that one statement. Whatever more it leaves (a hand-off, a lead, the person's details) is
written in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from responder import metrics
from responder.booking.service import release_hold
from responder.db.engine import Connection
from responder.dialogue.handoffs import open_handoff
from responder.dialogue.state import DialogueState, Visit
from responder.leads.service import follow_visit, record_lead
from responder.turns import statements as sql
from responder.turns.claim import Claim, reply_key
from responder.turns.decision import Decision
from responder.turns.outcomes import Outcome
from responder.turns.reading import Reading
from responder.turns.situation import Situation
from responder.turns.wording import Voice

LEAD_SETTLES_S = 600.0  # a phone alone waits this long for its booking before the CRM hears of it


class LeaseLost(Exception):
    """Somebody else has the thread now, or more words arrived: the turn did not happen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Committed:
    """What the commit gave: the outbound row to send (None: silence), and a turn due for words that came meanwhile."""

    message_id: int | None
    is_first_in_line: bool
    turn_due_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """What a decision leaves behind beside state and reply. `lead_after_s` is when the CRM hears of it; None: never.
    `dropped_hold` is a held slot the customer turned away from: others can have it at once."""

    needs_person: bool
    settles: bool
    is_spam: bool
    knows_more: bool
    lead_after_s: float | None
    dropped_hold: int | None

    @classmethod
    def of(cls, decision: Decision, claim: Claim) -> Traces:
        return cls(
            needs_person=decision.handoff is not None,
            settles=decision.is_settled or (claim.is_settled and bool(decision.says)),
            is_spam=decision.is_spam,
            knows_more=_person(decision.state) != _person(claim.state),
            lead_after_s=_lead_after_s(decision, claim),
            dropped_hold=_dropped_hold(decision, claim),
        )

    @property
    def any(self) -> bool:
        is_any = self.needs_person or self.settles or self.is_spam or self.knows_more
        return is_any or self.lead_after_s is not None or self.dropped_hold is not None


async def write_down(
    connection: Connection, decision: Decision, at: Situation, claim: Claim, reading: Reading, *, may_restart: bool
) -> Committed:
    """Write state, reply, hand-off, lead and the turn's own record; raises `LeaseLost` when the lease is not ours any
    more or, if `may_restart`, when newer words wait to be read too."""
    text = decision.text
    now = at.now
    cursor = await connection.execute(
        sql.COMMIT_TURN,
        {
            "thread": claim.thread_id,
            "token": claim.token,
            "seen": claim.seen_id,
            "may_restart": may_restart,
            "state": Jsonb(decision.state.to_json()),
            "salon": claim.salon_id,
            "enquiry": claim.enquiry_id,
            "account": claim.channel_account_id,
            "first": claim.first_message_id,
            "text": text,
            "payload": Jsonb(decision.payload()),
            "substance": decision.substance.value,
            "key": reply_key(claim.token),
            "now": now,
            "until": now + sql.ATTEMPT_LASTS,
            "started": claim.started_at,
            "understood_by": reading.by,
            "llm_outcome": reading.llm_outcome,
            "meaning": Jsonb(reading.as_document()),
            "decision": decision.name.value,
            "prompt_version": reading.prompt_version,
            "llm_model": reading.spent.model,
            "tokens_in": reading.spent.tokens_in,
            "tokens_cached": reading.spent.tokens_cached,
            "tokens_out": reading.spent.tokens_out,
            "llm_cost": reading.spent.cost_micros,
            "llm_currency": reading.spent.currency,
            "stages": Jsonb(claim.stopwatch.milliseconds()),
        },
        prepare=True,
    )
    row = await cursor.fetchone()
    if row is None:
        raise LeaseLost
    return Committed(
        message_id=row["message_id"],
        is_first_in_line=row["send_state"] == "sending",
        turn_due_at=row["turn_due_at"],
    )


async def leave_traces(connection: Connection, traces: Traces, decision: Decision, at: Situation, claim: Claim) -> None:
    """Write them; inside the transaction of `write_down`."""
    state = decision.state
    values: dict[str, Any] = {"enquiry": claim.enquiry_id, "customer": claim.customer_id, "now": at.now}
    if decision.handoff is not None:
        reason, detail = decision.handoff.reason, decision.handoff.detail
        if await open_handoff(connection, thread_id=claim.thread_id, reason=reason, detail=detail, now=at.now):
            metrics.HANDOFFS.labels(reason).inc()
    if traces.dropped_hold is not None:
        await release_hold(connection, traces.dropped_hold, now=at.now)
    if traces.settles:
        await connection.execute(sql.SETTLE, values | {"settled": decision.is_settled})
    if traces.is_spam:
        await connection.execute(sql.MARK_SPAM, values)
    if traces.knows_more:
        person = {"name": state.name, "phone": state.phone, "language": state.language}
        await connection.execute(sql.KNOW_CUSTOMER, values | person)
    if decision.name is Outcome.CANCELLED and claim.state.visit is not None:
        await follow_visit(connection, claim.state.visit.appointment_id, now=at.now)
    if traces.lead_after_s is not None:
        await _record_lead(connection, traces.lead_after_s, decision, at, claim)


async def _record_lead(connection: Connection, after_s: float, decision: Decision, at: Situation, claim: Claim) -> None:
    """The lead is that of the booked visit; of a wish while another visit is being arranged beside it."""
    state, moved_from = decision.state, claim.state.visit if decision.name is Outcome.MOVED else None
    visit = state.visit if _is_booked(state, claim) or state.service is None or state.is_move else None
    await record_lead(
        connection,
        salon_id=claim.salon_id,
        enquiry_id=claim.enquiry_id,
        thread_id=claim.thread_id,
        customer_id=claim.customer_id,
        appointment_id=visit.appointment_id if visit else None,
        instead_of=moved_from.appointment_id if moved_from else None,
        name=state.name,
        phone=state.phone,
        service=_services(state, visit, at),
        specialist=_specialist(state, visit),
        wish=_wish_in_words(state, visit, at),
        source=claim.source,
        now=at.now,
        push_after_s=after_s,
    )


def _dropped_hold(decision: Decision, claim: Claim) -> int | None:
    """The hold before this turn when the new state knows it no more and it was not booked."""
    before = claim.state.hold_id
    return None if decision.state.hold_id == before or decision.name is Outcome.BOOKED else before


def _person(state: DialogueState) -> tuple[str | None, ...]:
    return state.name, state.phone, state.language


def _lead_after_s(decision: Decision, claim: Claim) -> float | None:
    """A lead is worth telling once there is a phone and something about it is new."""
    state, before = decision.state, claim.state
    if state.phone is None or decision.name is Outcome.CANCELLED:
        return None
    if _is_booked(state, claim) or decision.handoff is not None:
        return 0.0
    is_new_person = (state.phone, state.name) != (before.phone, before.name)
    is_new_wish = state.service is not None and before.service is None
    return LEAD_SETTLES_S if is_new_person or is_new_wish else None


def _is_booked(state: DialogueState, claim: Claim) -> bool:
    """Whether this turn booked or moved a visit."""
    return state.visit is not None and state.visit != claim.state.visit


def _services(state: DialogueState, visit: Visit | None, at: Situation) -> str | None:
    """The key of the service; of several in one visit their names, which a CRM shows as they stand."""
    first, also = (visit.service, visit.also) if visit else (state.service, state.also)
    if first is None or not also:
        return first
    return Voice(at.salon, at.salon.language, now=at.now).services(at.services([first, *also]))


def _specialist(state: DialogueState, visit: Visit | None) -> str | None:
    """The key of whoever the visit, the chosen slot or the wish is with."""
    if visit is not None:
        return visit.specialist
    return state.chosen.specialist if state.chosen is not None else state.specialist


def _wish_in_words(state: DialogueState, visit: Visit | None, at: Situation) -> str | None:
    if visit is not None:
        return at.voice.when(visit.starts_at)
    if state.chosen is not None:
        return at.voice.when(state.chosen.starts_at)
    return ", ".join(wish.text for wish in state.wishes if wish.text) or None
