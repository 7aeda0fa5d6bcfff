"""Which enquiries are behind a figure, among columns and by the rules that make the figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from responder.reports.columns import EXCLUSIONS, HUMAN_WAIT, SIDES, Elapsed, Rows, find_waits, kind_of
from responder.reports.labels import Names, row_labels
from responder.reports.library import elapsed_of, known_until, rows_chosen
from responder.reports.marks import Part, Selection, number_of
from responder.reports.query import BadQuery, ReportQuery
from responder.timing.bins import SECOND_US, Ints
from responder.timing.counts import ANSWERED, OPEN, RELEASED, Bools


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One of the page: the enquiry, its arrival (microseconds since 1970), and the rest as in `_Found`."""

    enquiry: int
    start_us: int
    us: int
    ending: int
    handoff: int


@dataclass(frozen=True, kw_only=True)
class Chooser:
    query: ReportQuery
    selection: Selection
    names: Names
    now: datetime

    def page(self, rows: Rows, cursor: tuple[int, int, int] | None, size: int) -> tuple[int, list[Line]]:
        """How many of these enquiries are behind the figure, and the first `size` of them after `cursor`."""
        query, selection = self.query, self.selection
        rows = rows.known_until(number_of(known_until(query, self.now)))
        rows = rows.where(rows_chosen(rows, query, self.names) & _in_group(rows, selection, self.names))
        found = _choose(rows, query, selection, self._elapsed)
        if size <= 0:
            return len(found), []
        shown = _page(rows, found, cursor, size)
        columns = (
            rows.facts["enquiry"][shown.row],
            rows.facts["start_us"][shown.row],
            shown.us,
            shown.ending,
            shown.handoff,
        )
        return len(found), [
            Line(enquiry=enquiry, start_us=start, us=us, ending=ending, handoff=handoff)
            for enquiry, start, us, ending, handoff in zip(*(column.tolist() for column in columns), strict=True)
        ]

    @cached_property
    def _elapsed(self) -> Elapsed:
        return elapsed_of(self.query, self.now)[self.selection.is_working]


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
