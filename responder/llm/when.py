"""Whether what a sentence says of days, times and opening hours is so: offers on their day and with their person,
hours on each day they are said of. Pure; part of the guard.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

from responder.hours import END_OF_DAY, DayHours, OpeningHours
from responder.llm import guard_patterns as p
from responder.llm.claims import Kind, Mention, Sentence
from responder.llm.facts import Facts, stem
from responder.llm.sources import words_of

_BESIDE = re.compile(r"[\s,.()-]*(?:\w{1,2}\s)?(?:the\s)?")


def time_holds(mention: Mention, sentence: Sentence, facts: Facts) -> bool:
    """A time holds on a day its sentence names; where it names none, on any. Opening times hold only where hours are
    the matter: "come at 10:00" says nothing about hours."""
    if mention.times & facts.free_times:
        return True
    days = _days_at_work(sentence, facts)
    words = {stem(word) for word in words_of(sentence.text)}
    named = [names for names, _ in facts.specialists if words & names]
    its_days = _days_of(mention, sentence, days)
    for day, at in facts.moments:
        if at in mention.times and (not days or any(_names(each, day) for each in its_days)):
            offered = facts.offered.get((day, at))
            if not named or offered is None or any(names & offered for names in named):
                return True
    if not _is_about_hours(sentence):
        return False
    edges = _edges_meant(sentence.text)
    holds = all if any(day.is_of_many for day in days) else any
    return any(
        holds(
            bool(mention.times & edges(intervals))
            for intervals in (hours.week if not days else [each for day in days for each in _on(day, hours, facts)])
        )
        for hours in _whose_hours(sentence.text, facts)
    )


def _days_at_work(sentence: Sentence, facts: Facts) -> list[Mention]:
    """The days a sentence names and does not call days off: of "daily except Sunday" six."""
    closed = [day for claim in _hours_claims(sentence, facts) if not claim.says_open for day in claim.days]
    off = {day.weekday for day in closed}
    days = [day for day in sentence.of(Kind.DAY, Kind.DATE) if day not in closed]
    return [day for day in days if not (day.is_of_many and day.weekday in off)]


def _days_of(mention: Mention, sentence: Sentence, days: list[Mention]) -> list[Mention]:
    """Those of the days that belong to a time: the ones between it and the time before it or, where times come first,
    the time after it; all where there are none."""
    times = [each.start for each in sentence.of(Kind.TIME)]
    if not days or not times:
        return days
    if min(day.start for day in days) < times[0]:
        since = max((start for start in times if start < mention.start), default=-1)
        return [day for day in days if since < day.start < mention.start] or days
    until = min((start for start in times if start > mention.start), default=len(sentence.text))
    return [day for day in days if mention.start < day.start < until] or days


def _names(mention: Mention, day: date) -> bool:
    return day in mention.dates or day.weekday() == mention.weekday


def _whose_hours(text: str, facts: Facts) -> list[OpeningHours]:
    """Those of the specialists a text names, else the salon's."""
    words = {stem(word) for word in re.findall(r"\w{3,}", text)}
    return [hours for names, hours in facts.specialists if words & names] or [facts.hours]


def _on(day: Mention, hours: OpeningHours, facts: Facts) -> list[DayHours]:
    if day.weekday is not None:
        return [hours.week[day.weekday]]
    return [hours.on(each) for each in day.dates if each >= facts.today]


def _edges_meant(text: str) -> Callable[[DayHours], frozenset[time]]:
    """ "We open at" speaks of opening times, "we close at" of closing times, else both are meant."""
    opens, closes = p.OPENS.search(text), p.CLOSES.search(text)
    if bool(opens) == bool(closes):
        return _edges
    return _starts if opens else _ends


def _starts(intervals: DayHours) -> frozenset[time]:
    return frozenset(interval.start for interval in intervals)


def _ends(intervals: DayHours) -> frozenset[time]:
    return frozenset(time(0) if interval.end == END_OF_DAY else interval.end for interval in intervals)


def _edges(intervals: DayHours) -> frozenset[time]:
    """Opening and closing times; 24:00 is said as midnight."""
    return _starts(intervals) | _ends(intervals)


def _is_about_hours(sentence: Sentence) -> bool:
    if p.OPEN.search(sentence.text) or p.CLOSED.search(sentence.text) or p.HOURS_TALK.search(sentence.text):
        return True
    return _has_span(sentence)


def _has_span(sentence: Sentence) -> bool:
    """ "From 10 to 21"."""
    times = sentence.of(Kind.TIME, Kind.DURATION)
    return any(
        p.SPAN.match(sentence.text[first.end : second.start] + second.said + " ") for first, second in pairwise(times)
    )


def day_holds(mention: Mention, sentence: Sentence, facts: Facts) -> bool:
    """A weekday or relative day holds when the dialogue is about it, when a date beside it says the same, or when the
    times or hours of its sentence are checked against it."""
    if any(_names(mention, day) for day in facts.days) or mention.weekday in facts.weekdays:
        return True
    if sentence.of(Kind.TIME) or any(mention in claim.days for claim in _hours_claims(sentence, facts)):
        return True
    return any(other is not mention for other in _beside(mention, sentence))


def _beside(mention: Mention, sentence: Sentence) -> Iterator[Mention]:
    """Dates written right before or after a weekday."""
    for other in sentence.of(Kind.DATE, Kind.DAY):
        first, second = sorted((mention, other), key=lambda each: each.start)
        if other.dates and first is not second and _BESIDE.fullmatch(sentence.text, first.end, second.start):
            yield other


def wrong_weekdays(sentence: Sentence) -> Iterator[str]:
    for mention in sentence.of(Kind.DAY):
        if mention.weekday is not None:
            for other in _beside(mention, sentence):
                if all(day.weekday() != mention.weekday for day in other.dates):
                    yield f"weekday: {mention.said}, {other.said}"


@dataclass(frozen=True, slots=True)
class _HoursClaim:
    """A clause saying that the salon, or the specialists it names, are at work on some days, or are not."""

    days: tuple[Mention, ...]
    says_open: bool
    whose: list[OpeningHours]


def _hours_claims(sentence: Sentence, facts: Facts) -> Iterator[_HoursClaim]:
    days = sentence.of(Kind.DAY, Kind.DATE)
    has_span = _has_span(sentence)
    for clause in p.CLAUSE.finditer(sentence.rest):
        named = tuple(each for each in days if clause.start() <= each.start < clause.end())
        is_closed = p.CLOSED.search(clause[0]) is not None
        says_hours = is_closed or has_span or p.OPEN.search(clause[0]) or any(day.is_of_many for day in named)
        if named and says_hours:
            yield _HoursClaim(named, not is_closed, _whose_hours(clause[0], facts))


def wrong_hours(sentence: Sentence, facts: Facts) -> Iterator[str]:
    at_work = _days_at_work(sentence, facts)
    for claim in _hours_claims(sentence, facts):
        for day in claim.days:
            if day.is_of_many and claim.says_open and day not in at_work:
                continue
            known = [bool(intervals) for hours in claim.whose for intervals in _on(day, hours, facts)]
            if known and claim.says_open not in known:
                yield f"hours: {day.said} {'open' if claim.says_open else 'closed'}"
