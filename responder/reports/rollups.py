"""Counted days: built from kept measures, read back whole, and read from the enquiries themselves where a day is stale.

A day is counted as a whole in one transaction. Today, and a day in which something changed since, is read from its
enquiries through the same counting, so that a figure is exact at every moment and nobody waits for a hot row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.rows import tuple_row

from responder.db.engine import Connection, Database
from responder.reports.columns import Rows, read_rows
from responder.reports.entries import MARKS, Cells, Ended, Part, Side, cells_of, day_of, ended_waits, read_cells
from responder.reports.keeping import LOCK_SALON
from responder.salon.profile import SalonProfile

FRESH_DAYS = """
SELECT day FROM rollup_day WHERE salon_id = %(salon)s AND NOT is_stale AND day BETWEEN %(first)s AND %(last)s
"""

STALE_DAYS = """
SELECT day FROM rollup_day WHERE salon_id = %(salon)s AND is_stale AND day < %(today)s ORDER BY day LIMIT %(limit)s
"""

DAYS_KEPT = "SELECT DISTINCT day FROM enquiry_measures WHERE salon_id = %(salon)s AND day >= %(first)s ORDER BY day"

READ = """
SELECT day, channel_account_id, source, category, priority, person, counters, {parts}
FROM rollup WHERE salon_id = %(salon)s AND day = ANY(%(days)s) AND side = %(side)s
"""

FORGET = "DELETE FROM rollup WHERE salon_id = %(salon)s AND day = %(day)s"

STORE = """
INSERT INTO rollup (salon_id, day, side, person, channel_account_id, source, category, priority, counters, short,
    short_working, more, hourly)
VALUES (%(salon)s, %(day)s, %(side)s, %(person)s, %(account)s, %(source)s, %(category)s, %(priority)s, %(counters)s,
    %(short)s, %(short_working)s, %(more)s, %(hourly)s)
"""

MARK_FRESH = """
INSERT INTO rollup_day (salon_id, day, is_stale) VALUES (%(salon)s, %(day)s, false)
ON CONFLICT (salon_id, day) DO UPDATE SET is_stale = false
"""


async def count_day(connection: Connection, *, salon_id: int, day: date) -> None:
    """Count a day anew, inside the caller's transaction."""
    await connection.execute(LOCK_SALON, {"salon": salon_id})
    values = {"salon": salon_id, "day": day}
    await connection.execute(FORGET, values)
    rows = await read_rows(connection, salon_id=salon_id, days=[day])
    # in a thread: a busy day takes a few hundred milliseconds, and others are waiting for their answers
    stored = await asyncio.to_thread(lambda: [values | row for side in Side for row in _stored(rows, side)])
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


class Shelf:
    """The days `first`..`last` of a salon, both included, read part by part as they are asked for; for one consistent
    picture inside a repeatable-read transaction."""

    def __init__(self, connection: Connection, *, salon_id: int, first: date, last: date) -> None:
        self._connection, self._salon_id = connection, salon_id
        self._first, self._last = first, last
        self._fresh: list[date] | None = None
        self._stale_rows: tuple[Rows, Ended] | None = None
        self._waiting: Rows | None = None
        self._read: dict[tuple[Side, tuple[Part, ...]], Cells] = {}

    async def cells(self, side: Side, parts: tuple[Part, ...]) -> Cells:
        """The cells of one side with these parts of their entries."""
        if (side, parts) not in self._read:
            values = {"salon": self._salon_id, "days": await self._fresh_days(), "side": side.value}
            query = READ.format(parts=" || ".join(part.value for part in parts))
            stored = read_cells(await _fetch(self._connection, query, values))
            rows, ended = await self._stale()
            self._read[side, parts] = Cells.joined([stored, cells_of(rows, side, parts, ended=ended)])
        return self._read[side, parts]

    async def waiting(self) -> Rows:
        """The enquiries of whom something is still awaited."""
        if self._waiting is None:
            self._waiting = await self._rows(self._days(), only_open=True)
        return self._waiting

    async def rows(self) -> Rows:
        """Every enquiry by itself."""
        return await self._rows(self._days())

    async def _stale(self) -> tuple[Rows, Ended]:
        if self._stale_rows is None:
            fresh = set(await self._fresh_days())
            rows = await self._rows([day for day in self._days() if day not in fresh])
            self._stale_rows = rows, ended_waits(rows)
        return self._stale_rows

    async def _rows(self, days: list[date], *, only_open: bool = False) -> Rows:
        return await read_rows(self._connection, salon_id=self._salon_id, days=days, only_open=only_open)

    async def _fresh_days(self) -> list[date]:
        if self._fresh is None:
            period = {"salon": self._salon_id, "first": self._first, "last": self._last}
            found = await (await self._connection.execute(FRESH_DAYS, period)).fetchall()
            self._fresh = [row["day"] for row in found]
        return self._fresh

    def _days(self) -> list[date]:
        return [self._first + timedelta(days=at) for at in range((self._last - self._first).days + 1)]


def _stored(rows: Rows, side: Side) -> Iterator[dict[str, Any]]:
    """The rows of a side's cells, every part of them."""
    parts = {part: dict(cells.split()) for part in Part for cells in (cells_of(rows, side, [part]),)}
    cells = cells_of(rows, side, [])
    for at in range(len(cells)):
        yield {
            "side": side.value,
            "day": day_of(int(cells.day[at])),
            "person": str(cells.names["person"][at]),
            "account": int(cells.account[at]),
            **{name: str(cells.names[name][at]) for name in MARKS},
            "counters": cells.counters[at].tolist(),
            **{part.value: entries[at] for part, entries in parts.items()},
        }


async def _fetch(connection: Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()
