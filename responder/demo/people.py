"""Who writes in the demo: names, phones, channels and hours, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import yaml

# share of a day's customers that write in each hour of the salon's zone: busy while it is open, a few at night
DAY_CURVE = (2, 1, 1, 0, 0, 0, 1, 3, 7, 14, 20, 22, 22, 20, 19, 18, 18, 19, 20, 18, 14, 10, 7, 4)
WEEK_CURVE = (12, 10, 10, 10, 11, 9, 6)  # Monday first
ENGLISH_SHARE = 0.09
TELEGRAM_SHARE = 0.58
MEN_SHARE = 0.22
LAST_MINUTES = 35  # in which nobody of the staff looks, so that whoever opens the pages finds people waiting
LATE_HABITS = ("asks_for_person", "has_risky_question", "is_angry", "books_step_by_step")
LATECOMERS_EVERY = 40
FAMILIARITY = 0.6  # share of customers whose messenger shows their real name


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One simulated customer. `seed` makes whatever else they do."""

    number: int
    seed: str
    language: str
    channel: str  # "telegram" or "webchat"
    group: str  # "women" or "men"
    name: str
    phone: str  # as they write it
    display_name: str  # what the messenger calls them
    username: str | None
    service: str  # key in the words
    habit: str  # name of a script
    writes_at: datetime
    source: Mapping[str, str]

    @property
    def international_phone(self) -> str:
        """As a messenger gives it: digits from the country code on."""
        digits = "".join(filter(str.isdigit, self.phone))
        return f"7{digits[-10:]}"


def invite(*, count: int, days: int, seed: int, until: datetime, zone: ZoneInfo) -> list[Person]:
    """`count` people, the earliest first, who write within the `days` before `until`."""
    chance = random.Random(f"people {seed}")  # noqa: S311
    late = LATE_HABITS[: count // LATECOMERS_EVERY]
    moments = sorted(_moment(chance, days=days, until=until, zone=zone) for _ in range(count - len(late)))
    people = [_person(chance, number, moment, seed) for number, moment in enumerate(moments, start=1)]
    for habit, minutes in zip(late, sorted(chance.uniform(3, LAST_MINUTES) for _ in late), strict=True):
        latecomer = _person(chance, len(people) + 1, until - timedelta(minutes=minutes), seed)
        people.append(replace(latecomer, habit=habit))
    return sorted(people, key=lambda person: person.writes_at)


@cache
def words(language: str) -> Mapping[str, Any]:
    """What people of a language are called and how they put things."""
    text = (resources.files(__package__) / "words" / f"{language}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def services_for(language: str, group: str) -> Mapping[str, int]:
    """Keys of the services that people of a group ask for, with their weights."""
    services: Mapping[str, Mapping[str, Any]] = words(language)["services"]
    return {key: about["weight"] for key, about in services.items() if about.get("for", group) == group}


def _person(chance: random.Random, number: int, moment: datetime, seed: int) -> Person:
    language = "en" if chance.random() < ENGLISH_SHARE else "ru"
    book = words(language)
    group = "men" if chance.random() < MEN_SHARE else "women"
    name = chance.choice(book["names"][group])
    habits = words("ru")["habits"]
    habit = chance.choices(list(habits), weights=list(habits.values()))[0]
    handle = chance.choice(book["handles"][group])
    is_plain = chance.random() < FAMILIARITY
    wanted = services_for(language, group)
    telegram = chance.random() < TELEGRAM_SHARE or habit == "sends_photo"
    return Person(
        number=number,
        seed=f"{seed}-{number}",
        language=language,
        channel="telegram" if telegram else "webchat",
        name=name,
        phone=_phone(chance),
        display_name=name if is_plain else handle,
        username=f"{handle.lower().replace(' ', '_')}_{number}" if handle.isascii() and not is_plain else None,
        group=group,
        service=chance.choices(list(wanted), weights=list(wanted.values()))[0],
        habit=habit,
        writes_at=moment,
        source=_source(chance, telegram=telegram),
    )


def _moment(chance: random.Random, *, days: int, until: datetime, zone: ZoneInfo) -> datetime:
    today = until.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in range(days + 1)]
    while True:
        day = chance.choices(dates, weights=[WEEK_CURVE[date.weekday()] for date in dates])[0]
        hour = chance.choices(range(24), weights=DAY_CURVE)[0]
        local = datetime.combine(day, time(hour), zone) + timedelta(seconds=chance.uniform(0, 3600))
        if until - timedelta(days=days) < local < until - timedelta(minutes=LAST_MINUTES):
            return local.astimezone(until.tzinfo)


def _phone(chance: random.Random) -> str:
    """A mobile number, written in one of the usual ways."""
    digits = f"900{chance.randrange(10_000_000):07d}"
    code, first, second, third = digits[:3], digits[3:6], digits[6:8], digits[8:]
    forms = (
        f"+7{digits}",
        f"8{digits}",
        f"8 ({code}) {first}-{second}-{third}",
        f"8 {code} {first} {second} {third}",
        f"+7 {code} {first}-{second}-{third}",
        digits,
    )
    return chance.choices(forms, weights=(3, 6, 2, 3, 2, 1))[0]


def _source(chance: random.Random, *, telegram: bool) -> Mapping[str, str]:
    """Where they came from: a mark of a campaign, or nothing."""
    campaigns: Sequence[tuple[Mapping[str, str], int]] = (
        ({}, 6),
        ({"utm_source": "yandex", "utm_medium": "cpc", "utm_campaign": "manicure"}, 2),
        ({"utm_source": "vk", "utm_medium": "social"}, 2),
        ({"utm_source": "2gis", "utm_medium": "maps"}, 2),
        ({"utm_source": "instagram", "utm_medium": "bio"}, 1),
    )
    marks = chance.choices([marks for marks, _ in campaigns], weights=[weight for _, weight in campaigns])[0]
    return {"ref": marks["utm_source"]} if telegram and marks else marks
