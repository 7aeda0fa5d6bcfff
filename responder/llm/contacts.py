"""Phones, e-mail and web addresses in free text: found once, here, for hiding them from the LLM and for the guard.

Finding is eager: a number hidden without need costs the LLM a little, one sent without need is a leak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
URL = re.compile(
    r"(?:https?://|www\.)[^\s<>\"')\]]+"
    r"|(?<![\w@.])(?:[\w-]+\.)+(?:ru|рф|su|com|net|org|info|io|me|site|shop|online|club|pro|app|biz|by|kz|uz|ua|eu|uk|de)"
    r"(?:/[^\s<>\"')\]]*)?(?![\w.]*\w)",
    re.IGNORECASE,
)
HANDLE = re.compile(r"(?<![\w.])@\w{3,}")

_CANDIDATE = re.compile(
    r"(?<!\d)(?<!\d[.,:])(?:\+\s?)?(?:\((?=\d{1,5}\)))?\d(?:[ \t\u00a0().\-\u2010-\u2015/]{0,3}\d){5,30}(?!\d|:\d)"
)
_SIX_DIGITS = re.compile(r"\d(?:[ \t\u00a0().\-\u2010-\u2015/]{0,3}\d){5}")  # in every candidate, and quick to find
_DATE = re.compile(r"(?<!\d)\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)|(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_AMOUNTS = re.compile(r"\d{1,3}(?: \d{3}){1,2}(?: ?- ?\d{1,3}(?: \d{3}){1,2})?")
_CLOCK_TIMES = re.compile(r"\d{1,2}[.-]\d{2}(?:[ -]+\d{1,2}[.-]\d{2})+")
_LOCAL = re.compile(r"\d{7,9}|\d{3}[ -]\d{2}[ -]\d{2}|\d{3}-\d{4}")
_TRUNK_PREFIXES = ("0", "8")
_CARD_DIGITS = range(16, 20)


def phones(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and digits of everything written like a phone (or a card) number."""
    if _SIX_DIGITS.search(text) is None:
        return
    for match in _CANDIDATE.finditer(text):
        digits = "".join(filter(str.isdigit, match[0]))
        if _reads_as_phone(re.sub(r"[\t\u00a0]", " ", re.sub(r"[\u2010-\u2015]", "-", match[0])), len(digits)):
            yield match.start(), match.end(), digits


def mask(text: str) -> str:
    """The text with phones, cards and e-mail addresses replaced by placeholders that mean the same in any language."""
    if "@" in text:
        text = EMAIL.sub("[email]", text)
    pieces, position = [], 0
    for start, end, digits in phones(text):
        pieces += [text[position:start], "[card]" if len(digits) in _CARD_DIGITS else "[phone]"]
        position = end
    return "".join([*pieces, text[position:]]) if pieces else text


def same_phone(one: str, other: str) -> bool:
    """Two digit strings name one phone: the same digits, but that either may lack the country or have a trunk prefix in
    its place."""
    if min(len(one), len(other)) < 7:
        return False
    if one[-10:] == other[-10:]:
        return len({one[:-10], other[:-10]} - {"", *_TRUNK_PREFIXES}) <= 1
    return one.endswith(other) or other.endswith(one)


def _reads_as_phone(written: str, count: int) -> bool:
    if written.startswith("+"):
        return count >= 7
    if _DATE.search(written) or _AMOUNTS.fullmatch(written) or _CLOCK_TIMES.fullmatch(written):
        return False
    return count >= 10 or bool(_LOCAL.fullmatch(written))
