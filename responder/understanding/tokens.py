"""Cuts what a customer typed into words, numbers and signs that every later rule can rely on.

In: raw text. Out: a cleaned text and its tokens with spans into it. Nothing is interpreted here and no language is
known.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

MAX_CHARS = 4000  # what a person types in one breath; the rest of a flood is not read

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})
_QUOTE_IN_WORD = re.compile(r'(?<=[^\W\d_])"(?=[^\W\d_])')
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")

_TOKEN = re.compile(
    r"""
    (?P<iso>\d{4}-\d{2}-\d{2}(?!\d))
  | (?P<clock>(?<![\d:])\d{1,2}:\d{2}(?::\d{2})?(?![\d:]))
  | (?P<full>(?<!\d)(?<!\d[.,/])\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?![\d:]))
  | (?P<pair>(?<!\d)(?<!\d[.,/])\d{1,2}[./]\d{1,2}(?!\d|[.,]\d))
  | (?P<decimal>\d+[.,]\d+)
  | (?P<number>\d+)
  | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
  | (?P<mark>[-,.;:!?/()+\n#@%"])
    """,
    re.VERBOSE,
)


class Shape(StrEnum):
    """What a token looks like, before any language is asked."""

    ISO = "iso"  # 2026-11-25
    CLOCK = "clock"  # 15:30, 15:30:00
    FULL = "full"  # 25.11.2026
    PAIR = "pair"  # 25.11: a date, a time, or neither
    DECIMAL = "decimal"
    NUMBER = "number"
    WORD = "word"
    MARK = "mark"


_SHAPES = {str(shape): shape for shape in Shape}


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is lower case with ё as е; `start` and `end` index the cleaned text; `glued`: nothing stands before it."""

    shape: Shape
    text: str
    start: int
    end: int
    glued: bool

    def with_text(self, text: str) -> Token:
        return Token(self.shape, text, self.start, self.end, self.glued)


def clean(text: str) -> str:
    """One spelling of dashes, quotes, spaces and digits; invisible characters gone; at most `MAX_CHARS`."""
    text = text[:MAX_CHARS].replace("№", "#")  # which NFKC would spell "No"
    text = unicodedata.normalize("NFKC", text)[:MAX_CHARS]
    text = _INVISIBLE.sub("", text).translate(_DASHES).translate(_QUOTES).replace("\r", "\n")
    return _QUOTE_IN_WORD.sub("'", text)


def plain(word: str) -> str:
    """The form words are compared in."""
    return word.lower().replace("ё", "е")


def tokenise(text: str) -> list[Token]:
    """Tokens of a cleaned text in order; what is neither word, number nor known sign (emoji...) is skipped."""
    tokens: list[Token] = []
    last_end = -1
    for match in _TOKEN.finditer(text):
        shape = _SHAPES[match.lastgroup or "mark"]
        start, end = match.span()
        tokens.append(Token(shape, plain(match.group()), start, end, start == last_end))
        last_end = end
    return tokens
