"""Everything in a text that could be true or false and matters, as values: times, days, amounts, contacts, names. Found
by `search`, judged by `guard`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class Kind(StrEnum):
    ALWAYS = "always"  # round the clock
    TIME = "time"
    DATE = "date"  # a calendar date
    DAY = "day"  # a weekday or a day relative to today
    MONEY = "money"
    PERCENT = "percent"
    DURATION = "duration"
    NUMBER = "number"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    HANDLE = "handle"
    STREET = "street"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """One claim, with every reading it may have: it holds when one of them is a fact."""

    kind: Kind
    said: str
    start: int
    end: int
    times: frozenset[time] = frozenset()
    dates: frozenset[date] = frozenset()
    weekday: int | None = None
    is_of_many: bool = False  # "daily", "Mon-Fri": what is said holds only if it holds on each of the days
    numbers: frozenset[float] = frozenset()
    minutes: frozenset[float] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """`text` is lower case with number words as figures; mentions know their place in it. `rest` is the text with all
    mentions blanked: what nothing was read from."""

    text: str
    rest: str
    mentions: tuple[Mention, ...]

    def of(self, *kinds: Kind) -> list[Mention]:
        return [mention for mention in self.mentions if mention.kind in kinds]
