"""What a word keeps when its ending changes: enough to know a word of the salon again in a paraphrase.

Light on purpose: one ending is taken off, Russian or English, so that few words that differ in meaning meet.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LEAST = 3  # letters that stay
_RUSSIAN = re.compile(
    r"(?:иями|ями|ами|иях|иям|ией|ого|его|ому|ему|ыми|ими|аете|яете|ете|ите|йте|аться|яться|иться|ется|ются|ится|атся|"
    r"аешь|ешь|ишь|ают|яют|ает|яет|аем|яем|уют|ует|уем|овать|евать|ать|ять|ить|еть|"
    r"ут|ют|ат|ят|ет|ит|ем|им|ом|ым|ям|ам|ах|ях|ых|их|ов|ев|ей|ой|ый|ий|ая|яя|ое|ее|ые|ие|ую|юю|ию|ия|ии|"
    r"ь|й|ю|у|а|я|о|е|ы|и)$"
)
_ENGLISH = re.compile(r"(?:'s|s)$"), re.compile(r"(?:ing|ed|e)$")


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    """The root of a lower-case word; a word of up to three letters is its own."""
    if word.isascii():
        for ending in _ENGLISH:
            word = _without(ending, word)
        return word
    return _without(_RUSSIAN, word)


def _without(ending: re.Pattern[str], word: str) -> str:
    match = ending.search(word, min(_LEAST, len(word)))
    return word[: match.start()] if match else word
