"""Phone numbers said in words, as voice typing leaves them: "oh seven nine double five", "восемь девятьсот двенадцать".

In: a cleaned text. Out: runs of number words as the digits they may stand for. Whether the digits make a phone is for
the caller to say; hours ("в пять тридцать") are runs too short to be asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from responder.understanding.lexicon import LANGUAGES, section, table
from responder.understanding.tokens import plain

MIN_DIGITS = 5  # fewer are no attempt at a phone
_MIN_WORDS = 3
_PIECE = re.compile(r"\d+|[^\W\d_]+|\+")
_BETWEEN = re.compile(r"[\s,.()\-]*")


@dataclass(frozen=True, slots=True)
class Spoken:
    """`digits`: what may have been meant, likeliest first; a leading "+" where it was said."""

    start: int
    end: int
    digits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    values: dict[str, int]
    hundreds: frozenset[str]  # "hundred": multiplies what stands before
    plus: frozenset[str]
    repeats: dict[str, int]  # "double", "triple"


def spoken_numbers(text: str) -> Iterator[Spoken]:
    """Runs of number words, digits among them, long enough for a phone; runs of digits alone are left to others."""
    words, lowered = _words(), plain(text)
    if sum(word in words.values for word in lowered.replace(",", " ").replace("-", " ").split()) < _MIN_WORDS:
        return
    run: list[re.Match[str]] = []
    for match in _PIECE.finditer(lowered):
        if run and not _BETWEEN.fullmatch(lowered, run[-1].end(), match.start()):
            yield from _read(run)
            run = []
        if _belongs(match.group()):
            run.append(match)
        elif run:
            yield from _read(run)
            run = []
    yield from _read(run)


def _belongs(said: str) -> bool:
    words = _words()
    return (
        said.isdecimal()
        or said == "+"
        or said in words.values
        or said in words.hundreds
        or said in words.plus
        or said in words.repeats
    )


def _read(run: Sequence[re.Match[str]]) -> Iterator[Spoken]:
    said = [match.group() for match in run]
    if sum(word in _words().values for word in said) < _MIN_WORDS:
        return
    digits = tuple(dict.fromkeys(_digits(said, adds_up=adds_up) for adds_up in (True, False)))
    if len(digits[0].lstrip("+")) >= MIN_DIGITS:
        yield Spoken(run[0].start(), run[-1].end(), digits)


def _digits(said: Sequence[str], *, adds_up: bool) -> str:
    """`adds_up`: "twenty seven" is 27 and not 20 7, "девятьсот двенадцать" 912."""
    words = _words()
    groups: list[str] = []
    repeat, room = 1, 0  # room: how many digits of the last group the next word may still fill
    for word in said:
        value = words.values.get(word)
        if word in words.repeats:
            repeat, room = words.repeats[word], 0
        elif word in words.hundreds and groups:
            groups[-1], room = groups[-1] + "00", 2
        elif word in words.plus or word == "+":
            groups, room = ["+"], 0
        elif value is None or repeat > 1:
            groups.append((word if value is None else str(value)) * repeat)
            repeat, room = 1, 0
        elif adds_up and value and len(str(value)) <= room:
            groups[-1] = str(int(groups[-1]) + value)
            room = _room(value)
        else:
            groups.append(str(value))
            room = _room(value)
    return "".join(groups)


def _room(value: int) -> int:
    return 2 if value >= 100 else 1 if value >= 20 and value % 10 == 0 else 0


@cache
def _words() -> _Words:
    spoken = [table(section(language, "talk").get("spoken")) for language in LANGUAGES]
    values: dict[str, int] = {}
    for language, one in zip(LANGUAGES, spoken, strict=True):
        for key, said in table(section(language, "time").get("numbers")).items():
            values.update(dict.fromkeys((word for word in said if word not in one.get("never", ())), int(key)))
        for key, said in one.items():
            if key.isdecimal():
                values.update(dict.fromkeys(said, int(key)))
    return _Words(
        values={word: value for word, value in values.items() if " " not in word},
        hundreds=frozenset(word for one in spoken for word in one.get("hundred", ())),
        plus=frozenset(word for one in spoken for word in one.get("plus", ())),
        repeats={
            word: times
            for one in spoken
            for name, times in (("double", 2), ("triple", 3))
            for word in one.get(name, ())
        },
    )
