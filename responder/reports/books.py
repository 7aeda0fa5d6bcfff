"""Two ways to the same groups: by cells of counted days, or by the enquiries themselves where cells cannot tell.

A book answers one question: for every value of a mark (channel, source, person, day, hour ...), how many enquiries were
there, and what are the figures asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from responder.reports.columns import Elapsed, Rows
from responder.reports.counted import EVERYBODY, Counted
from responder.reports.counting import (
    Asked,
    Loose,
    as_columns,
    ended_beside,
    figures_of_cells,
    figures_of_rows,
    going_on_of,
    waits_of_rows,
)
from responder.reports.entries import COUNTERS, add_up, counted_by
from responder.reports.labels import Labels, Names, coded, row_labels
from responder.reports.marks import By
from responder.timing.binned import Binned, GoingOn
from responder.timing.bins import Ints
from responder.timing.counts import WaitColumns
from responder.timing.statistics import Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """One group: its value (text, or the number of a day, week or hour), its counters, its figures."""

    value: str | int
    counters: Mapping[str, int]
    figures: Sequence[Figure]


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
        labels, group = coded(row_labels(self.rows, by, self.names), by)
        return self._cuts(labels, group, asked)

    def waits(self, asked: Sequence[Asked]) -> WaitColumns:
        return waits_of_rows(self.rows, np.zeros(len(self.rows), dtype=np.int64), asked, self.elapsed)

    def _cuts(self, labels: Labels, group: Ints, asked: Sequence[Asked]) -> list[Cut]:
        waits = waits_of_rows(self.rows, group, asked, self.elapsed)
        counters = add_up(counted_by(self.rows), group, len(labels))
        return _cuts(labels, counters, figures_of_rows(len(labels), asked, waits))


@dataclass(frozen=True, kw_only=True)
class CellBook:
    """Counted days, which answer one question, and the enquiries beside them."""

    counted: Callable[[], Counted]  # the answer to that question; may take a while
    loose: Loose
    elapsed: Mapping[bool, Elapsed]
    names: Names

    def total(self, asked: Sequence[Asked]) -> Cut:
        (cut,) = self._cuts(EVERYBODY, self._nobody_apart(), self.counted(), asked)
        return cut

    def cut(self, by: By, asked: Sequence[Asked]) -> list[Cut]:
        counted = self.counted()
        beside, group = coded(row_labels(self.loose.rows, by, self.names), by)
        labels = np.union1d(counted.labels, beside)
        group = np.where(group >= 0, np.searchsorted(labels, beside)[group], -1) if len(beside) else group
        return self._cuts(labels, group, _among(counted, labels, len(asked)), asked, hourly=by.is_hourly)

    def waits(self, asked: Sequence[Asked]) -> WaitColumns:
        return as_columns(*self._waits(self._nobody_apart(), self.counted(), asked), asked)

    def _nobody_apart(self) -> Ints:
        return np.zeros(len(self.loose.rows), dtype=np.int64)

    def _waits(self, group: Ints, counted: Counted, asked: Sequence[Asked]) -> tuple[Binned, GoingOn]:
        return (
            counted.ended.followed_by(ended_beside(self.loose, group, asked)),
            going_on_of(self.loose, group, asked, self.elapsed),
        )

    def _cuts(
        self, labels: Labels, group: Ints, counted: Counted, asked: Sequence[Asked], *, hourly: bool = False
    ) -> list[Cut]:
        counters = counted.counters
        if not hourly:
            counters = counters + add_up(self.loose.counters, group, len(labels))
        return _cuts(labels, counters, figures_of_cells(len(labels), asked, *self._waits(group, counted, asked)))


def _among(counted: Counted, labels: Labels, asked: int) -> Counted:
    """The same with its groups numbered as those of `labels`, among which all of its own are."""
    if len(labels) == len(counted.labels):
        return counted
    place = np.searchsorted(labels, counted.labels)
    counters = np.zeros((len(labels), counted.counters.shape[1]), dtype=np.int64)
    counters[place] = counted.counters
    group, figure = np.divmod(counted.ended.key, 2 * asked)
    ended = replace(counted.ended, key=place[group] * 2 * asked + figure)
    return Counted(labels=labels, counters=counters, ended=ended)


def _cuts(labels: Labels, counters: NDArray[np.int64], figures: list[list[Figure]]) -> list[Cut]:
    return [
        Cut(value=label, counters=dict(zip(COUNTERS, counted, strict=True)), figures=found)
        for label, counted, found in zip(labels.tolist(), counters.tolist(), figures, strict=True)
    ]
