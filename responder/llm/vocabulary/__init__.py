"""The words that free wording may use of itself, by language and by what they need beside them: read from the YAML
files of this folder. Whatever is not here must come from the salon's own texts.

An allow-list, because untruth has no end of words and courtesy has few.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

import yaml

LANGUAGES = ("ru", "en")  # read together: a reply may quote one language inside another
_MOST_ENDING = 4  # letters that "*" may stand for
_PHRASES = "phrases"


class Use(StrEnum):
    """What a word may be used for; a section of the files each."""

    TALK = "talk"  # holds a sentence together, says nothing alone
    COURTESY = "courtesy"  # says nothing that could be untrue
    ASSENT = "assent"  # agrees to whatever was asked: needs something true beside it
    ASKING = "asking"  # harmless in a question
    HOURS = "hours"  # needs a checked day or time
    AMOUNTS = "amounts"  # needs a checked amount
    THINGS = "things"  # needs something that the salon names
    PRAISE = "praise"  # must have nothing beside it that the salon names
    LIMITS = "limits"  # how much of something: nothing without it
    JOINTS = "joints"  # part a clause
    NEGATIONS = "negations"  # turn it


@lru_cache(maxsize=20_000)
def uses(word: str) -> frozenset[Use]:
    """All uses of a lower-case word; empty when it is none of ours."""
    exact, beginnings = _sections()
    found = set(exact.get(word, ()))
    for length in range(max(2, len(word) - _MOST_ENDING), len(word) + 1):
        found |= beginnings.get(word[:length], frozenset())
    return frozenset(found)


@cache
def harmless_phrases() -> re.Pattern[str]:
    """Whole expressions that say nothing, whatever their words do elsewhere."""
    phrases = "|".join(phrase for language in LANGUAGES for phrase in _read(language)[_PHRASES])
    return re.compile(rf"(?<!\w)(?:{phrases})(?!\w)")


_Table = dict[str, set[Use]]


@cache
def _sections() -> tuple[_Table, _Table]:
    exact: _Table = {}
    beginnings: _Table = {}
    for language in LANGUAGES:
        read = _read(language)
        for use in Use:
            for word in str(read[use]).split():
                table = beginnings if word.endswith("*") else exact
                table.setdefault(word.removesuffix("*"), set()).add(use)
    return exact, beginnings


@cache
def _read(language: str) -> Mapping[str, str | list[str]]:
    parsed: Mapping[str, str | list[str]] = yaml.safe_load(files(__name__).joinpath(f"{language}.yaml").read_bytes())
    return parsed
