"""Books of one snapshot: which enquiries a query is about, and whether their counted days can tell what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

import numpy as np

from responder.db.engine import Connection
from responder.reports.books import Book, CellBook, RowBook
from responder.reports.columns import Elapsed, Rows, elapsed_at
from responder.reports.counted import Counted, count_cells
from responder.reports.counting import Asked, Loose, can_count, parts_of
from responder.reports.entries import Cells, Side
from responder.reports.labels import Names, cell_labels, row_labels
from responder.reports.marks import By, number_of
from responder.reports.memory import Memory
from responder.reports.query import ReportQuery
from responder.reports.rollups import CountedDays
from responder.reports.working import WorkingTime
from responder.timing.counts import Bools

EXACT_UP_TO = 10_000  # enquiries of a period: so many are counted one by one in less time than it takes to notice
SETTLEMENT_KNOWN_AFTER = timedelta(days=9)
# one picture of the figures, each statement planned for the days it is about: a plan for any days starts two workers to
# read ten thousand rows, which takes longer than reading them
SNAPSHOT = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL max_parallel_workers_per_gather = 0
"""

COUNTED = """
SELECT COALESCE(sum(counters[1]), 0)::bigint AS n FROM rollup
WHERE salon_id = %(salon)s AND side = 'day' AND days = 1 AND day BETWEEN %(first)s AND %(last)s
"""

IS_SMALL = """
SELECT count(*) <= %(most)s AS is_small FROM (
    SELECT FROM enquiry_measures WHERE salon_id = %(salon)s AND day BETWEEN %(first)s AND %(last)s LIMIT %(most)s + 1
) AS found
"""

CHANNELS = "SELECT id, kind FROM channel_account WHERE salon_id = %(salon)s"
OPERATORS = "SELECT id, key FROM operator WHERE salon_id = %(salon)s"


class Library:
    """Books of one snapshot; what they are made of is read once."""

    def __init__(
        self,
        connection: Connection,
        query: ReportQuery,
        names: Names,
        *,
        memory: Memory,
        now: datetime,
        exact_up_to: int,
    ) -> None:
        self._memory = memory
        self._connection, self._names, self._exact_up_to = connection, names, exact_up_to
        self._elapsed = elapsed_of(query, now)
        self._known_until = known_until(query, now)
        self._counted_days: dict[date, CountedDays] = {}
        self._all_rows: dict[date, Rows] = {}
        self._all_loose: dict[date, Loose] = {}
        self._small: dict[date, bool] = {}

    async def book(self, query: ReportQuery, asked: Sequence[Asked], *, by: By | None = None) -> Book:
        """What the question can be read from: counted days where they tell, else the enquiries themselves."""
        chosen = query.chosen
        cells_cannot_tell = by is not None and by.is_person and chosen.is_about_marks
        if chosen.people or cells_cannot_tell or not can_count(asked) or await self._is_small(query):
            return await self._of_rows(query)
        days = self._days(query)
        return CellBook(
            counted=await self._counted(days, query, tuple(asked), by),
            loose=await self._loose(days, query),
            elapsed=self._elapsed,
            names=self._names,
        )

    async def _counted(
        self, days: CountedDays, query: ReportQuery, asked: tuple[Asked, ...], by: By | None
    ) -> Callable[[], Counted]:
        """What counted days answer: remembered, or still to be counted out of cells that are read here."""
        names, known_until = self._names, number_of(self._known_until)
        rests_on = tuple((await days.fresh()).items())
        question = (query.salon.id, query.chosen, rests_on, by, asked, known_until, names.key)
        found = self._memory.counted.find(question)
        if found is not None:
            return lambda: found
        parts = parts_of(asked, hourly=by is not None and by.is_hourly)
        cells = await days.cells(_side(query, by), parts, in_weeks=by is not By.DAY)

        def counted() -> Counted:
            chosen = cells.where(self._cells_chosen(cells, query)).known_until(known_until)
            answer = count_cells(chosen, by, asked, names)
            self._memory.counted.keep(question, answer)
            return answer

        return counted

    async def _loose(self, days: CountedDays, query: ReportQuery) -> Loose:
        if query.since not in self._all_loose:
            place = (query.salon.id, query.since, query.until)
            read = await days.loose(self._memory.read.find(place))
            self._memory.read.keep(place, read)
            chosen = rows_chosen(read.rows, query, self._names)
            rows = read.rows.known_until(number_of(self._known_until)).where(chosen)
            counted = [number_of(day) for day in await days.fresh()]
            self._all_loose[query.since] = Loose(
                rows=rows,
                standing=read.standing.where(chosen),
                is_counted=np.isin(rows.facts["day"], counted),
            )
        return self._all_loose[query.since]

    async def _of_rows(self, query: ReportQuery) -> Book:
        if query.since not in self._all_rows:
            rows = await self._days(query).rows()
            rows = rows.where(rows_chosen(rows, query, self._names))
            self._all_rows[query.since] = rows.known_until(number_of(self._known_until))
        return RowBook(rows=self._all_rows[query.since], elapsed=self._elapsed, names=self._names)

    def _days(self, query: ReportQuery) -> CountedDays:
        if query.since not in self._counted_days:
            self._counted_days[query.since] = CountedDays(
                self._connection,
                salon_id=query.salon.id,
                first=query.since,
                last=query.until,
                splits_after=self._known_until,
            )
        return self._counted_days[query.since]

    async def _is_small(self, query: ReportQuery) -> bool:
        if query.since not in self._small:
            values = {
                "salon": query.salon.id,
                "first": query.since,
                "last": query.until,
                "most": self._exact_up_to,
            }
            counted = await (await self._connection.execute(COUNTED, values)).fetchone()
            if counted is not None and counted["n"] > 2 * self._exact_up_to:  # those of stale days may have changed
                self._small[query.since] = False
            else:
                row = await (await self._connection.execute(IS_SMALL, values)).fetchone()
                self._small[query.since] = row is not None and row["is_small"]
        return self._small[query.since]

    def _cells_chosen(self, cells: Cells, query: ReportQuery) -> Bools:
        which = np.ones(len(cells), dtype=bool)
        for by, values in _choices(query):
            which &= cell_labels(cells, by, self._names).isin(values)
        return which


