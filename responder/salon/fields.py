"""The types that fields of a salon file have: checked while read, spelled in one way once checked.

Validation of a file carries `FileContext`, so that a text, a phone or a price is read in the light of the salon's
language, country and currency. A stored profile is already in the checked form and is validated without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import holidays
import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers
from babel.numbers import get_currency_precision, list_currencies
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo

from responder.salon import notation


@dataclass(frozen=True, kw_only=True, slots=True)
class FileContext:
    """What the rest of a file is read in the light of; "" where the file says nothing usable."""

    language: str
    languages: tuple[str, ...]
    country: str
    currency: str


def _context(info: ValidationInfo) -> FileContext | None:
    return info.context if isinstance(info.context, FileContext) else None


def _one_of(word: str, known: Iterable[str], what: str) -> str:
    choices = sorted(known)
    if word not in choices:
        lower = {choice.casefold(): choice for choice in choices}
        hint = notation.close_to(word, list(lower))
        for folded, choice in lower.items():
            hint = hint.replace(f"`{folded}`", f"`{choice}`")
        raise ValueError(f"`{word}` is not {what}{hint}")
    return word


def _key(word: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", word):
        raise ValueError(f"`{word}` is not a key: small Latin letters, digits and _, starting with a letter")
    return word


def _slug(word: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,49}", word):
        raise ValueError(f"`{word}` is not a slug: small Latin letters, digits and hyphens")
    return word


def _variable(word: str) -> str:
    # never repeats the value: what stands here by mistake is usually the secret itself
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", word):
        raise ValueError(
            "must be the name of an environment variable like TELEGRAM_BOT_TOKEN; the secret itself never stands here"
        )
    return word


def _zone(name: str) -> str:
    return _one_of(name, available_timezones(), "a time zone")


def _country(code: str) -> str:
    return _one_of(code, phonenumbers.SUPPORTED_REGIONS, "a country code of two capital letters")


def _currency(code: str) -> str:
    return _one_of(code, list_currencies(), "a currency code")


def _language(code: str) -> str:
    try:
        known = Locale.parse(code).language == code
    except (ValueError, UnknownLocaleError):
        known = False
    if not known:
        two_letters = [name for name in locale_identifiers() if len(name) == 2]
        raise ValueError(f"`{code}` is not a language code{notation.close_to(code, two_letters)}")
    return code


def _language_of_salon(code: str, info: ValidationInfo) -> str:
    context = _context(info)
    if context and code not in context.languages:
        hint = notation.close_to(code, context.languages)
        raise ValueError(f"`{code}` is not among the salon's languages ({', '.join(context.languages)}){hint}")
    return code


def _by_language(value: Any, info: ValidationInfo) -> Any:
    context = _context(info)
    return {context.language: value} if context and isinstance(value, str) else value


def _not_empty(texts: dict[str, str]) -> dict[str, str]:
    if not texts:
        raise ValueError("is empty")
    return texts


def _phone(value: str, info: ValidationInfo) -> str:
    context = _context(info)
    return notation.phone_e164(value, context.country) if context else value


def _minutes(value: Any) -> Any:
    return notation.duration_minutes(value) if isinstance(value, str) else value


def _seconds(value: Any) -> Any:
    return notation.duration_seconds(value) if isinstance(value, str) else value


def _share(value: Any) -> Any:
    return notation.share(value) if isinstance(value, str) else value


def _amount(value: Any, info: ValidationInfo) -> Any:
    parsed = notation.amount(value) if isinstance(value, str) else value
    context = _context(info)
    if context and isinstance(parsed, Decimal):
        places = get_currency_precision(context.currency)
        if parsed != round(parsed, places):
            raise ValueError(f"`{value}` has more than {places} decimal places, too many for {context.currency}")
    return parsed


def _day(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(piece, str) for piece in value)):
        return [notation.interval_text(interval) for interval in notation.day_hours(value)]
    return value


def _quiet(text: str) -> str:
    notation.quiet_hours(text)
    return text


def _part_of_target(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError("must be more than 0 % and less than 100 %")
    return share


def _weekday_range(text: str) -> str:
    notation.days_of_week(text)
    return text


def _each_day_once(week: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    seen: dict[int, str] = {}
    for days in week:
        for day in notation.days_of_week(days):
            if day in seen:
                raise ValueError(f"{notation.DAYS[day]} is given twice: in `{seen[day]}` and in `{days}`")
            seen[day] = days
    return week


def _date_range(text: str) -> str:
    first, last = notation.dates(text)
    return f"{first}" if first == last else f"{first}..{last}"


def _each_date_once(exceptions: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    seen: dict[date, str] = {}
    for text in exceptions:
        for day in notation.each_date(text):
            if day in seen:
                raise ValueError(f"{day} is given twice: in `{seen[day]}` and in `{text}`")
            seen[day] = text
    return exceptions


@lru_cache
def _holiday_countries() -> dict[str, list[str]]:
    return {code: parts for code, parts in holidays.list_supported_countries().items() if len(code) == 2}


def _holidays(text: str) -> str:
    country, _, part = text.partition("-")
    known = _holiday_countries()
    _one_of(country, known, "a country whose public holidays are known")
    if part:
        _one_of(part, known[country], f"a part of {country} with holidays of its own")
    return text


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"`{text}` is not an address like https://host/path")
    return text.rstrip("/")


def _origin(text: str) -> str:
    if text != "*" and not re.fullmatch(r"https?://[a-z0-9.-]+(:(\d{1,5}|\*))?", text):
        raise ValueError(f"`{text}` is not an origin like https://salon.example or http://localhost:*, without a path")
    return text


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Key = Annotated[str, AfterValidator(_key)]
Slug = Annotated[str, AfterValidator(_slug)]
Variable = Annotated[str, AfterValidator(_variable)]
Zone = Annotated[str, AfterValidator(_zone)]
Country = Annotated[str, AfterValidator(_country)]
Currency = Annotated[str, AfterValidator(_currency)]
Language = Annotated[str, AfterValidator(_language)]
Text = Annotated[
    dict[Annotated[str, AfterValidator(_language_of_salon)], Words],
    BeforeValidator(_by_language),
    AfterValidator(_not_empty),
]
Phone = Annotated[str, AfterValidator(_phone)]
Minutes = Annotated[int, BeforeValidator(_minutes), Field(ge=0, le=1440)]
Seconds = Annotated[int, BeforeValidator(_seconds), Field(gt=0)]
Share = Annotated[float, BeforeValidator(_share)]
Fraction = Annotated[float, BeforeValidator(_share), AfterValidator(_part_of_target)]
Quiet = Annotated[str, AfterValidator(_quiet)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Day = Annotated[tuple[str, ...], BeforeValidator(_day)]
Week = Annotated[dict[Annotated[str, AfterValidator(_weekday_range)], Day], AfterValidator(_each_day_once)]
DateRange = Annotated[str, AfterValidator(_date_range)]
Exceptions = Annotated[dict[DateRange, Day], AfterValidator(_each_date_once)]
Holidays = Annotated[str, AfterValidator(_holidays)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Origin = Annotated[str, AfterValidator(_origin)]
