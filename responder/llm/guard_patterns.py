"""The words of all languages joined into expressions, compiled once, with the small readings that belong to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import time

from responder.llm.guard_words import LANGUAGES, GuardWords

BLANK = "\x00"
_ALL = tuple(LANGUAGES.values())


def _any(expressions: Iterable[str]) -> str:
    return "|".join(each for each in expressions if each)


def _joined(name: str) -> str:
    return _any(str(getattr(words, name)) for words in _ALL)


def _word(expression: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{expression})(?!\w)")


def _merged(name: str) -> dict[re.Pattern[str], int]:
    return {re.compile(key): value for words in _ALL for key, value in getattr(words, name).items()}


def _lookup(table: Mapping[re.Pattern[str], int], said: str) -> int:
    return next(value for pattern, value in table.items() if pattern.fullmatch(said))


# Spelling

SUPERSCRIPT_MINUTES = re.compile(r"(?<=\d)[⁰¹²³⁴⁵⁶⁷⁸⁹]{2}")
LETTER_ZERO = re.compile(r"(?<=[\d:.])[oOоО](?=[oOоО\d\s.,!?)]|$)|(?<=\d[:.]0)[oOоО]|(?<!\w)[oOоО](?=\d)")
SPACES = re.compile(r"[^\S\n]+")
SENTENCE_END = re.compile(r"(?<=[!?;\n])|(?<=[^\W\d]{3}\.)\s|(?<=[\d)]\.)\s(?=[^\d\W])")

# Parts of expressions

_N = r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?"
_THOUSANDS = _joined("thousands")
_AMOUNT = rf"(?:{_N})(?:\s?(?:{_THOUSANDS})(?!\w))?"
_PARTS = {"am": _joined("am"), "pm": _joined("pm"), "night": _joined("night")}
_PART = "(?:" + _any(rf"(?P<{name}>{expression})" for name, expression in _PARTS.items()) + r")(?!\w)"
_HOUR_UNIT = rf"(?:{_joined('hour_units')})(?!\w)\.?"
_NOT_HOUR = rf"(?!\s?(?:{_joined('not_hours')})(?!\w))(?![\d.,:%]*\d)(?!\s?[%₽$€£])(?!\s\d{{3}}(?!\d))"
_AT, _AROUND = _joined("at_hour"), _joined("around_hour")
_H = r"(?<![\d.,:])(?P<h>\d{1,2})"
_TAIL = rf"(?:\s?{_HOUR_UNIT})?(?:\s?{_PART})?"
_MONTHS = [_any(words.months[index] for words in _ALL) for index in range(12)]
_MONTH = "(?:" + _any(rf"(?P<m{index}>{month})" for index, month in enumerate(_MONTHS, 1)) + r")(?!\w)"
_DAY_SUFFIX = r"(?:-?\s?(?:го|е)(?!\w)|st|nd|rd|th)?"
_DAYS = rf"(?<![\d.,:])(?P<days>\d{{1,2}}{_DAY_SUFFIX}(?:\s?(?:,|-|и|или|and|or|по)\s?\d{{1,2}}{_DAY_SUFFIX})*)"
_YEAR = r"(?:,?\s(?P<y>20\d{2})(?!\d)(?:\s?г(?:\.|ода?)?(?!\w))?)?"
_ORDINAL = _any(expression for words in _ALL for expression in words.ordinals)
_CURRENCY = _joined("currency")
_UNITS = {
    re.compile(expression): minutes for words in _ALL for expression, minutes in words.unit_minutes.items()
}
_UNIT = _any(pattern.pattern for pattern in _UNITS)

# Times

_SPOKEN = [
    (expression.replace("{ordinal}", _ORDINAL), added, minute)
    for words in _ALL
    for expression, added, minute in words.spoken_times
]
_SPOKEN_GROUPED = [
    re.sub(r"\(\?P<([hm])>", rf"(?P<\g<1>_{index}>", expression) for index, (expression, _, _) in enumerate(_SPOKEN)
]
SPOKEN_TIME = re.compile(
    rf"(?<!\w)(?:{_any(rf'(?P<s_{index}>{each})' for index, each in enumerate(_SPOKEN_GROUPED))})(?!\w)(?:\s?{_PART})?"
)
_FIXED_TIMES: dict[re.Pattern[str], tuple[int, int]] = {
    re.compile(key): value for words in _ALL for key, value in words.fixed_times.items()
}
CLOCK_FACES = re.compile("[\U0001f550-\U0001f567]")
FIXED_TIME = re.compile(_word(_any(pattern.pattern for pattern in _FIXED_TIMES)).pattern)
AT_DOTTED = re.compile(rf"(?<!\w)(?:{_AT})\s(?P<h>\d{{1,2}})\.(?P<m>\d{{2}})(?![\d]|\.\d)(?:\s?{_PART})?(?!\s?(?:{_CURRENCY}))")
CLOCK_TIME = re.compile(rf"{_H}\s?[:.]\s?(?P<m>\d{{2}})(?!\d)(?:\s?{_PART})?")
HOUR_RANGE = re.compile(rf"(?:(?<!\w)(?P<at>{_AT})\s)?{_H}\s?-\s?(?P<m>\d{{1,2}}){_NOT_HOUR}{_TAIL}")
AT_HHMM = re.compile(rf"(?<!\w)(?:{_AT})\s(?P<h>\d{{2}})(?P<m>\d{{2}}){_NOT_HOUR}(?:\s?{_PART})?")
SPACED_TIME = re.compile(
    rf"{_H}(?:\s|\s?(?:ч|h)\.?\s?)(?P<m>[0-5]\d)(?!\d){_NOT_HOUR}(?:\s?{_PART})?(?!\s?(?:{_CURRENCY}))"
)
AT_HOUR = re.compile(rf"(?<!\w)(?:{_AT})\s{_H}{_NOT_HOUR}{_TAIL}")
AROUND_HOUR = re.compile(rf"(?<!\w)(?:{_AROUND})\s{_H}{_NOT_HOUR}(?!\s?{_HOUR_UNIT}(?!\s?{_PART.replace('?P<', '?P<not_')})){_TAIL}")
HOUR_WITH_PART = re.compile(rf"{_H}(?:\s?{_HOUR_UNIT})?\s?{_PART}")
NEXT_HOUR = re.compile(rf"(?<={BLANK})\s?(?:,|-|{_joined('between_hours')})\s?{_H}(?!\w){_NOT_HOUR}{_TAIL}")

# Days

ISO_DATE = re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})(?!\d)")
NUMERIC_DATE = re.compile(
    r"(?<![\d.,:])(?P<d>\d{1,2})(?P<sep>[./])(?P<mo>\d{1,2})(?:(?P=sep)(?P<y>\d{4}|\d{2}))?(?![\d]|[.,]\d)"
)
DAY_MONTH = re.compile(rf"{_DAYS}\s?(?:of\s)?{_MONTH}{_YEAR}")
MONTH_DAY = re.compile(rf"(?<!\w){_MONTH}\s(?:the\s)?{_DAYS}(?![\d:]|\s?(?:am|pm)){_YEAR}")
_RELATIVE = _merged("relative_days")
RELATIVE_DAY = _word(_any(pattern.pattern for pattern in _RELATIVE))
WEEKDAY = _word(
    _any(rf"(?P<w{index}>{_any(words.weekdays[index] for words in _ALL)})" for index in range(7))
)
DAY_NUMBER = re.compile(rf"(?<![\d.,:])(?P<d>\d{{1,2}})(?:{_joined('day_number')})")

# Amounts and the rest

MONEY = re.compile(
    rf"(?<![\d.,:])(?P<n>{_AMOUNT})\s?(?:{_CURRENCY})(?!\w)|(?:[$€£₽]|(?<!\w)(?:usd|eur|gbp|rub))\s?(?P<after>{_AMOUNT})"
)
PERCENT = re.compile(rf"(?P<n>{_N})\s?(?:{_joined('percent')})")
_FIXED_DURATIONS = _merged("fixed_durations")
FIXED_DURATION = _word(_any(pattern.pattern for pattern in _FIXED_DURATIONS))
HOURS_AND_MINUTES = re.compile(
    rf"(?:(?<!\w)(?P<at>{_AT})\s)?{_H}\s?(?:часов|часа|час|ч|hours?|hrs?|h)\.?\s?(?:и\s|and\s)?(?P<m>\d{{1,2}})\s?"
    r"(?:минут\w?|мин|м|minutes?|mins?|m)(?!\w)"
)
HOURS = re.compile(rf"(?<![\d.,:])(?P<n>{_N})\s?{_HOUR_UNIT}")
DURATION = re.compile(rf"(?<![\d.,:])(?P<n>{_N})\s?(?P<unit>{_UNIT})(?!\w)")
NUMBER = re.compile(_AMOUNT)
NAMED_STREET = re.compile(rf"(?<!\w)(?i:{_joined('streets')})\s?(?P<name>[^\W\d_a-zа-яё]\w+)")
NAMED_PERSON = re.compile(rf"(?<!\w)(?i:{_joined('titles')})\s(?P<name>[^\W\d_a-zа-яё][^\W\d_]+)")
WORTH_A_LOOK = re.compile(
    r"\d|" + _any([FIXED_TIME.pattern, RELATIVE_DAY.pattern, WEEKDAY.pattern, FIXED_DURATION.pattern, SPOKEN_TIME.pattern])
)
OPEN, CLOSED, HOURS_TALK = _word(_joined("open_words")), _word(_joined("closed_words")), _word(_joined("hours_words"))
PROMISES: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(rf"(?<!\w)(?:{_any(words.promises.get(kind, '') for words in _ALL)})")
    for kind in sorted({kind for words in _ALL for kind in words.promises})
}

# Number words

_WORDS = [(expression, float(value)) for words in _ALL for expression, value in words.numbers.items()]
_NUMBER_WORD = re.compile(
    rf"(?<!\w)(?:{_any(rf'(?P<n{index}>{expression})' for index, (expression, _) in enumerate(_WORDS))}"
    rf"|(?P<thousand>{_THOUSANDS}))(?!\w)"
)
_GLUE = re.compile(r"[\s-]+(?:and\s)?")
_AFTER_ONE = re.compile(
    rf"\s?(?:{_HOUR_UNIT}|{_PART}|{_CURRENCY}|{_joined('percent')}|{_UNIT})(?!\w)|\s?\d|\s?[.,!?;)]|$"
)
_ORDINALS = [(expression, value) for words in _ALL for expression, value in words.ordinals.items()]
_ORDINAL_DAY = re.compile(
    rf"(?<!\w)(?:(?P<tens>20|30)[\s-])?(?P<o>{_ORDINAL})(?=\s(?:of\s)?(?:{_any(_MONTHS)})(?!\w)|\sчисл)"
    rf"|(?<=\s)(?:(?P<tens2>20|30)[\s-])?(?P<o2>{_ORDINAL})(?!\w)"
)
_AFTER_MONTH = re.compile(rf"(?<!\w)(?:{_any(_MONTHS)})\s(?:the\s)?$")


def figures(text: str) -> str:
    """Number words as digits: "в пять тридцать" is "в 5 30", "две тысячи пятьсот" is "2500"."""
    text = _NUMBER_WORD.sub(lambda match: match[0], text) if False else _spelled_out(text)
    return _ORDINAL_DAY.sub(_ordinal_day, text)


def values(said: str) -> frozenset[float]:
    """What an amount may mean: "1,500" is 1500 or 1.5, "2 тыс" is 2000."""
    match = re.match(_N, said)
    if match is None:
        return frozenset()
    factor = 1000.0 if re.search(rf"(?:{_THOUSANDS})", said[match.end() :]) else 1.0
    plain = match[0].replace(" ", "")
    readings = {float(plain.replace(",", "."))}
    if re.fullmatch(r"\d{1,3}[.,]\d{3}", plain):
        readings.add(float(re.sub(r"[.,]", "", plain)))
    return frozenset(reading * factor for reading in readings)


def part_of_day(match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    return next((name for name in _PARTS if groups.get(name)), None)


def clock_readings(hour: int, minute: int, part: str | None = None) -> frozenset[time]:
    """The times of day an hour may mean: "в 3" is 03:00 or 15:00, "3 pm" only 15:00."""
    if part == "am":
        return frozenset({time(hour % 24 if hour > 12 else hour % 12, minute)})
    if part == "pm":
        return frozenset({time(hour % 24 if hour > 12 else hour % 12 + 12, minute)})
    if part == "night":
        return frozenset({time(hour % 12 + 12 if 6 <= hour < 12 else hour % 12, minute)})
    readings = {time(hour % 24, minute)}
    if hour <= 12:
        readings.add(time((hour + 12) % 24, minute))
    return frozenset(readings)


def spoken_time(match: re.Match[str]) -> tuple[int, int]:
    index = next(index for index in range(len(_SPOKEN)) if match[f"s_{index}"] is not None)
    _, added, minute = _SPOKEN[index]
    groups = match.groupdict()
    said = match[f"h_{index}"]
    hour = int(said) if said.isdigit() else next((v for e, v in _ORDINALS if re.fullmatch(e, said)), 1)
    spoken_minute = int(groups.get(f"m_{index}") or 0)
    minutes = {None: 60 - spoken_minute, -1: spoken_minute}.get(minute, minute)
    return (hour + added) % 24 or (12 if added else 0), int(minutes or 0)


def fixed_time(said: str) -> tuple[int, int]:
    return next(value for pattern, value in _FIXED_TIMES.items() if pattern.fullmatch(said))


def relative_days(said: str) -> int:
    return _lookup(_RELATIVE, said)


def fixed_duration(said: str) -> int:
    return _lookup(_FIXED_DURATIONS, said)


def unit_minutes(said: str) -> int:
    return _lookup(_UNITS, said)


def month(match: re.Match[str]) -> int:
    return next(index for index in range(1, 13) if match[f"m{index}"])


def weekday(match: re.Match[str]) -> int:
    return next(index for index in range(7) if match[f"w{index}"])


def _spelled_out(text: str) -> str:
    pieces: list[str] = []
    position, total, current, last_end, is_open = 0, 0.0, 0.0, 0, False
    for match in _NUMBER_WORD.finditer(text):
        raise NotImplementedError
    return "".join(pieces)


def _ordinal_day(match: re.Match[str]) -> str:
    return match[0]


__all__ = ["LANGUAGES", "GuardWords"]
