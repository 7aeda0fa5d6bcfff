"""Carry a decision out against the appointment book: free slots looked up, slots held, visits booked and cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta

from responder import metrics
from responder.booking import service as booking
from responder.booking.errors import SlotTaken
from responder.booking.rules import Slot
from responder.db.engine import Connection
from responder.dialogue.state import Visit
from responder.turns import flow
from responder.turns.claim import Claim
from responder.turns.decision import Decision, Deed
from responder.turns.situation import Situation

MOST_ROUNDS = 5  # search -> hold -> taken -> search again ...; more means a bug


async def look_up(connection: Connection, decision: Decision, at: Situation, claim: Claim) -> Decision:
    """Do the searches of a decision until it holds only words or a deed; reads only, needs no transaction."""
    for _ in range(MOST_ROUNDS):
        if decision.deed is None and decision.recalls:
            decision = await _recall(connection, decision, at, claim)
        elif decision.deed is None and decision.search is not None:
            decision = await _search(connection, decision, at, claim)
        else:
            return decision.since(claim.state)
    raise RuntimeError(f"decision {decision.name} does not come to an end")


async def carry_out(
    connection: Connection, decision: Decision, at: Situation, claim: Claim, *, hold_for: timedelta
) -> Decision:
    """Do its deeds, inside the caller's transaction, until only words are left; a taken slot leads to another offer."""
    for _ in range(MOST_ROUNDS):
        if decision.deed is None:
            return decision.since(claim.state)
        decision = await look_up(connection, await _do(connection, decision, at, claim, hold_for), at, claim)
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
                if state.hold_id is None:  # what is not held is held first, and read back again
                    return decision.but(deed=None).then(flow.next_step(state, at))
                booked = await booking.book(connection, state.hold_id, now=at.now)
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
        also=decision.state.also,
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


async def _search(connection: Connection, decision: Decision, at: Situation, claim: Claim) -> Decision:
    search = decision.search
    if search is None:
        return decision
    found = await booking.find_slots(
        connection,
        at.salon,
        service=search.service,
        also=search.also,
        wishes=search.wishes,
        specialist=search.specialist,
        now=at.now,
        after=search.after,
        before=search.before,
        not_on=search.not_on,
        # what this customer would give up for another time is free for them
        ignoring=_visit_id(decision) if decision.state.is_move else claim.state.hold_id,
    )
    return flow.after_search(decision, found, at)


async def _recall(connection: Connection, decision: Decision, at: Situation, claim: Claim) -> Decision:
    booked = await booking.upcoming(
        connection, at.salon, thread_id=claim.thread_id, customer_id=claim.customer_id, now=at.now
    )
    visits = tuple(
        Visit(
            appointment_id=one.id,
            service=one.service,
            specialist=one.specialist,
            starts_at=one.starts_at,
            also=one.also,
        )
        for one in booked
    )
    return flow.after_recall(decision, visits, at)
