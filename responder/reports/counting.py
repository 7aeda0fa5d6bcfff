"""Figures by any mark out of counted days, or out of the enquiries themselves where counting is not enough.

Both give the same columns of waits, so that there is one way from waits to figures (`timing.counts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from responder.reports.columns import Elapsed, Found, Rows, find_waits
from responder.reports.entries import BIN_BITS, CODES, HOUR_SHIFT, SHORT, Cells, Part, counted_by, ended_of
from responder.timing.bins import BINS, MIDDLES_S, SECOND_US, Ints, edge_at
from responder.timing.counts import ANSWERED, OPEN, Bools, WaitColumns, figures_of
from responder.timing.measures import Measure
from responder.timing.statistics import Figure

_BIN: Final = (1 << BIN_BITS) - 1
_DENSE: Final = 8  # fields of a table to a record


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One figure to be worked out for every group: `kind` names the waits, `measure` what the figure is called."""

    measure: Measure
    kind: str
    is_working: bool
    within_s: float


def figures_by_group(
    groups: int,
    asked: Sequence[Asked],
    parts: Sequence[WaitColumns],
) -> list[list[Figure]]:
    """For every group the figures asked for, out of `parts` whose figures are numbered group by group."""
    found = figures_of(
        WaitColumns.joined(parts),
        measures=[ask.measure for _ in range(groups) for ask in asked],
        within_s=[ask.within_s for _ in range(groups) for ask in asked],
    )
    return [found[at : at + len(asked)] for at in range(0, len(found), len(asked))]


@dataclass(frozen=True, kw_only=True)
class Loose:
    """Enquiries beside the counted days: all those of days that are not counted, and of those that are (`is_counted`)
    the ones of whom something is still awaited."""

    rows: Rows
    is_counted: Bools
    _ended: dict[int, tuple[Ints, Ints]] = field(default_factory=dict, repr=False)
    _going_on: dict[tuple[str, bool], tuple[Ints, Ints]] = field(default_factory=dict, repr=False)

    @cached_property
    def counters(self) -> tuple[Ints, Ints]:
        """What days that are not counted would count, as `counted_by` gives it."""
        row, counter = counted_by(self.rows)
        mine = ~self.is_counted[row]
        return row[mine], counter[mine]

    def ended(self, code: int) -> tuple[Ints, Ints]:
        """The waits of one code that no counted day holds: the position of the enquiry, what an entry would say."""
        if code not in self._ended:
            row, what = ended_of(self.rows, code)
            mine = ~self.is_counted[row]
            self._ended[code] = row[mine], what[mine]
        return self._ended[code]

    def going_on(self, kind: str, *, is_working: bool, elapsed: Elapsed) -> tuple[Ints, Ints]:
        """The waits that go on: the position of the enquiry, how long they have lasted."""
        key = (kind, is_working)
        if key not in self._going_on:
            found = find_waits(self.rows, kind, is_working=is_working, elapsed=elapsed)
            is_open = found.ending == OPEN
            self._going_on[key] = found.row[is_open], found.us[is_open]
        return self._going_on[key]

    def where(self, which: Bools) -> Loose:
        return self if which.all() else Loose(rows=self.rows.where(which), is_counted=self.is_counted[which])


def ended_waits_of(
    cells: Cells, loose: Loose, groups: tuple[Ints, Ints], asked: Sequence[Asked], *, hourly: bool = False
) -> WaitColumns:
    """Waits that have ended, of counted days and beside them. `groups` gives the group of each cell (with `hourly` of
    each of its entries) and of each loose enquiry, -1 for none. Every target must be an edge (`can_count`)."""
    of_cells, of_loose = groups
    codes = [CODES.index((ask.kind, ask.is_working)) for ask in asked]
    place = np.full(2 * len(CODES), -1, dtype=np.int64)
    for position, code in enumerate(codes):
        place[2 * code], place[2 * code + 1] = 2 * position, 2 * position + 1
    at = place[cells.what >> BIN_BITS & (1 << HOUR_SHIFT - BIN_BITS) - 1]
    group = of_cells if hourly else of_cells[cells.cell]
    chosen = (at >= 0) & (group >= 0)
    keys, bins, counts = [_key(group, at, len(asked))], [cells.what & _BIN], [cells.counts]
    if not chosen.all():
        keys, bins, counts = ([part[0][chosen]] for part in (keys, bins, counts))
    for code in dict.fromkeys(codes):
        row, what = loose.ended(code)
        group = of_loose[row]
        keys.append(_key(group, place[what >> BIN_BITS], len(asked))[group >= 0])
        bins.append((what & _BIN)[group >= 0])
        counts.append(np.ones(len(keys[-1]), dtype=np.int64))
    key, found, count = _merged(np.concatenate(keys), np.concatenate(bins), np.concatenate(counts))
    figure, ending = key >> 1, key & 1
    edges = np.array([_edge(ask.within_s) for ask in asked], dtype=np.int64)
    return WaitColumns(
        figure=figure,
        seconds=MIDDLES_S[found],
        ending=ending,
        is_past=found > edges[figure % len(asked)],
        count=count,
    )


def _key(group: Ints, at: Ints, size: int) -> Ints:
    return group * 2 * size + at


def waits_going_on(loose: Loose, group: Ints, asked: Sequence[Asked], elapsed: Mapping[bool, Elapsed]) -> WaitColumns:
    """Waits without an end yet, each as long as it has lasted; `group` as for `ended_waits_of`."""
    parts = []
    for position, ask in enumerate(asked):
        row, us = loose.going_on(ask.kind, is_working=ask.is_working, elapsed=elapsed[ask.is_working])
        mine = group[row] >= 0
        row, us = row[mine], us[mine]
        parts.append(
            WaitColumns(
                figure=group[row] * len(asked) + position,
                seconds=us / SECOND_US,
                ending=np.full(len(row), OPEN, dtype=np.int64),
                is_past=us >= round(ask.within_s * SECOND_US),
                count=np.ones(len(row), dtype=np.int64),
            )
        )
    return WaitColumns.joined(parts)


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


def _edge(within_s: float) -> int:
    edge = edge_at(within_s)
    if edge is None:
        raise ValueError(f"no edge of the bins lies at {within_s} s")
    return edge


def _chosen(found: Found, which: Bools) -> Found:
    return Found(row=found.row[which], us=found.us[which], ending=found.ending[which])


def _merged(key: Ints, bins: Ints, count: Ints) -> tuple[Ints, Ints, Ints]:
    """Equal records added up, figure by figure the shortest first. The last bit of a key is the ending."""
    if not len(key):
        return key, bins, count
    used = np.flatnonzero(np.bincount(bins, minlength=BINS))
    place = np.zeros(int(used[-1]) + 1, dtype=np.int64)
    place[used] = np.arange(len(used))
    record = ((key >> 1) * len(used) + place[bins]) << 1 | key & 1
    if int(record.max()) < _DENSE * len(record):  # counting into a table is quicker than sorting while it is small
        total = np.bincount(record, weights=count)
        found = np.flatnonzero(total)
        counted = total[found]
    else:
        found, of_record = np.unique(record, return_inverse=True)
        counted = np.bincount(of_record, weights=count)
    figures, places = np.divmod(found >> 1, len(used))
    return figures << 1 | found & 1, used[places], np.round(counted).astype(np.int64)
