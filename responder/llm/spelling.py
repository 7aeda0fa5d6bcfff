"""One spelling for texts that look alike: what hides a figure from a search must not hide it from the guard."""

from __future__ import annotations

import re
import unicodedata

_SUPERSCRIPT_MINUTES = re.compile(r"(?<=\d)[⁰¹²³⁴⁵⁶⁷⁸⁹]{2}")
_LETTER_ZERO = re.compile(r"(?:(?<=[\d:])|(?<=\d\.)|(?<=\d[:.][oOоО]))[oOоО](?=[oOоО\d\s.,!?)]|$)|(?<!\w)[oOоО](?=\d)")
_LIKE_ASCII = str.maketrans("。∙⁄∕’ʼ‘", "..//'''")
_MOST_SIGNS = 4_000
_SPACES = re.compile(r"[^\S\n]+")


def normalise(text: str) -> str:
    """One spelling for what looks alike: no invisible characters, ASCII digits, plain spaces and dashes, no "ё"."""
    text = _SUPERSCRIPT_MINUTES.sub(lambda match: ":" + unicodedata.normalize("NFKC", match[0]), text)
    text = unicodedata.normalize("NFKC", text).translate(_LIKE_ASCII)
    if not text.isascii():
        text = text.translate(_PLAIN)
    text = _LETTER_ZERO.sub("0", text)
    return _SPACES.sub(" ", text).strip()


def folded(text: str) -> str:
    """Lower case with "ё" as "е": how the expressions of `guard_words` are written."""
    return text.lower().replace("ё", "е")


def _plain(character: str) -> str:
    if character.isdigit():
        return str(unicodedata.digit(character, 0)) if not character.isascii() else character
    category = unicodedata.category(character)
    if category in ("Cf", "Me", "Mn") and character != "\u0306":
        return ""
    if category == "Pd" or character == "\u2212":
        return "-"
    return " " if category == "Zs" else character


class _PlainSigns(dict[int, str]):
    """Grows by the signs that occur: a look-up costs far less than asking what a sign is."""

    def __missing__(self, code: int) -> str:
        plain = _plain(chr(code))
        if len(self) < _MOST_SIGNS:
            self[code] = plain
        return plain


_PLAIN = _PlainSigns()
