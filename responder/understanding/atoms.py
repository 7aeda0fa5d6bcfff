"""Gives every token its role in a sentence about time: number, month, weekday, "at", "until", "quarter"...

Each kind is one letter, so that a sentence becomes a short string and the grammar of `dates` and `times` can be
written as regular expressions over kinds instead of over words; which words have which kind is data
(`lexicon/<language>/time.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from responder.understanding.tokens import Shape, Token


class Kind(StrEnum):
    """One letter each; the names are those of the lexicon."""

    NUMBER = "N"
    ORDINAL = "O"  # names a day of the month
    RANK = "r"  # picks one of a row; a day only in company
    YEAR = "Y"
    HHMM = "g"  # four digits that may be a time of day
    CLOCK = "C"
    PAIR = "D"  # 25.11
    DATE = "d"
    MONTH = "M"
    WEEKDAY = "W"
    PART = "P"
    MERIDIEM = "A"
    DAY_OR_PM = "y"  # "дня": of the day (p.m.), or days
    HOUR = "H"
    HOUR_LENGTH = "*"  # "hours" where it never names an hour of the day
    HOUR_MARK = "o"
    MINUTE = "I"
    HALF_HOUR = "Q"
    HOUR_AND_HALF = "V"
    DAY_UNIT = "L"
    WEEK = "K"
    MONTH_UNIT = "Z"
    WEEKEND = "E"
    DAY_WORD = "B"
    YEAR_WORD = "G"
    NEXT = "X"
    THIS = "T"
    LAST = "l"
    PAST_DAY = "p"
    AGO = "z"
    AT = "v"
    ON = "u"
    FOR = "f"
    IN = "i"
    FROM = "s"
    TO = "t"
    UNTIL = "U"
    AFTER = "a"
    BEFORE = "b"
    NOT_EARLIER = "e"
    NOT_LATER = "J"
    BY = "k"
    THROUGH = "c"
    WITHIN = "&"
    BETWEEN = "w"
    AND = "n"
    AROUND = "R"
    WITHOUT = "x"
    QUARTER = "q"
    HALF_TO = "h"
    HALF_PAST = "j"
    PAST_HOUR = "F"
    OF = "m"
    THE = "S"
    A = "1"
    NOW = "2"
    RIGHT_NOW = ":"
    FROM_NOW = "%"
    ASAP = "3"
    SOON = "4"
    EARLY_EDGE = "5"
    MIDDLE_EDGE = "6"
    LATE_EDGE = "7"
    OR = "8"
    NOT = "9"
    CANNOT = "0"
    BOOKED = "@"  # what follows is the appointment there already is
    INSTEAD = "!"
    ITIS = "="
    COUNTED = "$"
    COMMA = ","
    DOT = "."
    STOP = ";"
    DASH = "-"
    SLASH = "/"
    SPAN = "_"  # a finished piece: bounds or a range of hours
    MAYBE = "^"  # a SPAN only if the talk is of hours
    ALSO = ">"  # "neither": refuses like what was refused just before
    SHIFT = "<"  # "an hour later": `number` is minutes, negative for earlier
    NOTHING = "~"  # read and deliberately dropped
    OTHER = "?"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as said; not `is_fixed` when it may be twelve hours later as well."""

    hour: int
    minute: int = 0
    is_fixed: bool = False
    part: str | None = None  # the part of day said with it


@dataclass(frozen=True, slots=True)
class Days:
    """First and last date of what was said; `is_weekday`: known by the name of a weekday alone."""

    first: date
    last: date
    is_weekday: bool = False
    ambiguous: str | None = None
    at: Clock | None = None  # "in two hours" names both


@dataclass(frozen=True, slots=True)
class Bounds:
    """Hours between; `exact` is one hour and then the only one set."""

    exact: Clock | None = None
    start: Clock | None = None
    end: Clock | None = None
    or_exact: Clock | None = None  # "at five or six"


@dataclass(frozen=True, slots=True)
class Atom:
    """A token or a phrase in its role. `number` is the value of numbers, months, weekdays, relative days (`name` says
    which parts of day, meridiems and holidays), `pair` of dotted pairs."""

    kind: Kind
    start: int
    end: int
    number: int = 0
    name: str = ""
    pair: tuple[int, int, bool] = (0, 0, False)  # left, right, right has two digits
    clock: Clock | None = None
    days: Days | None = None
    bounds: Bounds | None = None
    is_word: bool = True
    glued: bool = False

    def placed(self, start: int, end: int, *, glued: bool) -> Atom:
        """The same said at another place; done for every word, and `dataclasses.replace` takes twice as long."""
        return Atom(
            self.kind, start, end, self.number, self.name, self.pair, self.clock, self.days, self.bounds, self.is_word,
            glued,
        )  # fmt: skip


