"""What staff do to the appointment book: book, move in place, mark who came. The same guarantee as for the bot: the
database refuses an overlap, and what stands in the way is named. Working hours, skills and the past only ask whether it
is meant.

Everything runs inside the caller's transaction. Whoever changes what a specialist is busy with takes that specialist's
advisory lock first, as `booking.service` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from responder.booking.errors import SlotTaken
from responder.booking.free import FreeDays, Span
from responder.booking.slots import visit_of
from responder.booking.statements import BUSY, LOCK_SPACE
from responder.db.engine import Connection
from responder.dialogue.states import AppointmentState
from responder.errors import NotFound, Refused
from responder.salon.profile import SalonProfile, Service, Specialist

LOCK = f"""
SELECT pg_advisory_xact_lock({LOCK_SPACE}, wanted.id)
FROM (SELECT DISTINCT unnest(%(specialists)s::int[]) AS id ORDER BY id) AS wanted
"""

EXPIRE_IN_THE_WAY = """
UPDATE appointment SET state = 'expired', hold_until = NULL
WHERE int8range(specialist_id, specialist_id, '[]') && int8range(%(specialist)s, %(specialist)s, '[]')
  AND busy && tstzrange(%(starts_at)s, %(busy_until)s)
  AND state IN ('held', 'booked', 'came') AND state = 'held' AND hold_until <= %(now)s
"""

IN_THE_WAY = """
SELECT p.starts_at, p.ends_at, s.key AS service, w.key AS specialist, p.state
FROM appointment p JOIN service s ON s.id = p.service_id JOIN specialist w ON w.id = p.specialist_id
WHERE int8range(p.specialist_id, p.specialist_id, '[]') && int8range(%(specialist)s, %(specialist)s, '[]')
  AND p.busy && tstzrange(%(starts_at)s, %(busy_until)s) AND p.state IN ('held', 'booked', 'came')
  AND p.id IS DISTINCT FROM %(id)s::bigint
ORDER BY p.starts_at LIMIT 1
"""

# staff vouch for what they book: nobody has to confirm it
BOOK = """
INSERT INTO appointment (salon_id, specialist_id, service_id, also_services, customer_id, thread_id, enquiry_id, state,
    starts_at, ends_at, busy, booked_at, confirmed_at, confirmed_by_id, created_by_id, note, created_at)
VALUES (%(salon)s, %(specialist)s, %(service)s, %(also)s, %(customer)s, %(thread)s, %(enquiry)s, 'booked',
    %(starts_at)s, %(ends_at)s, tstzrange(%(starts_at)s, %(busy_until)s), %(now)s, %(now)s, %(operator)s, %(operator)s,
    %(note)s, %(now)s)
ON CONFLICT ON CONSTRAINT appointment_no_overlap DO NOTHING
RETURNING id
"""

FIND = """
SELECT p.id, p.state, p.starts_at, p.ends_at, p.specialist_id, p.customer_id, p.thread_id, p.enquiry_id, p.note,
    p.also_services, s.key AS service, w.key AS specialist
FROM appointment p JOIN service s ON s.id = p.service_id JOIN specialist w ON w.id = p.specialist_id
WHERE p.id = %(id)s AND p.salon_id = %(salon)s FOR UPDATE OF p
"""

MOVE = """
UPDATE appointment SET specialist_id = %(specialist)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s,
    busy = tstzrange(%(starts_at)s, %(busy_until)s)
WHERE id = %(id)s
"""

MARK = """
UPDATE appointment SET state = %(state)s, marked_at = %(marked_at)s, marked_by_id = %(operator)s WHERE id = %(id)s
"""

MARKABLE_BEFORE = timedelta(minutes=60)  # who comes early has come
MARKS = (AppointmentState.CAME, AppointmentState.NO_SHOW, AppointmentState.BOOKED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a visit is to be: keys of the specialist and the services, the start in UTC."""

    service: str
    specialist: str
    starts_at: datetime
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Whose:
    """Whom a visit is for and who writes it down."""

    customer_id: int
    thread_id: int | None = None
    enquiry_id: int | None = None
    operator_id: int | None = None
    note: str = ""


