"""Counted days: built from kept measures, read back whole, and read from the enquiries themselves where a day is stale.

A day is counted as a whole in one transaction. Today, and a day in which something changed since, is read from its
enquiries through the same counting, so that a figure is exact at every moment and nobody waits for a hot row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from psycopg.rows import tuple_row

from responder.db.engine import Connection, Database
from responder.reports.columns import Names, Rows, read_rows
from responder.reports.entries import MARKS, Cells, cells_of_people, cells_of_rows, day_of, read_cells
from responder.reports.keeping import LOCK_SALON
from responder.salon.profile import SalonProfile

SIDES = ("operator", "specialist")

FRESH_DAYS = """
SELECT day FROM rollup_day WHERE salon_id = %(salon)s AND NOT is_stale AND day BETWEEN %(first)s AND %(last)s
"""

STALE_DAYS = """
SELECT day FROM rollup_day WHERE salon_id = %(salon)s AND is_stale AND day < %(today)s ORDER BY day LIMIT %(limit)s
"""

DAYS_KEPT = "SELECT DISTINCT day FROM enquiry_measures WHERE salon_id = %(salon)s AND day >= %(first)s ORDER BY day"

READ = """
SELECT side, day, channel_account_id, source, category, priority, person, counters, entries
FROM rollup WHERE salon_id = %(salon)s AND day = ANY(%(days)s)
"""

FORGET = "DELETE FROM rollup WHERE salon_id = %(salon)s AND day = %(day)s"

STORE = """
INSERT INTO rollup (salon_id, day, side, person, channel_account_id, source, category, priority, counters, entries)
VALUES (%(salon)s, %(day)s, %(side)s, %(person)s, %(account)s, %(source)s, %(category)s, %(priority)s, %(counters)s,
    %(entries)s)
"""

MARK_FRESH = """
INSERT INTO rollup_day (salon_id, day, is_stale) VALUES (%(salon)s, %(day)s, false)
ON CONFLICT (salon_id, day) DO UPDATE SET is_stale = false
"""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Some days of a salon: the cells of everything and of single people, and the enquiries that something is still
    awaited of."""

    cells: Cells
    people: dict[str, Cells]  # by side
    waiting: Rows


async def count_day(connection: Connection, *, salon_id: int, day: date) -> None:
    """Count a day anew, inside the caller's transaction."""
    await connection.execute(LOCK_SALON, {"salon": salon_id})
    values = {"salon": salon_id, "day": day}
    await connection.execute(FORGET, values)
    rows = await read_rows(connection, salon_id=salon_id, days=[day])
    stored = [values | row for row in _stored("cell", cells_of_rows(rows))]
    for side in SIDES:
        stored += [values | row for row in _stored(side, cells_of_people(rows, people_of(rows, side)))]
    async with connection.cursor() as cursor:
        await cursor.executemany(STORE, stored)
    await connection.execute(MARK_FRESH, values)


async def count_stale_days(database: Database, salon: SalonProfile, *, now: datetime, limit: int = 10) -> int:
    """Count days that are over and changed since they were counted, at most `limit`; gives how many there were."""
    today = now.astimezone(salon.zone).date()
    async with database.connection() as connection:
        cursor = await connection.execute(STALE_DAYS, {"salon": salon.id, "today": today, "limit": limit})
        days = [row["day"] for row in await cursor.fetchall()]
    for day in days:
        async with database.transaction() as connection:
            await count_day(connection, salon_id=salon.id, day=day)
    return len(days)


async def read_counted(connection: Connection, *, salon_id: int, first: date, last: date) -> Counted:
    """The days `first`..`last`, both included; for one consistent picture inside a repeatable-read transaction."""
    period = {"salon": salon_id, "first": first, "last": last}
    fresh = {row["day"] for row in await (await connection.execute(FRESH_DAYS, period)).fetchall()}
    days = list(_days(first, last))
    stored = await _fetch(connection, READ, {"salon": salon_id, "days": sorted(fresh)})
    rows = await read_rows(connection, salon_id=salon_id, days=[day for day in days if day not in fresh])
    waiting = await read_rows(connection, salon_id=salon_id, days=days, only_open=True)
    return Counted(
        cells=Cells.joined([_side(stored, "cell"), cells_of_rows(rows)]),
        people={
            side: Cells.joined([_side(stored, side), cells_of_people(rows, people_of(rows, side))]) for side in SIDES
        },
        waiting=waiting,
    )


def people_of(rows: Rows, side: str) -> Names:
    """Who each enquiry is put to the account of: the operator's id as text, or the specialist's key; "" for nobody."""
    if side == "specialist":
        return rows.names["specialist"]
    operator = rows.facts["operator"]
    return np.where(operator > 0, operator.astype(np.str_), "")


def _stored(side: str, cells: Cells) -> Iterator[dict[str, Any]]:
    for at, entries in cells.split():
        yield {
            "side": side,
            "day": day_of(int(cells.day[at])),
            "person": str(cells.names["person"][at]),
            "account": int(cells.account[at]),
            **{name: str(cells.names[name][at]) for name in MARKS},
            "counters": cells.counters[at].tolist(),
            "entries": entries,
        }


def _side(stored: list[tuple[Any, ...]], side: str) -> Cells:
    return read_cells([row[1:] for row in stored if row[0] == side])


async def _fetch(connection: Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)
