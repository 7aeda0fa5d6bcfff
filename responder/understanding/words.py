"""Words and their base forms: Russian through the pymorphy dictionary, other alphabets through a light rule.

The dictionary is loaded once per process, on first use, and every answer is remembered.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache, lru_cache

import pymorphy3

_CYRILLIC = re.compile("[а-яё]")
_SUFFIXES = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", ""))
_UNLIKELY = 3  # times less likely than the likeliest reading: not meant
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Form:
    """One reading of a word by the dictionary."""

    lemma: str
    is_name: bool  # given name
    is_surname: bool
    is_patronymic: bool
    is_nominative: bool
    score: float


@lru_cache(maxsize=50_000)
def forms(word: str) -> tuple[Form, ...]:
    """Readings of a lower-case Cyrillic word, likeliest first; empty when the dictionary does not know it."""
    if not is_known(word):
        return ()
    return tuple(
        Form(
            lemma=parse.normal_form.replace("ё", "е"),
            is_name="Name" in parse.tag,
            is_surname="Surn" in parse.tag,
            is_patronymic="Patr" in parse.tag,
            is_nominative="nomn" in parse.tag and "plur" not in parse.tag,
            score=parse.score,
        )
        for parse in _dictionary().parse(word)
    )


@lru_cache(maxsize=50_000)
def lemma(word: str) -> str:
    """The base form of a lower-case word; of an unknown one the likeliest guess."""
    if _CYRILLIC.search(word):
        return str(_dictionary().parse(word)[0].normal_form).replace("ё", "е")
    for suffix, instead in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith(("ss", "us", "is")):
            return word[: -len(suffix)] + instead
    return word


@lru_cache(maxsize=50_000)
def lemmas(word: str) -> frozenset[str]:
    """The base forms a word is likely to have."""
    if not _CYRILLIC.search(word):
        return frozenset((lemma(word),))
    known = forms(word)
    likely = frozenset(form.lemma for form in known if form.score * _UNLIKELY >= known[0].score)
    return likely or frozenset((lemma(word),))


@lru_cache(maxsize=50_000)
def is_known(word: str) -> bool:
    """Whether a Cyrillic word is in the dictionary; words of other alphabets never are."""
    return bool(_CYRILLIC.search(word)) and bool(_dictionary().word_is_known(word))


@lru_cache(maxsize=2_000)
def name_forms(name: str) -> frozenset[str]:
    """All case forms of a lower-case given name, itself included."""
    if not _CYRILLIC.search(name):
        return frozenset((name, name + "'s"))
    found = {name}
    for parse in _dictionary().parse(name):
        if ("Name" in parse.tag or "Surn" in parse.tag) and "nomn" in parse.tag and "sing" in parse.tag:
            found.update(form.word.replace("ё", "е") for form in parse.lexeme if "sing" in form.tag)
    if len(found) == 1 and name.endswith("а"):  # a short name the dictionary lacks: Диночка, Лейлочка
        stem = name[:-1]
        plural_like = "и" if stem[-1:] in "гкхжчшщ" else "ы"
        found.update(stem + ending for ending in (plural_like, "е", "у", "ой", "ою", "ей"))
    return frozenset(found)


def _dictionary() -> pymorphy3.MorphAnalyzer:
    with _loading:
        return _load()


@cache
def _load() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer()
