"""A salon that tests can rely on, with any part replaced by keyword: values for pure rules, no database needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from responder.hours import DayHours, Interval, OpeningHours
from responder.salon.profile import (
    Address,
    ChannelAccount,
    KnowledgeItem,
    Localised,
    Operator,
    SalonProfile,
    Service,
    Specialist,
)

ZONE = ZoneInfo("Asia/Yekaterinburg")  # UTC+5, no clock changes


def localised(ru: str, en: str | None = None) -> Localised:
    """A text of a Russian-speaking salon."""
    return Localised({"ru": ru} if en is None else {"ru": ru, "en": en}, "ru")


def day(*intervals: str) -> DayHours:
    """`day("10:00-14:00", "15:00-21:00")`; no argument is a day off."""
    return tuple(
        Interval(time.fromisoformat(start), time.fromisoformat(end))
        for start, end in (interval.split("-") for interval in intervals)
    )


def weekly(
    zone: ZoneInfo = ZONE,
    *,
    mon: DayHours = (),
    tue: DayHours = (),
    wed: DayHours = (),
    thu: DayHours = (),
    fri: DayHours = (),
    sat: DayHours = (),
    sun: DayHours = (),
) -> OpeningHours:
    """Hours of a week; a day that is not named is a day off."""
    return OpeningHours(zone=zone, week=(mon, tue, wed, thu, fri, sat, sun))


def service(key: str, ru: str, en: str, **overrides: Any) -> Service:
    """A service of an hour; `id` is 1 unless given."""
    return replace(Service(id=1, key=key, name=localised(ru, en), duration_min=60), **overrides)


def specialist(key: str, ru: str, en: str, **overrides: Any) -> Specialist:
    """A specialist at work every day 10-20 and without skills unless given."""
    long = day("10:00-20:00")
    hours = weekly(mon=long, tue=long, wed=long, thu=long, fri=long, sat=long, sun=long)
    return replace(Specialist(id=1, key=key, name=localised(ru, en), skills=frozenset(), hours=hours), **overrides)


def services() -> tuple[Service, ...]:
    return (
        service(
            "womens_haircut",
            "Женская стрижка",
            "Women's haircut",
            id=1,
            aliases=("стрижка женская", "подстричься", "подравнять кончики", "haircut for women", "ladies haircut"),
            price_minor=180_000,
        ),
        service(
            "mens_haircut",
            "Мужская стрижка",
            "Men's haircut",
            id=2,
            aliases=("стрижка мужская", "подстричь мужа", "haircut for men", "gents haircut"),
            duration_min=45,
            price_minor=120_000,
        ),
        service(
            "colouring",
            "Окрашивание",
            "Colouring",
            id=3,
            aliases=("покраска", "покрасить волосы", "окраска волос", "мелирование", "hair dye", "hair colour"),
            duration_min=150,
            buffer_min=15,
            price_minor=450_000,
            price_to_minor=900_000,
        ),
        service(
            "manicure",
            "Маникюр",
            "Manicure",
            id=4,
            aliases=("ногти", "гель-лак", "маникюр с покрытием", "nails", "gel polish"),
            duration_min=90,
            buffer_min=10,
            price_minor=200_000,
        ),
        service(
            "pedicure",
            "Педикюр",
            "Pedicure",
            id=5,
            aliases=("педик", "стопы", "feet"),
            duration_min=90,
            buffer_min=10,
            price_minor=250_000,
            price_is_from=True,
        ),
    )


def specialists(zone: ZoneInfo = ZONE) -> tuple[Specialist, ...]:
    """Анна cuts men and women on weekdays with a lunch break; Мария colours and cuts women Tuesday to Saturday;
    Ольга does nails, Wednesday to Sunday."""
    split = day("10:00-14:00", "15:00-19:00")
    late = day("12:00-21:00")
    early = day("10:00-18:00")
    return (
        specialist(
            "anna",
            "Анна",
            "Anna",
            id=1,
            aliases=("Аня", "Анечка"),
            title=localised("парикмахер", "hairdresser"),
            skills=frozenset({"womens_haircut", "mens_haircut"}),
            hours=weekly(zone, mon=split, tue=split, wed=split, thu=split, fri=split),
        ),
        specialist(
            "maria",
            "Мария",
            "Maria",
            id=2,
            aliases=("Маша",),
            title=localised("колорист", "colourist"),
            skills=frozenset({"womens_haircut", "colouring"}),
            hours=weekly(zone, tue=late, wed=late, thu=late, fri=late, sat=late),
        ),
        specialist(
            "olga",
            "Ольга",
            "Olga",
            id=3,
            aliases=("Оля",),
            title=localised("мастер маникюра", "nail technician"),
            skills=frozenset({"manicure", "pedicure"}),
            hours=weekly(zone, wed=early, thu=early, fri=early, sat=early, sun=day("11:00-19:00")),
        ),
    )


def knowledge() -> tuple[KnowledgeItem, ...]:
    return (
        KnowledgeItem(
            key="parking",
            questions=("где припарковаться", "есть ли парковка", "is there parking", "where can I park"),
            answer=localised("Во дворе есть бесплатная парковка.", "There is free parking in the courtyard."),
        ),
        KnowledgeItem(
            key="card_payment",
            questions=("можно ли оплатить картой", "принимаете карты", "can I pay by card", "do you take cards"),
            answer=localised("Да, принимаем карты и наличные.", "Yes, we take cards and cash."),
        ),
        KnowledgeItem(
            key="gift_certificates",
            questions=("есть ли подарочные сертификаты", "подарочный сертификат", "do you sell gift certificates"),
            answer=localised(
                "Да, сертификат на любую сумму можно купить у администратора.",
                "Yes, the front desk sells certificates for any amount.",
            ),
        ),
        KnowledgeItem(
            key="kids",
            questions=("стрижёте детей", "можно прийти с ребёнком", "do you cut children's hair", "kids"),
            answer=localised(
                "Да, стрижём детей с трёх лет; для малышей есть игровой уголок.",
                "Yes, we cut children's hair from the age of three and have a play corner.",
            ),
        ),
    )


def salon_profile(**overrides: Any) -> SalonProfile:
    """Салон «Пример» in Chelyabinsk: Monday to Saturday 10-21, Sunday 11-19. Any field by keyword; another `zone`
    moves all hours there."""
    zone = overrides.get("zone", ZONE)
    weekday = day("10:00-21:00")
    profile = SalonProfile(
        id=1,
        slug="primer",
        revision=1,
        name=localised("Салон «Пример»", "Example Salon"),
        zone=zone,
        country="RU",
        language="ru",
        languages=("ru", "en"),
        currency="RUB",
        phone="+73512000000",
        addresses=(
            Address(
                key="main",
                text=localised("Челябинск, ул. Примерная, 1", "1 Primernaya St, Chelyabinsk"),
                directions=localised("Вход со двора, второй этаж.", "Enter from the courtyard, second floor."),
                phone="+73512000000",
            ),
        ),
        hours=weekly(
            zone,
            mon=weekday,
            tue=weekday,
            wed=weekday,
            thu=weekday,
            fri=weekday,
            sat=weekday,
            sun=day("11:00-19:00"),
        ),
        services=services(),
        specialists=specialists(zone),
        knowledge=knowledge(),
        operators=(Operator(id=1, key="front_desk", name="Администратор", role="administrator"),),
        channels=(
            ChannelAccount(
                id=1,
                key="telegram",
                kind="telegram",
                name="Telegram",
                secrets={"token": "TELEGRAM_BOT_TOKEN", "webhook_secret": "TELEGRAM_WEBHOOK_SECRET"},
            ),
            ChannelAccount(
                id=2,
                key="web",
                kind="webchat",
                name="Сайт",
                settings={"site_key": "demo", "origins": ("http://localhost:*", "http://127.0.0.1:*")},
            ),
        ),
        crm=(),
        texts={},
        targets=(),
    )
    return replace(profile, **overrides)
