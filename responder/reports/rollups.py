"""Counted days: built from kept measures, read back whole, and read from the enquiries themselves where a day is stale.

A day is counted as a whole in one transaction. Today, and a day in which something changed since, is read from its
enquiries through the same counting, so that a figure is exact at every moment and nobody waits for a hot row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.rows import tuple_row

from responder.db.engine import Connection, Database
from responder.reports.columns import Rows
from responder.reports.entries import (
    MARKS,
    Cells,
    Part,
    Side,
    cells_of,
    ended_waits,
    read_cells,
)
from responder.reports.keeping import LOCK_SALON
from responder.reports.marks import day_of, number_of
from responder.reports.reading import Versioned, read_loose, read_rows
from responder.salon.profile import SalonProfile

FRESH_DAYS = """
SELECT day, xmin::text AS counted_in FROM rollup_day
WHERE salon_id = %(salon)s AND NOT is_stale AND day BETWEEN %(first)s AND %(last)s ORDER BY day
"""

STALE_DAYS = """
SELECT day FROM rollup_day WHERE salon_id = %(salon)s AND is_stale AND day < %(today)s ORDER BY day LIMIT %(limit)s
"""

DAYS_KEPT = "SELECT DISTINCT day FROM enquiry_measures WHERE salon_id = %(salon)s AND day >= %(first)s ORDER BY day"

# a day of a week that was counted after the week would have forgotten it
WHOLE_WEEKS = """
SELECT w.day FROM rollup w
WHERE w.salon_id = %(salon)s AND w.side = 'day' AND w.days = 7 AND w.day BETWEEN %(first)s AND %(last)s - 6
  AND NOT EXISTS (SELECT 1 FROM rollup_day d
                  WHERE d.salon_id = w.salon_id AND d.day BETWEEN w.day AND w.day + 6 AND d.is_stale)
"""

READ = """
SELECT day, channel_account_id, source, category, priority, person, counters, {parts}
FROM rollup WHERE salon_id = %(salon)s AND side = %(side)s
  AND (days = 1 AND day = ANY(%(days)s) OR days = 7 AND day = ANY(%(weeks)s))
"""

FORGET = """
DELETE FROM rollup WHERE salon_id = %(salon)s AND (days = 1 AND day = %(day)s OR days = 7 AND day = %(monday)s)
"""

STORE = """
INSERT INTO rollup (salon_id, day, days, side, person, channel_account_id, source, category, priority, counters, short,
    short_working, more, hourly)
VALUES (%(salon)s, %(day)s, %(days)s, %(side)s, %(person)s, %(account)s, %(source)s, %(category)s, %(priority)s,
    %(counters)s, %(short)s, %(short_working)s, %(more)s, %(hourly)s)
"""

MARK_FRESH = """
INSERT INTO rollup_day (salon_id, day, is_stale) VALUES (%(salon)s, %(day)s, false)
ON CONFLICT (salon_id, day) DO UPDATE SET is_stale = false
"""


async def count_day(connection: Connection, *, salon_id: int, day: date) -> None:
    """Count a day anew, inside the caller's transaction, and its week if that was its last day to be counted."""
    await connection.execute(LOCK_SALON, {"salon": salon_id})
    monday = day - timedelta(days=day.weekday())
    await connection.execute(FORGET, {"salon": salon_id, "day": day, "monday": monday})
    rows = await read_rows(connection, salon_id=salon_id, days=[day])
    # in a thread: a busy day takes a few hundred milliseconds, and others are waiting for their answers
    await _store(connection, salon_id, await asyncio.to_thread(lambda: list(_stored(rows))))
    await connection.execute(MARK_FRESH, {"salon": salon_id, "day": day})
    week = CountedDays(connection, salon_id=salon_id, first=monday, last=monday + timedelta(days=6))
    if await week.is_counted():
        await _store(connection, salon_id, await _week(week, monday))


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


