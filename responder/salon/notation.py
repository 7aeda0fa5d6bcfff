"""How a salon file spells times, durations, dates, money and phones: text in, plain values out.

Every function raises `ValueError` with words fit for the person who wrote the file. Nothing here knows YAML: the
reader hands over every scalar as the text it was written as, so `10:30` never becomes the number 630.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from itertools import pairwise

import phonenumbers

from responder.hours import END_OF_DAY, DayHours, Interval

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = ("closed", "off")
MINUTES = {"h": 60, "ч": 60, "min": 1, "m": 1, "мин": 1, "м": 1}
SECONDS = {"s": 1, "с": 1, "сек": 1, "d": 86_400} | {unit: minutes * 60 for unit, minutes in MINUTES.items()}

_TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([^\W\d_]+)?\s*")
_DASH = re.compile(r"\s*[-–—]\s*")


def close_to(word: str, known: Sequence[str]) -> str:
    """ " (did you mean `x`?)" when one of `known` looks like `word`, else ""."""
    matches = get_close_matches(word.casefold(), known, n=1, cutoff=0.6)
    return f" (did you mean `{matches[0]}`?)" if matches else ""


def duration_minutes(text: str) -> int:
    """Whole minutes of "90", "90 min", "1h", "1h30" or "1 h 30 min"."""
    return _whole(_sum_of_parts(text, MINUTES, bare="min"), text, "minutes")


def duration_seconds(text: str) -> int:
    """Whole seconds of "60", "60 s", "3 min", "1h30", "24 h" or "2 d"."""
    return _whole(_sum_of_parts(text, SECONDS, bare="s"), text, "seconds")


def _sum_of_parts(text: str, units: dict[str, int], *, bare: str) -> Decimal:
    total, position, previous = Decimal(0), 0, 0
    folded = text.strip().casefold()
    while match := _PART.match(folded, position):
        amount, unit = Decimal(match[1]), match[2]
        if unit is None:  # "1h30": a bare number after hours counts minutes
            unit = {0: bare, units.get("h", 0): "min", units.get("min", 0): "s"}.get(previous, "")
        if unit not in units or (previous and units[unit] >= previous):
            break
        previous = units[unit]
        total += amount * previous
        position = match.end()
    if not folded or position != len(folded):
        raise ValueError(f"`{text}` is not a duration; write `90 min`, `1h30` or `2h`")
    return total


def _whole(amount: Decimal, text: str, unit: str) -> int:
    if amount != int(amount):
        raise ValueError(f"`{text}` is not a whole number of {unit}")
    return int(amount)


def time_of_day(text: str) -> time:
    """ "9", "9:30", "09:30"; "24:00" is the end of the day."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is not a time; write it like `10:00`")
    hour, minute = int(match[1]), int(match[2] or 0)
    if (hour, minute) == (24, 0):
        return END_OF_DAY
    if hour > 23 or minute > 59:
        raise ValueError(f"`{text}` is not a time of day")
    return time(hour, minute)


def day_hours(text: str | Sequence[str]) -> DayHours:
    """Intervals of one day in order, from "10:00-14:00, 15:00-21:00", a list of such, or "closed"."""
    pieces = text.split(",") if isinstance(text, str) else list(text)
    if [piece.strip().casefold() for piece in pieces] in ([], *([word] for word in CLOSED)):
        return ()
    intervals = sorted(_interval(piece) for piece in pieces)
    for before, after in pairwise(intervals):
        if after.start < before.end:
            raise ValueError(f"{interval_text(before)} and {interval_text(after)} overlap")
    return tuple(intervals)


def _interval(text: str) -> Interval:
    ends = _DASH.split(text.strip())
    if len(ends) != 2:
        raise ValueError(f"`{text.strip()}` is not an interval; write `10:00-14:00` or `closed`")
    start, end = time_of_day(ends[0]), time_of_day(ends[1])
    if end <= start:
        raise ValueError(
            f"`{text.strip()}` ends before it starts; write `20:00-24:00` here and `0:00-2:00` on the next day"
        )
    return Interval(start, end)


def quiet_hours(text: str) -> tuple[time, time]:
    """Begin and end of "22:00-8:00": local times of day, over midnight where the end is the earlier one."""
    ends = _DASH.split(text.strip())
    if len(ends) != 2:
        raise ValueError(f"`{text.strip()}` is not a time of quiet; write it like `22:00-8:00`")
    begins, until = time_of_day(ends[0]), time_of_day(ends[1])
    if begins == until:
        raise ValueError(f"`{text.strip()}` begins and ends at one time; leave it out for no quiet at all")
    return begins, until


def interval_text(interval: Interval) -> str:
    """The way `day_hours` reads it back."""
    end = "24:00" if interval.end == END_OF_DAY else f"{interval.end:%H:%M}"
    return f"{interval.start:%H:%M}-{end}"


def days_of_week(text: str) -> tuple[int, ...]:
    """Weekdays (Monday is 0) of "mon" or "mon-fri"."""
    names = [name.strip().casefold() for name in _DASH.split(text)]
    for name in names:
        if name not in DAYS:
            raise ValueError(f"`{name}` is not a day; days are {', '.join(DAYS)}, ranges like mon-fri")
    first, last = DAYS.index(names[0]), DAYS.index(names[-1])
    if len(names) > 2 or last < first:
        raise ValueError(f"`{text}` is not a range of days; write it like mon-fri")
    return tuple(range(first, last + 1))


def dates(text: str) -> tuple[date, date]:
    """First and last day of "2027-01-01" or "2027-01-01..2027-01-08"."""
    ends = [_date(part) for part in text.split("..")]
    if len(ends) > 2:
        raise ValueError(f"`{text}` is not a range of dates; write 2027-01-01..2027-01-08")
    if ends[-1] < ends[0]:
        raise ValueError(f"`{text}` ends before it starts")
    if (ends[-1] - ends[0]).days > 366:
        raise ValueError(f"`{text}` is longer than a year")
    return ends[0], ends[-1]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"`{text.strip()}` is not a date; write it like 2027-01-31") from None


def each_date(text: str) -> Iterator[date]:
    """Every day of `dates(text)`."""
    first, last = dates(text)
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def amount(text: str) -> Decimal:
    """A sum of money that is not negative; spaces between thousands may stand."""
    try:
        value = Decimal(re.sub(r"[\s_\u00a0]", "", text))
    except InvalidOperation:
        raise ValueError(f"`{text}` is not an amount; write a number without the currency") from None
    if not value.is_finite() or value < 0:
        raise ValueError(f"`{text}` is not a price: it must be 0 or more")
    return value


def share(text: str) -> float:
    """A share of "80%" or "0.8"."""
    stripped = text.strip()
    try:
        value = float(stripped.removesuffix("%")) / (100 if stripped.endswith("%") else 1)
    except ValueError:
        raise ValueError(f"`{text}` is not a share; write 80% or 0.8") from None
    if not 0 < value <= 1:
        raise ValueError(f"`{text}` is not a share between 0 and 100%")
    return value


def phone_e164(text: str, country: str) -> str:
    """E.164 of a number as people of `country` write it."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValueError(f"`{text}` is not a phone number of {country}; write it in full, with the country's code")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
