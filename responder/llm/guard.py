"""The guard: a reply may state only what is a fact of its turn. Pure; used on the LLM's wording before a customer sees
it, and by tests on every reply of the bot.

It errs towards silence: a true sentence that it cannot check is refused, and the rules answer instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time

from responder.hours import END_OF_DAY, Interval
from responder.llm import contacts
from responder.llm import guard_patterns as p
from responder.llm.claims import Kind, Mention, Sentence
from responder.llm.facts import Facts, bare_link, stem
from responder.llm.number_words import figures
from responder.llm.roots import root
from responder.llm.search import extract
from responder.llm.sources import words_of
from responder.llm.spelling import folded, normalise
from responder.llm.when import day_holds, time_holds, wrong_hours, wrong_weekdays
from responder.llm.wording import unsupported

_WHOLE_DAY = (Interval(time(0), END_OF_DAY),)
_PRIVATE = frozenset({Kind.PHONE, Kind.EMAIL, Kind.URL, Kind.HANDLE})


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
        yield from wrong_weekdays(sentence)
        yield from wrong_hours(sentence, facts)
    if is_free:
        yield from unsupported(sentences, facts)


def _without_quotes(spelling: str, facts: Facts) -> str:
    """The text without what it quotes from the salon word for word: that is true as it stands."""
    lower = folded(spelling)
    if len(lower) != len(spelling):
        return spelling
    for quote in facts.quotes:
        at = lower.find(quote)
        end = at + len(quote)
        if at >= 0 and not (lower[end - 1].isalnum() and lower[end : end + 1].isalnum()):
            spelling = f"{spelling[:at]}{p.QUOTED * len(quote)}{spelling[end:]}"
            lower = folded(spelling)
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
            return is_known_number or time_holds(mention, sentence, facts)
        case Kind.DATE:
            return is_known_number or bool(mention.dates & facts.dates or mention.times & facts.free_times)
        case Kind.DAY:
            return day_holds(mention, sentence, facts)
        case Kind.MONEY:
            return bool(mention.numbers & _prices_of(sentence, facts))
        case Kind.PERCENT:
            return bool(mention.numbers & facts.percents)
        case Kind.DURATION:
            return is_known_number or bool(mention.minutes & facts.minutes) or time_holds(mention, sentence, facts)
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


def _prices_of(sentence: Sentence, facts: Facts) -> frozenset[float]:
    """Prices of the services a sentence names in full, and of the salon's texts; of all where it names none."""
    words = [stem(word) for word in re.findall(r"\w{3,}", sentence.text)]
    named = [
        prices
        for stems, prices in facts.service_prices
        if stems and all(any(word.startswith(each[:-1] or each) for word in words) for each in stems)
    ]
    return facts.prices if not named else facts.text_prices.union(*named)
