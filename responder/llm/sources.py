"""What the salon says of one thing: an answer, an address, a service, a person, each with its words and figures.

A clause of free wording must rest on one of them: true words of two put together can be untrue ("free", "haircut").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from responder.llm import guard_patterns as p
from responder.llm.claims import Kind, Mention, Sentence
from responder.llm.roots import root
from responder.llm.search import extract
from responder.llm.spelling import normalise
from responder.llm.vocabulary import Use, uses
from responder.salon.profile import Localised, SalonProfile, Service, Specialist

AMOUNTS = (Kind.MONEY, Kind.PERCENT, Kind.NUMBER, Kind.DURATION)
_SAYS_NOTHING = {Use.TALK, Use.COURTESY, Use.NEGATIONS, Use.JOINTS, Use.THINGS}
_CLAUSE_END = re.compile(r"[,;()]|\s-\s")
_LONGEST_BOUND = 16  # characters
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One clause of a salon's text. `roots` are those of words that say something; figures are in `amounts`."""

    roots: frozenset[str]
    amounts: frozenset[float]
    is_negative: bool


class Bound(StrEnum):
    LEAST = "least"
    MOST = "most"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """`words` as they are written, `roots` of them all; `minutes` of durations, `amounts` of everything counted."""

    words: frozenset[str]
    roots: frozenset[str]
    amounts: frozenset[float] = frozenset()
    minutes: frozenset[float] = frozenset()
    bounds: frozenset[tuple[Bound, float]] = frozenset()  # amounts said to be the least or the most
    statements: tuple[Statement, ...] = ()
    is_customer: bool = False

    def counts(self, mention: Mention) -> bool:
        """Whether an amount is one of this source."""
        if mention.kind is Kind.DURATION and mention.minutes & self.minutes:
            return True
        return bool(mention.numbers & self.amounts)

    def bounds_as(self, mention: Mention, text: str) -> bool:
        """Whether an amount is the least or the most here if `text` says so of it."""
        bound = bound_of(mention, text)
        return bound is None or any((bound, number) in self.bounds for number in mention.numbers)


def bound_of(mention: Mention, text: str) -> Bound | None:
    """ "From 500" is the least, "up to 500" the most."""
    start = max(0, mention.start - _LONGEST_BOUND)
    if p.AT_LEAST.search(text, start, mention.start):
        return Bound.LEAST
    return Bound.MOST if p.AT_MOST.search(text, start, mention.start) else None


def words_of(text: str) -> list[str]:
    """The words of folded text."""
    return WORD.findall(text)


def is_telling(word: str) -> bool:
    """A word that is not among those free wording may always use."""
    return uses(word).isdisjoint(_SAYS_NOTHING)


def is_negative(words: Iterable[str]) -> bool:
    return any(Use.NEGATIONS in uses(word) for word in words)


def sources_of(salon: SalonProfile, today: date) -> tuple[Source, ...]:
    """Everything a salon says of itself."""
    made = [
        _source([item.answer], today=today, names=(*item.questions, *salon.name.every())) for item in salon.knowledge
    ]
    for address in salon.addresses:
        texts = [address.text, *([address.directions] if address.directions else [])]
        made.append(_source(texts, today=today, names=salon.name.every()))
    made += [_of_service(service, today) for service in salon.services]
    made += [_of_specialist(person, salon) for person in salon.specialists]
    made += [source_of_names(operator.name) for operator in salon.operators]
    return tuple(made)


def source_of_text(text: str, today: date) -> Source:
    return _source([Localised({"": text}, "")], today=today)


def source_of_names(*names: str, is_customer: bool = False) -> Source:
    words = frozenset(word for name in names for word in words_of(_folded(name)))
    return Source(words=words, roots=frozenset(map(root, words)), is_customer=is_customer)


def _of_service(service: Service, today: date) -> Source:
    described = _source(
        [service.description] if service.description else [],
        today=today,
        names=(*service.name.every(), *service.aliases),
    )
    prices = {minor / 100 for minor in (service.price_minor, service.price_to_minor) if minor is not None}
    return Source(
        words=described.words,
        roots=described.roots,
        amounts=described.amounts | prices,
        minutes=described.minutes | {float(service.duration_min)},
        bounds=described.bounds | _bounds_of_price(service),
        statements=described.statements,
    )


def _bounds_of_price(service: Service) -> set[tuple[Bound, float]]:
    bounds = set()
    if service.price_minor is not None and (service.price_is_from or service.price_to_minor is not None):
        bounds.add((Bound.LEAST, service.price_minor / 100))
    if service.price_to_minor is not None:
        bounds.add((Bound.MOST, service.price_to_minor / 100))
    return bounds


def _of_specialist(person: Specialist, salon: SalonProfile) -> Source:
    """With what they do, so that nobody is said to do anything else."""
    skills = [service for service in salon.services if service.key in person.skills]
    done = (name for service in skills for name in (*service.name.every(), *service.aliases))
    titles = person.title.every() if person.title else ()
    return source_of_names(*person.name.every(), *person.aliases, *titles, *done)


def _source(texts: Sequence[Localised], *, today: date, names: Iterable[str] = ()) -> Source:
    sentences = [
        sentence for text in texts for said in text.every() for sentence in extract(normalise(said), today=today)
    ]
    words = {word for sentence in sentences for word in words_of(sentence.rest)}  # "weeks" says nothing without "2-3"
    words.update(word for name in names for word in words_of(_folded(name)))
    counted = [mention for sentence in sentences for mention in sentence.mentions]
    return Source(
        words=frozenset(words),
        roots=frozenset(map(root, words)),
        amounts=frozenset(number for mention in counted for number in mention.numbers),
        bounds=frozenset(
            (bound, number)
            for sentence in sentences
            for mention in sentence.mentions
            if (bound := bound_of(mention, sentence.text)) is not None
            for number in mention.numbers
        ),
        minutes=frozenset(minutes for mention in counted for minutes in mention.minutes),
        statements=tuple(statement for sentence in sentences for statement in _statements(sentence)),
    )


def clauses(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Where the clauses of a sentence begin and end: at its punctuation, not at the comma of a figure."""
    start = 0
    for mark in _CLAUSE_END.finditer(sentence.rest):
        yield start, mark.start()
        start = mark.end()
    yield start, len(sentence.rest)


def _statements(sentence: Sentence) -> Iterator[Statement]:
    for start, end in clauses(sentence):
        words = words_of(sentence.text[start:end])
        told = frozenset(root(word) for word in words if is_telling(word))
        if words:
            amounts = frozenset(
                number for each in sentence.mentions if start <= each.start < end for number in each.numbers
            )
            yield Statement(roots=told, amounts=amounts, is_negative=is_negative(words))


def _folded(text: str) -> str:
    return normalise(text).lower().replace("ё", "е")
