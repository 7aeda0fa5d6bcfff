"""Numbers said in words become figures, so that a time or price in words cannot pass where one in digits would not."""

from __future__ import annotations

import re
from itertools import chain

from responder.llm.guard_words_en import ENGLISH
from responder.llm.guard_words_ru import RUSSIAN

LANGUAGES = {"ru": RUSSIAN, "en": ENGLISH}
_ALL = tuple(LANGUAGES.values())


def either(*expressions: str) -> str:
    """One expression that matches any of them; empty ones are left out."""
    return "|".join(expression for expression in expressions if expression)


def joined(name: str) -> str:
    """The expression `name` of every language as one."""
    return either(*(str(getattr(words, name)) for words in _ALL))


MONTHS = [either(*(words.months[index] for words in _ALL)) for index in range(12)]
ORDINALS = {expression: value for words in _ALL for expression, value in words.ordinals.items()}
ORDINAL = either(*ORDINALS)
THOUSANDS = joined("thousands")

_VALUES = [(expression, float(value)) for words in _ALL for expression, value in words.numbers.items()]
_WORD = re.compile(
    rf"(?<!\w)(?:{either(*(f'(?P<n{index}>{expression})' for index, (expression, _) in enumerate(_VALUES)))}"
    rf"|(?P<thousand>{THOUSANDS}))(?!\w)"
)
_GLUE = re.compile(r"[\s-]+(?:and\s)?")
_UNITS = either(*chain.from_iterable(words.unit_minutes for words in _ALL))
# "один", "one" is mostly no amount: read as one only before a unit or at the end of a clause.
_AFTER_ONE = re.compile(
    rf"\s?(?:{either(*map(joined, ('hour_units', 'am', 'pm', 'night', 'currency', 'percent')), _UNITS)})(?!\w)"
    r"|\s?\d|\s?[.,!?;)]|\s*$"
)
_MONTH = f"(?:{either(*MONTHS)})"
_ORDINAL_DAY = re.compile(
    rf"(?<!\w)(?:(?P<tens>20|30)[\s-])?(?P<unit>{ORDINAL})(?=\s(?:of\s)?{_MONTH}(?!\w)|\sчисл)"
    rf"|(?<!\w)(?P<before>{_MONTH}\s(?:the\s)?)(?:(?P<tens2>20|30)[\s-])?(?P<unit2>{ORDINAL})(?!\w)"
)


def figures(text: str) -> str:
    """ "в пять тридцать" is "в 5 30", "две тысячи пятьсот" is "2500", "пятого ноября" is "5 ноября"."""
    return _ORDINAL_DAY.sub(_as_day, _spelled_out(text))


def ordinal(said: str) -> int | None:
    return next((value for expression, value in ORDINALS.items() if re.fullmatch(expression, said)), None)


class _Number:
    """A number being read word by word."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.thousands = 0.0
        self.rest = 0.0

    @property
    def value(self) -> float:
        return self.thousands + self.rest

    def grow(self, value: float) -> bool:
        """Take in the next word; False when it begins another number."""
        rest = self.rest
        if value == 1000:
            if self.thousands:
                return False
            self.thousands, self.rest = (rest or 1) * 1000, 0.0
        elif value == 100 and 1 <= rest <= 9:
            self.rest = rest * 100
        elif rest == 0 or (value < 10 and rest >= 20 and rest % 10 == 0) or (value < 100 <= rest and rest % 100 == 0):
            self.rest = rest + value
        else:
            return False
        return True


def _spelled_out(text: str) -> str:
    pieces: list[str] = []
    position = 0
    number: _Number | None = None
    for match in _WORD.finditer(text):
        is_thousand = match.lastgroup == "thousand"
        value = 1000.0 if is_thousand else _VALUES[int(str(match.lastgroup)[1:])][1]
        if number is not None and _GLUE.fullmatch(text, number.end, match.start()) and number.grow(value):
            number.end = match.end()
            continue
        if number is not None:
            pieces += [text[position : number.start], _written(number, text)]
            position, number = number.end, None
        if is_thousand and (len(match[0]) < 4 or text[: match.start()].rstrip()[-1:].isdigit()):
            continue  # "2 тыс": belongs to the digits before it
        number = _Number(match.start(), match.end())
        number.grow(value)
    if number is not None:
        pieces += [text[position : number.start], _written(number, text)]
        position = number.end
    return "".join([*pieces, text[position:]])


def _written(number: _Number, text: str) -> str:
    if number.value == 1 and not _AFTER_ONE.match(text, number.end):
        return text[number.start : number.end]
    return f"{number.value:g}" if number.value < 100_000 else str(int(number.value))


def _as_day(match: re.Match[str]) -> str:
    tens, unit = match["tens"] or match["tens2"], ordinal(match["unit"] or match["unit2"])
    return f"{match['before'] or ''}{int(tens or 0) + int(unit or 0)}"