async def book_by_hand(
    connection: Connection, salon: SalonProfile, place: Place, whose: Whose, *, now: datetime, is_meant: bool = False
) -> int:
    """The new booking's id. Raises `SlotTaken` for an overlap, `NotFound` for a service or specialist that the salon
    does not have, `Refused` for the past, hours in which nobody works and a missing skill, unless `is_meant`."""
    values = _checked(salon, place, now=now, is_meant=is_meant)
    await connection.execute(LOCK, {"specialists": [values["specialist"]]})
    await connection.execute(EXPIRE_IN_THE_WAY, values)
    row = await (
        await connection.execute(
            BOOK,
            values
            | {
                "salon": salon.id,
                "customer": whose.customer_id,
                "thread": whose.thread_id,
                "enquiry": whose.enquiry_id,
                "operator": whose.operator_id,
                "note": whose.note,
            },
        )
    ).fetchone()
    if row is None:
        raise await _taken(connection, salon, values | {"id": None})
    return int(row["id"])


async def find_visit(connection: Connection, salon_id: int, appointment_id: int) -> dict[str, Any]:
    """A visit of the salon, locked; raises `NotFound`."""
    row: dict[str, Any] | None = await (
        await connection.execute(FIND, {"id": appointment_id, "salon": salon_id})
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no visit {appointment_id}.", code="no_visit", visit=appointment_id)
    return row


async def move_by_hand(
    connection: Connection,
    salon: SalonProfile,
    visit: dict[str, Any],
    *,
    specialist: str,
    starts_at: datetime,
    now: datetime,
    is_meant: bool = False,
) -> None:
    """Put a visit that `find_visit` gave elsewhere; its own place counts as free. Raises as `book_by_hand` does, and
    `Refused` for one that is over or cancelled."""
    if visit["state"] not in (AppointmentState.BOOKED, AppointmentState.HELD):
        raise Refused("It is not booked any more.", code="visit_not_booked")
    also = tuple(visit["also_services"])
    place = Place(service=visit["service"], specialist=specialist, starts_at=starts_at, also=also)
    values = _checked(salon, place, now=now, is_meant=is_meant) | {"id": visit["id"]}
    await connection.execute(LOCK, {"specialists": [values["specialist"], visit["specialist_id"]]})
    await connection.execute(EXPIRE_IN_THE_WAY, values)
    try:
        async with connection.transaction():
            await connection.execute(MOVE, values)
    except psycopg.errors.ExclusionViolation:
        raise await _taken(connection, salon, values) from None


async def mark_visit(
    connection: Connection,
    salon: SalonProfile,
    visit: dict[str, Any],
    *,
    state: AppointmentState,
    operator_id: int | None,
    now: datetime,
) -> None:
    """Came, did not come, or neither after all (`booked`). Raises `Refused` for a visit that has not begun or is
    cancelled, `SlotTaken` when the place of one that did not come has been given away meanwhile."""
    if visit["state"] not in MARKS or state not in MARKS:
        raise Refused("It is not booked any more.", code="visit_not_booked")
    if state is not AppointmentState.BOOKED and visit["starts_at"] > now + MARKABLE_BEFORE:
        raise Refused("It has not begun.", code="visit_not_begun")
    marked_at = None if state is AppointmentState.BOOKED else now
    values = {"id": visit["id"], "state": state.value, "marked_at": marked_at, "operator": operator_id}
    await connection.execute(LOCK, {"specialists": [visit["specialist_id"]]})
    try:
        async with connection.transaction():
            await connection.execute(MARK, values)
    except psycopg.errors.ExclusionViolation:
        found = _found(salon, visit["service"], visit["specialist"], tuple(visit["also_services"]))
        span = _span(salon, found, visit["starts_at"])
        raise await _taken(connection, salon, span | {"id": visit["id"]}) from None


async def free_starts_on(
    connection: Connection,
    salon: SalonProfile,
    day: date,
    *,
    service: str,
    now: datetime,
    ignoring: int | None = None,
) -> dict[str, list[datetime]]:
    """By specialist's key, the starts (UTC) at which a visit for the service fits into a local day, from `now` on."""
    wanted = salon.service(service)
    if wanted is None:
        raise NotFound(f"salon {salon.slug} has no service {service}", code="no_service", service=service)
    able = salon.specialists_for(service)
    begins, ends = (_midnight(salon, day + timedelta(days=offset)) for offset in (0, 1))
    values = {
        "specialists": [specialist.id for specialist in able],
        "first": begins,
        "last": ends + timedelta(days=1),
        "now": now,
        "ignoring": ignoring,
    }
    busy: dict[int, list[Span]] = {}
    for row in await (await connection.execute(BUSY, values)).fetchall():
        busy.setdefault(row["specialist_id"], []).append((row["begins"], row["ends"]))
    free = FreeDays(
        able,
        visit_of(salon, wanted),
        busy=busy,
        zone=salon.zone,
        begins=(max(now, begins), max(now, ends)),
        loaded=(day, day),
    )
    found: dict[str, list[datetime]] = {specialist.key: [] for specialist in able}
    for start in free.on(day):
        for key in start.by:
            found[key].append(start.at)
    return found


@dataclass(frozen=True, slots=True)
class _Found:
    specialist: Specialist
    services: tuple[Service, ...]


def _found(salon: SalonProfile, service: str, specialist: str, also: tuple[str, ...]) -> _Found:
    who = salon.specialist(specialist)
    if who is None:
        raise NotFound(f"There is no specialist {specialist}.", code="no_specialist", specialist=specialist)
    services = []
    for key in (service, *also):
        found = salon.service(key)
        if found is None:
            raise NotFound(f"There is no service {key}.", code="no_service", service=key)
        services.append(found)
    return _Found(who, tuple(services))


def _checked(salon: SalonProfile, place: Place, *, now: datetime, is_meant: bool) -> dict[str, Any]:
    """The parameters of the statements; raises `Refused` for what has to be meant."""
    found = _found(salon, place.service, place.specialist, place.also)
    values = _span(salon, found, place.starts_at)
    if not is_meant:
        name = found.specialist.name.to(salon.language)
        day = place.starts_at.astimezone(salon.zone).date()
        works = any(
            opens <= place.starts_at and values["ends_at"] <= closes
            for opens, closes in found.specialist.hours.spans(day - timedelta(days=1), day)
        )
        if place.starts_at <= now:
            raise Refused("It is in the past.", code="visit_in_past", name=name)
        if not works:
            raise Refused(f"{name} does not work then.", code="visit_not_working", name=name)
        if not found.specialist.skills.issuperset((place.service, *place.also)):
            raise Refused(f"{name} does not do this.", code="visit_not_skilled", name=name)
    return values | {
        "service": found.services[0].id,
        "also": Jsonb(list(place.also)),
        "now": now,
    }


def _span(salon: SalonProfile, found: _Found, starts_at: datetime) -> dict[str, Any]:
    visit = visit_of(salon, *found.services)
    return {
        "specialist": found.specialist.id,
        "starts_at": starts_at,
        "ends_at": starts_at + visit.length,
        "busy_until": starts_at + visit.occupies,
    }


async def _taken(connection: Connection, salon: SalonProfile, values: dict[str, Any]) -> SlotTaken:
    """The refusal, with what is in the way."""
    row = await (await connection.execute(IN_THE_WAY, values)).fetchone()
    if row is None:  # it has gone in this very moment
        return SlotTaken("The time was taken a moment ago.", code="visit_taken")
    specialist, service = salon.specialist(row["specialist"]), salon.service(row["service"])
    begins, ends = (row[name].astimezone(salon.zone) for name in ("starts_at", "ends_at"))
    return SlotTaken(
        f"{row['specialist']} is busy from {begins:%H:%M} to {ends:%H:%M}.",
        code="visit_overlaps",
        name=specialist.name.to(salon.language) if specialist else row["specialist"],
        begins=f"{begins:%H:%M}",
        ends=f"{ends:%H:%M}",
        service=service.name.to(salon.language) if service else row["service"],
    )


def _midnight(salon: SalonProfile, day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=salon.zone).astimezone(UTC)
