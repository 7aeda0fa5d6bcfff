"""From decided to worded: phrases by language, dates, prices and durations the way people say them.

Every figure that ends up in a reply is formatted here, from a value the system holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from itertools import pairwise

import phonenumbers
import yaml
from babel.dates import format_date, format_skeleton, get_day_names
from babel.numbers import format_currency, get_currency_symbol

from responder.hours import END_OF_DAY, DayHours, OpeningHours
from responder.salon.profile import SalonProfile, Service, Specialist

DAYS_BY_NAME = 7  # from today: a weekday further off would be mistaken for the nearest


@lru_cache(maxsize=8)
def phrases(language: str) -> Mapping[str, str]:
    """The phrase book of a language; raises FileNotFoundError for a language that has none."""
    text = resources.files("prompts").joinpath(language, "phrases.yaml").read_text(encoding="utf-8")
    book: dict[str, str] = yaml.safe_load(text)
    return book


class Voice:
    """Speaks one language for one salon. Phrases the salon's file replaces win over the book."""

    def __init__(self, salon: SalonProfile, language: str, *, now: datetime) -> None:
        self.salon = salon
        self.language = language
        self._book = phrases(language)
        self._today = now.astimezone(salon.zone).date()
        self._now = now

    def say(self, phrase: str, **params: str | int) -> str:
        own = self.salon.texts.get(phrase)
        template = (own.to(self.language) if own else "") or self._book[phrase]
        return template.format_map(params)

    def when(self, instant: datetime) -> str:
        """Day and time: "завтра, 24 ноября, в 15:00"."""
        local = instant.astimezone(self.salon.zone)
        word = self._day_word(local.date())
        parts = {"date": self.day(local.date()), "time": self.time(local)}
        if word is not None:
            return self.say("when_with_word", word=word, **parts)
        return self.say("when", weekday=_weekday(local.date(), self.language), **parts)

    def on_day(self, day: date | None) -> str:
        """A day inside a sentence, "в воскресенье"; None is several days."""
        if day is None:
            return self.say("on_these_days")
        ahead = (day - self._today).days
        if ahead in (0, 1):
            return self.say("tomorrow" if ahead else "today")
        if 1 < ahead < DAYS_BY_NAME:
            return self.say(f"on_day_{day.weekday()}")
        return self.say("on_date", date=self.day(day))

    def on_this_day(self, day: date | None) -> str:
        """The same of one day alone, with its date, lest it be taken for every such day of the week."""
        if day is None or not 1 < (day - self._today).days < DAYS_BY_NAME:
            return self.on_day(day)
        return self.say("on_day_of_date", on_day=self.on_day(day), date=self.day(day))

    def sentence(self, text: str) -> str:
        """The same with a capital letter."""
        return text[:1].upper() + text[1:]

    def from_to(self, hours: DayHours) -> str:
        """Hours inside a sentence: "с 10:00 до 14:00 и с 15:00 до 19:00"."""
        parts = (self.say("from_to", opens=f"{i.start:%H:%M}", until=_end(i.end)) for i in hours)
        return self.say("and").join(parts)

    def short_when(self, instant: datetime) -> str:
        """For a button: "вт 24.11 15:00"."""
        local = instant.astimezone(self.salon.zone)
        return f"{_short_weekday(local.date(), self.language)} {local:%d.%m} {self.time(local)}"

    def day(self, day: date) -> str:
        return _day_and_month(day, self.language)

    def time(self, local: datetime) -> str:
        return f"{local:%H:%M}"

    def with_whom(self, specialist: Specialist | None) -> str:
        return "" if specialist is None else self.say("with_whom", name=specialist.name.to(self.language))

    def service(self, service: Service) -> str:
        return service.name.to(self.language)

    def services(self, services: Sequence[Service]) -> str:
        """Several in one breath: "Маникюр с покрытием и педикюр с покрытием"."""
        names = [self.service(service) for service in services]
        inside = [name if name[1:2].isupper() else name[:1].lower() + name[1:] for name in names[1:]]
        *head, last = [*names[:1], *inside] or [""]
        return self.say("and").join([", ".join(head), last]) if head else last

    def price(self, *services: Service) -> str | None:
        """The price of a visit for all of them; None when one of them has none."""
        lows = [service.price_minor for service in services if service.price_minor is not None]
        if len(lows) < len(services):
            return None
        low = self._money(sum(lows))
        if any(service.price_is_from for service in services):
            return self.say("price_from", amount=low)
        if any(service.price_to_minor is not None for service in services):
            high = sum(service.price_to_minor or service.price_minor or 0 for service in services)
            return self.say("price_range", low=low, high=self._money(high))
        return self.say("price_exact", amount=low)

    def duration(self, minutes: int) -> str:
        hours, rest = divmod(minutes, 60)
        if not hours:
            return self.say("duration_min", minutes=rest)
        if not rest:
            return self.say("duration_h", hours=hours)
        return self.say("duration_h_min", hours=hours, minutes=rest)

    def price_line(self, service: Service) -> str:
        name, duration, price = self.service(service), self.duration(service.duration_min), self.price(service)
        if price is None:
            return self.say("price_unknown", service=name, duration=duration)
        return self.say("price_line", service=name, price=price, duration=duration)

    def price_together(self, services: Sequence[Service]) -> str | None:
        """The sum of several services and how long they take in a row; None when one of them has no price."""
        price = self.price(*services)
        duration = self.duration(sum(service.duration_min for service in services))
        return None if price is None else self.say("price_together", price=price, duration=duration)

    def phone(self, e164: str) -> str:
        """A number written for reading, "+7 912 345-67-89"; as given when it cannot be read."""
        return _international(e164, self.salon.country)

    def hours(self) -> list[str]:
        """Opening hours, equal neighbouring days joined."""
        week = self.salon.hours.week
        return [
            self._hours_line(_day_range(first, last, self.language), week[first])
            for first, last in _runs([week[day] for day in range(7)])
        ]

    def special_hours(self, days_ahead: int) -> list[str]:
        """Dates from today on whose hours are not those of the week: holidays and exceptions, neighbours joined."""
        hours = self.salon.hours
        days = [self._today + timedelta(days=number) for number in range(days_ahead)]
        lines = []
        for first, last in _runs([hours.on(day) if _is_special(hours, day) else None for day in days]):
            if _is_special(hours, days[first]):
                named = self.day(days[first])
                if last > first:
                    named = f"{named} – {self.day(days[last])}"
                lines.append(self._hours_line(named, hours.on(days[first])))
        return lines

    def hours_on(self, day: date) -> str:
        """One day's hours as a sentence."""
        intervals = self.salon.hours.on(day)
        on_day = self.on_day(day)
        phrase = "open_on" if intervals else "closed_on"
        return self.say(phrase, on_day=on_day, on_day_cap=self.sentence(on_day), hours=self.from_to(intervals))

    def open_now(self) -> str:
        """How it stands at this moment: open until, opening later today, or opening on another day."""
        hours = self.salon.hours
        closes = next((end for start, end in hours.spans(self._today, self._today) if start <= self._now < end), None)
        if closes is not None:
            return self.say("open_now", until=self._clock(closes))
        opens = hours.next_opening(self._now)
        return "" if opens is None else self.say("closed_now", opens=self.when(opens))

    def when_people(self) -> str:
        """When a person will answer, honestly: now, or after the next opening."""
        hours: OpeningHours = self.salon.hours
        opens = hours.next_opening(self._now)
        if opens is None or opens <= self._now:
            return self.say("people_now")
        return self.say("people_later", opens=self.when(opens))

    def _hours_line(self, days: str, hours: DayHours) -> str:
        intervals = ", ".join(f"{i.start:%H:%M}–{_end(i.end)}" for i in hours)
        return self.say("hours_day" if intervals else "hours_closed", days=days, hours=intervals)

    def _clock(self, instant: datetime) -> str:
        local = instant.astimezone(self.salon.zone)
        return "24:00" if local.date() > self._today else self.time(local)

    def _day_word(self, day: date) -> str | None:
        match (day - self._today).days:
            case 0:
                return self.say("today")
            case 1:
                return self.say("tomorrow")
            case 2:
                return self.say("day_after_tomorrow")
            case _:
                return None

    def _money(self, minor: int) -> str:
        whole = minor % 100 == 0
        return _currency(minor, self.salon.currency, self.language, whole)


