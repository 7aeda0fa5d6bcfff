"""The words that free wording may use of itself, by language and by what they need beside them: read from the YAML
files of this folder. Whatever is not here must come from the salon's own texts.

An allow-list, because untruth has no end of words and courtesy has few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

LANGUAGES = ("ru", "en")
_MOST_ENDING = 4  # letters that "*" may stand for


@dataclass(frozen=True, slots=True)
class Words:
    """A set of words, of which some may take any ending."""

    exact: frozenset[str]
    beginnings: frozenset[str]

    def __contains__(self, word: str) -> bool:
        if word in self.exact:
            return True
        shortest = max(2, len(word) - _MOST_ENDING)
        return any(word[:length] in self.beginnings for length in range(len(word), shortest - 1, -1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Classes of words: `talk` says nothing that could be untrue, `assent` agrees to whatever was asked, `asking` is
    harmless in a question, `hours` needs a checked day or time; `joints` part a sentence, `negations` turn it."""

    talk: Words
    assent: Words
    asking: Words
    hours: Words
    joints: Words
    negations: Words


@cache
def vocabulary() -> Vocabulary:
    """Of all languages together, since a reply may quote one language inside another."""
    files_by_language = [_read(language) for language in LANGUAGES]
    return Vocabulary(
        **{
            name: _words(" ".join(each[name] for each in files_by_language).split())
            for name in ("talk", "assent", "asking", "hours", "joints", "negations")
        }
    )


def _read(language: str) -> Mapping[str, str]:
    parsed: Mapping[str, str] = yaml.safe_load(files(__name__).joinpath(f"{language}.yaml").read_text("utf-8"))
    return parsed


def _words(listed: list[str]) -> Words:
    return Words(
        frozenset(word for word in listed if not word.endswith("*")),
        frozenset(word.removesuffix("*") for word in listed if word.endswith("*")),
    )
