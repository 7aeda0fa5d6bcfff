"""Which hour of the day is meant: parts of the day, and the half of the day a bare "5" belongs to.

A salon open from 10 to 21 hears "в 5" as 17:00; the rule is that the reading inside opening hours wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from responder.hours import OpeningHours
from responder.understanding.atoms import Clock

LAST_MINUTE = time(23, 59)

# first and last start, and the hour that "after it" begins
PARTS: dict[str, tuple[time, time, time]] = {
    "morning": (time(6), time(12), time(12)),
    "noon": (time(12), time(14), time(13)),
    "day": (time(12), time(18), time(18)),
    "afternoon": (time(12), time(18), time(18)),
    "late_afternoon": (time(16), time(19), time(18)),
    "evening": (time(18), LAST_MINUTE, time(18)),
    "after_work": (time(18), LAST_MINUTE, time(18)),
    "night": (time(0), time(6), time(21)),
    "am": (time(0), time(12), time(12)),
    "pm": (time(12), LAST_MINUTE, time(12)),
}


@dataclass(frozen=True, slots=True)
class Settled:
    at: time
    is_doubtful: bool = False  # both halves of the day are possible
    may_be_later: bool = False  # twelve hours later is a reading too


def part_span(name: str) -> tuple[time | None, time | None]:
    """From when until when; "after lunch" and "before lunch" are open on one side."""
    relation, _, base = name.rpartition(" ")
    start, end, after = PARTS.get(base, PARTS["day"])
    if relation == "after":
        return after, None
    if relation == "before":
        return None, start
    return start, end


class DayTime:
    """Settles clocks by the salon's hours."""

    def __init__(self, hours: OpeningHours) -> None:
        self._hours = hours

    def settle(
        self,
        clock: Clock,
        *,
        day: date | None,
        part: str | None = None,
        after: time | None = None,
        is_end: bool = False,
    ) -> Settled:
        """The hour meant on `day` (None: any day); `part` was said near it; never before `after` when that can be.
        A stretch may end when the salon closes (`is_end`), a visit cannot start then."""
        if clock.is_fixed and not clock.part:
            return Settled(time(clock.hour, clock.minute))
        said = clock.part or part
        if said is not None:
            return Settled(time(_in_part(clock.hour, said), clock.minute))
        if clock.hour == 12:
            return Settled(time(12, clock.minute))
        early, late = time(clock.hour, clock.minute), time(clock.hour + 12, clock.minute)
        is_early, is_late = (self.is_open(at, day, is_end=is_end) for at in (early, late))
        if after is not None and early <= after < late:
            return Settled(late)
        if is_early and is_late:
            return Settled(late if clock.hour < 8 else early, is_doubtful=True, may_be_later=True)
        if is_early != is_late:
            return Settled(early if is_early else late, may_be_later=early.hour < 12 and is_early)
        return Settled(late if clock.hour < 8 else early, may_be_later=clock.hour >= 8)

    def is_open(self, at: time, day: date | None, *, is_end: bool = False) -> bool:
        """Whether a visit may start then (or, `is_end`, end then); a closed day is judged by its usual hours."""
        days = self._hours.week if day is None else (self._hours.on(day) or self._hours.week[day.weekday()],)
        return any(
            interval.start <= at < interval.end or (is_end and at == interval.end)
            for intervals in days
            for interval in intervals
        )


def _in_part(hour: int, part: str) -> int:
    """The hour on a 24-hour clock that "`hour` in the `part`" is."""
    base = part.rpartition(" ")[2]
    if hour > 12:
        return hour
    if base == "am":
        return hour % 12
    if base == "pm":
        return hour % 12 + 12
    if base == "morning":
        return hour
    if base == "night":
        return hour % 12 + (12 if 9 <= hour < 12 else 0)
    if base in ("evening", "after_work", "late_afternoon"):
        return 0 if hour == 12 else hour + 12 if hour else 0
    return hour + 12 if 1 <= hour <= 8 else hour
