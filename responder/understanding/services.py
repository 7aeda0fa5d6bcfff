"""Which services of the salon are meant, in people's words: inflected, shortened, misspelt, colloquial.

In: the salon's services and a message. Out: one key when one fits, candidates when a word fits several ("стрижка":
his or hers?), further keys when several are wanted at once ("маникюр и педикюр"), nothing when none fits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from responder.salon.profile import Service
from responder.understanding.mentions import Fit, Services, settle
from responder.understanding.talk import talk
from responder.understanding.terms import TermIndex, literal, term, terms
from responder.understanding.tokens import Shape, Token, plain, tokenise
from responder.understanding.words import lemma, lemmas

_ENOUGH = 0.5  # the share of a name's weight that must have been said when no name was said in full


@dataclass(frozen=True, slots=True)
class _Name:
    key: str
    words: tuple[int, ...]  # places in the index
    position: int  # of the service in the salon's list


class ServiceReader:
    """Reads services of one salon; everything about their names is worked out beforehand."""

    def __init__(self, services: Sequence[Service]) -> None:
        named = [
            (service.key, position, words)
            for position, service in enumerate(services)
            for phrase in (*service.name.every(), *service.aliases)
            if (words := terms(phrase))
        ]
        self._index = TermIndex(word for _, _, words in named for word in words)
        place = {word: at for at, word in enumerate(self._index.words)}
        self._names = [_Name(key, tuple(place[word] for word in words), position) for key, position, words in named]
        owners = Counter(
            form for _, form in {(key, f) for key, _, words in named for word in words for f in literal(word)}
        )
        self._owners = [max(owners[form] for form in literal(word)) for word in self._index.words]
        self._names_with: defaultdict[int, list[_Name]] = defaultdict(list)
        for name in self._names:
            for word in dict.fromkeys(name.words):
                self._names_with[word].append(name)

    def vocabulary(self) -> frozenset[str]:
        """Words a slip may have hidden."""
        return frozenset(form for word in self._index.words for form in literal(word))

    def read(self, tokens: Sequence[Token], *, is_asked: bool = False) -> Services:
        """`is_asked`: the customer was asked which, so that "мужу" alone answers."""
        told: defaultdict[int, list[tuple[int, bool]]] = defaultdict(list)
        owners: defaultdict[int, dict[str, bool]] = defaultdict(dict)
        for at, token in enumerate(tokens):
            if token.shape is Shape.WORD and (said := term(token.text)):
                for word, is_literal in self._index.find(said).items():
                    told[word].append((at, is_literal))
                    for name in self._names_with[word]:
                        owners[at][name.key] = is_literal or owners[at].get(name.key, False)
        touched = {id(name): name for word in told for name in self._names_with[word]}
        fits = [fit for name in touched.values() if (fit := self._fit(name, told)) is not None]
        if not is_asked:
            fits = [fit for fit in fits if not all(_is_person(tokens[at].text) for at in fit.said)]
        sure = [fit for fit in fits if fit.is_whole and fit.is_literal]
        if not sure:
            return settle(
                [fit for fit in fits if fit.is_whole or fit.has_shared or fit.share >= _ENOUGH], tokens, owners
            )
        covered = frozenset[int]().union(*(fit.said for fit in sure))
        wider = [fit for fit in fits if fit.is_whole and any(one.said < fit.said for one in sure)]
        beside = [
            fit
            for fit in fits
            if (fit.is_whole or fit.has_shared)
            and not fit.said & covered
            and not all(_is_material(tokens[at].text) for at in fit.said)
        ]
        return settle([*sure, *wider, *beside], tokens, owners)

    def _fit(self, name: _Name, told: Mapping[int, Sequence[tuple[int, bool]]]) -> Fit | None:
        used: set[int] = set()
        literal_weight = weight = total = 0.0
        has_shared = False
        for word in name.words:
            worth = 1.0 / self._owners[word]  # a word that names one service says more than one shared by many
            total += worth
            free = [(not is_literal, at) for at, is_literal in told.get(word, ()) if at not in used]
            if not free:
                continue
            is_family, at = min(free)
            used.add(at)
            weight += worth
            if not is_family:
                literal_weight += worth
                has_shared |= self._owners[word] > 1
        if not used or (weight < total and not literal_weight):
            return None
        return Fit(
            key=name.key,
            said=frozenset(used),
            share=(weight + literal_weight) / (2 * total),
            is_whole=weight == total,
            is_literal=literal_weight == weight,
            has_shared=has_shared,
            position=name.position,
        )


def own_words(services: Iterable[Service]) -> frozenset[str]:
    """All words in the names of services and their base forms."""
    words = {plain(t.text) for s in services for phrase in (*s.name.every(), *s.aliases) for t in tokenise(phrase)}
    return frozenset(words | {lemma(word) for word in words})


def _is_material(word: str) -> bool:
    """What many services are done to names none beside another that was named: "мелирование на длинные волосы"."""
    return not talk().materials.isdisjoint((word, *lemmas(word)))


def _is_person(word: str) -> bool:
    return not talk().people.isdisjoint((word, *lemmas(word)))
