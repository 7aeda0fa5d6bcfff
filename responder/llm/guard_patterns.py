"""The words of all languages joined into expressions, compiled once, and the small readings that belong to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time

from responder.llm.number_words import LANGUAGES, MONTHS, ORDINAL, THOUSANDS, either, joined, ordinal

BLANK = "\x00"  # stands for what has been read already
QUOTED = "\x01"  # stands for words of the salon
KIND = "\x02"  # stands for words of courtesy
_ALL = tuple(LANGUAGES.values())


def _word(expression: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{expression})(?!\w)")


def _table(name: str) -> dict[re.Pattern[str], int]:
    return {re.compile(key): value for words in _ALL for key, value in getattr(words, name).items()}


def _any_of(table: Mapping[re.Pattern[str], object]) -> str:
    return either(*(pattern.pattern for pattern in table))


# Text

SENTENCE_END = re.compile(
    r"(?<=[!?;\n])|(?<=[^\W\d]{3}\.)\s|(?<=[\x00\x01]\.)\s|(?<=[\d)%₽$€]\.)\s(?=[^\d\W])"
    # "2500р. And more", "10 am. And more"; a face or a heart ends what it smiles at
    r"|(?<=\dр\.)\s(?=[^\d\W])|(?<=\d р\.)\s(?=[^\d\W])|(?<=\b[ap]m\.)\s(?=[^\d\W])"
    "|(?<=[\U0001f600-\U0001f64f\U0001f970-\U0001f97a❤♥✨🌸🌷💐💖💕🙏☺])\\s(?=[^\\d\\W])"
)
CLOCK_FACE = re.compile("[\U0001f550-\U0001f567]")

# Parts of expressions

_CURRENCY = joined("currency")
_N = r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?"
_AMOUNT = rf"(?:{_N})(?:\s?(?:{THOUSANDS})(?!\w))?"
_PARTS = {"am": joined("am"), "pm": joined("pm"), "night": joined("night")}
_PART = rf"(?:{either(*(f'(?P<{name}>{expression})' for name, expression in _PARTS.items()))})(?!\w)"
_UNNAMED_PART = rf"(?:{either(*_PARTS.values())})(?!\w)"
_HOUR_UNIT = rf"(?:{joined('hour_units')})(?!\w)\.?"
_NO_NOUN = rf"(?!\s?(?:{joined('not_hours')})(?!\w))(?![\d.,:%]*\d)(?!\s?[%₽$€£])(?!\s\d{{3}}(?!\d))"
_NO_MONEY = rf"(?!\s?(?:{_CURRENCY})(?!\w))"
_AT, _AROUND = rf"(?<!\w)(?:{joined('at_hour')})\s", rf"(?<!\w)(?:{joined('around_hour')})\s"
_H = r"(?<![\d.,:])(?P<h>\d{1,2})"
_M = r"(?P<m>\d{2})(?!\d)"
_TAIL = rf"(?:\s?{_HOUR_UNIT})?(?:\s?{_PART})?"
_MONTH = rf"(?:{either(*(f'(?P<m{index}>{month})' for index, month in enumerate(MONTHS, 1)))})(?!\w)"
_DAY = r"\d{1,2}(?:-?\s?(?:го|е)(?!\w)|st|nd|rd|th)?"
_DAYS = rf"(?<![\d.,:])(?P<days>{_DAY}(?:\s?(?:,|-|и|или|and|or|по)\s?{_DAY})*)"
_YEAR = r"(?:,?\s(?P<y>20\d{2})(?!\d)(?:\s?г(?:\.|ода?)?(?!\w))?)?"

# Times, from the most telling spelling to the least

_SPOKEN = [
    (expression.replace("{ordinal}", ORDINAL), added, minute)
    for words in _ALL
    for expression, added, minute in words.spoken_times
]
_NUMBERED = (
    rf"(?P<s{index}>" + re.sub(r"\(\?P<([hm])>", rf"(?P<\g<1>_{index}>", expression) + ")"
    for index, (expression, _, _) in enumerate(_SPOKEN)
)
_FIXED_TIMES = {re.compile(key): value for words in _ALL for key, value in words.fixed_times.items()}
SPOKEN_TIME = re.compile(rf"(?<!\w)(?:{either(*_NUMBERED)})(?!\w)(?:\s?{_PART})?")
FIXED_TIME = _word(_any_of(_FIXED_TIMES))
AT_DOTTED = re.compile(rf"{_AT}(?P<h>\d{{1,2}})\.{_M}(?!\.\d)(?:\s?{_PART})?{_NO_MONEY}")
CLOCK_TIME = re.compile(rf"{_H}\s?[:.]\s?{_M}(?:\s?{_PART})?")
HOUR_RANGE = re.compile(rf"(?P<at>{_AT})?{_H}\s?-\s?(?P<m>\d{{1,2}}){_NO_NOUN}{_TAIL}")
AT_HHMM = re.compile(rf"{_AT}(?P<h>\d{{2}}){_M}{_NO_NOUN}(?:\s?{_PART})?")
SPACED_TIME = re.compile(rf"{_H}(?:\s|\s?(?:ч|h)\.?\s?)(?P<m>[0-5]\d)(?!\d){_NO_NOUN}(?:\s?{_PART})?{_NO_MONEY}")
AT_HOUR = re.compile(rf"{_AT}{_H}{_NO_NOUN}{_TAIL}")
AROUND_HOUR = re.compile(rf"{_AROUND}{_H}{_NO_NOUN}(?!\s?{_HOUR_UNIT}(?!\s?{_UNNAMED_PART})){_TAIL}")
HOUR_WITH_PART = re.compile(rf"{_H}(?:\s?{_HOUR_UNIT})?\s?{_PART}")
_LASTS = rf"\s?\d{{1,2}}\s?{_HOUR_UNIT}(?!\s?{_UNNAMED_PART})"  # after a comma: "2,700, 2 h"
NEXT_HOUR = re.compile(
    rf"(?<={BLANK})\s?(?:,(?!{_LASTS})|-|(?:{joined('between_hours')})\s)\s?{_H}(?!\w){_NO_NOUN}{_TAIL}"
)

# Days

_RELATIVE_DAYS = _table("relative_days")
ISO_DATE = re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})(?!\d)")
NUMERIC_DATE = re.compile(
    r"(?<![\d.,:])(?P<d>\d{1,2})(?P<sep>[./])(?P<mo>\d{2}|(?<=/)\d)(?:(?P=sep)(?P<y>\d{4}|\d{2}))?(?!\d|[.,]\d)"
    + _NO_MONEY
)
DAY_MONTH = re.compile(rf"{_DAYS}\s?(?:of\s)?{_MONTH}{_YEAR}")
MONTH_DAY = re.compile(rf"(?<!\w){_MONTH}\s(?:the\s)?{_DAYS}(?![\d:]|\s?(?:am|pm)){_YEAR}")
RELATIVE_DAY = _word(_any_of(_RELATIVE_DAYS))
_DAY_SETS = {re.compile(key): days for words in _ALL for key, days in words.day_sets.items()}
DAY_SET = _word(_any_of(_DAY_SETS))
DAY_SPAN = re.compile(rf"\s?(?:-|(?:{joined('until_day')}))\s?")
WEEKDAY = _word(either(*(f"(?P<w{index}>{either(*(words.weekdays[index] for words in _ALL))})" for index in range(7))))
DAY_NUMBER = re.compile(rf"(?<![\d.,:])(?P<d>\d{{1,2}})(?:{joined('day_number')})")

# Amounts and the rest

_UNIT_MINUTES, _FIXED_DURATIONS = _table("unit_minutes"), _table("fixed_durations")
MONEY = re.compile(
    rf"(?<![\d.,:])(?P<n>{_AMOUNT})\s?(?:{_CURRENCY})(?!\w)"
    rf"|(?:[$€£₽]|(?<!\w)(?:usd|eur|gbp|rub))\s?(?P<after>{_AMOUNT})"
)
PERCENT = re.compile(rf"(?P<n>{_N})\s?(?:{joined('percent')})")
FIXED_DURATION = _word(_any_of(_FIXED_DURATIONS))
HOURS_AND_MINUTES = re.compile(
    rf"(?P<at>{_AT})?{_H}\s?(?:часов|часа|час|ч|hours?|hrs?|h)\.?\s?(?:и\s|and\s)?(?P<m>\d{{1,2}})\s?"
    r"(?:минут\w?|мин|м|minutes?|mins?|m)(?!\w)"
)
HOURS = re.compile(rf"(?<![\d.,:])(?P<n>{_N})\s?{_HOUR_UNIT}")
DURATION = re.compile(rf"(?<![\d.,:])(?P<n>{_N})\s?(?P<unit>{_any_of(_UNIT_MINUTES)})(?!\w)")
NUMBER = re.compile(_AMOUNT)
_NAME = r"(?P<name>[^\W\d_a-zа-яё][^\W\d_]+)"
STREET_NAME = re.compile(rf"(?<!\w)(?i:{joined('streets')})\s?{_NAME}")
NAME_STREET = re.compile(rf"(?<!\w){_NAME}\s(?i:{joined('streets_after')})(?!\w)")
NAMED_PERSON = re.compile(rf"(?<!\w)(?i:{joined('titles')})\s{_NAME}")

# Statements

ALWAYS = _word(joined("always"))
CLAUSE = re.compile(rf"(?:(?:{joined('except_words')})\b)?(?:(?!\b(?:{joined('except_words')})\b)[^,;])+")
SPAN = re.compile(rf"\s?(?:-|(?:{joined('until_hour')})\s)")
OPEN, CLOSED, HOURS_TALK = (_word(joined(name)) for name in ("open_words", "closed_words", "hours_words"))
OPENS, CLOSES = _word(joined("opens_words")), _word(joined("closes_words"))
AT_LEAST, AT_MOST = (re.compile(rf"(?<!\w)(?:{joined(name)})\s?$") for name in ("at_least", "at_most"))
PROMISES: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(rf"(?<!\w)(?:{either(*(words.promises.get(kind, '') for words in _ALL))})")
    for kind in sorted({kind for words in _ALL for kind in words.promises})
}
MARKUP = re.compile(r"</?[a-z!]|```|\[(?:phone|email|card)\]|\{\w+\}|[\x00-\x08\x0b-\x1f]", re.IGNORECASE)


def values(said: str) -> frozenset[float]:
    """What an amount may mean: "1,500" is 1500 or 1.5, "2 тыс" is 2000."""
    match = re.match(_N, said)
    if match is None:
        return frozenset()
    plain = match[0].replace(" ", "")
    readings = {float(plain.replace(",", "."))}
    if re.fullmatch(r"\d{1,3}[.,]\d{3}", plain):
        readings.add(float(re.sub(r"[.,]", "", plain)))
    factor = 1000.0 if said[match.end() :].strip() else 1.0
    return frozenset(reading * factor for reading in readings)


def part_of_day(match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    return next((name for name in _PARTS if groups.get(name)), None)


def clock_readings(hour: int, minute: int, part: str | None = None) -> frozenset[time]:
    """The times of day an hour may mean: "в 3" is 03:00 or 15:00, "3 pm" only 15:00."""
    if part is not None and hour <= 12:
        is_after_noon = part == "pm" or (part == "night" and 6 <= hour < 12)
        return frozenset({time(hour % 12 + (12 if is_after_noon else 0), minute)})
    readings = {time(hour % 24, minute)}
    if hour <= 12:
        readings.add(time((hour + 12) % 24, minute))
    return frozenset(readings)


def spoken_time(match: re.Match[str]) -> tuple[int, int]:
    """Hour and minute of "половина шестого", "quarter to six": the hour as on a clock face of twelve."""
    index = next(index for index in range(len(_SPOKEN)) if match[f"s{index}"] is not None)
    _, added, fixed_minute = _SPOKEN[index]
    groups = match.groupdict()
    said = match[f"h_{index}"]
    hour = int(said) if said.isdigit() else ordinal(said) or 1
    minute = int(groups.get(f"m_{index}") or 0)
    if fixed_minute is None:
        minute = 60 - minute
    elif fixed_minute >= 0:
        minute = fixed_minute
    return (hour + added) or 12, minute


def fixed_time(said: str) -> tuple[int, int]:
    return next(value for pattern, value in _FIXED_TIMES.items() if pattern.fullmatch(said))


def relative_days(said: str) -> int:
    return _look_up(_RELATIVE_DAYS, said)


def day_set(said: str) -> range:
    """Numbers of the weekdays, Monday is 0."""
    return next(days for pattern, days in _DAY_SETS.items() if pattern.fullmatch(said))


def fixed_duration(said: str) -> int:
    return _look_up(_FIXED_DURATIONS, said)


def unit_minutes(said: str) -> int:
    return _look_up(_UNIT_MINUTES, said)


def month(match: re.Match[str]) -> int:
    return next(index for index in range(1, 13) if match[f"m{index}"])


def weekday(match: re.Match[str]) -> int:
    return next(index for index in range(7) if match[f"w{index}"])


def _look_up(table: Mapping[re.Pattern[str], int], said: str) -> int:
    return next(value for pattern, value in table.items() if pattern.fullmatch(said))
