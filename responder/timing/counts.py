"""Many figures from many waits at once: the statistics of `statistics.py` over columns instead of objects.

A report has some hundred figures, of channels, people and hours. Waits come as columns, exact ones and those counted in
bins alike, and every figure is worked out in the same few passes. `statistics.summarise` is the definition; a property
test holds this to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from responder.timing.bins import SECOND_US, Floats, Ints
from responder.timing.measures import Measure
from responder.timing.statistics import Figure, Share, wilson_interval

Bools = NDArray[np.bool_]

ANSWERED: Final = 0
RELEASED: Final = 1
OPEN: Final = 2
ROUNDING = 1e-9
_MICROS_BITS: Final = 47  # no wait is longer than four years
NOBODY_WAITS = -50.0  # the logarithm of no share at all, small enough to end every curve and large enough to add up


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitColumns:
    """Waits, one a row; equal ones may share a row. `figure` says which figure a row belongs to, `ending` is one of
    the codes above. `is_past` is whether an answer came after the target, or a wait without one lasted at least as
    long: known exactly even where `seconds` is only the middle of a bin."""

    figure: Ints
    seconds: Floats
    ending: Ints
    is_past: Bools
    count: Ints

    @staticmethod
    def joined(parts: Sequence[WaitColumns]) -> WaitColumns:
        return WaitColumns(
            figure=np.concatenate([part.figure for part in parts]),
            seconds=np.concatenate([part.seconds for part in parts]),
            ending=np.concatenate([part.ending for part in parts]),
            is_past=np.concatenate([part.is_past for part in parts]),
            count=np.concatenate([part.count for part in parts]),
        )


def figures_of(waits: WaitColumns, *, measures: Sequence[Measure], within_s: Sequence[float]) -> list[Figure]:
    """The figure of each of `measures` with its `within_s`; rows name it by position, without rows it is empty."""
    size = len(measures)

    def counted(which: Bools) -> list[int]:
        found = np.bincount(waits.figure[which], weights=waits.count[which], minlength=size)
        counts: list[int] = np.rint(found).astype(np.int64).tolist()
        return counts

    is_answered, is_open = waits.ending == ANSWERED, waits.ending == OPEN
    is_moot = (waits.ending == RELEASED) & ~waits.is_past
    in_time, late = counted(is_answered & ~waits.is_past), counted(waits.is_past)
    n, still_open, not_awaited = counted(~is_moot), counted(is_open), counted(is_moot)
    medians, p90s = _quantiles(waits, ~is_moot, size=size, levels=(0.5, 0.1))
    return [
        Figure(
            measure=measures[at],
            within_s=within_s[at],
            n=n[at],
            open=still_open[at],
            not_awaited=not_awaited[at],
            share=share_of(in_time[at], in_time[at] + late[at]),
            median_s=medians[at],
            p90_s=p90s[at],
        )
        for at in range(size)
    ]


@lru_cache(maxsize=10_000)  # a report says some hundred, and says most of them again the next time
def share_of(within: int, of: int) -> Share | None:
    """A share with its interval; None of nothing."""
    if not of:
        return None
    low, high = wilson_interval(within, of)
    return Share(within=within, of=of, value=within / of, low=low, high=high)


def _quantiles(
    waits: WaitColumns, which: Bools, *, size: int, levels: tuple[float, ...]
) -> tuple[list[float | None], ...]:
    """When the Kaplan-Meier curve of each figure falls to each level; None where it does not get there."""
    reached: tuple[list[float | None], ...] = tuple([None] * size for _ in levels)
    figure, seconds, survival = _curves(waits, which)
    for found, level in zip(reached, levels, strict=True):
        below = np.flatnonzero(survival <= level + ROUNDING)
        first_figures, first = np.unique(figure[below], return_index=True)
        for at, step in zip(first_figures.tolist(), below[first].tolist(), strict=True):
            found[at] = float(seconds[step])
    return reached


def _curves(waits: WaitColumns, which: Bools) -> tuple[Ints, Floats, Floats]:
    """The steps of every curve in order: figure, seconds, share still waiting. At one second an answer comes before the
    end of an open wait, so who is censored there was still at risk."""
    figure, seconds, count = waits.figure[which], waits.seconds[which], waits.count[which]
    is_answer = waits.ending[which] == ANSWERED
    # most come in order already, which a stable sort makes use of
    order = np.argsort(figure << _MICROS_BITS | np.round(seconds * SECOND_US).astype(np.int64), kind="stable")
    figure, seconds = figure[order], seconds[order]
    if not len(figure):
        return figure, seconds, seconds
    starts = np.flatnonzero(np.r_[True, (figure[1:] != figure[:-1]) | (seconds[1:] != seconds[:-1])])
    ended = np.add.reduceat(count[order], starts)
    answered = np.add.reduceat((count * is_answer)[order], starts)
    figure, seconds = figure[starts], seconds[starts]

    first = np.flatnonzero(np.r_[True, figure[1:] != figure[:-1]])
    sizes = np.diff(np.r_[first, len(figure)])
    gone = np.cumsum(ended)
    gone_before = gone - ended - np.repeat(gone[first] - ended[first], sizes)
    at_risk = np.repeat(np.add.reduceat(ended, first), sizes) - gone_before
    staying = 1 - answered / at_risk
    steps = np.where(staying > 0, np.log(np.where(staying > 0, staying, 1.0)), NOBODY_WAITS)
    total = np.cumsum(steps)
    survival = np.exp(total - np.repeat(total[first] - steps[first], sizes))
    return figure, seconds, survival