def _is_special(hours: OpeningHours, day: date) -> bool:
    return hours.on(day) != hours.week[day.weekday()]


def _runs(values: Sequence[object]) -> list[tuple[int, int]]:
    """First and last place of each stretch of equal neighbours."""
    starts = [place for place in range(len(values)) if place == 0 or values[place] != values[place - 1]]
    return [(start, end - 1) for start, end in pairwise([*starts, len(values)])]


def _end(at: object) -> str:
    return "24:00" if at == END_OF_DAY else f"{at:%H:%M}"


@lru_cache(maxsize=512)
def _day_and_month(day: date, language: str) -> str:
    return format_skeleton("MMMMd", datetime(day.year, day.month, day.day), locale=language)  # noqa: DTZ001


@lru_cache(maxsize=512)
def _weekday(day: date, language: str) -> str:
    return format_date(day, "EEEE", locale=language)


@lru_cache(maxsize=512)
def _short_weekday(day: date, language: str) -> str:
    return format_date(day, "EEE", locale=language).rstrip(".")


@lru_cache(maxsize=512)
def _currency(minor: int, currency: str, language: str, whole: bool) -> str:
    gap = "\xa0" if get_currency_symbol(currency, locale=language).isalpha() else ""  # "RUB 2,200", "$2,200"
    if whole:
        return format_currency(
            minor // 100,
            currency,
            format="#,##0\xa0¤" if language == "ru" else f"¤{gap}#,##0",
            locale=language,
            currency_digits=False,
        )
    return format_currency(minor / 100, currency, locale=language)


@lru_cache(maxsize=128)
def _international(number: str, country: str) -> str:
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=128)
def _day_range(first: int, last: int, language: str) -> str:
    names = get_day_names("abbreviated", locale=language)
    return names[first] if first == last else f"{names[first]}–{names[last]}"
