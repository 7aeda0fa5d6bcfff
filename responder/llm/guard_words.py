"""How a language says times, dates, amounts and promises: the data the guard needs of it.

Expressions are matched against lower-case text with "ё" written as "е", and joined over all languages, since a reply
may quote one language inside another. A new language is one more file like `guard_words_en`, listed in `LANGUAGES` of
`number_words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardWords:
    """Expressions without anchors unless said; word lists are whole words."""

    numbers: Mapping[str, str]  # expression -> value; tens and units add up, see `thousands`
    thousands: str
    ordinals: Mapping[str, int]  # expression -> value, read only before a month or as a half or quarter of an hour
    months: tuple[str, ...]  # January first
    weekdays: tuple[str, ...]  # Monday first
    day_sets: Mapping[str, range]  # expression -> the weekdays it stands for, Monday is 0
    until_day: str  # between two weekdays: those between are meant too
    relative_days: Mapping[str, int]
    day_number: str  # what makes a bare number a day of the month, after it
    month_first: bool  # "November 25" besides "25 November"
    at_hour: str  # words that make a bare number after them an hour and nothing else
    around_hour: str  # words that make it an hour, or with a unit a duration
    between_hours: str  # words that make a bare number an hour too, after an hour
    until_hour: str  # between two hours: the second ends a span
    hour_units: str
    am: str
    pm: str
    night: str
    not_hours: str  # nouns that make the number before them something else than an hour
    fixed_times: Mapping[str, tuple[int, int]]
    # (expression with groups h and perhaps m, hours added, minute; None: 60 minus m, -1: m itself)
    spoken_times: tuple[tuple[str, int, int | None], ...]
    unit_minutes: Mapping[str, int]  # duration units
    fixed_durations: Mapping[str, int]  # minutes
    currency: str
    percent: str
    at_least: str  # before an amount: it is the least
    at_most: str  # before an amount: it is the most
    always: str  # round the clock
    open_words: str
    closed_words: str
    opens_words: str  # the time beside them begins opening hours
    closes_words: str  # it ends them
    except_words: str  # begin a clause of days that are closed
    hours_words: str  # say that times are opening hours, without saying open or closed
    streets: str  # an upper-case name follows
    streets_after: str  # an upper-case name comes before
    titles: str  # an upper-case name of a person follows
    promises: Mapping[str, str]  # kind -> expression
