"""Phone numbers in any habit of writing, and digits that look like one and are none.

In: cleaned text and the country people dial without a prefix. Out: E.164 numbers and the spans they took, so that
their digits are not read as hours. Prices, dates, order and card numbers are not phones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers

from responder.understanding.lexicon import LANGUAGES, any_of, patterns, section
from responder.understanding.spoken import spoken_numbers
from responder.understanding.tokens import plain

_CANDIDATE = re.compile(r"(?<!\d)(?<!\d[.,:/])(?<![#@])\+?\s?[\d(][\d\s().\-]{3,24}\d(?![\d:]|[.,/]\d)")
_DATE_LIKE = re.compile(
    r"(?<!\d)\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})(?!\d)|\d{4}-\d{2}-\d{2}(?!\d)|(?<!\d)\d{1,2}\.\d{2}\s*-\s*\d{1,2}\.\d{2}"
)
_SLASH_BETWEEN = re.compile(r"(?:(?<=\d{7})|(?<=\d[- ]\d\d))/(?=\+?\d{2})")  # of two phones
_RUN_OF_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Phones:
    numbers: tuple[str, ...] = ()  # E.164
    bad: str | None = None  # as typed; in figures when said in words
    spans: tuple[tuple[int, int], ...] = ()


class PhoneReader:
    """Reads phones for a salon in `country` (ISO 3166 alpha-2)."""

    def __init__(self, country: str) -> None:
        self._country = country
        data = [section(language, "talk") for language in LANGUAGES]
        self._not_before = any_of(p for one in data for p in patterns(one.get("phone_before_not")))
        self._not_after = any_of(p for one in data for p in patterns(one.get("phone_after_not")))
        self._national_length = len(_example(country)) or 10

    def read(self, text: str, *, is_asked: bool = False) -> Phones:
        """`is_asked`: the customer was asked for a phone, so shorter and odder digits are taken for an attempt."""
        text = _SLASH_BETWEEN.sub(";", text)
        numbers: list[str] = []
        spans: list[tuple[int, int]] = []
        bad: str | None = None
        for spoken in spoken_numbers(text):
            span = (spoken.start, spoken.end)
            found = next((one for digits in spoken.digits if (one := self._number(digits)) is not None), None)
            if found is None and not self._looks_like_one(spoken.digits[0], is_asked=is_asked):
                continue
            if found is None:
                bad = bad or spoken.digits[0]
            elif found not in numbers:
                numbers.append(found)
            spans.append(span)
        text = mask(text, spans)
        for match in _CANDIDATE.finditer(text):
            typed = match.group()
            if self._is_something_else(text, match.start(), match.end()):
                continue
            number = self._number(typed)
            if number is not None:
                if number not in numbers:
                    numbers.append(number)
                spans.append(match.span())
            elif self._looks_like_one(typed, is_asked=is_asked):
                bad = bad or typed.strip()
                spans.append(match.span())
        return Phones(numbers=tuple(numbers), bad=None if numbers else bad, spans=tuple(spans))

    def _number(self, typed: str) -> str | None:
        digits = re.sub(r"\D", "", typed)
        written = [typed] if typed.lstrip().startswith("+") else [digits, "+" + digits]
        if len(digits) < 7:
            return None
        for form in written:
            try:
                number = phonenumbers.parse(form, self._country)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number) and self._is_complete(number, digits, form):
                return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
        return None

    def _is_complete(self, number: phonenumbers.PhoneNumber, digits: str, form: str) -> bool:
        """Digits without a plus are foreign only when they are longer than a number at home."""
        is_foreign = form.startswith("+") and number.country_code != phonenumbers.country_code_for_region(self._country)
        return not is_foreign or form != "+" + digits or len(digits) > self._national_length

    def _is_something_else(self, text: str, start: int, end: int) -> bool:
        typed = text[start:end]
        if _DATE_LIKE.search(typed):
            return True
        before = plain(text[max(start - 24, 0) : start])
        after = plain(text[end : end + 12]).lstrip()
        if self._not_after is not None and self._not_after.match(after):
            return True
        named = list(self._not_before.finditer(before)) if self._not_before else []
        return any(not re.search(r"[.,;!?\n]", before[found.end() :]) for found in named)

    def _looks_like_one(self, typed: str, *, is_asked: bool) -> bool:
        count = len(re.sub(r"\D", "", typed))
        if is_asked:
            return count >= 5
        if count < self._national_length - 1 or count > 13:
            return False
        runs = _RUN_OF_DIGITS.findall(typed)
        return typed.strip().startswith(("+", "(")) or len(runs) == 1 or len(runs[-1]) in (2, 3, 4)


def mask(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with the spans blanked, every other character where it was."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _example(country: str) -> str:
    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return str(number.national_number) if number is not None else ""
