"""Content words of a phrase in a comparable form, and how alike two such words are.

Used to recognise the salon's services and questions in people's spelling: base forms, families ("ноготочки" is
маникюр), and small typing errors. Words without content (prepositions, "можно", "please") are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from rapidfuzz.distance import OSA

from responder.understanding.talk import talk
from responder.understanding.tokens import Shape, Token, clean, tokenise
from responder.understanding.words import is_known, lemmas

Term = frozenset[str]  # every form a word may stand for; of a family, its head marked with `FAMILY`
FAMILY = "~"

_LONG_ENOUGH = 5
_REMEMBERED = 20_000


@lru_cache(maxsize=20_000)
def term(word: str) -> Term:
    """What a word may stand for; empty for a word without content."""
    bases = lemmas(word)
    stop, families = talk().stop_words, talk().family_of
    if word in stop or (bases & stop and word not in families):
        return frozenset()
    heads = {FAMILY + families[base] for base in (*bases, word) if base in families}
    return frozenset(bases | heads | {word})


def terms(text: str) -> tuple[Term, ...]:
    """The content words of a phrase, in order."""
    return of_tokens(tokenise(clean(text)))


def of_tokens(tokens: Iterable[Token]) -> tuple[Term, ...]:
    found = (term(token.text) for token in tokens if token.shape is Shape.WORD)
    return tuple(one for one in found if one)


def literal(word: Term) -> Term:
    """The word itself without its family."""
    return frozenset(form for form in word if not form.startswith(FAMILY))


class TermIndex:
    """Finds the words of a fixed vocabulary that a said word may be: itself, by a slip of the fingers, by its family.

    What was found for a word is remembered, so that the size of the vocabulary is paid for once a word."""

    def __init__(self, words: Iterable[Term]) -> None:
        self.words = tuple(dict.fromkeys(words))
        self._by_form: defaultdict[str, list[int]] = defaultdict(list)
        self._long: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for place, word in enumerate(self.words):
            for form in word:
                self._by_form[form].append(place)
                if len(form) >= _LONG_ENOUGH and not form.startswith(FAMILY):
                    self._long[form[0]].append((form, place))
        self._remembered: dict[Term, Mapping[int, bool]] = {}

    def find(self, said: Term) -> Mapping[int, bool]:
        """Places in `words` that `said` may be, and whether by the word itself (or a slip) and not just its family."""
        found = self._remembered.get(said)
        if found is None:
            found = self._find(said)
            if len(self._remembered) < _REMEMBERED:
                self._remembered[said] = found
        return found

    def _find(self, said: Term) -> Mapping[int, bool]:
        own = literal(said)
        found = {place: False for form in said - own for place in self._by_form.get(form, ())}
        found.update({place: True for form in own for place in self._by_form.get(form, ())})
        for form in own:
            for known, place in self._long.get(form[0], ()):
                if not found.get(place) and _is_typo(form, known):
                    found[place] = True
        return found


def _is_typo(a: str, b: str) -> bool:
    """One wrong letter (two in a long word); a real word is no slip of another."""
    if min(len(a), len(b)) < _LONG_ENOUGH:
        return False
    allowed = 1 if min(len(a), len(b)) < 8 else 2
    return OSA.distance(a, b, score_cutoff=allowed) <= allowed and not is_known(a)
