"""The appointment book as a page shows it: a table of quarter hours, a column for each specialist of a day or for each
day of a specialist. Read and laid out here; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from responder.booking.by_hand import free_starts_on
from responder.db.engine import Connection
from responder.errors import NotFound
from responder.salon.profile import SalonProfile, Specialist

ROW = timedelta(minutes=15)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OPENS, CLOSES = time(10), time(19)  # of a day on which nobody works


class View(StrEnum):
    DAY = "day"
    WEEK = "week"


VISITS = """
SELECT p.id, p.state, p.starts_at, p.ends_at, upper(p.busy) AS busy_until, p.confirmed_at, p.note, p.also_services,
    p.thread_id, p.customer_id, p.hold_until, p.created_by_id, p.booked_at, s.key AS service, w.key AS specialist,
    c.name, c.phone, t.display_name, a.kind AS channel, o.name AS created_by
FROM appointment p JOIN service s ON s.id = p.service_id JOIN specialist w ON w.id = p.specialist_id
LEFT JOIN customer c ON c.id = p.customer_id
LEFT JOIN thread t ON t.id = p.thread_id LEFT JOIN channel_account a ON a.id = t.channel_account_id
LEFT JOIN operator o ON o.id = p.created_by_id
WHERE p.salon_id = %(salon)s AND p.starts_at < %(until)s AND p.starts_at >= %(since)s
  AND (p.state IN ('booked', 'came', 'no_show') OR p.state = 'held' AND p.hold_until > %(now)s)
ORDER BY p.starts_at, p.id
"""
ONE = VISITS.replace("p.starts_at < %(until)s AND p.starts_at >= %(since)s", "p.id = %(id)s").replace(
    "(p.state IN ('booked', 'came', 'no_show') OR p.state = 'held' AND p.hold_until > %(now)s)", "true"
)
CUSTOMERS = """
SELECT c.id, c.name, c.phone, max(t.display_name) AS display_name
FROM customer c LEFT JOIN thread t ON t.customer_id = c.id
WHERE c.salon_id = %(salon)s AND c.erased_at IS NULL AND (
    %(digits)s <> '' AND c.phone LIKE '%%' || %(digits)s || '%%'
    OR replace(lower(COALESCE(c.name, '')), 'ё', 'е') LIKE '%%' || %(words)s || '%%')
