"""Figures by any mark out of counted days, or out of the enquiries themselves where counting is not enough.

Both give the same columns of waits, so that there is one way from waits to figures (`timing.counts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from responder.reports.columns import Elapsed, Found, Rows, find_waits
from responder.reports.entries import BIN_BITS, BIN_MASK, CODE_SHIFT, CODES, SHORT, Cells, Part, Standing, counted_by
from responder.timing.binned import Binned, GoingOn, edge_of, figures_of_bins, last_bin
from responder.timing.bins import MIDDLES_S, SECOND_US, Ints, edge_at
from responder.timing.counts import ANSWERED, OPEN, Bools, WaitColumns, figures_of
from responder.timing.measures import Measure
from responder.timing.statistics import Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One figure to be worked out for every group: `kind` names the waits, `measure` what the figure is called."""

    measure: Measure
    kind: str
    is_working: bool
    within_s: float


def figures_of_rows(groups: int, asked: Sequence[Asked], waits: WaitColumns) -> list[list[Figure]]:
    """For every group the figures asked for, out of waits as they are, numbered group by group."""
    return _grouped(figures_of(waits, **_numbered(groups, asked)), len(asked))


def figures_of_cells(groups: int, asked: Sequence[Asked], ended: Binned, going_on: GoingOn) -> list[list[Figure]]:
    """The same out of counted waits and those that go on."""
    return _grouped(figures_of_bins(ended, going_on, **_numbered(groups, asked)), len(asked))


def _numbered(groups: int, asked: Sequence[Asked]) -> dict[str, Any]:
    return {
        "measures": [ask.measure for _ in range(groups) for ask in asked],
        "within_s": [ask.within_s for _ in range(groups) for ask in asked],
    }


def _grouped(found: list[Figure], size: int) -> list[list[Figure]]:
    return [found[at : at + size] for at in range(0, len(found), size)]


@dataclass(frozen=True, kw_only=True)
class Loose:
    """Enquiries beside the counted days: all those of days that are not counted, and of those that are (`is_counted`)
    the ones of whom something is still awaited."""

    rows: Rows
    standing: Standing
    is_counted: Bools
    _going_on: dict[int, tuple[Ints, Ints, Ints]] = field(default_factory=dict, repr=False)

    @cached_property
    def counters(self) -> tuple[Ints, Ints]:
        """What days that are not counted would count, as `counted_by` gives it."""
        row, counter = counted_by(self.rows)
        mine = ~self.is_counted[row]
        return row[mine], counter[mine]

    @cached_property
    def _ended(self) -> tuple[Ints, Ints, list[int]]:
        """Of enquiries of days that are not counted: the position, what an entry would say, where each code begins."""
        mine = ~self.is_counted[self.standing.row]
        row, what = self.standing.row[mine], self.standing.what[mine]
        order, begins = _by_code(what >> CODE_SHIFT)
        return row[order], what[order], begins

    @cached_property
    def _open(self) -> tuple[Ints, Ints, list[int]]:
        """Of all of them: the position, since when, where each code begins."""
        order, begins = _by_code(self.standing.open_code)
        return self.standing.open_row[order], self.standing.open_from[order], begins

    def ended(self, code: int) -> tuple[Ints, Ints]:
        """The waits of one code that no counted day holds: the position of the enquiry, what an entry would say."""
        row, what, begins = self._ended
        return row[begins[code] : begins[code + 1]], what[begins[code] : begins[code + 1]]

    def going_on(self, code: int, elapsed: Elapsed) -> tuple[Ints, Ints, Ints]:
        """The waits that go on: the position of the enquiry, how long they have lasted, and `last_bin` of that."""
        if code not in self._going_on:
            row, since, begins = self._open
            us = elapsed(since[begins[code] : begins[code + 1]])
            self._going_on[code] = row[begins[code] : begins[code + 1]], us, last_bin(us)
        return self._going_on[code]


def _by_code(codes: Ints) -> tuple[Ints, list[int]]:
    """An order in which waits of one code stand together, and where each code begins in it."""
    order = np.argsort(codes.astype(np.uint8), kind="stable")
    begins = np.searchsorted(codes[order], np.arange(len(CODES) + 1))
    return order, begins.tolist()


def ended_of_cells(cells: Cells, group: Ints, asked: Sequence[Asked], *, hourly: bool = False) -> Binned:
    """Waits of counted days that have ended. `group` gives the group of each cell (with `hourly` of each of its
    entries), -1 for none. Every target must be an edge (`can_count`)."""
    at = _places(asked)[cells.kind]
    of_entry = group if hourly else group[cells.cell]
    chosen = (at >= 0) & (of_entry >= 0)
    key, bins, count = of_entry * 2 * len(asked) + at, cells.bin, cells.counts
    if not chosen.all():
        key, bins, count = key[chosen], bins[chosen], count[chosen]
    return Binned(key=key, bin=bins, count=count)


