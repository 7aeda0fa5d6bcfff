"""Content words of a phrase in a comparable form, and how alike two such words are.

Used to recognise the salon's services and questions in people's spelling: base forms, families ("ноготочки" is маникюр),
and small typing errors. Words without content (prepositions, "можно", "please") are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from responder.understanding.talk import talk
from responder.understanding.tokens import Shape, Token, clean, tokenise
from responder.understanding.words import is_known, lemmas

Term = frozenset[str]  # every base form and family head a word may stand for

_LONG_ENOUGH = 5


@lru_cache(maxsize=20_000)
def term(word: str) -> Term:
    """What a word may stand for; empty for a word without content."""
    bases = lemmas(word)
    stop, families = talk().stop_words, talk().family_of
    if word in stop or (bases & stop and word not in families):
        return frozenset()
    heads = {families[base] for base in (*bases, word) if base in families}
    return frozenset(bases | heads | {word})


def terms(text: str) -> tuple[Term, ...]:
    """The content words of a phrase, in order."""
    return of_tokens(tokenise(clean(text)))


def of_tokens(tokens: Iterable[Token]) -> tuple[Term, ...]:
    found = (term(token.text) for token in tokens if token.shape is Shape.WORD)
    return tuple(one for one in found if one)


def are_alike(first: Term, second: Term) -> bool:
    """The same word, or one that a slip of the fingers makes of the other; two real words are never slips."""
    if first & second:
        return True
    return any(_is_typo(a, b) for a in first for b in second)


def count_common(asked: Sequence[Term], said: Sequence[Term]) -> int:
    return sum(1 for one in asked if any(are_alike(one, other) for other in said))


@lru_cache(maxsize=50_000)
def _is_typo(a: str, b: str) -> bool:
    if min(len(a), len(b)) < _LONG_ENOUGH or a[0] != b[0]:
        return False
    allowed = 1 if min(len(a), len(b)) < 8 else 2
    if OSA.distance(a, b, score_cutoff=allowed) > allowed:
        return False
    return not (is_known(a) and is_known(b))
