"""The enquiries behind a figure: whoever doubts a number opens the dialogues it was counted from.

A page is chosen among the same columns and by the same rules that make the figure, so that the list of a figure is
exactly as long as the figure says. A wait for a person is listed once for each hand-off, as it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from responder.db.engine import Connection, Database
from responder.reports.columns import EXCLUSIONS, HUMAN_WAIT, SIDES, Elapsed, Rows, find_waits, kind_of
from responder.reports.keeping import bring_up_to_date
from responder.reports.labels import Names, row_labels
from responder.reports.library import SNAPSHOT, elapsed_of, known_until, read_names, rows_chosen
from responder.reports.marks import EPOCH, MOST, By, Part, Selection, day_of, number_of
from responder.reports.query import BadQuery, ReportQuery
from responder.reports.reading import read_rows
from responder.timing.bins import SECOND_US, Ints
from responder.timing.counts import ANSWERED, OPEN, RELEASED, Bools
from responder.timing.statistics import Ending
from responder.timing.timeline import Exclusion

_ENDINGS = {ANSWERED: Ending.ANSWERED, RELEASED: Ending.RELEASED, OPEN: Ending.OPEN}

DETAILS = """
SELECT k.enquiry_id, k.thread_id, k.clock_start_at, a.kind AS channel, a.key AS account, k.source, o.key AS operator,
    k.specialist, k.category, k.priority, k.excluded, k.first_useful_by, e.close_reason
FROM enquiry_measures k
JOIN enquiry e ON e.id = k.enquiry_id
JOIN channel_account a ON a.id = k.channel_account_id
LEFT JOIN operator o ON o.id = k.operator_id
WHERE k.enquiry_id = ANY(%(ids)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One wait, or one enquiry. `seconds` is how long it took, or has taken so far when `ending` is open; None where
    the measure has nothing to say of it. `handoff` numbers the waits for a person of one enquiry from 1."""

    enquiry_id: int
    thread_id: int
    arrived_at: datetime
    arrived_local: datetime
    channel: str
    account: str
    source: str
    operator: str | None
    specialist: str
    category: str
    priority: str
    first_useful_by: str | None
    excluded: Exclusion | None
    close_reason: str | None
    handoff: int | None
    seconds: float | None
    ending: Ending | None

    @property
    def link(self) -> str:
        """Where the dialogue stands among the staff pages."""
        return f"/dialogues/{self.thread_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """`total` counts the whole list; `after` opens the next page and is None on the last one."""

    rows: tuple[Listed, ...]
    total: int
    after: str | None


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What was chosen, one a position: the row of the enquiry, how long (-1: nothing to say), the ending's code (-1:
    none), the number of the hand-off (0: none)."""

    row: Ints
    us: Ints
    ending: Ints
    handoff: Ints

    def at(self, which: Bools | Ints) -> _Found:
        return _Found(row=self.row[which], us=self.us[which], ending=self.ending[which], handoff=self.handoff[which])

    def __len__(self) -> int:
        return len(self.row)


async def list_enquiries(
    database: Database,
    query: ReportQuery,
    selection: Selection,
    *,
    now: datetime,
    limit: int = 100,
    after: str | None = None,
) -> Page:
    """A page of the enquiries behind a figure of `run_report(query)`, the latest arrival first. Raises `BadQuery`."""
    if not 1 <= limit <= MOST:
        raise BadQuery("limit", f"{limit} is not between 1 and {MOST}")
    cursor = None if after is None else _read_cursor(after)
    await bring_up_to_date(database, query.salon, now=now)
    async with database.transaction() as connection:
        await connection.execute(SNAPSHOT)
        names = await read_names(connection, query.salon.id)
        rows = await read_rows(connection, salon_id=query.salon.id, days=_days(query, selection))
        rows = rows.known_until(number_of(known_until(query, now)))
        rows = rows.where(rows_chosen(rows, query, names) & _in_group(rows, selection, names))
        found = _choose(rows, query, selection, elapsed_of(query, now)[selection.is_working])
        shown = _page(rows, found, cursor, limit + 1)
        details = await _details(connection, rows.facts["enquiry"][shown.row[:limit]])
    listed = tuple(_listed(rows, shown, at, details, query) for at in range(min(limit, len(shown))))
    last = min(limit, len(shown)) - 1
    return Page(rows=listed, total=len(found), after=_cursor(rows, shown, last) if len(shown) > limit else None)


def _days(query: ReportQuery, selection: Selection) -> list[date]:
    """The days to read: those of the period, or of the day or week chosen."""
    first, last = query.since, query.until
    if selection.by in (By.DAY, By.WEEK) and isinstance(selection.value, int):
        start = day_of(selection.value)
        first, last = max(first, start), min(last, start + timedelta(days=0 if selection.by is By.DAY else 6))
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def _in_group(rows: Rows, selection: Selection, names: Names) -> Bools:
    if selection.by is None:
        return np.ones(len(rows), dtype=bool)
    labels = row_labels(rows, selection.by, names)
    is_text = labels.values.dtype.kind == "U"
    match selection.value:
        case str(value) if is_text:
            return labels.isin([value])
        case int(value) if not is_text:
            return labels.isin([value])
        case value:
            kind = "a text" if is_text else "a number"
            raise BadQuery("value", f"{value!r} is no {selection.by}: it must be {kind}")


def _choose(rows: Rows, query: ReportQuery, selection: Selection, elapsed: Elapsed) -> _Found:
    kind = kind_of(selection.measure, query.definition)
    if not selection.part.is_of_waits:
        return _enquiries(rows, kind, selection)
    waits = find_waits(rows, kind, is_working=selection.is_working, elapsed=elapsed)
    handoff = _numbers(waits.row) if kind == HUMAN_WAIT else np.zeros(len(waits.row), dtype=np.int64)
    found = _Found(row=waits.row, us=waits.us, ending=waits.ending, handoff=handoff)
    return found.at(_of_part(found, selection.part, round(query.within_s[selection.measure] * SECOND_US)))


def _of_part(found: _Found, part: Part, target_us: int) -> Bools:
    """The rules of `timing.counts.figures_of`, for single waits."""
    is_answered: Bools = np.equal(found.ending, ANSWERED)
    is_past: Bools = np.where(is_answered, found.us > target_us, found.us >= target_us)
    is_moot: Bools = np.equal(found.ending, RELEASED) & ~is_past
    match part:
        case Part.WITHIN:
            return is_answered & ~is_past
        case Part.LATE:
            return is_past
        case Part.ANSWERED_LATE:
            return is_answered & is_past
        case Part.OPEN:
            return np.equal(found.ending, OPEN)
        case Part.NOT_AWAITED:
            return is_moot
        case _:
            return ~is_moot


def _enquiries(rows: Rows, kind: str, selection: Selection) -> _Found:
    """Enquiries by what came of them, each with the measure's value where it was met."""
    which = np.flatnonzero(_flag(rows, selection.part)).astype(np.int64)
    column = rows.waits.get(f"{kind}{'_working' if selection.is_working else ''}")
    us = np.full(len(which), -1, dtype=np.int64) if column is None else column[which]
    ending = np.where(us >= 0, ANSWERED, -1).astype(np.int64)
    return _Found(row=which, us=us, ending=ending, handoff=np.zeros(len(which), dtype=np.int64))


def _flag(rows: Rows, part: Part) -> Bools:
    """The rules of `entries.counted_by`, for single enquiries."""
    facts = rows.facts
    stem, _, rest = part.value.partition("_")
    if stem == "excluded":
        return np.equal(facts["excluded"], EXCLUSIONS.index(rest) + 1)
    if part.value.startswith("first_by_"):
        return rows.is_counted & np.equal(facts["first_by"], SIDES.index(part.value.removeprefix("first_by_")))
    if part is Part.ARRIVALS:
        return rows.is_counted
    return rows.is_counted & np.equal(facts[f"is_{part.value}"], 1)


def _numbers(row: Ints) -> Ints:
    """The number of each wait among those of its enquiry, from 1, in the order they are kept in."""
    order = np.argsort(row, kind="stable")
    ordered = row[order]
    first = np.searchsorted(ordered, ordered, side="left")
    numbers = np.empty(len(row), dtype=np.int64)
    numbers[order] = np.arange(len(row)) - first + 1
    return numbers


def _page(rows: Rows, found: _Found, cursor: tuple[int, int, int] | None, size: int) -> _Found:
    """The first `size` of what comes after `cursor`."""
    start, enquiry = rows.facts["start_us"][found.row], rows.facts["enquiry"][found.row]
    if cursor is not None:
        at_us, after_enquiry, after_handoff = cursor
        is_later = (enquiry == after_enquiry) & (found.handoff > after_handoff)
        which = (start < at_us) | ((start == at_us) & ((enquiry < after_enquiry) | is_later))
        found, start, enquiry = found.at(which), start[which], enquiry[which]
    return found.at(np.lexsort((found.handoff, -enquiry, -start))[:size])


def _cursor(rows: Rows, shown: _Found, at: int) -> str:
    row = shown.row[at]
    return f"{rows.facts['start_us'][row]}.{rows.facts['enquiry'][row]}.{shown.handoff[at]}"


def _read_cursor(text: str) -> tuple[int, int, int]:
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.lstrip("-").isdigit() and len(part) < 19 for part in parts):
        raise BadQuery("after", "this is not what an earlier page gave to go on with")
    start, enquiry, handoff = map(int, parts)
    return start, enquiry, handoff


