"""Which service of the salon is meant, in people's words: inflected, shortened, misspelt, colloquial.

In: the salon's services and a message. Out: one key when one fits, candidates when a word fits several ("стрижка": his or
hers?), nothing when none does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from responder.salon.profile import Service
from responder.understanding.terms import Term, are_alike, of_tokens, terms
from responder.understanding.tokens import Token, plain, tokenise

_ENOUGH = 0.5  # the share of a name's weight that must have been said when no name was said in full


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    key: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Name:
    key: str
    words: tuple[Term, ...]
    position: int  # of the service in the salon's list


@dataclass(frozen=True, slots=True)
class _Fit:
    key: str
    said: frozenset[int]  # which words of the message fit
    share: float
    weight: float
    position: int


class ServiceReader:
    """Reads services of one salon; everything about their names is worked out beforehand."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._names = [
            _Name(service.key, words, position)
            for position, service in enumerate(services)
            for phrase in (*service.name.every(), *service.aliases)
            if (words := terms(phrase))
        ]
        self._owners = Counter(
            word for _, word in {(name.key, word) for name in self._names for one in name.words for word in one}
        )

    def vocabulary(self) -> Iterator[str]:
        """Words a slip may have hidden."""
        for name in self._names:
            for one in name.words:
                yield from one

    def read(self, tokens: Sequence[Token]) -> Services:
        said = of_tokens(tokens)
        if not said:
            return Services()
        fits = [fit for name in self._names if (fit := self._fit(name, said)) is not None]
        full = [fit for fit in fits if fit.share >= 1]
        return _settle(full or [fit for fit in fits if fit.share >= _ENOUGH])

    def _fit(self, name: _Name, said: Sequence[Term]) -> _Fit | None:
        used: set[int] = set()
        weight = total = 0.0
        for word in name.words:
            worth = self._worth(word)
            total += worth
            found = next((i for i, one in enumerate(said) if i not in used and are_alike(word, one)), None)
            if found is not None:
                used.add(found)
                weight += worth
        return _Fit(name.key, frozenset(used), weight / total, weight, name.position) if used else None

    def _worth(self, word: Term) -> float:
        """A word that names one service says more than one shared by many."""
        return 1.0 / max(min((self._owners[form] for form in word if form in self._owners), default=1), 1)


def own_words(services: Iterable[Service]) -> frozenset[str]:
    """All words in the names of services."""
    return frozenset(
        plain(token.text) for s in services for phrase in (*s.name.every(), *s.aliases) for token in tokenise(phrase)
    )


def _settle(fits: Sequence[_Fit]) -> Services:
    """The fits that explain most of the message; a fit whose words another one explains and more is dropped."""
    best: dict[str, _Fit] = {}
    for fit in fits:
        known = best.get(fit.key)
        if known is None or (len(fit.said), fit.share) > (len(known.said), known.share):
            best[fit.key] = fit
    kept = [fit for fit in best.values() if not any(fit.said < other.said for other in best.values())]
    kept.sort(key=lambda fit: (-len(fit.said), -fit.share, fit.position))
    if len(kept) == 1:
        return Services(key=kept[0].key)
    return Services(candidates=tuple(fit.key for fit in kept))