GROUP BY c.id ORDER BY c.id DESC LIMIT 8
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A quarter hour of a column, or a visit over several. `at` is its start in UTC."""

    at: datetime
    rows: int = 1
    kind: str = "free"  # "free", "off" or "visit"
    is_start: bool = False  # the service asked about could begin here
    visit: Mapping[str, Any] | None = None


@dataclass(kw_only=True, slots=True)
class Column:
    """One specialist on one day; `cells` by number of the row, covered ones missing."""

    specialist: Specialist
    day: date
    cells: dict[int, Cell] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """`rows` are local times of day; `now_row` is the one that the present minute lies in, if it is shown."""

    columns: Sequence[Column]
    rows: Sequence[time]
    now_row: int | None
    beside: Sequence[Mapping[str, Any]]  # visits that lie over another one: those who did not come


async def read_grid(
    connection: Connection,
    salon: SalonProfile,
    places: Sequence[tuple[Specialist, date]],
    *,
    now: datetime,
    service: str | None = None,
) -> Grid:
    """The table of these specialists and days; `service` marks where a visit for it could begin."""
    days = [day for _, day in places]
    values = {
        "salon": salon.id,
        "now": now,
        "since": _instant(salon, min(days), time(0)),
        "until": _instant(salon, max(days) + timedelta(days=1), time(0)),
    }
    visits = await (await connection.execute(VISITS, values)).fetchall()
    free: set[tuple[str, datetime]] = set()
    if service is not None:
        for day in sorted(set(days)):
            starts = await free_starts_on(connection, salon, day, service=service, now=now)
            free |= {(key, at) for key, found in starts.items() for at in found}
    return lay_out(salon, places, visits, free=free, now=now)


def lay_out(
    salon: SalonProfile,
    places: Sequence[tuple[Specialist, date]],
    visits: Sequence[Mapping[str, Any]],
    *,
    free: set[tuple[str, datetime]],
    now: datetime,
) -> Grid:
    """Pure: which row each visit begins in and how many it takes."""
    by_place: dict[tuple[str, date], list[Mapping[str, Any]]] = {}
    for visit in visits:
        local = visit["starts_at"].astimezone(salon.zone)
        by_place.setdefault((visit["specialist"], local.date()), []).append(visit)
    first, last = _hours(salon, places, visits)
    rows = [first + number * ROW for number in range(int((last - first) / ROW))]
    times = [time(offset // HOUR, offset % HOUR // MINUTE) for offset in rows]
    columns, beside = [], []
    for specialist, day in places:
        column = Column(specialist=specialist, day=day)
        beside += _fill(salon, column, times, by_place.get((specialist.key, day), []), free)
        columns.append(column)
    local_now = now.astimezone(salon.zone)
    at_row = (timedelta(hours=local_now.hour, minutes=local_now.minute) - first) // ROW
    is_shown = 0 <= at_row < len(rows) and any(day == local_now.date() for _, day in places)
    return Grid(columns=columns, rows=times, now_row=at_row if is_shown else None, beside=beside)


async def read_visit(connection: Connection, salon_id: int, appointment_id: int, *, now: datetime) -> dict[str, Any]:
    """One visit of the salon, cancelled ones too; raises `NotFound`."""
    values = {"salon": salon_id, "id": appointment_id, "now": now}
    row: dict[str, Any] | None = await (await connection.execute(ONE, values)).fetchone()
    if row is None:
        raise NotFound(f"There is no visit {appointment_id}.", code="no_visit", visit=appointment_id)
    return row


async def find_customers(connection: Connection, salon_id: int, words: str) -> Sequence[dict[str, Any]]:
    """Up to eight customers of the salon by part of a name or four digits and more of a phone."""
    digits = "".join(character for character in words if character in "0123456789")
    plain = " ".join(words.lower().replace("ё", "е").split())
    for special in ("\\", "%", "_"):
        plain = plain.replace(special, f"\\{special}")
    tail = digits[1:] if len(digits) >= 10 else digits
    values = {"salon": salon_id, "words": plain, "digits": tail if len(tail) >= 4 else ""}
    return await (await connection.execute(CUSTOMERS, values)).fetchall() if len(plain) >= 2 else []


def _fill(
    salon: SalonProfile,
    column: Column,
    times: Sequence[time],
    visits: Sequence[Mapping[str, Any]],
    free: set[tuple[str, datetime]],
) -> list[Mapping[str, Any]]:
    """Put the visits and what is between them into the column; gives those that have no room of their own."""
    starts = [_instant(salon, column.day, at) for at in times]
    taken = 0  # rows up to here are covered
    beside = []
    for visit in visits:
        row = max(taken, sum(1 for start in starts if start <= visit["starts_at"]) - 1)
        ends = sum(1 for start in starts if start < visit["ends_at"])
        if visit["state"] == "no_show" and (row < taken or _is_overlain(visit, visits)):
            beside.append(visit)
            continue
        rows = max(1, ends - row)
        column.cells[row] = Cell(at=visit["starts_at"], rows=rows, kind="visit", visit=visit)
        taken = row + rows
    covered = {number for row, cell in column.cells.items() for number in range(row, row + cell.rows)}
    spans = tuple(column.specialist.hours.spans(column.day, column.day))
    for number, at in enumerate(starts):
        if number not in covered:
            works = any(opens <= at < closes for opens, closes in spans)
            is_start = (column.specialist.key, at) in free
            column.cells[number] = Cell(at=at, kind="free" if works else "off", is_start=is_start)
    return beside


def _is_overlain(visit: Mapping[str, Any], visits: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        other is not visit and other["starts_at"] < visit["ends_at"] and visit["starts_at"] < other["ends_at"]
        for other in visits
    )


def _hours(
    salon: SalonProfile, places: Sequence[tuple[Specialist, date]], visits: Sequence[Mapping[str, Any]]
) -> tuple[timedelta, timedelta]:
    """From the first full hour anybody works or is booked to the last, as offsets of a local day."""
    bounds: list[tuple[timedelta, timedelta]] = []
    for specialist, day in places:
        for opens, closes in specialist.hours.spans(day, day):
            bounds.append((_offset(salon, opens, day), _offset(salon, closes, day)))
    shown = {(specialist.key, day) for specialist, day in places}
    for visit in visits:
        day = visit["starts_at"].astimezone(salon.zone).date()
        if (visit["specialist"], day) in shown:
            bounds.append((_offset(salon, visit["starts_at"], day), _offset(salon, visit["ends_at"], day)))
    first = min((begin for begin, _ in bounds), default=timedelta(hours=OPENS.hour)) // HOUR * HOUR
    last = -(-max((end for _, end in bounds), default=timedelta(hours=CLOSES.hour)) // HOUR) * HOUR
    return max(first, timedelta()), min(max(last, first + HOUR), timedelta(days=1))


def _offset(salon: SalonProfile, instant: datetime, day: date) -> timedelta:
    local = instant.astimezone(salon.zone).replace(tzinfo=None)
    return local - datetime.combine(day, time(0))


def _instant(salon: SalonProfile, day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=salon.zone).astimezone(UTC)