async def _details(connection: Connection, enquiries: Ints) -> Mapping[int, dict[str, Any]]:
    ids: Sequence[int] = np.unique(enquiries).tolist()
    rows = await (await connection.execute(DETAILS, {"ids": ids})).fetchall()
    return {row["enquiry_id"]: row for row in rows}


def _listed(rows: Rows, shown: _Found, at: int, details: Mapping[int, dict[str, Any]], query: ReportQuery) -> Listed:
    facts = details[int(rows.facts["enquiry"][shown.row[at]])]
    us, handoff = int(shown.us[at]), int(shown.handoff[at])
    arrived_at = EPOCH + timedelta(microseconds=int(rows.facts["start_us"][shown.row[at]]))
    return Listed(
        enquiry_id=facts["enquiry_id"],
        thread_id=facts["thread_id"],
        arrived_at=arrived_at,
        arrived_local=arrived_at.astimezone(query.salon.zone),
        channel=facts["channel"],
        account=facts["account"],
        source=facts["source"],
        operator=facts["operator"],
        specialist=facts["specialist"],
        category=facts["category"],
        priority=facts["priority"],
        first_useful_by=facts["first_useful_by"],
        excluded=None if facts["excluded"] is None else Exclusion(facts["excluded"]),
        close_reason=facts["close_reason"],
        handoff=handoff or None,
        seconds=us / SECOND_US if us >= 0 else None,
        ending=_ENDINGS.get(int(shown.ending[at])),
    )
