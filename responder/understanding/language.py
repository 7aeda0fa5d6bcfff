"""Which language a customer writes: by alphabet, and by words where the alphabet does not tell."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import cache

from responder.understanding.lexicon import LANGUAGES, section, strings, table

_NATIVE_WEIGHT = 3  # a brand name in Latin letters does not make a Russian sentence English


@cache
def _alphabets() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(f"[{section(name, 'talk').get('alphabet')}]", re.IGNORECASE) for name in LANGUAGES}


@cache
def _borrowed() -> frozenset[str]:
    return frozenset(word for name in LANGUAGES for word in strings(section(name, "talk").get("borrowed")))


@cache
def _transliterated() -> dict[str, str]:
    return {word: name for name in LANGUAGES for word in strings(section(name, "talk").get("translit"))}


def transliterated(words: Set[str]) -> str | None:
    """The language that one of the words, typed in another alphabet, gives away: "zavtra" is Russian."""
    told = words & _transliterated().keys()
    return _transliterated()[min(told)] if told else None


@cache
def short_words(language: str) -> dict[str, str]:
    """Words of `language` typed in another alphabet that are words elsewhere too: read so in its own dialogues only."""
    if language not in LANGUAGES:
        return {}
    return {
        typed: word
        for word, all_typed in table(section(language, "talk").get("translit_short")).items()
        for typed in all_typed
    }


def is_borrowed(word: str) -> bool:
    """Whether a word is at home in every language."""
    return word in _borrowed()


def detect(text: str, words: Sequence[str]) -> str | None:
    """The language of `text` (`words` are its words); None for digits, signs and words at home everywhere."""
    foreign = next((_transliterated()[word] for word in words if word in _transliterated()), None)
    if foreign is not None:
        return foreign
    if all(word in _borrowed() for word in words):
        return None
    counts = {name: len(letters.findall(text)) for name, letters in _alphabets().items()}
    latin = counts.pop(LANGUAGES[-1])
    other, most = max(counts.items(), key=lambda pair: pair[1])
    if most and most * _NATIVE_WEIGHT >= latin:
        return other
    return LANGUAGES[-1] if latin > 1 else None
