"""How fast the bot and the people answered, separately, and what came of it: one question, one answer, every mark.

Grouped by arrival: what counts is when the customer wrote, not when somebody got round to answering. What is read here
was measured by `timing.measures.measure` and counted by the rules of `timing.statistics`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from responder.db.engine import Connection, Database
from responder.reports.books import Book, By, CellBook, Cut, Names, RowBook, cell_labels, row_labels
from responder.reports.columns import Rows, elapsed_at
from responder.reports.counting import Asked, can_count, parts_of
from responder.reports.entries import Cells, Side
from responder.reports.keeping import bring_up_to_date
from responder.reports.query import ReportQuery, make_query
from responder.reports.rollups import Shelf
from responder.reports.working import WorkingTime
from responder.salon.profile import SalonProfile
from responder.timing.counts import Bools
from responder.timing.definitions import Definition
from responder.timing.measures import Measure
from responder.timing.statistics import AnsweredFirst, Figure
from responder.timing.timeline import Exclusion

IN_SHORT = (Measure.FIRST_USEFUL, Measure.BOT_FRT, Measure.HUMAN_FRT, Measure.HUMAN_WAIT)
EVERY_CUT = tuple(By)
EXACT_UP_TO = 10_000  # enquiries of a period: so many are counted one by one in less time than it takes to notice

IS_SMALL = """
SELECT count(*) <= %(most)s AS is_small FROM (
    SELECT FROM enquiry_measures WHERE salon_id = %(salon)s AND day BETWEEN %(first)s AND %(last)s LIMIT %(most)s + 1
) AS found
"""

CHANNELS = "SELECT id, kind FROM channel_account WHERE salon_id = %(salon)s"
OPERATORS = "SELECT id, key FROM operator WHERE salon_id = %(salon)s"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Enquiries that share a mark, or all of them (`by` None). `value` is the mark; of a day, week or hour its number
    (days since 1970, hours of the day or of the week). `arrivals` are the counted ones; `excluded` further ones by
    reason; `skewed` those whose messenger's clock ran ahead of ours. By hours only arrivals and figures are known."""

    by: By | None
    value: str | int | None
    arrivals: int
    excluded: Mapping[Exclusion, int]
    calendar: Mapping[Measure, Figure]
    working: Mapping[Measure, Figure]
    answered_first: AnsweredFirst
    booked: int
    handed_off: int
    resolved: int
    settled_at_once: int
    skewed: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures of the enquiries that arrived in the period asked for, as they stood at `now`."""

    query: ReportQuery
    now: datetime
    total: Group
    previous: Group | None
    cuts: Mapping[By, tuple[Group, ...]]

    @property
    def channels(self) -> tuple[Group, ...]:
        return self.cuts.get(By.CHANNEL, ())

    @property
    def since(self) -> datetime:
        return datetime.combine(self.query.since, time(), tzinfo=self.query.salon.zone)

    @property
    def until(self) -> datetime:
        """The end of the period, or now while it is not over."""
        end = datetime.combine(self.query.until + timedelta(days=1), time(), tzinfo=self.query.salon.zone)
        return min(end, self.now)


async def run_report(
    database: Database,
    query: ReportQuery,
    *,
    now: datetime,
    by: Sequence[By] = EVERY_CUT,
    in_full: Sequence[By] = (),
    with_previous: bool = True,
    exact_up_to: int = EXACT_UP_TO,
) -> Report:
    """Answer a query, cut by each mark of `by`, with the measures of `IN_SHORT` in the time asked for or, for the marks
    of `in_full`, with all in both. Nothing in it is older than the stamps. Shares and counts are exact; so are the
    quantiles of a period of at most `exact_up_to` enquiries, those of a longer one are within 1 %."""
    await bring_up_to_date(database, query.salon, now=now)
    async with database.transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        names = await _names(connection, query.salon.id)
        library = _Library(connection, query, names, now=now, exact_up_to=exact_up_to)
        full = _asked(query, list(Measure))
        short = [ask for ask in _asked(query, IN_SHORT) if ask.is_working == query.is_working]
        book = await library.book(query, full)
        cuts: dict[By, tuple[Group, ...]] = {}
        for mark in by:
            asked = _hourly(full) if mark.is_hourly else full if mark in in_full else short
            place = await library.book(query, asked, by=mark)
            cuts[mark] = tuple(_group(mark, cut, asked) for cut in place.cut(mark, asked))
        previous = None
        if with_previous:
            before = await library.book(query.before, full)
            previous = _group(None, before.total(full), full)
    return Report(query=query, now=now, total=_group(None, book.total(full), full), previous=previous, cuts=cuts)


async def response_report(database: Database, *, salon: SalonProfile, now: datetime, days: int = 30) -> Report:
    """What the terminal shows: the last `days` local days, today included, by channel. Raises `BadQuery`."""
    query = make_query(salon, now=now, days=days)
    return await run_report(database, query, now=now, by=(By.CHANNEL,), in_full=(By.CHANNEL,), with_previous=False)


class _Library:
    """Books of one snapshot, each opened once."""

    def __init__(
        self, connection: Connection, query: ReportQuery, names: Names, *, now: datetime, exact_up_to: int
    ) -> None:
        self._connection, self._names, self._exact_up_to = connection, names, exact_up_to
        first = datetime.combine(query.before.since, time(), tzinfo=query.salon.zone)
        working = WorkingTime(query.salon.hours, first=first - timedelta(days=1), last=now)
        self._elapsed = {False: elapsed_at(now), True: elapsed_at(now, working)}
        self._shelves: dict[date, Shelf] = {}
        self._all_rows: dict[date, Rows] = {}
        self._small: dict[date, bool] = {}

    async def book(self, query: ReportQuery, asked: Sequence[Asked], *, by: By | None = None) -> Book:
        """What the question can be read from: counted days where they tell, else the enquiries themselves."""
        chosen = query.chosen
        cells_cannot_tell = by is not None and by.is_person and chosen.is_about_marks
        if chosen.people or cells_cannot_tell or not can_count(asked) or await self._is_small(query):
            return await self._of_rows(query)
        shelf = self._shelf(query)
        parts = parts_of(asked, hourly=by is not None and by.is_hourly)
        cells = await shelf.cells(_side(query, by), parts)
        waiting = await shelf.waiting()
        return CellBook(
            cells=cells.where(self._cells_chosen(cells, query)),
            waiting=waiting.where(self._rows_chosen(waiting, query)),
            elapsed=self._elapsed,
            names=self._names,
        )

    async def _of_rows(self, query: ReportQuery) -> Book:
        if query.since not in self._all_rows:
            rows = await self._shelf(query).rows()
            self._all_rows[query.since] = rows.where(self._rows_chosen(rows, query))
        return RowBook(rows=self._all_rows[query.since], elapsed=self._elapsed, names=self._names)

    def _shelf(self, query: ReportQuery) -> Shelf:
        if query.since not in self._shelves:
            self._shelves[query.since] = Shelf(
                self._connection, salon_id=query.salon.id, first=query.since, last=query.until
            )
        return self._shelves[query.since]

    async def _is_small(self, query: ReportQuery) -> bool:
        if query.since not in self._small:
            values = {
                "salon": query.salon.id,
                "first": query.since,
                "last": query.until,
                "most": self._exact_up_to,
            }
            row = await (await self._connection.execute(IS_SMALL, values)).fetchone()
            self._small[query.since] = row is not None and row["is_small"]
        return self._small[query.since]

    def _rows_chosen(self, rows: Rows, query: ReportQuery) -> Bools:
        which = np.ones(len(rows), dtype=bool)
        for by, values in _choices(query):
            which &= np.isin(row_labels(rows, by, self._names), values)
        return which

    def _cells_chosen(self, cells: Cells, query: ReportQuery) -> Bools:
        which = np.ones(len(cells), dtype=bool)
        for by, values in _choices(query):
            which &= np.isin(cell_labels(cells, by, self._names), values)
        return which


def _side(query: ReportQuery, by: By | None) -> Side:
    """The coarsest cells that tell."""
    if by is not None and by.is_person:
        return Side(by.value)
    is_of_marks = by in (By.CHANNEL, By.SOURCE, By.CATEGORY, By.PRIORITY)
    return Side.CELL if is_of_marks or _choices(query) else Side.DAY


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


async def _names(connection: Connection, salon_id: int) -> Names:
    values = {"salon": salon_id}
    channels = await (await connection.execute(CHANNELS, values)).fetchall()
    operators = await (await connection.execute(OPERATORS, values)).fetchall()
    return Names(
        channels={row["id"]: row["kind"] for row in channels},
        operators={str(row["id"]): row["key"] for row in operators},
    )


def _asked(query: ReportQuery, measures: Sequence[Measure]) -> list[Asked]:
    """Every measure in calendar and in working time. By another definition its first reply stands for ours."""
    return [
        Asked(measure=measure, kind=_kind(measure, query.definition), is_working=is_working, within_s=within_s)
        for is_working in (False, True)
        for measure in measures
        for within_s in (query.within_s[measure],)
    ]


def _kind(measure: Measure, definition: Definition) -> str:
    if measure is Measure.FIRST_REPLY and definition is not Definition.TIMING_1:
        return definition.value
    return measure.value.removesuffix("_s")


def _hourly(asked: Sequence[Asked]) -> list[Asked]:
    """What is counted by hours."""
    return [ask for ask in asked if not ask.is_working and ask.measure in (Measure.FIRST_USEFUL, Measure.HUMAN_WAIT)]


def _group(by: By | None, cut: Cut, asked: Sequence[Asked]) -> Group:
    found = list(zip(asked, cut.figures, strict=True))
    calendar = {ask.measure: figure for ask, figure in found if not ask.is_working}
    counters = cut.counters
    arrivals = counters["arrivals"]
    if by is not None and by.is_hourly:
        arrivals = calendar[Measure.FIRST_USEFUL].n + calendar[Measure.FIRST_USEFUL].not_awaited
    return Group(
        by=by,
        value=None if by is None else cut.value,
        arrivals=arrivals,
        excluded={reason: counters[reason.value] for reason in Exclusion},
        calendar=calendar,
        working={ask.measure: figure for ask, figure in found if ask.is_working},
        answered_first=AnsweredFirst(
            bot=counters["first_by_bot"],
            human=counters["first_by_human"],
            other=counters["first_by_other"],
            nobody=counters["first_by_nobody"],
        ),
        booked=counters["booked"],
        handed_off=counters["handed_off"],
        resolved=counters["resolved"],
        settled_at_once=counters["settled_at_once"],
        skewed=counters["skewed"],
    )
