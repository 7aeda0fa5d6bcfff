"""Which days are in step: with their enquiries, and with the opening hours their working seconds were measured in.

A day remembers a fingerprint of the hours it rests on, from its own morning to the last stamp of its enquiries. When
the salon's file changes, days whose hours came out different are measured again, and only those: whoever adds a
holiday for next month leaves history alone, and whoever adds yesterday's corrects yesterday.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from responder.db.engine import Connection
from responder.hours import OpeningHours
from responder.salon.profile import SalonProfile

KNOWN_DAYS = "SELECT day, reaches FROM rollup_day WHERE salon_id = %(salon)s AND day = ANY(%(days)s)"

MARK_STALE = """
INSERT INTO rollup_day (salon_id, day, reaches, hours_digest, hours_revision)
SELECT %(salon)s, given.day, given.reaches, given.digest, %(revision)s
FROM unnest(%(days)s::date[], %(reaches)s::date[], %(digests)s::text[]) AS given (day, reaches, digest)
ON CONFLICT (salon_id, day) DO UPDATE SET is_stale = true, reaches = EXCLUDED.reaches,
    hours_digest = EXCLUDED.hours_digest
WHERE NOT rollup_day.is_stale OR rollup_day.reaches IS DISTINCT FROM EXCLUDED.reaches
   OR rollup_day.hours_digest <> EXCLUDED.hours_digest
"""

FIND_OUT_OF_DATE = """
SELECT day, COALESCE(reaches, day) AS reaches, hours_digest FROM rollup_day
WHERE salon_id = %(salon)s AND hours_revision <> %(revision)s
"""

KEEP_DAYS = "UPDATE rollup_day SET hours_revision = %(revision)s WHERE salon_id = %(salon)s AND day = ANY(%(days)s)"

MEASURE_DAYS_AGAIN = """
WITH again AS (
    INSERT INTO measures_due (salon_id, enquiry_id)
    SELECT salon_id, enquiry_id FROM enquiry_measures WHERE salon_id = %(salon)s AND day = ANY(%(days)s)
    ORDER BY enquiry_id
)
UPDATE rollup_day d SET is_stale = true, hours_digest = given.digest, hours_revision = %(revision)s
FROM unnest(%(days)s::date[], %(digests)s::text[]) AS given (day, digest)
WHERE d.salon_id = %(salon)s AND d.day = given.day
"""


async def mark_days(connection: Connection, salon: SalonProfile, reaches: Mapping[date, date]) -> None:
    """These days are to be counted again; each with the day of the last stamp its newly measured enquiries rest on.
    Inside a transaction that holds the salon's lock."""
    days = sorted(reaches)
    values: dict[str, Any] = {"salon": salon.id, "revision": salon.revision, "days": days}
    known = {row["day"]: row["reaches"] for row in await _fetch(connection, KNOWN_DAYS, values)}
    lasts = [max(reaches[day], known.get(day) or day) for day in days]
    digests = [hours_digest(salon.hours, day, last) for day, last in zip(days, lasts, strict=True)]
    await connection.execute(MARK_STALE, values | {"reaches": lasts, "digests": digests})


async def follow_hours(connection: Connection, salon: SalonProfile) -> int:
    """Mark the enquiries of every day whose opening hours are not those it was measured in; gives how many days. One
    look that finds nothing unless the salon's file was imported anew. Inside a transaction that holds its lock."""
    values: dict[str, Any] = {"salon": salon.id, "revision": salon.revision}
    same: list[date] = []
    other: dict[date, str] = {}
    for row in await _fetch(connection, FIND_OUT_OF_DATE, values):
        digest = hours_digest(salon.hours, row["day"], row["reaches"])
        if digest == row["hours_digest"]:
            same.append(row["day"])
        else:
            other[row["day"]] = digest
    if same:
        await connection.execute(KEEP_DAYS, values | {"days": same})
    if other:
        await connection.execute(MEASURE_DAYS_AGAIN, values | {"days": list(other), "digests": list(other.values())})
    return len(other)


def hours_digest(hours: OpeningHours, first: date, last: date) -> str:
    """A fingerprint of all that opening hours and zone can say of waits inside these local days."""
    spans = ";".join(f"{start.isoformat()}/{end.isoformat()}" for start, end in hours.spans(first, last))
    return hashlib.sha256(f"{hours.zone.key}|{first}|{spans}".encode()).hexdigest()[:32]


async def _fetch(connection: Connection, statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return await (await connection.execute(statement, values)).fetchall()