def ended_beside(loose: Loose, group: Ints, asked: Sequence[Asked]) -> Binned:
    """Waits that have ended beside the counted days, one a row; `group` gives that of each loose enquiry, -1 for
    none."""
    place = _places(asked)
    keys, bins = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for code in dict.fromkeys(_codes(asked)):
        row, what = loose.ended(code)
        of_row = group[row]
        mine = of_row >= 0
        keys.append((of_row * 2 * len(asked) + place[what >> BIN_BITS])[mine])
        bins.append((what & BIN_MASK)[mine])
    key = np.concatenate(keys)
    return Binned(key=key, bin=np.concatenate(bins), count=np.ones(len(key), dtype=np.int64))


def _places(asked: Sequence[Asked]) -> Ints:
    """For each of `CODES`, and whether it ended unmet, twice the position of the figure that asks for it plus one if
    unmet; -1 for what nobody asks for."""
    place = np.full(2 * len(CODES), -1, dtype=np.int64)
    for position, code in enumerate(_codes(asked)):
        place[2 * code], place[2 * code + 1] = 2 * position, 2 * position + 1
    return place


def _codes(asked: Sequence[Asked]) -> list[int]:
    return [CODES.index((ask.kind, ask.is_working)) for ask in asked]


def going_on_of(loose: Loose, group: Ints, asked: Sequence[Asked], elapsed: Mapping[bool, Elapsed]) -> GoingOn:
    """Waits without an end yet, each as long as it has lasted; `group` as for `ended_beside`."""
    figures, lasted, bins = ([np.zeros(0, dtype=np.int64)] for _ in range(3))
    for position, (ask, code) in enumerate(zip(asked, _codes(asked), strict=True)):
        row, us, last = loose.going_on(code, elapsed[ask.is_working])
        of_row = group[row]
        mine = of_row >= 0
        figures.append((of_row * len(asked) + position)[mine])
        lasted.append(us[mine])
        bins.append(last[mine])
    return GoingOn(figure=np.concatenate(figures), us=np.concatenate(lasted), last=np.concatenate(bins))


def as_columns(ended: Binned, going_on: GoingOn, asked: Sequence[Asked]) -> WaitColumns:
    """Both as waits by themselves, those of bins by the wait they stand for."""
    figure, ending = ended.key >> 1, ended.key & 1
    edges = np.array([edge_of(ask.within_s) for ask in asked], dtype=np.int64)
    targets_us = np.round(np.array([ask.within_s for ask in asked]) * SECOND_US).astype(np.int64)
    opened = going_on.figure % len(asked)
    return WaitColumns.joined(
        [
            WaitColumns(
                figure=figure,
                seconds=MIDDLES_S[ended.bin],
                ending=ending,
                is_past=ended.bin > edges[figure % len(asked)],
                count=ended.count,
            ),
            WaitColumns(
                figure=going_on.figure,
                seconds=going_on.us / SECOND_US,
                ending=np.full(len(going_on.us), OPEN, dtype=np.int64),
                is_past=going_on.us >= targets_us[opened],
                count=np.ones(len(going_on.us), dtype=np.int64),
            ),
        ]
    )


def waits_of_rows(rows: Rows, group: Ints, asked: Sequence[Asked], elapsed: Mapping[bool, Elapsed]) -> WaitColumns:
    """Waits as they are; `group` is that of each row (-1: none). `elapsed` says how long what goes on has lasted, in
    calendar (False) and in working time (True)."""
    parts = []
    for position, ask in enumerate(asked):
        found = find_waits(rows, ask.kind, is_working=ask.is_working, elapsed=elapsed[ask.is_working])
        found = _chosen(found, group[found.row] >= 0)
        target_us = round(ask.within_s * SECOND_US)
        is_answered = found.ending == ANSWERED
        parts.append(
            WaitColumns(
                figure=group[found.row] * len(asked) + position,
                seconds=found.us / SECOND_US,
                ending=found.ending,
                is_past=np.where(is_answered, found.us > target_us, found.us >= target_us),
                count=np.ones(len(found.row), dtype=np.int64),
            )
        )
    return WaitColumns.joined(parts)


def parts_of(asked: Sequence[Asked], *, hourly: bool) -> tuple[Part, ...]:
    """The parts of cells that figures asked for are in."""
    if hourly:
        return (Part.HOURLY,)
    needed = {
        Part.MORE if ask.kind not in SHORT else Part.SHORT_WORKING if ask.is_working else Part.SHORT for ask in asked
    }
    return tuple(part for part in Part if part in needed)


def can_count(asked: Sequence[Asked]) -> bool:
    """Whether bins tell every share asked for exactly."""
    return all(edge_at(ask.within_s) is not None for ask in asked)


def _chosen(found: Found, which: Bools) -> Found:
    return Found(row=found.row[which], us=found.us[which], ending=found.ending[which])