Handler = Callable[[Sequence[Atom]], Atom | None]
Handlers = Callable[[str], Handler]  # by the name of a rule


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern` in names of kinds, as compiled by `Grammar`; `name` is the method that reads the match."""

    name: str
    pattern: str


class Grammar:
    """One pass of rewriting: wherever a rule matches, its atoms become one. Rules are tried in order at each place."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._regex = re.compile("|".join(f"({_letters(rule.pattern)})" for rule in self.rules))

    def rewrite(self, atoms: Sequence[Atom], handlers: Handlers) -> list[Atom]:
        """A handler that gives None makes the whole match meaningless: it is kept from other rules as NOTHING."""
        kinds = "".join(atom.kind for atom in atoms)
        result: list[Atom] = []
        position = 0
        for match in self._regex.finditer(kinds):
            start, end = match.span()
            result.extend(atoms[position:start])
            index = match.lastindex or 1
            matched = atoms[start:end]
            made = handlers(self.rules[index - 1].name)(matched)
            span = (matched[0].start, matched[-1].end)
            result.append(Atom(Kind.NOTHING, *span) if made is None else made.placed(*span, glued=made.glued))
            position = end
        result.extend(atoms[position:])
        return result


def _letters(pattern: str) -> str:
    """`AT? NUMBER (?!COUNTED)` -> the same over the letters of the kinds; every group is made non-capturing."""
    pattern = re.sub(r"[A-Z]+(?:_[A-Z]+)*", lambda name: re.escape(Kind[name.group()].value), pattern)
    pattern = re.sub(r"\((?!\?)", "(?:", pattern)
    return pattern.replace(" ", "")


def mark_kind(token: Token) -> Kind | None:
    """The role of a sign; None: it separates nothing and is skipped."""
    return {
        ",": Kind.COMMA,
        ":": Kind.COMMA,
        ".": Kind.DOT,
        ";": Kind.STOP,
        "!": Kind.STOP,
        "?": Kind.STOP,
        "\n": Kind.STOP,
        "-": Kind.DASH,
        "/": Kind.SLASH,
        "%": Kind.COUNTED,
        "@": Kind.AT,
        "#": Kind.OTHER,
        "+": Kind.OTHER,
    }.get(token.text)


def shaped(token: Token, *, month_first: bool) -> Atom:
    """The atom of a token that is not a word."""
    span = (token.start, token.end)
    if token.shape is Shape.CLOCK:
        hour, minute = (int(part) for part in token.text.split(":")[:2])
        if hour > 24 or minute > 59:
            return Atom(Kind.OTHER, *span)
        return Atom(Kind.CLOCK, *span, clock=Clock(hour % 24, minute, hour > 12 or token.text[0] == "0"), is_word=False)
    if token.shape is Shape.PAIR:
        left, right = re.split(r"[./]", token.text)
        if "/" in token.text and month_first:
            left, right = right, left
        return Atom(Kind.PAIR, *span, pair=(int(left), int(right), len(right) == 2), name=token.text, is_word=False)
    if token.shape is Shape.ISO:
        return _calendar(span, *(int(part) for part in token.text.split("-")))
    if token.shape is Shape.FULL:
        left, right, year = re.split(r"[./-]", token.text)
        if "/" in token.text and month_first:
            left, right = right, left
        return _calendar(span, int(year) + (2000 if len(year) == 2 else 0), int(right), int(left))
    if token.shape is Shape.NUMBER:
        return _number(token)
    return Atom(Kind.OTHER, *span, glued=token.glued)


def _calendar(span: tuple[int, int], year: int, month: int, day: int) -> Atom:
    try:
        found = date(year, month, day)
    except ValueError:
        return Atom(Kind.NOTHING, *span)
    return Atom(Kind.DATE, *span, days=Days(found, found), is_word=False)


def _number(token: Token) -> Atom:
    span, value = (token.start, token.end), int(token.text[:9])
    kind = Kind.OTHER
    if len(token.text) <= 2:
        kind = Kind.NUMBER
    elif len(token.text) == 4 and 2000 <= value < 2060:
        kind = Kind.YEAR
    elif len(token.text) == 4 and value // 100 < 24 and value % 100 in (0, 15, 30, 45):
        kind = Kind.HHMM
    return Atom(kind, *span, number=value, name=token.text, is_word=False, glued=token.glued)
