"""Working time of many instants at once: how much of it had passed by each, counted from a day before them all."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from responder.hours import OpeningHours
from responder.reports.marks import EPOCH
from responder.timing.bins import Ints


def micros_of(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


class WorkingTime:
    """The opening spans from `first` to `last` and what they add up to."""

    def __init__(self, hours: OpeningHours, *, first: datetime, last: datetime) -> None:
        since, until = first.astimezone(hours.zone).date(), last.astimezone(hours.zone).date()
        spans = list(hours.spans(since - timedelta(days=1), until + timedelta(days=1)))
        self._opens: Ints = np.array([micros_of(opens) for opens, _ in spans], dtype=np.int64)
        self._lengths: Ints = np.array(
            [micros_of(closes) - micros_of(opens) for opens, closes in spans], dtype=np.int64
        )
        self._before: Ints = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._lengths)])

    def until(self, instants_us: Ints) -> Ints:
        """Working microseconds up to each instant (microseconds since 1970)."""
        if not len(self._opens):
            return np.zeros(len(instants_us), dtype=np.int64)
        span = np.searchsorted(self._opens, instants_us, side="right") - 1
        inside = np.clip(instants_us - self._opens[span], 0, self._lengths[span])
        return np.where(span >= 0, self._before[span] + inside, 0)
