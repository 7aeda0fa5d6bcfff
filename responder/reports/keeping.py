"""Measures enquiries whose stamps changed, with the one function that measures, and keeps what it said.

Triggers leave a mark in the transaction that changes a stamp (migration 0004). Whoever reads figures calls
`bring_up_to_date` first, so that no figure is older than the stamps; a loop does the same every second, so that there
is little left to do. One at a time for each salon: an older measurement must never overwrite a newer one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from responder.db.engine import Connection, Database
from responder.logs import get_logger
from responder.reports.days import follow_hours, mark_days
from responder.reports.sources import source_label
from responder.salon.loader import load_salon
from responder.salon.profile import SalonProfile
from responder.timing.definitions import Definition, other_definitions
from responder.timing.load import load_readable
from responder.timing.measures import Measure, Measures, Seconds, Span, measure
from responder.timing.timeline import DEFINITION, Timeline

log = get_logger(__name__)
FURTHEST = timedelta(days=400)  # a stamp beyond it is nobody's, and no day's hours are looked up so far ahead
BATCH = 100  # some 30 ms of one core, for which everything else in the process has to wait
_OTHERS = (Definition.ZENDESK, Definition.INTERCOM, Definition.CHATWOOT)
SINGLE = (
    Measure.FIRST_REPLY,
    Measure.FIRST_USEFUL,
    Measure.BOT_FRT,
    Measure.HUMAN_FRT,
    Measure.RESOLUTION,
    Measure.PIPELINE_LAG,
)

LOCK_SALON = "SELECT pg_advisory_xact_lock(7246002, %(salon)s::int)"

LAST_DUE = "SELECT max(id) AS id FROM measures_due WHERE salon_id = %(salon)s"

FIND_DUE = """
SELECT id, enquiry_id FROM measures_due WHERE salon_id = %(salon)s AND id <= %(last)s ORDER BY id LIMIT %(limit)s
"""

FORGET_DUE = "DELETE FROM measures_due WHERE id = ANY(%(ids)s)"

FIND_SALONS_DUE = """
SELECT s.id, s.revision FROM salon s
WHERE EXISTS (SELECT 1 FROM measures_due m WHERE m.salon_id = s.id)
   OR EXISTS (SELECT 1 FROM rollup_day d WHERE d.salon_id = s.id AND d.hours_revision <> s.revision)
ORDER BY s.id
"""

IS_STALE = "SELECT 1 FROM rollup_day WHERE salon_id = %(salon)s AND is_stale AND day < %(today)s LIMIT 1"

MARKS_OF = """
SELECT e.id, e.salon_id, e.thread_id, e.channel_account_id, e.source, e.category, e.priority,
    (SELECT m.operator_id FROM message m
     WHERE m.enquiry_id = e.id AND m.direction = 'out' AND m.author IN ('human', 'human_device')
       AND m.accepted_at IS NOT NULL AND (m.failed_at IS NULL OR LEAST(m.delivered_at, m.read_at) IS NOT NULL)
     ORDER BY GREATEST(m.accepted_at, m.composed_at), m.id LIMIT 1) AS operator_id,
    (SELECT s.key FROM appointment a JOIN specialist s ON s.id = a.specialist_id
     WHERE a.thread_id = e.thread_id AND a.enquiry_id = e.id AND a.booked_at IS NOT NULL
     ORDER BY a.booked_at DESC, a.id DESC LIMIT 1) AS specialist,
    (SELECT n.received_at FROM enquiry n WHERE n.thread_id = e.thread_id AND n.id > e.id
     ORDER BY n.id LIMIT 1) AS returned_at
