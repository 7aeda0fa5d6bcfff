"""From the waits of many enquiries to a figure: share in time, median and p90, and how sure one may be of them.

Nobody disappears: who was not answered stays in as an open wait. Method and reasons: docs/timing.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

from responder.hours import OpeningHours
from responder.timing.measures import Measure, Measures, Span, elapsed_s
from responder.timing.timeline import Author, Exclusion

SMALL = 10  # fewer enquiries than this are shown greyed
_Z95 = NormalDist().inv_cdf(0.975)
_ROUNDING = 1e-9


class Ending(StrEnum):
    ANSWERED = "answered"
    OPEN = "open"
    RELEASED = "released"  # the other side made it moot


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """How long somebody waited; for an open or released wait, how long without an answer."""

    seconds: float
    ending: Ending = Ending.ANSWERED


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """`within` of `of`, with the 95 % Wilson score interval."""

    within: int
    of: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measure over many enquiries.

    Everything rests on `n` waits, `open` of them unanswered so far; `not_awaited` further ones are left out as the
    other side answered before `within_s` had passed and this side never did. `share` is None while nothing can be said,
    `median_s` and `p90_s` are None when the curve does not get there.
    """

    measure: Measure
    within_s: float
    n: int
    open: int
    not_awaited: int
    share: Share | None
    median_s: float | None
    p90_s: float | None

    @property
    def is_small(self) -> bool:
        return self.n < SMALL


@dataclass(frozen=True, kw_only=True, slots=True)
class AnsweredFirst:
    """Who gave the first useful reply, in enquiries; `other` is an author nobody knows."""

    bot: int
    human: int
    other: int
    nobody: int

    @property
    def n(self) -> int:
        return self.bot + self.human + self.other + self.nobody


def figure(
    measures: Iterable[Measures],
    name: Measure,
    *,
    now: datetime,
    within_s: float = 60.0,
    hours: OpeningHours | None = None,
) -> Figure:
    """The figure of one measure at `now`, in calendar seconds, or in working seconds when `hours` are given."""
    return summarise(waits(measures, name, now=now, hours=hours), name, within_s=within_s)


def waits(
    measures: Iterable[Measures], name: Measure, *, now: datetime, hours: OpeningHours | None = None
) -> list[Wait]:
    """Every wait of that name that had begun at `now`, of enquiries that are not excluded."""
    return [
        _wait(span, now, hours)
        for measured in measures
        if measured.excluded is None
        for span in measured.spans[name]
        if span.start <= now
    ]


def summarise(found: Sequence[Wait], name: Measure, *, within_s: float = 60.0) -> Figure:
    """The figure of waits that are already in seconds."""
    counted = [wait for wait in found if wait.ending is not Ending.RELEASED or wait.seconds >= within_s]
    curve = _survival(counted)
    return Figure(
        measure=name,
        within_s=within_s,
        n=len(counted),
        open=sum(wait.ending is Ending.OPEN for wait in counted),
        not_awaited=len(found) - len(counted),
        share=share_within(found, within_s),
        median_s=_reaches(curve, 0.5),
        p90_s=_reaches(curve, 0.1),
    )


def share_within(found: Iterable[Wait], within_s: float) -> Share | None:
    """Answered within `within_s`, of all that were answered or have waited that long; None when there are none."""
    ripe = [wait for wait in found if wait.ending is Ending.ANSWERED or wait.seconds >= within_s]
    within = sum(wait.ending is Ending.ANSWERED and wait.seconds <= within_s for wait in ripe)
    if not ripe:
        return None
    low, high = wilson_interval(within, len(ripe))
    return Share(within=within, of=len(ripe), value=within / len(ripe), low=low, high=high)


def wilson_interval(successes: int, of: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927), inside 0..1 whatever the sample; `of` must be positive."""
    share, z2 = successes / of, _Z95 * _Z95
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z95 * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(min(centre - half, share), 0.0), min(max(centre + half, share), 1.0)


def kaplan_meier(found: Iterable[Wait], quantile: float) -> float | None:
    """The time by which `quantile` (0..1) of those who wait have been answered, counting those who still wait (Kaplan
    and Meier 1958); None when the curve does not get there."""
    return _reaches(_survival(found), 1 - quantile)


def answered_first(measures: Iterable[Measures]) -> AnsweredFirst:
    """By whom the first useful reply came, over enquiries that are not excluded."""
    counts: Counter[str] = Counter()
    for measured in measures:
        if measured.excluded is None:
            counts[_side(measured.first_useful_by)] += 1
    return AnsweredFirst(bot=counts["bot"], human=counts["human"], other=counts["other"], nobody=counts["nobody"])


def count_excluded(measures: Iterable[Measures]) -> dict[Exclusion, int]:
    """How many enquiries were left out, by reason; every reason is there."""
    counts = Counter(measured.excluded for measured in measures if measured.excluded is not None)
    return {reason: counts[reason] for reason in Exclusion}


def _wait(span: Span, now: datetime, hours: OpeningHours | None) -> Wait:
    """The wait as it stood at `now`: what happened later had not happened."""
    if span.end is not None and span.end <= now:
        return Wait(seconds=elapsed_s(span.start, span.end, hours), ending=Ending.ANSWERED)
    if span.released_at is not None and span.released_at <= now:
        return Wait(seconds=elapsed_s(span.start, span.released_at, hours), ending=Ending.RELEASED)
    return Wait(seconds=elapsed_s(span.start, now, hours), ending=Ending.OPEN)


def _survival(found: Iterable[Wait]) -> list[tuple[float, float]]:
    """Steps (seconds, share still waiting). At one second an answer comes before the end of an open wait."""
    answered: Counter[float] = Counter()
    ended: Counter[float] = Counter()
    for wait in found:
        ended[wait.seconds] += 1
        answered[wait.seconds] += wait.ending is Ending.ANSWERED
    at_risk, still_waiting = sum(ended.values()), 1.0
    steps = []
    for seconds in sorted(ended):
        if answered[seconds]:
            still_waiting *= 1 - answered[seconds] / at_risk
            steps.append((seconds, still_waiting))
        at_risk -= ended[seconds]
    return steps


def _reaches(steps: Iterable[tuple[float, float]], level: float) -> float | None:
    return next((seconds for seconds, waiting in steps if waiting <= level + _ROUNDING), None)


def _side(author: Author | None) -> str:
    if author is None:
        return "nobody"
    if author.is_person:
        return "human"
    return "bot" if author is Author.BOT else "other"
