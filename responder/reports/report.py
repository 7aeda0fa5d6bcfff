"""How fast the bot and the people answered, separately, and what came of it: one question, one answer, every mark.

Grouped by arrival: what counts is when the customer wrote, not when somebody got round to answering. What is read here
was measured by `timing.measures.measure` and counted by the rules of `timing.statistics`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from responder.db.engine import Database
from responder.reports.books import Book, Cut
from responder.reports.columns import kind_of
from responder.reports.counting import Asked
from responder.reports.keeping import bring_up_to_date
from responder.reports.library import EXACT_UP_TO, SNAPSHOT, Library, read_names
from responder.reports.marks import By
from responder.reports.memory import memory_of
from responder.reports.query import ReportQuery, make_query
from responder.salon.profile import SalonProfile
from responder.timing.measures import Measure
from responder.timing.statistics import AnsweredFirst, Figure
from responder.timing.timeline import Exclusion

T = TypeVar("T")

IN_SHORT = (Measure.FIRST_USEFUL, Measure.BOT_FRT, Measure.HUMAN_FRT, Measure.HUMAN_WAIT)
EVERY_CUT = tuple(By)
MOST_GROUPS = (By.WEEK_HOUR, By.DAY, By.HOUR)
_WORKERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="report")  # more would only wait for each other


@dataclass(frozen=True, kw_only=True)
class Group:
    """Enquiries that share a mark, or all of them (`by` None). `value` is the mark; of a day, week or hour its number
    (days since 1970, hours of the day or of the week). `arrivals` are the counted ones; `excluded` further ones by
    reason; `skewed` those whose messenger's clock ran ahead of ours. `settlement_known` are those of the resolved that
    arrived long enough ago to tell whether the customer came back within a week, which of `settled_at_once` nobody
    did. By hours only arrivals and figures are known."""

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
    settlement_known: int
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
        await connection.execute(SNAPSHOT)
        names = await read_names(connection, query.salon.id)
        library = Library(connection, query, names, memory=memory_of(database), now=now, exact_up_to=exact_up_to)
        full = _asked(query, list(Measure))
        short = [ask for ask in _asked(query, IN_SHORT) if ask.is_working == query.is_working]
        # worked out in threads, while what comes next is read: numpy lets them run beside each other; the longest first
        total = _work(_total, await library.book(query, full), full)
        cuts: dict[By, asyncio.Future[tuple[Group, ...]]] = {}
        for mark in sorted(by, key=lambda mark: mark not in MOST_GROUPS):
            asked = _hourly(full) if mark.is_hourly else full if mark in in_full else short
            cuts[mark] = _work(_cut, await library.book(query, asked, by=mark), asked, mark)
        previous = _work(_total, await library.book(query.before, full), full) if with_previous else None
    return Report(
        query=query,
        now=now,
        total=await total,
        previous=None if previous is None else await previous,
        cuts={mark: await cuts[mark] for mark in by},
    )


def _work(task: Callable[..., T], *given: Any) -> asyncio.Future[T]:
    return asyncio.get_running_loop().run_in_executor(_WORKERS, task, *given)


def _total(book: Book, asked: Sequence[Asked]) -> Group:
    return _group(None, book.total(asked), asked)


def _cut(book: Book, asked: Sequence[Asked], mark: By) -> tuple[Group, ...]:
    return tuple(_group(mark, cut, asked) for cut in book.cut(mark, asked))


async def response_report(database: Database, *, salon: SalonProfile, now: datetime, days: int = 30) -> Report:
    """What the terminal shows: the last `days` local days, today included, by channel. Raises `BadQuery`."""
    query = make_query(salon, now=now, days=days)
    return await run_report(database, query, now=now, by=(By.CHANNEL,), in_full=(By.CHANNEL,), with_previous=False)


def _asked(query: ReportQuery, measures: Sequence[Measure]) -> list[Asked]:
    """Every measure in calendar and in working time. By another definition its first reply stands for ours."""
    return [
        Asked(measure=measure, kind=kind_of(measure, query.definition), is_working=is_working, within_s=within_s)
        for is_working in (False, True)
        for measure in measures
        for within_s in (query.within_s[measure],)
    ]


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
        settlement_known=counters["settlement_known"],
        settled_at_once=counters["settled_at_once"],
        skewed=counters["skewed"],
    )