async def read_names(connection: Connection, salon_id: int) -> Names:
    values = {"salon": salon_id}
    channels = await (await connection.execute(CHANNELS, values)).fetchall()
    operators = await (await connection.execute(OPERATORS, values)).fetchall()
    return Names(
        channels={row["id"]: row["kind"] for row in channels},
        operators={str(row["id"]): row["key"] for row in operators},
    )


def elapsed_of(query: ReportQuery, now: datetime) -> Mapping[bool, Elapsed]:
    """How long what goes on has lasted at `now`, in calendar (False) and in working time (True); for the period of the
    query and the one before it."""
    first = datetime.combine(query.before.since, time(), tzinfo=query.salon.zone)
    working = WorkingTime(query.salon.hours, first=first - timedelta(days=1), last=now)
    return {False: elapsed_at(now), True: elapsed_at(now, working)}


def known_until(query: ReportQuery, now: datetime) -> date:
    """The last day of arrival of which it is known who came back: a day to be resolved in, and the week after it."""
    return now.astimezone(query.salon.zone).date() - SETTLEMENT_KNOWN_AFTER


def rows_chosen(rows: Rows, query: ReportQuery, names: Names) -> Bools:
    """Which of the enquiries have the marks a query asks for."""
    which = np.ones(len(rows), dtype=bool)
    for by, values in _choices(query):
        which &= row_labels(rows, by, names).isin(values)
    return which


def _side(query: ReportQuery, by: By | None) -> Side:
    """The coarsest cells that tell."""
    is_chosen = bool(_choices(query))
    if by is not None and by.is_person:
        return Side(f"{by.value}_by_channel") if is_chosen else Side(by.value)
    if is_chosen:
        return Side.CELL
    return Side(by.value) if by in (By.CHANNEL, By.SOURCE, By.CATEGORY, By.PRIORITY) else Side.DAY


def _choices(query: ReportQuery) -> list[tuple[By, list[str]]]:
    chosen = query.chosen
    every = {
        By.CHANNEL: chosen.channels,
        By.SOURCE: chosen.sources,
        By.CATEGORY: chosen.categories,
        By.PRIORITY: chosen.priorities,
        By.OPERATOR: chosen.operators,
        By.SPECIALIST: chosen.specialists,
    }
    return [(by, sorted(values)) for by, values in every.items() if values]