class CountedDays:
    """The days `first`..`last` of a salon, both included, read part by part as they are asked for; for one consistent
    picture inside a repeatable-read transaction. No week is read as one that has days on both sides of
    `splits_after`."""

    def __init__(
        self, connection: Connection, *, salon_id: int, first: date, last: date, splits_after: date = date.max
    ) -> None:
        self._connection, self._salon_id, self._splits_after = connection, salon_id, splits_after
        self._days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
        self._fresh: dict[date, str] | None = None
        self._weeks: list[date] | None = None
        self._loose: Versioned | None = None
        self._read: dict[tuple[Side, tuple[Part, ...], bool], Cells] = {}

    async def cells(self, side: Side, parts: tuple[Part, ...], *, in_weeks: bool = False) -> Cells:
        """The cells of one side of the counted days, with these parts of their entries; with `in_weeks` those of whole
        weeks put together where they were kept so."""
        in_weeks = in_weeks and set(parts) <= set(side.parts_of_week)
        if (side, parts, in_weeks) not in self._read:
            weeks = await self._whole_weeks() if in_weeks else []
            inside = {week + timedelta(days=at) for week in weeks for at in range(7)}
            days = [day for day in await self.fresh() if day not in inside]
            query = READ.format(parts=" || ".join(part.value for part in parts) or "''::bytea")
            values = {"salon": self._salon_id, "days": days, "weeks": weeks, "side": side.value}
            self._read[side, parts, in_weeks] = read_cells(await _fetch(self._connection, query, values))
        return self._read[side, parts, in_weeks]

    async def is_counted(self) -> bool:
        """Whether every day was counted; a day without enquiries is none."""
        return len(await self.fresh()) == len(self._days)

    async def loose(self, known: Versioned | None = None) -> Versioned:
        """What the counted days do not hold, all of it read in this snapshot; `known` may spare reading most of it."""
        if self._loose is None:
            fresh = await self.fresh()
            stale = sorted(set(self._days) - set(fresh))
            self._loose = await read_loose(
                self._connection, salon_id=self._salon_id, days=stale, open_days=list(fresh), known=known
            )
        return self._loose

    async def rows(self) -> Rows:
        """Every enquiry by itself."""
        return await read_rows(self._connection, salon_id=self._salon_id, days=self._days)

    async def fresh(self) -> dict[date, str]:
        """The counted days, each with the transaction that counted it: as long as that is the same, so are the rows of
        the day, and those of the weeks that are made of such days."""
        if self._fresh is None:
            self._fresh = {row["day"]: row["counted_in"] for row in await self._found(FRESH_DAYS)}
        return self._fresh

    async def _whole_weeks(self) -> list[date]:
        if self._weeks is None:
            weeks = [row["day"] for row in await self._found(WHOLE_WEEKS)]
            self._weeks = [week for week in weeks if not week <= self._splits_after < week + timedelta(days=6)]
        return self._weeks

    async def _found(self, query: str) -> list[dict[str, Any]]:
        period = {"salon": self._salon_id, "first": self._days[0], "last": self._days[-1]}
        return await (await self._connection.execute(query, period)).fetchall()


def _stored(rows: Rows) -> Iterator[dict[str, Any]]:
    """The rows of a day's cells, of every side and every part of them."""
    ended = ended_waits(rows)
    for side in Side:
        parts = {part: cells_of(rows, side, [part], ended=ended) for part in side.parts}
        yield from _rows_of(side, cells_of(rows, side, [], ended=ended), parts, days=1)


async def _week(days: CountedDays, monday: date) -> list[dict[str, Any]]:
    """The rows of a whole week: the cells of its days put together."""
    stored: list[dict[str, Any]] = []
    for side in Side:
        if side.parts_of_week:
            parts = {
                part: (await days.cells(side, (part,))).put_together(number_of(monday)) for part in side.parts_of_week
            }
            stored += _rows_of(side, parts[Part.SHORT], parts, days=7)
    return stored


def _rows_of(side: Side, cells: Cells, parts: Mapping[Part, Cells], *, days: int) -> Iterator[dict[str, Any]]:
    entries = {part: dict(of_part.split()) for part, of_part in parts.items()}
    for at in range(len(cells)):
        yield {
            "side": side.value,
            "day": day_of(int(cells.day[at])),
            "days": days,
            "person": str(cells.names["person"][at]),
            "account": int(cells.account[at]),
            **{name: str(cells.names[name][at]) for name in MARKS},
            "counters": cells.counters[at].tolist(),
            **{part.value: entries[part][at] if part in entries else b"" for part in Part},
        }


async def _store(connection: Connection, salon_id: int, stored: Sequence[dict[str, Any]]) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(STORE, [{"salon": salon_id} | row for row in stored])


async def _fetch(connection: Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()
