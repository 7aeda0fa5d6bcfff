"""Slots found, held, booked and given back, on the caller's connection and inside the caller's transaction.

The exclusion constraint `appointment_no_overlap` is what keeps two customers apart; everything here only makes the
refusal polite. Whoever changes what a specialist is busy with takes that specialist's advisory lock first, so that
two transactions never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from responder.booking import statements
from responder.booking.errors import SlotTaken
from responder.booking.free import Busy, Span
from responder.booking.rules import OutsideWindow, near_days, search
from responder.booking.slots import Slot, SlotQuestion, SlotSearch, visit_of
from responder.db.engine import Connection
from responder.dialogue.meaning import Wish
from responder.dialogue.states import AppointmentState
from responder.errors import NotFound
from responder.salon.profile import SalonProfile


@dataclass(frozen=True, kw_only=True, slots=True)
class BookedAppointment:
    """An appointment as others need it; keys and names stay readable after a service or specialist left the file."""

    id: int
    salon_id: int
    state: AppointmentState
    service: str  # key
    service_name: str  # in the salon's language
    also: tuple[str, ...]  # keys of further services of the same visit
    specialist: str  # key
    specialist_name: str
    starts_at: datetime  # UTC
    ends_at: datetime
    customer_id: int | None
    thread_id: int | None


async def find_slots(
    connection: Connection,
    salon: SalonProfile,
    *,
    service: str,
    wishes: Sequence[Wish],
    specialist: str | None,
    now: datetime,
    also: Sequence[str] = (),
    limit: int = 3,
    after: datetime | None = None,
    before: datetime | None = None,
    not_on: frozenset[date] = frozenset(),
    ignoring: int | None = None,
) -> SlotSearch:
    """Up to `limit` free slots near the wishes, exact ones first, the rest in order of time. `service`, `also` (further
    services of the same visit) and `specialist` are keys; `after` and `before` ask for later or earlier ones; the
    appointment `ignoring` counts as free (it is about to move). Raises `NotFound` for a service the salon does not
    have. One query as a rule, two when nothing is free near the wish."""
    question = SlotQuestion(
        salon=salon,
        service=_service(salon, service),
        wishes=wishes,
        specialist=specialist,
        now=now,
        also=tuple(_service(salon, key) for key in also),
        limit=limit,
        after=after,
        before=before,
        not_on=not_on,
    )
    days = near_days(question)
    busy = await _busy(connection, question, days, ignoring=ignoring)
    try:
        return search(question, busy, loaded=days)
    except OutsideWindow:
        days = question.all_days()
        return search(question, await _busy(connection, question, days, ignoring=ignoring), loaded=days)


async def hold_slot(
    connection: Connection,
    salon: SalonProfile,
    slot: Slot,
    *,
    service: str,
    customer_id: int,
    thread_id: int,
    enquiry_id: int,
    now: datetime,
    hold_until: datetime,
    also: Sequence[str] = (),
) -> int:
    """Keep a slot for a customer until `hold_until` and return the appointment's id. The thread's earlier hold is
    given back. Raises `SlotTaken`; the caller's transaction lives on as if nothing had been asked, the earlier hold
    included."""
    wanted = _service(salon, service)
    able = {specialist.key: specialist for specialist in salon.specialists_for(service, *also)}
    specialist, visit = able.get(slot.specialist), visit_of(salon, wanted, *(_service(salon, key) for key in also))
    ends_at, busy_until = slot.starts_at + visit.length, slot.starts_at + visit.occupies
    day = slot.starts_at.astimezone(salon.zone).date()
    works = specialist is not None and any(
        opens <= slot.starts_at and ends_at <= closes for opens, closes in specialist.hours.spans(day, day)
    )
    if specialist is None or not works or slot.starts_at <= now:
        raise SlotTaken(f"{slot.specialist} cannot be had at {slot.starts_at:%Y-%m-%d %H:%M} UTC")
    return await _insert_hold(
        connection,
        {
            "salon": salon.id,
            "specialist": specialist.id,
            "service": wanted.id,
            "also": Jsonb(list(also)),
            "customer": customer_id,
            "thread": thread_id,
            "enquiry": enquiry_id,
            "starts_at": slot.starts_at,
            "ends_at": ends_at,
            "busy_until": busy_until,
            "hold_until": hold_until,
            "now": now,
        },
    )


async def book(connection: Connection, appointment_id: int, *, now: datetime) -> BookedAppointment:
    """Make a hold a booking; a hold that has run out is taken again if the slot is still free. Booking twice is
    harmless. Raises `SlotTaken` when it is not free or has begun, `NotFound` when there is no such appointment."""
    parameters = {"id": appointment_id, "now": now}
    try:
        async with connection.transaction():
            await connection.execute(statements.LOCK_OF_APPOINTMENT, parameters)
            await connection.execute(statements.EXPIRE_IN_THE_WAY_OF_APPOINTMENT, parameters)
            row = await (await connection.execute(statements.BOOK, parameters)).fetchone()
    except (psycopg.errors.ExclusionViolation, psycopg.errors.DeadlockDetected) as error:
        raise SlotTaken(f"the slot of appointment {appointment_id} went to somebody else") from error
    if row is not None:
        return _appointment(row)
    known = await _one(connection, appointment_id)
    if known.state is AppointmentState.BOOKED:
        return known
    raise SlotTaken(f"appointment {appointment_id} is {known.state} and begins at {known.starts_at:%Y-%m-%d %H:%M} UTC")


async def release_hold(connection: Connection, appointment_id: int, *, now: datetime) -> bool:
    """Give a hold back; False when it was no hold any more."""
    cursor = await connection.execute(statements.RELEASE, {"id": appointment_id, "now": now})
    return cursor.rowcount == 1


async def cancel(connection: Connection, appointment_id: int, *, now: datetime) -> bool:
    """Cancel a booking or a hold; False when it was neither any more."""
    cursor = await connection.execute(statements.CANCEL, {"id": appointment_id, "now": now})
    return cursor.rowcount == 1


async def upcoming(
    connection: Connection,
    salon: SalonProfile,
    *,
    thread_id: int | None = None,
    customer_id: int | None = None,
    now: datetime,
) -> tuple[BookedAppointment, ...]:
    """Bookings (no holds) that have not begun, of a thread or of a customer, the next first."""
    parameters = {"salon": salon.id, "thread": thread_id, "customer": customer_id, "now": now}
    rows = await (await connection.execute(statements.UPCOMING, parameters)).fetchall()
    return tuple(_appointment(row) for row in rows)


async def expire_holds(connection: Connection, now: datetime) -> int:
    """Give back every hold that has run out; returns how many. Housekeeping only: searching, holding and booking
    see through such holds by themselves."""
    cursor = await connection.execute(statements.EXPIRE_ALL, {"now": now})
    return cursor.rowcount


async def _insert_hold(connection: Connection, parameters: dict[str, Any]) -> int:
    refusal = f"specialist {parameters['specialist']} is taken at {parameters['starts_at']:%Y-%m-%d %H:%M} UTC"
    try:
        async with connection.transaction():  # a savepoint when the caller has a transaction
            await connection.execute(statements.LOCK, parameters)
            await connection.execute(statements.CLEAR_THE_WAY, parameters)
            row = await (await connection.execute(statements.HOLD, parameters)).fetchone()
            if row is None:
                raise SlotTaken(refusal)
            return int(row["id"])
    except psycopg.errors.DeadlockDetected as error:
        # two customers swapping slots in the same moment, each having cancelled first: one has to give way
        raise SlotTaken(refusal) from error


async def _busy(
    connection: Connection, question: SlotQuestion, days: tuple[date, date], *, ignoring: int | None
) -> Busy:
    zone = question.salon.zone
    first = datetime.combine(days[0], time(0), tzinfo=zone).astimezone(UTC)
    last = datetime.combine(days[1] + timedelta(days=2), time(0), tzinfo=zone).astimezone(UTC)  # a buffer over midnight
    parameters = {
        "specialists": [specialist.id for specialist in question.candidates],
        "first": first,
        "last": last,
        "now": question.now,
        "ignoring": ignoring,
    }
    busy: dict[int, list[Span]] = {}
    for row in await (await connection.execute(statements.BUSY, parameters)).fetchall():
        busy.setdefault(row["specialist_id"], []).append((row["begins"], row["ends"]))
    return busy


async def _one(connection: Connection, appointment_id: int) -> BookedAppointment:
    row = await (await connection.execute(statements.ONE, {"id": appointment_id})).fetchone()
    if row is None:
        raise NotFound(f"no appointment {appointment_id}")
    return _appointment(row)


def _service(salon: SalonProfile, key: str) -> Any:
    service = salon.service(key)
    if service is None:
        raise NotFound(f"salon {salon.slug} has no service {key}")
    return service


def _appointment(row: dict[str, Any]) -> BookedAppointment:
    return BookedAppointment(**{**row, "state": AppointmentState(row["state"]), "also": tuple(row["also"])})
