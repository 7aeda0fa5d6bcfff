"""Carry a decision out: deeds and searches against the appointment book, then everything of the turn in one commit.

All of it happens on the caller's transaction; if the lease was lost or staff took over meanwhile, nothing happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from responder import metrics
from responder.booking import service as booking
from responder.booking.errors import SlotTaken
from responder.booking.rules import Slot
from responder.db.engine import Connection
from responder.dialogue.handoffs import open_handoff
from responder.dialogue.state import DialogueState
from responder.leads.service import record_lead
from responder.turns import flow
from responder.turns import statements as sql
from responder.turns.claim import Claim
from responder.turns.decision import Decision, Deed
from responder.turns.reading import Reading
from responder.turns.situation import Situation

MOST_ROUNDS = 5  # search -> hold -> taken -> search again ...; more means a bug
LEAD_SETTLES_S = 600.0  # a phone alone waits this long for its booking before the CRM hears of it


class LeaseLost(Exception):
    """Somebody else has the thread now, or more words arrived: the turn did not happen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Committed:
    """What the commit gave: the outbound row to send (None: silence), and a turn due for words that came meanwhile."""

    message_id: int | None
    is_first_in_line: bool
    turn_due_at: datetime | None


async def carry_out(
    connection: Connection, decision: Decision, at: Situation, claim: Claim, *, hold_for: timedelta
) -> Decision:
    """Do the deeds and searches of a decision until it holds only words; a taken slot leads to another offer."""
    for _ in range(MOST_ROUNDS):
        if decision.deed is not None:
            decision = await _do(connection, decision, at, claim, hold_for)
        elif decision.search is not None:
            decision = await _search(connection, decision, at)
        else:
            return decision
    raise RuntimeError(f"decision {decision.name} does not come to an end")


async def _do(connection: Connection, decision: Decision, at: Situation, claim: Claim, hold_for: timedelta) -> Decision:
    state, deed = decision.state, decision.deed
    try:
        match deed:
            case Deed.HOLD:
                held = await _hold(connection, decision, at, claim, at.now + hold_for)
                metrics.BOOKINGS.labels("held").inc()
                return flow.after_hold(decision.but(deed=None), held, at)
            case Deed.BOOK:
                booked = await booking.book(connection, state.hold_id or 0, now=at.now)
                metrics.BOOKINGS.labels("booked").inc()
                return flow.after_booked(decision, booked.id, at)
            case Deed.MOVE:
                async with connection.transaction():
                    await booking.cancel(connection, _visit_id(decision), now=at.now)
                    held = await _hold(connection, decision, at, claim, at.now + hold_for)
                    booked = await booking.book(connection, held, now=at.now)
                metrics.BOOKINGS.labels("moved").inc()
                return flow.after_booked(decision, booked.id, at)
            case _:
                await booking.cancel(connection, _visit_id(decision), now=at.now)
                metrics.BOOKINGS.labels("cancelled").inc()
                return flow.after_cancelled(decision, at)
    except SlotTaken:
        metrics.BOOKINGS.labels("taken").inc()
        return flow.after_taken(decision.but(deed=None), at)


async def _hold(connection: Connection, decision: Decision, at: Situation, claim: Claim, hold_until: datetime) -> int:
    service, offer = at.service_of(decision.state), decision.offer
    if service is None or offer is None:
        raise RuntimeError("a hold needs a service and an offer")
    slot = Slot(
        specialist=offer.specialist,
        starts_at=offer.starts_at,
        ends_at=offer.starts_at + timedelta(minutes=service.duration_min),
    )
    return await booking.hold_slot(
        connection,
        at.salon,
        slot,
        service=service.key,
        customer_id=claim.customer_id,
        thread_id=claim.thread_id,
        enquiry_id=claim.enquiry_id,
        now=at.now,
        hold_until=hold_until,
    )


def _visit_id(decision: Decision) -> int:
    visit = decision.state.visit
    if visit is None:
        raise RuntimeError(f"decision {decision.name} needs a booked visit")
    return visit.appointment_id


