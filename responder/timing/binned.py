"""Many figures from waits that are counted in bins: a table of figures by bins, and all curves in a few passes over it.

The same statistics as `counts.figures_of`, without sorting anything: bins are in order already. An open wait is as long
as it has lasted, and is at risk in every bin whose wait is not longer; `statistics.summarise` is the definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log

import numpy as np

from responder.timing.bins import BINS, MIDDLES_S, SECOND_US, Floats, Ints, edge_at
from responder.timing.counts import NOBODY_WAITS, ROUNDING, Bools, share_of
from responder.timing.measures import Measure
from responder.timing.statistics import Figure

LEVELS = (0.5, 0.1)  # of those still waiting: the median and the 90th percentile
LEAST_STAYING = exp(NOBODY_WAITS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Binned:
    """Waits that have ended, a row for those of one figure, ending and bin: `key` is twice the figure, plus one where
    they ended unmet (released). Rows may repeat."""

    key: Ints
    bin: Ints
    count: Ints

    def followed_by(self, other: Binned) -> Binned:
        return Binned(
            key=np.concatenate((self.key, other.key)),
            bin=np.concatenate((self.bin, other.bin)),
            count=np.concatenate((self.count, other.count)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class GoingOn:
    """Waits without an end, one a row, in microseconds; `last` is `last_bin` of each."""

    figure: Ints
    us: Ints
    last: Ints


def last_bin(us: Ints) -> Ints:
    """The last bin that stands for a wait not longer than each of these, which are not negative: in the bins up to it
    somebody who has waited so long was still at risk."""
    return np.searchsorted(MIDDLES_S, us / SECOND_US, side="right").astype(np.int64) - 1


@lru_cache(maxsize=1_000)
def edge_of(within_s: float) -> int:
    """The last bin within a target; raises `ValueError` where bins cannot tell."""
    edge = edge_at(within_s)
    if edge is None:
        raise ValueError(f"no edge of the bins lies at {within_s} s")
    return edge


def figures_of_bins(
    ended: Binned, going_on: GoingOn, *, measures: Sequence[Measure], within_s: Sequence[float]
) -> list[Figure]:
    """The figure of each of `measures` with its `within_s`; rows name it by position, without rows it is empty."""
    size = len(measures)
    is_used = np.bincount(ended.bin, minlength=BINS) > 0
    used = np.flatnonzero(is_used)
    up_to = np.cumsum(is_used, dtype=np.int64)  # how many of the used bins there are up to each bin
    edges = np.array([edge_of(seconds) for seconds in within_s], dtype=np.int64)
    found = _Found.of(ended, up_to, size, within=up_to[edges])
    targets_us = np.round(np.array(within_s) * SECOND_US).astype(np.int64)
    still_open = np.bincount(going_on.figure, minlength=size)
    is_past = going_on.us >= targets_us[going_on.figure]
    open_past = np.bincount(going_on.figure[is_past], minlength=size)
    # released within the target: nobody waited for that answer at all
    moot = found.sums(found.is_released & found.is_within)
    in_time = found.sums(~found.is_released & found.is_within)
    late = found.sums(~found.is_within) + open_past
    columns = (in_time, late, in_time + late + still_open - open_past, still_open, moot)
    counts = [np.round(column).astype(np.int64).tolist() for column in columns]
    medians, p90s = _quantiles(found, going_on.figure, up_to[going_on.last] - 1, MIDDLES_S[used])
    return [
        Figure(
            measure=measures[at],
            within_s=within_s[at],
            n=counts[2][at],
            open=counts[3][at],
            not_awaited=counts[4][at],
            share=share_of(counts[0][at], counts[0][at] + counts[1][at]),
            median_s=medians[at],
            p90_s=p90s[at],
        )
        for at in range(size)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """The places of a table of figures by endings by used bins at which anybody is, and how many are there."""

    figures: int
    bins: int  # that are used
    figure: Ints
    bin: Ints  # among those that are used
    is_released: Bools
    is_within: Bools  # the target of the figure
    count: Floats

    @classmethod
    def of(cls, ended: Binned, up_to: Ints, figures: int, *, within: Ints) -> _Found:
        """`within` is how many of the used bins lie within the target of each figure."""
        bins = int(up_to[-1])
        table = np.bincount(
            ended.key * bins + up_to[ended.bin] - 1, weights=ended.count, minlength=2 * figures * bins
        ).astype(np.float64, copy=False)
        place = np.flatnonzero(table)
        key, at = np.divmod(place, max(bins, 1))
        figure = key >> 1
        return cls(
            figures=figures,
            bins=bins,
            figure=figure,
            bin=at,
            is_released=(key & 1).astype(bool),
            is_within=at < within[figure],
            count=table[place],
        )

    def sums(self, which: Bools) -> Floats:
        """How many of these there are of each figure."""
        return np.bincount(self.figure[which], weights=self.count[which], minlength=self.figures).astype(np.float64)


def _quantiles(found: _Found, open_figure: Ints, open_last: Ints, middles: Floats) -> tuple[list[float | None], ...]:
    """When the Kaplan-Meier curve of each figure falls to each level; None where it does not get there. Only the bins
    that anybody leaves in are steps: answered, released past the target (before it nobody waited), or, where
    `open_last` is the last used bin whose wait they have outlasted, still waiting."""
    size, bins = found.figures, found.bins
    reached: tuple[list[float | None], ...] = tuple([None] * size for _ in LEVELS)
    cell = found.figure * bins + found.bin
    is_seen = open_last >= 0
    leaves = ~found.is_released | ~found.is_within
    open_cell = open_figure[is_seen] * bins + open_last[is_seen]
    leaving = np.bincount(cell[leaves], weights=found.count[leaves], minlength=size * bins)
    everybody: Floats = leaving.astype(np.float64) + np.bincount(open_cell, minlength=size * bins)
    step = np.flatnonzero(everybody)
    if not len(step):
        return reached
    answered = np.zeros(size * bins)
    answered[cell[~found.is_released]] = found.count[~found.is_released]
    figure, gone = step // bins, everybody[step]
    is_first = np.r_[True, figure[1:] != figure[:-1]]
    first = np.flatnonzero(is_first)
    sizes = np.diff(np.r_[first, len(step)])
    all_gone = np.cumsum(gone)
    gone_before = all_gone - gone - np.repeat(all_gone[first] - gone[first], sizes)
    at_risk = np.repeat(np.add.reduceat(gone, first), sizes) - gone_before
    falls = np.log(np.maximum(1 - answered[step] / at_risk, LEAST_STAYING))
    total = np.cumsum(falls)
    so_far = total - np.repeat(total[first] - falls[first], sizes)
    for of_level, level in zip(reached, LEVELS, strict=True):
        below = np.flatnonzero(so_far <= log(level + ROUNDING))
        if len(below):
            of = figure[below]
            firsts = below[np.r_[True, of[1:] != of[:-1]]]
            for at, seconds in zip(figure[firsts].tolist(), middles[step[firsts] % bins].tolist(), strict=True):
                of_level[at] = seconds
    return reached
