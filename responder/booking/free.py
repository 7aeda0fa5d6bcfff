"""When a visit could begin: working hours minus what is busy, on a grid. Values in, values out.

All arithmetic is in UTC, so a clock change lengthens or shortens a shift as it does in life; local time only labels
the results.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from responder.salon.profile import Specialist

Span = tuple[datetime, datetime]  # UTC, half open
Busy = Mapping[int, Sequence[Span]]  # by specialist id


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """What has to fit: the visit itself inside working hours, the visit with its buffer beside what is busy."""

    length: timedelta
    occupies: timedelta
    step: timedelta


@dataclass(frozen=True, slots=True)
class Start:
    """A possible beginning; `by` are the keys of the specialists free then, the least busy of the day first."""

    at: datetime  # UTC
    local: time
    by: tuple[str, ...]


class OutsideWindow(Exception):
    """A day was asked about whose busy spans were not loaded."""


class FreeDays:
    """Possible starts by local day, worked out when a day is first asked about.

    `begins` bounds the starts, half open; `loaded` are the first and last day that `busy` covers.
    """

    def __init__(
        self,
        specialists: Sequence[Specialist],
        visit: Visit,
        *,
        busy: Busy,
        zone: ZoneInfo,
        begins: Span,
        loaded: tuple[date, date],
        not_on: frozenset[date] = frozenset(),
    ) -> None:
        self._specialists = specialists
        self._visit = visit
        self._busy = {specialist.id: joined(busy.get(specialist.id, ())) for specialist in specialists}
        self._zone = zone
        self._begins = begins
        self._first, self._last = (instant.astimezone(zone).date() for instant in begins)
        self._loaded = loaded
        self._not_on = not_on
        self._days: dict[date, tuple[Start, ...]] = {}

    def on(self, day: date) -> tuple[Start, ...]:
        """Starts of a day in order; raises `OutsideWindow` for a day that was not loaded."""
        if not self._first <= day <= self._last:
            return ()
        if day not in self._days:
            if not self._loaded[0] <= day <= self._loaded[1]:
                raise OutsideWindow(day)
            self._days[day] = () if day in self._not_on else self._work_out(day)
        return self._days[day]

    def _work_out(self, day: date) -> tuple[Start, ...]:
        free = [
            (specialist.key, self._starts_of(specialist, day))
            for specialist in self._specialists
            if specialist.hours.on(day)
        ]
        free.sort(key=lambda pair: -len(pair[1]))
        by_instant: dict[datetime, list[str]] = {}
        for key, starts in free:
            for start in starts:
                by_instant.setdefault(start, []).append(key)
        return tuple(
            Start(at, at.astimezone(self._zone).time(), tuple(keys)) for at, keys in sorted(by_instant.items())
        )

    def _starts_of(self, specialist: Specialist, day: date) -> list[datetime]:
        busy = self._busy[specialist.id]
        spans = specialist.hours.spans(day, day)
        return [start for span in spans for start in free_starts(span, busy, self._visit, begins=self._begins)]


def free_starts(span: Span, busy: Sequence[Span], visit: Visit, *, begins: Span) -> Iterator[datetime]:
    """Starts inside one working span on the grid that its beginning lays. `busy` is in order and without overlaps;
    `begins` bounds the starts, half open."""
    opens, closes = span
    start = _on_grid(max(opens, begins[0]), opens, visit.step)
    nearest = bisect_right(busy, start, key=lambda taken: taken[1])
    while start + visit.length <= closes and start < begins[1]:
        while nearest < len(busy) and busy[nearest][1] <= start:
            nearest += 1
        if nearest < len(busy) and busy[nearest][0] < start + visit.occupies:
            start = _on_grid(busy[nearest][1], opens, visit.step)
        else:
            yield start
            start += visit.step


def joined(spans: Iterable[Span]) -> list[Span]:
    """Overlapping and touching spans made one, in order."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def _on_grid(instant: datetime, origin: datetime, step: timedelta) -> datetime:
    """The first grid point at or after `instant`."""
    return origin + -((origin - instant) // step) * step