async def _search(connection: Connection, decision: Decision, at: Situation) -> Decision:
    search = decision.search
    if search is None:
        return decision
    found = await booking.find_slots(
        connection,
        at.salon,
        service=search.service,
        wishes=search.wishes,
        specialist=search.specialist,
        now=at.now,
        after=search.after,
        before=search.before,
        not_on=search.not_on,
        ignoring=_visit_id(decision) if decision.state.is_move else None,
    )
    return flow.after_search(decision, found, at)


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
            "seen": claim.last_message_id,
            "may_restart": may_restart,
            "state": Jsonb(decision.state.to_json()),
            "mode": "human" if decision.handoff and decision.handoff.silences_bot else "bot",
            "salon": claim.salon_id,
            "enquiry": claim.enquiry_id,
            "account": claim.channel_account_id,
            "first": claim.first_message_id,
            "text": text,
            "payload": Jsonb(decision.payload()),
            "substance": decision.substance.value,
            "key": f"turn-{claim.token}",
            "now": now,
            "until": now + sql.ATTEMPT_LASTS,
            "started": claim.started_at,
            "understood_by": reading.by,
            "llm_outcome": reading.llm_outcome,
            "meaning": Jsonb(reading.as_document()),
            "decision": decision.name,
            "prompt_version": reading.prompt_version,
            "tokens_in": reading.tokens_in,
            "tokens_out": reading.tokens_out,
            "stages": Jsonb(claim.stopwatch.milliseconds()),
        },
        prepare=True,
    )
    row = await cursor.fetchone()
    if row is None:
        raise LeaseLost
    await _write_rest(connection, decision, at, claim)
    return Committed(
        message_id=row["message_id"],
        is_first_in_line=row["send_state"] == "sending",
        turn_due_at=row["turn_due_at"],
    )


async def _write_rest(connection: Connection, decision: Decision, at: Situation, claim: Claim) -> None:
    """What only some turns have: a hand-off, a settled or spam enquiry, the person's details, the lead."""
    state = decision.state
    if decision.handoff is not None:
        opened = await open_handoff(
            connection,
            thread_id=claim.thread_id,
            reason=decision.handoff.reason,
            detail=decision.handoff.detail,
            now=at.now,
        )
        if opened:
            metrics.HANDOFFS.labels(decision.handoff.reason).inc()
    values: dict[str, Any] = {"enquiry": claim.enquiry_id, "customer": claim.customer_id, "now": at.now}
    if decision.is_settled != claim.is_settled:
        await connection.execute(sql.SETTLE, values | {"settled": decision.is_settled})
    if decision.is_spam:
        await connection.execute(sql.MARK_SPAM, values)
    before = claim.state
    if (state.name, state.phone, state.language) != (before.name, before.phone, before.language):
        await connection.execute(
            sql.KNOW_CUSTOMER, values | {"name": state.name, "phone": state.phone, "language": state.language}
        )
    booked_now = state.visit != before.visit
    is_new_phone = state.phone is not None and (state.phone, state.name) != (before.phone, before.name)
    is_new_enquiry = state.phone is not None and before.enquiry_id != state.enquiry_id and state.service is not None
    if state.phone is None:
        return
    if not (booked_now or is_new_phone or is_new_enquiry or decision.handoff is not None):
        return
    await record_lead(
        connection,
        salon_id=claim.salon_id,
        enquiry_id=claim.enquiry_id,
        thread_id=claim.thread_id,
        customer_id=claim.customer_id,
        appointment_id=state.visit.appointment_id if state.visit else None,
        name=state.name,
        phone=state.phone,
        service=state.visit.service if state.visit else state.service,
        specialist=_specialist(state),
        wish=_wish_in_words(state, at),
        source=claim.source,
        now=at.now,
        push_after_s=0.0 if booked_now or decision.handoff is not None else LEAD_SETTLES_S,
    )


def _specialist(state: DialogueState) -> str | None:
    """The key of whoever the visit, the chosen slot or the wish is with."""
    if state.visit is not None:
        return state.visit.specialist
    return state.chosen.specialist if state.chosen is not None else state.specialist


def _wish_in_words(state: DialogueState, at: Situation) -> str | None:
    if state.visit is not None:
        return at.voice.when(state.visit.starts_at)
    if state.chosen is not None:
        return at.voice.when(state.chosen.starts_at)
    return ", ".join(wish.text for wish in state.wishes if wish.text) or None
