"""When a place or a person is at work: weekly intervals, dated exceptions, the local zone and its clock changes.

Pure values; used for slots (when may a visit start) and for timing (seconds inside working hours).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

END_OF_DAY = time(23, 59, 59, 999999)


@dataclass(frozen=True, order=True, slots=True)
class Interval:
    """Local times of one day, half open; an end of 24:00 is written `END_OF_DAY`."""

    start: time
    end: time


DayHours = tuple[Interval, ...]
Span = tuple[datetime, datetime]  # UTC, half open


@dataclass(frozen=True, kw_only=True)
class OpeningHours:
    """`week[0]` is Monday; `exceptions` replace the week on their date (an empty tuple closes the day). Intervals of a
    day are put in order and joined where they meet, so that no second is open twice."""

    zone: ZoneInfo
    week: tuple[DayHours, DayHours, DayHours, DayHours, DayHours, DayHours, DayHours]
    exceptions: Mapping[date, DayHours] = field(default_factory=dict)
    _spans: dict[date, tuple[Span, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "week", tuple(merge(day) for day in self.week))
        object.__setattr__(self, "exceptions", {day: merge(hours) for day, hours in self.exceptions.items()})

    def on(self, day: date) -> DayHours:
        """Local intervals of a date, in order; empty when closed."""
        return self.exceptions.get(day, self.week[day.weekday()])

    def spans(self, first: date, last: date) -> Iterator[Span]:
        """UTC half-open spans of the dates `first`..`last` inclusive, in order. Of a local time that a clock change
        repeats the first is meant, one that it skips is the instant of the change; lengths are true elapsed time."""
        day = first
        while day <= last:
            spans = self._spans.get(day)
            if spans is None:  # a report asks for the same month thousands of times
                spans = self._spans[day] = self._spans_of(day)
            yield from spans
            day += timedelta(days=1)

    def is_open(self, instant: datetime) -> bool:
        local = instant.astimezone(self.zone).date()
        return any(start <= instant < end for start, end in self.spans(local, local))

    def next_opening(self, instant: datetime, *, within_days: int = 31) -> datetime | None:
        """`instant` itself when open, else the next opening in UTC, or None within the horizon."""
        local = instant.astimezone(self.zone).date()
        for start, end in self.spans(local, local + timedelta(days=within_days)):
            if end > instant:
                return max(start, instant)
        return None

    def working_seconds(self, start: datetime, end: datetime) -> float:
        """Seconds of [start, end) that lie inside opening hours; never more than the calendar seconds."""
        if end <= start:
            return 0.0
        first, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        overlaps = (min(closes, end) - max(opens, start) for opens, closes in self.spans(first, last))
        return sum((overlap for overlap in overlaps if overlap > timedelta()), timedelta()).total_seconds()

    def after_working_seconds(self, start: datetime, seconds: float, *, within_days: int = 366) -> datetime | None:
        """The first instant by which `seconds` of opening hours have passed since `start`: the inverse of
        `working_seconds`. `start` itself for none; None when they are not reached within the horizon."""
        left = timedelta(seconds=seconds)
        if left <= timedelta():
            return start
        first = start.astimezone(self.zone).date()
        for opens, closes in self.spans(first, first + timedelta(days=within_days)):
            begins = max(opens, start)
            if closes - begins >= left:
                return begins + left
            left -= max(closes - begins, timedelta())
        return None

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        spans = ((self._utc(day, interval.start), self._utc(day, interval.end)) for interval in self.on(day))
        return tuple((start, end) for start, end in spans if end > start)

    def _utc(self, day: date, at: time) -> datetime:
        if at == END_OF_DAY:
            day, at = day + timedelta(days=1), time(0)
        local = datetime.combine(day, at, tzinfo=self.zone)
        before, after = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
        return before if before <= after else self._clock_change(after, before)

    def _clock_change(self, low: datetime, high: datetime) -> datetime:
        """The instant in (low, high] at which the zone's clock jumps; zoneinfo does not name its transitions."""
        offset = low.astimezone(self.zone).utcoffset()
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            if middle.astimezone(self.zone).utcoffset() == offset:
                low = middle
            else:
                high = middle
        return high.replace(microsecond=0)


def merge(intervals: DayHours) -> DayHours:
    """Overlapping and touching intervals joined, in order."""
    joined: list[Interval] = []
    for interval in sorted(intervals):
        if joined and interval.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, interval.end))
        else:
            joined.append(interval)
    return tuple(joined)


def contains(day_hours: DayHours, at: time) -> bool:
    position = bisect_right([interval.start for interval in day_hours], at) - 1
    return position >= 0 and at < day_hours[position].end