FROM enquiry e WHERE e.id = ANY(%(ids)s)
"""

DAYS_OF = "SELECT DISTINCT day FROM enquiry_measures WHERE enquiry_id = ANY(%(ids)s)"

REVISION = "SELECT revision FROM salon WHERE id = %(salon)s"

_COLUMNS = (
    "enquiry_id",
    "salon_id",
    "thread_id",
    "channel_account_id",
    "clock_start_at",
    "day",
    "hour",
    "source",
    "category",
    "priority",
    "operator_id",
    "specialist",
    "excluded",
    "first_reply_by",
    "first_useful_by",
    "skew_us",
    *(f"{stem}{mode}_us" for name in SINGLE for stem in (name.value.removesuffix("_s"),) for mode in ("", "_working")),
    *(f"{stem}_released{mode}_us" for stem in ("bot_frt", "human_frt") for mode in ("", "_working")),
    *(f"{definition.value}{mode}_us" for definition in _OTHERS for mode in ("", "_working")),
    "human_wait_from_at",
    "human_wait_us",
    "human_wait_working_us",
    "is_booked",
    "is_handed_off",
    "resolved_at",
    "returned_at",
    "has_open",
    "measured_at",
    "definition",
)
KEEP = f"""
INSERT INTO enquiry_measures ({", ".join(_COLUMNS)}) VALUES ({", ".join(f"%({name})s" for name in _COLUMNS)})
ON CONFLICT (enquiry_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""


async def salons_due(database: Database) -> dict[int, int]:
    """The salons of which something is to be measured again, each with the present revision of its file."""
    async with database.connection() as connection:
        found = await (await connection.execute(FIND_SALONS_DUE)).fetchall()
    return {row["id"]: row["revision"] for row in found}


async def has_stale_days(database: Database, salon: SalonProfile, *, now: datetime) -> bool:
    """Whether days that are over are to be counted again."""
    values = {"salon": salon.id, "today": now.astimezone(salon.zone).date()}
    async with database.connection() as connection:
        return await (await connection.execute(IS_STALE, values)).fetchone() is not None


async def bring_up_to_date(database: Database, salon: SalonProfile, *, now: datetime, batch: int = BATCH) -> int:
    """Measure everything of a salon that changed before this call, in the opening hours of its present file; gives how
    many enquiries were measured."""
    measured = 0
    async with database.transaction() as connection:
        await connection.execute(LOCK_SALON, {"salon": salon.id})
        salon = await _present(connection, salon)
        await follow_hours(connection, salon)
        row = await (await connection.execute(LAST_DUE, {"salon": salon.id})).fetchone()
    last = None if row is None else row["id"]
    while last is not None:
        async with database.transaction() as connection:
            await connection.execute(LOCK_SALON, {"salon": salon.id})
            cursor = await connection.execute(FIND_DUE, {"salon": salon.id, "last": last, "limit": batch})
            due = await cursor.fetchall()
            if not due:
                break
            salon = await _present(connection, salon)
            measured += await keep(connection, salon, {row["enquiry_id"] for row in due}, now=now)
            await connection.execute(FORGET_DUE, {"ids": [row["id"] for row in due]})
    return measured


async def keep(connection: Connection, salon: SalonProfile, enquiry_ids: Iterable[int], *, now: datetime) -> int:
    """Measure these enquiries and keep the result, inside the caller's transaction, which must hold the salon's lock
    (`LOCK_SALON`). Days they belonged to and belong to are to be counted again."""
    ids = sorted(enquiry_ids)
    before = await (await connection.execute(DAYS_OF, {"ids": ids})).fetchall()
    timelines, unreadable = await load_readable(connection, ids)
    for enquiry_id in unreadable:
        log.error("enquiry_unmeasurable", enquiry_id=enquiry_id, error="a stamp that cannot be read")
    marks = await (await connection.execute(MARKS_OF, {"ids": ids})).fetchall()
    rows = [
        row
        for mark in marks
        if mark["id"] in timelines and (row := row_or_none(timelines[mark["id"]], mark, salon=salon, now=now))
    ]
    rows = await _kept(connection, rows)
    reaches: dict[date, date] = {row["day"]: row["day"] for row in before}
    for row in rows:
        reaches[row["day"]] = max(reaches.get(row["day"], row["reach"]), row["reach"])
    await mark_days(connection, salon, reaches)
    return len(rows)


async def _kept(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the rows in one go; where the database refuses, one by one, without those it refuses."""
    try:
        async with connection.transaction(), connection.cursor() as cursor:
            await cursor.executemany(KEEP, rows)
        return rows
    except psycopg.DataError as error:
        if len(rows) == 1:
            log.error("enquiry_unmeasurable", enquiry_id=rows[0]["enquiry_id"], error=type(error).__name__)
            return []
    middle = len(rows) // 2
    return await _kept(connection, rows[:middle]) + await _kept(connection, rows[middle:])


def row_or_none(timeline: Timeline, mark: Mapping[str, Any], *, salon: SalonProfile, now: datetime) -> dict[str, Any]:
    """`row_of`, or nothing for an enquiry whose stamps cannot be measured: one must not hold up the figures of all
    others. What was kept of it before stays; `responder figures check` names it."""
    try:
        reach = min(_last_stamp(timeline), now + FURTHEST).astimezone(salon.zone).date()
        row = row_of(timeline, mark, salon=salon, now=now)
        return row | {"reach": max(row["day"], reach)}
    except Exception:
        log.exception("enquiry_unmeasurable", enquiry_id=mark["id"])
        return {}


def row_of(timeline: Timeline, mark: Mapping[str, Any], *, salon: SalonProfile, now: datetime) -> dict[str, Any]:
    """The row of `enquiry_measures` that keeps a timeline's measures."""
    found = measure(timeline, hours=salon.hours)
    local = found.clock_start_at.astimezone(salon.zone)
    waits = found.spans[Measure.HUMAN_WAIT]
    row: dict[str, Any] = {
        "enquiry_id": mark["id"],
        "salon_id": mark["salon_id"],
        "thread_id": mark["thread_id"],
        "channel_account_id": mark["channel_account_id"],
        "clock_start_at": found.clock_start_at,
        "day": local.date(),
        "hour": local.hour,
        "source": source_label(mark["source"]),
        "category": mark["category"] or "",
        "priority": mark["priority"],
        "operator_id": mark["operator_id"],
        "specialist": mark["specialist"] or "",
        "excluded": found.excluded,
        "first_reply_by": found.first_response_by,
        "first_useful_by": found.first_useful_by,
        "skew_us": micros(found.skew_s),
        "human_wait_from_at": [span.start for span in waits],
        "human_wait_us": [micros(seconds) for seconds in found.calendar.human_wait_s],
        "human_wait_working_us": [micros(seconds) for seconds in (found.working or found.calendar).human_wait_s],
        "is_booked": mark["specialist"] is not None,
        "is_handed_off": bool(waits),
        "resolved_at": timeline.closed_at if timeline.close_reason == "resolved" else None,
        "returned_at": mark["returned_at"],
        "has_open": found.excluded is None and _has_open(found),
        "measured_at": now,
        "definition": DEFINITION,
    }
    for name in SINGLE:
        stem = name.value.removesuffix("_s")
        row[f"{stem}_us"] = micros(_single(found.calendar, name))
        row[f"{stem}_working_us"] = micros(_single(found.working, name))
    for name in (Measure.BOT_FRT, Measure.HUMAN_FRT):
        (span,) = found.spans[name]
        released = Span(start=span.start, end=span.released_at)
        row |= _both(f"{name.value.removesuffix('_s')}_released", released, salon)
    others = other_definitions(timeline)
    for definition in _OTHERS:
        row |= _both(definition.value, others[definition], salon)
    return row


async def _present(connection: Connection, salon: SalonProfile) -> SalonProfile:
    """The salon as last imported: measured in the hours of an older file, a day would take them for the newest."""
    row = await (await connection.execute(REVISION, {"salon": salon.id})).fetchone()
    if row is None or row["revision"] <= salon.revision:
        return salon
    return await load_salon(connection, salon_id=salon.id)


def _last_stamp(timeline: Timeline) -> datetime:
    stamps = [message.received_at for message in timeline.inbound]
    stamps += [message.given_at for message in timeline.outbound if message.given_at is not None]
    stamps += [call.at for call in timeline.calls]
    return max([*stamps, timeline.closed_at] if timeline.closed_at is not None else stamps)


def micros(seconds: float | None) -> int | None:
    """Whole microseconds: stamps have no finer grain, so nothing is lost."""
    return None if seconds is None else round(seconds * 1_000_000)


def _both(stem: str, span: Span, salon: SalonProfile) -> dict[str, int | None]:
    return {f"{stem}_us": micros(span.seconds()), f"{stem}_working_us": micros(span.seconds(salon.hours))}


def _single(seconds: Seconds | None, name: Measure) -> float | None:
    value: float | None = getattr(seconds, name.value) if seconds is not None else None
    return value


def _has_open(found: Measures) -> bool:
    return any(span.end is None and span.released_at is None for spans in found.spans.values() for span in spans)
