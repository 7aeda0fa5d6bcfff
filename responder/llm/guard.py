"""The guard: a reply may state only what is a fact of its turn. Pure; used on the LLM's wording before a customer sees
it, and by tests on every reply of the bot.

It errs towards silence: a true sentence that it cannot check is refused, and the rules answer instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

from responder.hours import END_OF_DAY, DayHours, Interval, OpeningHours
from responder.llm import contacts
from responder.llm import guard_patterns as p
from responder.llm.claims import Kind, Mention, Sentence
from responder.llm.facts import Facts, bare_link, stem
from responder.llm.number_words import figures
from responder.llm.roots import root
from responder.llm.search import extract
from responder.llm.sources import words_of
from responder.llm.spelling import folded, normalise
from responder.llm.wording import unsupported

_WHOLE_DAY = (Interval(time(0), END_OF_DAY),)
_PRIVATE = frozenset({Kind.PHONE, Kind.EMAIL, Kind.URL, Kind.HANDLE})
_BESIDE = re.compile(r"[\s,.()-]*(?:\w{1,2}\s)?(?:the\s)?")


def violations(text: str, facts: Facts) -> tuple[str, ...]:
    """Everything in `text` that is not among the facts, as "kind: words" (of contacts the kind alone: they do not
    belong in logs). Empty: no claim of it is untrue."""
    return tuple(dict.fromkeys(_found(text, facts, is_free=False)))


def refusals(text: str, facts: Facts) -> tuple[str, ...]:
    """The violations of free wording: besides untrue claims also every word that rests on nothing. What the rules may
    say of the dialogue (`may_claim`: booked, free) it may not, even where it is true: an LLM cannot know when it is.
    Empty: the text may be sent."""
    return tuple(dict.fromkeys(_found(text, facts, is_free=True)))


def _found(text: str, facts: Facts, *, is_free: bool) -> Iterator[str]:
    if len(text) > facts.max_chars:
        yield "length"
        return
    if p.MARKUP.search(text):
        yield "markup"
    spelling = _without_quotes(normalise(text), facts)
    sentences = extract(spelling, today=facts.today)
    yield from _promises(folded(spelling), facts, frozenset() if is_free else facts.may_claim)
    for sentence in sentences:
        for mention in sentence.mentions:
            if not _holds(mention, sentence, facts):
                yield mention.kind.value if mention.kind in _PRIVATE else f"{mention.kind}: {mention.said}"
        yield from _wrong_weekdays(sentence)
        yield from _wrong_hours(sentence, facts)
    if is_free:
        yield from unsupported(sentences, facts)


def _without_quotes(spelling: str, facts: Facts) -> str:
    """The text without what it quotes from the salon word for word: that is true as it stands."""
    for quote in facts.quotes:
        lower = folded(spelling)
        if len(lower) != len(spelling):
            break
        at = lower.find(quote)
        end = at + len(quote)
        if at >= 0 and not (lower[end - 1].isalnum() and lower[end : end + 1].isalnum()):
            spelling = f"{spelling[:at]}{p.QUOTED * len(quote)}{spelling[end:]}"
    return spelling


def _promises(lower: str, facts: Facts, may_claim: frozenset[str]) -> Iterator[str]:
    for kind, pattern in p.PROMISES.items():
        if kind in may_claim:
            continue
        for match in pattern.finditer(lower):
            said = match[0].strip()
            sentence = next(each for each in _sentences(lower) if each.end() > match.start())
            if not _is_promised(said, sentence[0], facts):
                yield f"{kind}: {said}"


def _is_promised(said: str, sentence: str, facts: Facts) -> bool:
    """The salon itself says so, under the same conditions: "a free first consultation" makes no consultation free."""
    promised = root(said.split()[-1])
    there = {root(word) for word in words_of(figures(sentence))}
    return any(promised in each.roots and each.roots <= there for source in facts.sources for each in source.statements)


def _sentences(lower: str) -> Iterator[re.Match[str]]:
    yield from re.finditer(r"[^.!?;\n]*(?:[.!?;\n]+|$)", lower)


def _holds(mention: Mention, sentence: Sentence, facts: Facts) -> bool:
    is_known_number = bool(mention.numbers & facts.numbers)
    match mention.kind:
        case Kind.ALWAYS:
            return all(day == _WHOLE_DAY for day in facts.hours.week)
        case Kind.TIME:
            return is_known_number or _time_holds(mention, sentence, facts)
        case Kind.DATE:
            return is_known_number or bool(mention.dates & facts.dates or mention.times & facts.free_times)
        case Kind.DAY:
            return _day_holds(mention, sentence, facts)
        case Kind.MONEY:
            return bool(mention.numbers & _prices_of(sentence, facts))
        case Kind.PERCENT:
            return bool(mention.numbers & facts.percents)
        case Kind.DURATION:
            return is_known_number or bool(mention.minutes & facts.minutes) or _time_holds(mention, sentence, facts)
        case Kind.NUMBER:
            return is_known_number
        case Kind.PHONE:
            return any(contacts.same_phone(mention.said, phone) for phone in facts.phones)
        case Kind.EMAIL | Kind.URL | Kind.HANDLE:
            return bare_link(mention.said) in facts.links
        case Kind.STREET:
            return any(stem(mention.said) in text for text in facts.texts)
        case Kind.PERSON:
            return stem(mention.said) in facts.people


def _time_holds(mention: Mention, sentence: Sentence, facts: Facts) -> bool:
    """A time holds on a day its sentence names; where it names none, on any. Opening times hold only where hours are
    the matter: "come at 10:00" says nothing about hours."""
    if mention.times & facts.free_times:
        return True
    days = _days_at_work(sentence, facts)
    words = {stem(word) for word in words_of(sentence.text)}
    named = [names for names, _ in facts.specialists if words & names]
    for day, at in facts.moments:
        if at in mention.times and (not days or any(_names(each, day) for each in days)):
            offered = facts.offered.get((day, at))
            if not named or offered is None or any(names & offered for names in named):
                return True
    if not _is_about_hours(sentence):
        return False
    holds = all if any(day.is_of_many for day in days) else any
    return any(
        holds(
            bool(mention.times & _edges(intervals))
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


def _edges(intervals: DayHours) -> frozenset[time]:
    """Opening and closing times; 24:00 is said as midnight."""
    ends = (time(0) if interval.end == END_OF_DAY else interval.end for interval in intervals)
    return frozenset({*(interval.start for interval in intervals), *ends})


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


def _day_holds(mention: Mention, sentence: Sentence, facts: Facts) -> bool:
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


def _wrong_weekdays(sentence: Sentence) -> Iterator[str]:
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


def _wrong_hours(sentence: Sentence, facts: Facts) -> Iterator[str]:
    at_work = _days_at_work(sentence, facts)
    for claim in _hours_claims(sentence, facts):
        for day in claim.days:
            if day.is_of_many and claim.says_open and day not in at_work:
                continue
            known = [bool(intervals) for hours in claim.whose for intervals in _on(day, hours, facts)]
            if known and claim.says_open not in known:
                yield f"hours: {day.said} {'open' if claim.says_open else 'closed'}"


def _prices_of(sentence: Sentence, facts: Facts) -> frozenset[float]:
    """Prices of the services a sentence names in full, and of the salon's texts; of all where it names none."""
    words = [stem(word) for word in re.findall(r"\w{3,}", sentence.text)]
    named = [
        prices
        for stems, prices in facts.service_prices
        if stems and all(any(word.startswith(each[:-1] or each) for word in words) for each in stems)
    ]
    return facts.prices if not named else facts.text_prices.union(*named)
