"""Many figures from waits that are counted in bins: a table of figures by bins, and all curves in a few passes over it.

The same statistics as `counts.figures_of`, without sorting anything: bins are in order already. An open wait is as long
as it has lasted, and is at risk in every bin whose wait is not longer; `statistics.summarise` is the definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from responder.timing.bins import BINS, MIDDLES_S, SECOND_US, Floats, Ints, edge_at
from responder.timing.counts import NOBODY_WAITS, ROUNDING, share_of
from responder.timing.measures import Measure
from responder.timing.statistics import Figure

LEVELS = (0.5, 0.1)  # of those still waiting: the median and the 90th percentile


@dataclass(frozen=True, kw_only=True, slots=True)
class Binned:
    """Waits that have ended, a row for those of one figure, ending and bin: `key` is twice the figure, plus one where
    they ended unmet (released). Rows may repeat."""

    key: Ints
    bin: Ints
    count: Ints


@dataclass(frozen=True, kw_only=True, slots=True)
class GoingOn:
    """Waits without an end, one a row, in microseconds."""

    figure: Ints
    us: Ints


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
    used = np.flatnonzero(np.bincount(ended.bin, minlength=BINS))
    table = _table(ended, used, size)
    answered, released = table[:, 0], table[:, 1]
    edges = np.array([edge_of(seconds) for seconds in within_s], dtype=np.int64)
    within = np.searchsorted(used, edges, side="right")  # how many of the used bins lie within each target
    in_time, moot = _up_to(answered, within), _up_to(released, within)
    all_answered, all_released = answered.sum(axis=1), released.sum(axis=1)
    targets_us = np.round(np.array(within_s) * SECOND_US).astype(np.int64)
    still_open = np.bincount(going_on.figure, minlength=size)
    is_past = going_on.us >= targets_us[going_on.figure]
    open_past = np.bincount(going_on.figure[is_past], minlength=size)
    late = all_answered - in_time + all_released - moot + open_past
    n = all_answered + all_released - moot + still_open
    # released within the target: nobody waited for that answer at all
    leaving = answered + released * (np.arange(len(used)) >= within[:, None])
    medians, p90s = _quantiles(leaving, answered, going_on, used)
    columns = (in_time, late, n, still_open, moot)
    counts = [np.round(column).astype(np.int64).tolist() for column in columns]
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


def _table(ended: Binned, used: Ints, size: int) -> Floats:
    """How many ended in each used bin: figures, endings, bins."""
    place = np.zeros(BINS, dtype=np.int64)
    place[used] = np.arange(len(used))
    key = ended.key * len(used) + place[ended.bin]
    found = np.bincount(key, weights=ended.count, minlength=2 * size * len(used)).astype(np.float64, copy=False)
    return found.reshape(size, 2, len(used))


def _up_to(counts: Floats, within: Ints) -> Floats:
    """The sum of the first `within` bins of each figure."""
    reached = np.arange(counts.shape[1]) < within[:, None]
    found: Floats = np.einsum("fb,fb->f", counts, reached)
    return found


def _quantiles(leaving: Floats, answered: Floats, going_on: GoingOn, used: Ints) -> tuple[list[float | None], ...]:
    """When the Kaplan-Meier curve of each figure falls to each level; None where it does not get there. Only the bins
    that anybody leaves in are steps, a tenth of the table or less."""
    size, bins = leaving.shape
    reached: tuple[list[float | None], ...] = tuple([None] * size for _ in LEVELS)
    middles = MIDDLES_S[used]
    last = np.searchsorted(middles, going_on.us / SECOND_US, side="right") - 1
    is_seen = last >= 0
    key = going_on.figure[is_seen] * bins + last[is_seen]
    everybody = leaving.ravel() + np.bincount(key, minlength=size * bins)
    step = np.flatnonzero(everybody)
    if not len(step):
        return reached
    figure, gone = step // bins, everybody[step]
    is_first = np.r_[True, figure[1:] != figure[:-1]]
    first = np.flatnonzero(is_first)
    sizes = np.diff(np.r_[first, len(step)])
    so_far = np.cumsum(gone)
    gone_before = so_far - gone - np.repeat(so_far[first] - gone[first], sizes)
    at_risk = np.repeat(np.add.reduceat(gone, first), sizes) - gone_before
    staying = 1 - answered.ravel()[step] / at_risk
    falls = np.where(staying > 0, np.log(np.where(staying > 0, staying, 1.0)), NOBODY_WAITS)
    total = np.cumsum(falls)
    survival = np.exp(total - np.repeat(total[first] - falls[first], sizes))
    for found, level in zip(reached, LEVELS, strict=True):
        below = np.flatnonzero(survival <= level + ROUNDING)
        if len(below):
            of = figure[below]
            firsts = below[np.r_[True, of[1:] != of[:-1]]]
            for at, seconds in zip(figure[firsts].tolist(), middles[step[firsts] % bins].tolist(), strict=True):
                found[at] = seconds
    return reached
