"""Why nothing fits a wish, told truly: the calendar of the salon and its people first, what is taken last. Pure.

In: a question that found nothing. Out: the cause that stood closest to a yes. "Everything is taken" is said only where
a visit could have begun but for other visits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from responder.booking.free import free_starts
from responder.booking.slots import SearchReason, SlotQuestion
from responder.dialogue.meaning import Wish
from responder.hours import END_OF_DAY, DayHours
from responder.salon.profile import Specialist

LOOKED_AT_DAYS = 14  # of a wish without a last day
DAY_MINUTES = 24 * 60

# From hopeless to nearly: of several specialists and days the closest to a yes is the reason told.
_CLOSENESS = (
    SearchReason.PAST,
    SearchReason.TOO_FAR,
    SearchReason.CLOSED_DAY,
    SearchReason.HOLIDAY,
    SearchReason.OUT_OF_HOURS,
    SearchReason.DAY_OFF,
    SearchReason.OFF_SHIFT,
    SearchReason.BREAK,
    SearchReason.TOO_LONG,
    SearchReason.DAY_OVER,
    SearchReason.TOO_SOON,
    SearchReason.OFF_GRID,
    SearchReason.FULL,
)
_ABOUT_PEOPLE = frozenset({SearchReason.DAY_OFF, SearchReason.OFF_SHIFT, SearchReason.BREAK})

Minutes = tuple[int, int]  # of a local day, half open


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """`day` is set when the wish was for one day, `specialist` (key) when the reason is about one person."""

    reason: SearchReason
    day: date | None = None
    specialist: str | None = None


def why_nothing_fits(question: SlotQuestion) -> Cause:
    """The cause for the wish that came closest; the caller has found nothing for any of them."""
    if question.after is not None or question.before is not None:
        return Cause(reason=SearchReason.NO_LATER if question.after is not None else SearchReason.NO_EARLIER)
    causes = [_cause(wish, question) for wish in question.wishes or (Wish(),)]
    return max(causes, key=lambda cause: _CLOSENESS.index(cause.reason))


def _cause(wish: Wish, question: SlotQuestion) -> Cause:
    if wish.date_from is not None and wish.date_from > question.last_day:
        return Cause(reason=SearchReason.TOO_FAR)
    if _is_over(wish, question):
        return Cause(reason=SearchReason.PAST)
    days = _days(wish, question)
    by_day = [_closest(_barrier(one, day, wish, question) for one in question.candidates) for day in days]
    reason = _closest(reason for reason in by_day if reason is not SearchReason.DAY_OVER or len(days) == 1)
    only = question.candidates[0].key if len(question.candidates) == 1 else None
    return Cause(
        reason=reason,
        day=days[0] if len(days) == 1 else None,
        specialist=only if reason in _ABOUT_PEOPLE else None,
    )


def _days(wish: Wish, question: SlotQuestion) -> list[date]:
    today = question.now.astimezone(question.salon.zone).date()
    first = max(wish.date_from or today, today)
    last = min(wish.date_to or first + timedelta(days=LOOKED_AT_DAYS), question.last_day)
    return [first + timedelta(days=number) for number in range(max((last - first).days, 0) + 1)]


def _is_over(wish: Wish, question: SlotQuestion) -> bool:
    if wish.date_to is None:
        return False
    until = wish.exact_time or wish.time_to or time(23, 59)
    return datetime.combine(wish.date_to, until, tzinfo=question.salon.zone).astimezone(UTC) < question.now


def _closest(reasons: Iterable[SearchReason]) -> SearchReason:
    return max(reasons, key=_CLOSENESS.index, default=SearchReason.FULL)


def _barrier(specialist: Specialist, day: date, wish: Wish, question: SlotQuestion) -> SearchReason:
    """What keeps this specialist from beginning a visit inside the wish on this day; `FULL` when only others do."""
    salon, asked = question.salon.hours, _windows(wish)
    opening = salon.on(day)
    if not opening:
        return SearchReason.HOLIDAY if salon.week[day.weekday()] else SearchReason.CLOSED_DAY
    if not _common(asked, opening):
        return SearchReason.OUT_OF_HOURS
    shift = specialist.hours.on(day)
    if not shift:
        return SearchReason.DAY_OFF
    length = int(question.visit().length.total_seconds()) // 60
    if not _common(asked, shift):
        # a break that ends the day is no break: the visit would have to begin between two parts of the shift
        is_between = _minute(shift[0].start) < asked[0][0] and asked[-1][1] <= _minute(shift[-1].end)
        return SearchReason.BREAK if is_between else SearchReason.OFF_SHIFT
    if not any(start + length <= closes for start, closes in _common(asked, shift)):
        return SearchReason.TOO_LONG
    return _at_the_time(specialist, day, asked, question)


def _at_the_time(specialist: Specialist, day: date, asked: list[Minutes], question: SlotQuestion) -> SearchReason:
    visit, zone = question.visit(), question.salon.zone
    starts = [
        start
        for span in specialist.hours.spans(day, day)
        for start in free_starts(span, (), visit, begins=span)
        if any(first <= _minute(start.astimezone(zone).time()) < end for first, end in asked)
    ]
    if not starts:
        return SearchReason.OFF_GRID
    if starts[-1] < question.now:
        return SearchReason.DAY_OVER
    return SearchReason.TOO_SOON if starts[-1] < question.earliest else SearchReason.FULL


def _windows(wish: Wish) -> list[Minutes]:
    """When a visit may begin by the wish; two parts when it runs over midnight."""
    if wish.exact_time is not None:
        minute = _minute(wish.exact_time)
        return [(minute, minute + 1)]
    start = 0 if wish.time_from is None else _minute(wish.time_from)
    end = DAY_MINUTES if wish.time_to is None else _minute(wish.time_to)
    return [(start, max(end, start + 1))] if end >= start else [(0, end), (start, DAY_MINUTES)]


def _common(asked: list[Minutes], hours: DayHours) -> list[Minutes]:
    """For every overlap of wish and hours: the first possible start, and when those hours end."""
    parts = [(_minute(interval.start), _minute(interval.end)) for interval in hours]
    return [
        (max(start, opens), closes)
        for start, end in asked
        for opens, closes in parts
        if max(start, opens) < min(end, closes)
    ]


def _minute(at: time) -> int:
    return DAY_MINUTES if at == END_OF_DAY else at.hour * 60 + at.minute
