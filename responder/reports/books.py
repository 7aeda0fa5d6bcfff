"""Two ways to the same groups: by cells of counted days, or by the enquiries themselves where cells cannot tell.

A book answers one question: for every value of a mark (channel, source, person, day, hour ...), how many enquiries were
there, and what are the figures asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from responder.reports.columns import Elapsed, Rows
from responder.reports.counting import (
    Asked,
    Loose,
    as_columns,
    ended_waits_of,
    figures_of_cells,
    figures_of_rows,
    going_on_of,
    waits_of_rows,
)
from responder.reports.entries import COUNTERS, HOUR_SHIFT, Cells, add_up, counted_by, people_of
from responder.reports.marks import By
from responder.timing.binned import Binned, GoingOn
from responder.timing.bins import Ints
from responder.timing.counts import WaitColumns
from responder.timing.statistics import Figure

Labels = NDArray[np.generic]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """One group: its value (text, or the number of a day, week or hour), its counters, its figures."""

    value: str | int
    counters: Mapping[str, int]
    figures: Sequence[Figure]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What stands behind the numbers: kinds of channel accounts, keys of operators."""

    channels: Mapping[int, str]
    operators: Mapping[str, str]

    def channel(self, accounts: Ints) -> Labels:
        found, codes = np.unique(accounts, return_inverse=True)
        return np.array([self.channels.get(int(account), "") for account in found], dtype=np.str_)[codes]

    def person(self, by: By, people: NDArray[np.str_]) -> Labels:
        if by is not By.OPERATOR:
            return people
        found, codes = np.unique(people, return_inverse=True)
        return np.array([self.operators.get(str(person), "") for person in found], dtype=np.str_)[codes]


class Book(Protocol):
    def total(self, asked: Sequence[Asked]) -> Cut: ...

    def cut(self, by: By, asked: Sequence[Asked]) -> list[Cut]: ...

    def waits(self, asked: Sequence[Asked]) -> WaitColumns:
        """Every wait of everybody, `figure` being the position in `asked`; those of counted days by their bins."""
        ...


@dataclass(frozen=True, kw_only=True)
class RowBook:
    """Every enquiry as it is; right for any question, and as slow as there are many."""

    rows: Rows
    elapsed: Mapping[bool, Elapsed]
    names: Names

    def total(self, asked: Sequence[Asked]) -> Cut:
        (cut,) = self._cuts(np.zeros(1, dtype=np.str_), np.zeros(len(self.rows), dtype=np.int64), asked)
        return cut

    def cut(self, by: By, asked: Sequence[Asked]) -> list[Cut]:
        labels, group = _coded(row_labels(self.rows, by, self.names), by)
        return self._cuts(labels, group, asked)

    def waits(self, asked: Sequence[Asked]) -> WaitColumns:
        return waits_of_rows(self.rows, np.zeros(len(self.rows), dtype=np.int64), asked, self.elapsed)

    def _cuts(self, labels: Labels, group: Ints, asked: Sequence[Asked]) -> list[Cut]:
        waits = waits_of_rows(self.rows, group, asked, self.elapsed)
        counters = add_up(counted_by(self.rows), group, len(labels))
        return _cuts(labels, counters, figures_of_rows(len(labels), asked, waits))


@dataclass(frozen=True, kw_only=True)
class CellBook:
    """Counted days, cut finely enough for one question, and the enquiries beside them."""

    cells: Cells
    loose: Loose
    elapsed: Mapping[bool, Elapsed]
    names: Names

    def total(self, asked: Sequence[Asked]) -> Cut:
        (cut,) = self._cuts(np.zeros(1, dtype=np.str_), self._everybody(), asked)
        return cut

    def cut(self, by: By, asked: Sequence[Asked]) -> list[Cut]:
        found = cell_labels(self.cells, by, self.names), row_labels(self.loose.rows, by, self.names)
        labels, group = _coded(np.concatenate(found), by)
        size = len(found[0])
        return self._cuts(labels, (group[:size], group[size:]), asked, hourly=by.is_hourly)

    def waits(self, asked: Sequence[Asked]) -> WaitColumns:
        return as_columns(*self._waits(self._everybody(), asked), asked)

    def _everybody(self) -> tuple[Ints, Ints]:
        return np.zeros(len(self.cells), dtype=np.int64), np.zeros(len(self.loose.rows), dtype=np.int64)

    def _waits(
        self, groups: tuple[Ints, Ints], asked: Sequence[Asked], *, hourly: bool = False
    ) -> tuple[Binned, GoingOn]:
        return (
            ended_waits_of(self.cells, self.loose, groups, asked, hourly=hourly),
            going_on_of(self.loose, groups[1], asked, self.elapsed),
        )

    def _cuts(
        self, labels: Labels, groups: tuple[Ints, Ints], asked: Sequence[Asked], *, hourly: bool = False
    ) -> list[Cut]:
        counters = np.zeros((len(labels), len(COUNTERS)), dtype=np.int64)
        if not hourly:
            of_cells, of_loose = groups
            known = of_cells >= 0
            np.add.at(counters, of_cells[known], self.cells.counters[known])
            counters += add_up(self.loose.counters, of_loose, len(labels))
        waits = self._waits(groups, asked, hourly=hourly)
        return _cuts(labels, counters, figures_of_cells(len(labels), asked, *waits))


def row_labels(rows: Rows, by: By, names: Names) -> Labels:
    facts = rows.facts
    match by:
        case By.CHANNEL:
            return names.channel(facts["account"])
        case By.OPERATOR | By.SPECIALIST:
            return names.person(by, people_of(rows, by.value))
        case By.HOUR:
            return facts["hour"]
        case By.WEEK_HOUR:
            return (facts["day"] + 3) % 7 * 24 + facts["hour"]
        case By.DAY | By.WEEK:
            return _dated(facts["day"], by)
        case _:
            return rows.names[by.value]


def cell_labels(cells: Cells, by: By, names: Names) -> Labels:
    """Of each cell; by hours of each entry."""
    match by:
        case By.CHANNEL:
            return names.channel(cells.account)
        case By.OPERATOR | By.SPECIALIST:
            return names.person(by, cells.names["person"])
        case By.HOUR:
            return _hours(cells)
        case By.WEEK_HOUR:
            return (cells.day[cells.cell] + 3) % 7 * 24 + _hours(cells)
        case By.DAY | By.WEEK:
            return _dated(cells.day, by)
        case _:
            return cells.names[by.value]


def _hours(cells: Cells) -> Ints:
    return cells.what >> HOUR_SHIFT


def _dated(days: Ints, by: By) -> Ints:
    """The first of January 1970 was a Thursday; a week is named by its Monday."""
    return days if by is By.DAY else (days + 3) // 7 * 7 - 3


def _coded(found: Labels, by: By) -> tuple[Labels, Ints]:
    """The values there are and which of them each position has; nobody's enquiries are in no person's group."""
    if by.is_hourly:
        hours = np.arange(24 if by is By.HOUR else 168, dtype=np.int64)
        return hours, np.where(np.isin(found, hours), found, -1).astype(np.int64)
    labels, codes = np.unique(found, return_inverse=True)
    if by.is_person and len(labels) and labels[0] == "":
        return labels[1:], codes.astype(np.int64) - 1
    return labels, codes.astype(np.int64)


def _cuts(labels: Labels, counters: NDArray[np.int64], figures: list[list[Figure]]) -> list[Cut]:
    return [
        Cut(value=label, counters=dict(zip(COUNTERS, counted, strict=True)), figures=found)
        for label, counted, found in zip(labels.tolist(), counters.tolist(), figures, strict=True)
    ]
