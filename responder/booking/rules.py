"""Which free slots to offer for what the customer wishes. Pure: the service loads what is busy and calls this.

Inside the wish: the exact time first, then the nearest; without an exact time, slots spread over the day or the days.
Outside it, when nothing fits: the nearest alternatives, and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import zip_longest

from responder.booking.free import Busy, FreeDays, OutsideWindow, Start
from responder.booking.reasons import why_nothing_fits
from responder.booking.slots import SearchReason, Slot, SlotQuestion, SlotSearch
from responder.dialogue.meaning import Wish

__all__ = ["OutsideWindow", "SearchReason", "Slot", "SlotQuestion", "SlotSearch", "near_days", "search"]

OPEN_RANGE_DAYS = 14  # how far a wish without a last day is taken at its word
SAME_TIME_DAYS = 3  # within so many days the wished time on another day is worth more than a nearer day
DAYS_BEFORE, DAYS_AFTER = 3, 7  # loaded around a wish for alternatives
ANY_TIME = Wish()


def near_days(question: SlotQuestion) -> tuple[date, date]:
    """The days worth loading first: those of the wishes and a little around."""
    aims = [_aim(wish, question) for wish in question.wishes or (ANY_TIME,)]
    first = min(aim.first for aim in aims) - timedelta(days=DAYS_BEFORE)
    first = min(max(first, question.first_day), question.last_day)
    last = max(aim.last for aim in aims) + timedelta(days=DAYS_AFTER)
    return first, min(max(last, first + timedelta(days=DAYS_AFTER)), question.last_day)


def search(question: SlotQuestion, busy: Busy, *, loaded: tuple[date, date]) -> SlotSearch:
    """The slots to offer. `busy` covers the days `loaded`; raises `OutsideWindow` when the answer needs more."""
    if not question.candidates:
        return SlotSearch(slots=(), fits=False, reason=SearchReason.NOBODY)
    free = FreeDays(
        question.candidates,
        question.visit(),
        busy=busy,
        zone=question.salon.zone,
        begins=question.begins(),
        loaded=loaded,
        not_on=question.not_on,
    )
    aims = [_aim(wish, question) for wish in question.wishes or (ANY_TIME,)]
    found = _in_turns([_fitting(free, aim, question) for aim in aims], question.limit)
    slots = _with_specialists(found or _alternatives(free, aims[0], question), question.visit().length)
    if not question.can_named:
        return SlotSearch(slots=slots, fits=False, reason=SearchReason.NOBODY)
    if found:
        return SlotSearch(slots=slots, fits=True, reason=SearchReason.OK)
    cause = why_nothing_fits(question)
    return SlotSearch(slots=slots, fits=False, reason=cause.reason, day=cause.day, specialist=cause.specialist)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Aim:
    """A wish made definite: `first`..`last` are bookable days (none when `last` < `first`), nearest to `anchor`
    first when it is set."""

    first: date
    last: date
    wish: Wish
    outward_from: date | None = None

    def days(self) -> Iterator[date]:
        if self.outward_from is not None:
            yield from _outward(self.outward_from, (self.first, self.last))
            return
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def distance(self, at: time) -> int:
        """Minutes between a time of day and the wish; 0 inside it."""
        wish, minute = self.wish, _minute(at)
        if wish.exact_time is not None:
            return abs(minute - _minute(wish.exact_time))
        start = 0 if wish.time_from is None else _minute(wish.time_from)
        end = 24 * 60 if wish.time_to is None else _minute(wish.time_to)
        if end < start:  # over midnight
            return 0 if minute >= start or minute < end else min(start - minute, minute - end + 1)
        if start <= minute < end or minute == start:
            return 0
        return start - minute if minute < start else minute - end + 1


@dataclass(frozen=True, slots=True)
class _Pick:
    start: Start
    is_exact: bool = False
    specialist: str | None = None


def _aim(wish: Wish, question: SlotQuestion) -> _Aim:
    if question.after is not None or question.before is not None:
        wish = replace(
            wish,
            exact_time=None,
            time_from=None if question.before else wish.time_from or wish.exact_time,
            time_to=None if question.after else wish.time_to or wish.exact_time,
        )
    first = wish.date_from or question.first_day
    last = wish.date_to or min(first + timedelta(days=OPEN_RANGE_DAYS), question.last_day)
    if last == first and first in question.not_on:  # "another day": the named one is where to look around
        around = timedelta(days=OPEN_RANGE_DAYS)
        return _Aim(
            first=max(first - around, question.first_day),
            last=min(last + around, question.last_day),
            wish=wish,
            outward_from=min(max(first, question.first_day), question.last_day),
        )
    return _Aim(first=max(first, question.first_day), last=min(last, question.last_day), wish=wish)


def _fitting(free: FreeDays, aim: _Aim, question: SlotQuestion) -> list[_Pick]:
    """Up to `limit` starts inside the wish, best first."""
    limit = question.limit
    if aim.wish.exact_time is not None:
        return _exact(free, aim, limit)
    days: list[list[Start]] = []
    enough = 1 if question.after or question.before or aim.wish.asap else limit
    for day in _towards_bound(aim, question):
        if starts := [start for start in free.on(day) if aim.distance(start.local) == 0]:
            days.append(starts)
        if len(days) >= enough and sum(map(len, days)) >= limit:
            break
    starts = [start for day_starts in days for start in day_starts]
    if question.before is not None and question.after is None:
        return [_Pick(start) for start in sorted(starts, key=lambda start: start.at)[-limit:]]
    if enough == 1:
        return [_Pick(start) for start in starts[:limit]]
    return [_Pick(start) for start in _spread_over(days, limit)]


def _towards_bound(aim: _Aim, question: SlotQuestion) -> Iterator[date]:
    if question.before is not None and question.after is None:
        return iter(sorted(aim.days(), reverse=True))
    return aim.days()


def _exact(free: FreeDays, aim: _Aim, limit: int) -> list[_Pick]:
    """Exact starts, several specialists of the same day apart, filled up with the nearest of those days."""
    exact: list[_Pick] = []
    others: list[Start] = []
    for day in aim.days():
        starts = free.on(day)
        hit = next((start for start in starts if aim.distance(start.local) == 0), None)
        if hit is None:
            continue
        several = hit.by if aim.first == aim.last else hit.by[:1]
        exact += [_Pick(hit, is_exact=True, specialist=key) for key in several]
        others += [start for start in starts if start is not hit]
        if len(exact) >= limit:
            break
    others.sort(key=lambda start: aim.distance(start.local))
    return [*exact, *map(_Pick, others)][:limit]


def _spread_over(days: Sequence[Sequence[Start]], limit: int) -> list[Start]:
    """One or more starts of each day, each from another part of it: morning, midday, evening."""
    chosen: dict[datetime, Start] = {}
    for number, starts in enumerate(days):
        share = min(limit // len(days) + (number < limit % len(days)), len(starts))
        parts = [(part, share) for part in range(share)] if share > 1 else [(number, len(days))]
        for part, of in parts:
            start = starts[part * len(starts) // of]
            chosen[start.at] = start
    for start in (start for starts in days for start in starts):
        if len(chosen) < limit:
            chosen.setdefault(start.at, start)
    return list(chosen.values())


def _alternatives(free: FreeDays, aim: _Aim, question: SlotQuestion) -> list[_Pick]:
    """The nearest to a wish that nothing fits: the same day at another time, then days around at that time, then
    whatever is near."""
    limit = question.limit
    anchor = min(max(aim.first, question.first_day), question.last_day)
    picks: dict[datetime, Start] = {}

    def take(starts: Sequence[Start], count: int) -> None:
        new = [start for start in sorted(starts, key=lambda start: aim.distance(start.local)) if start.at not in picks]
        picks.update({start.at: start for start in new[: min(count, limit - len(picks))]})

    def look_around(*, at_that_time: bool) -> None:
        for day in _outward(anchor, question.all_days()):
            is_far = abs((day - anchor).days) > SAME_TIME_DAYS
            if len(picks) >= limit or (at_that_time and is_far):
                return
            take([start for start in free.on(day) if not at_that_time or aim.distance(start.local) == 0], 1)

    for day in aim.days():
        if len(picks) < limit - 1:
            take(free.on(day), limit - 1 if aim.first == aim.last else 1)
    if aim.wish.exact_time or aim.wish.time_from or aim.wish.time_to:
        look_around(at_that_time=True)
    look_around(at_that_time=False)
    for day in _outward(anchor, question.all_days()):
        if len(picks) >= limit:
            break
        take(free.on(day), limit)
    return [_Pick(start) for start in picks.values()]


def _in_turns(found: Sequence[Sequence[_Pick]], limit: int) -> list[_Pick]:
    """The best of each wish, then the second best of each, as long as there is room."""
    picks: dict[tuple[datetime, str | None], _Pick] = {}
    for row in zip_longest(*found):
        for pick in row:
            if pick is not None and len(picks) < limit:
                picks.setdefault((pick.start.at, pick.specialist), pick)
    return list(picks.values())


def _with_specialists(picks: Sequence[_Pick], length: timedelta) -> tuple[Slot, ...]:
    """Exact starts first, the rest in order of time; whoever was offered least so far comes first."""
    offered: dict[str, int] = {}
    slots: list[Slot] = []
    for pick in sorted(picks, key=lambda pick: (not pick.is_exact, pick.start.at)):
        key = pick.specialist or min(pick.start.by, key=lambda key: offered.get(key, 0))
        slot = Slot(specialist=key, starts_at=pick.start.at, ends_at=pick.start.at + length)
        if slot in slots:  # two wishes met in it
            continue
        offered[key] = offered.get(key, 0) + 1
        slots.append(slot)
    return tuple(slots)


def _outward(anchor: date, days: tuple[date, date]) -> Iterator[date]:
    """Days by their distance from `anchor`, the later of two first."""
    first, last = days
    for distance in range(max((last - anchor).days, (anchor - first).days) + 1):
        for day in dict.fromkeys((anchor + timedelta(days=distance), anchor - timedelta(days=distance))):
            if first <= day <= last:
                yield day


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
