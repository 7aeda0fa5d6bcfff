"""What counted days say of one question.

A day that is over changes seldom, and a report of thirty days asks the same of twenty-nine of them every time. So the
answer is remembered (`memory`): it is a function of the question and of the rows of `rollup` it was counted from, and
those are named by the transactions that counted their days (`CountedDays.fresh`). A day that is counted anew, by
whichever process, makes it another question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from responder.reports.counting import Asked, ended_of_cells
from responder.reports.entries import COUNTERS, Cells
from responder.reports.labels import Labels, Names, cell_labels, coded
from responder.reports.marks import By
from responder.timing.binned import Binned
from responder.timing.bins import BINS, Ints

EVERYBODY: Labels = np.zeros(1, dtype=np.str_)  # the label of the one group of a question that is cut by nothing


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Group by group, `labels` ascending: the counters (groups x COUNTERS; by hours nothing is counted but waits) and
    the waits that have ended, `key` as in `Binned` with the figure `group * len(asked) + position`, no row twice."""

    labels: Labels
    counters: NDArray[np.int64]
    ended: Binned


def count_cells(cells: Cells, by: By | None, asked: Sequence[Asked], names: Names) -> Counted:
    """Counted days cut by a mark, or by nothing. Every target must be an edge (`can_count`)."""
    if by is None:
        labels, group = EVERYBODY, np.zeros(len(cells), dtype=np.int64)
    else:
        labels, group = coded(cell_labels(cells, by, names), by)
    is_hourly = by is not None and by.is_hourly
    counters = np.zeros((len(labels), len(COUNTERS)), dtype=np.int64)
    if not is_hourly:
        np.add.at(counters, group[group >= 0], cells.counters[group >= 0])
    ended = ended_of_cells(cells, group, asked, hourly=is_hourly)
    return Counted(labels=labels, counters=counters, ended=_put_together(ended, 2 * len(asked) * len(labels)))


def _put_together(ended: Binned, keys: int) -> Binned:
    """The same waits with one row for each key and bin; `keys` is how many keys there can be."""
    used: Ints = np.flatnonzero(np.bincount(ended.bin, minlength=BINS))
    place = np.zeros(BINS, dtype=np.int64)
    place[used] = np.arange(len(used))
    table = np.bincount(ended.key * len(used) + place[ended.bin], weights=ended.count, minlength=keys * len(used))
    found = np.flatnonzero(table)
    if not len(found):
        return ended
    return Binned(key=found // len(used), bin=used[found % len(used)], count=table[found].astype(np.int64))
