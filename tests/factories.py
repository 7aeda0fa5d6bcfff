"""A salon that tests can rely on, with any part replaced by keyword: as a value for pure rules, as
the data of a salon file, or stored in a database.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from responder.db.engine import Database
from responder.hours import DayHours, Interval, OpeningHours
from responder.salon.fields import FileContext
from responder.salon.importer import import_salon
from responder.salon.loader import load_salon
from responder.salon.notation import DAYS, interval_text
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
from responder.salon.schema import SalonFile

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


def salon_data(**overrides: Any) -> dict[str, Any]:
    """The salon of `salon_profile` as the data of a salon file; any field by keyword."""
    profile = salon_profile()
    data: dict[str, Any] = {
        "slug": profile.slug,
        "name": dict(profile.name.by_language),
        "zone": profile.zone.key,
        "country": profile.country,
        "language": profile.language,
        "languages": list(profile.languages),
        "currency": profile.currency,
        "phone": profile.phone,
        "addresses": [
            {
                "key": address.key,
                "text": dict(address.text.by_language),
                "directions": dict(address.directions.by_language) if address.directions else {},
                "phone": address.phone,
            }
            for address in profile.addresses
        ],
        "hours": _spelled(profile.hours),
        "services": [_service_data(service) for service in profile.services],
        "specialists": [
            {
                "key": specialist.key,
                "name": dict(specialist.name.by_language),
                "also": list(specialist.aliases),
                "title": dict(specialist.title.by_language) if specialist.title else {},
                "skills": sorted(specialist.skills),
                "hours": _spelled(specialist.hours),
            }
            for specialist in profile.specialists
        ],
        "knowledge": [
            {"key": item.key, "ask": list(item.questions), "answer": dict(item.answer.by_language)}
            for item in profile.knowledge
        ],
        "operators": [
            {"key": operator.key, "name": operator.name, "role": operator.role} for operator in profile.operators
        ],
        "channels": [_channel_data(account) for account in profile.channels],
    }
    return {**data, **overrides}


def salon_file(**overrides: Any) -> SalonFile:
    """`salon_data(**overrides)` checked, as the importer takes it."""
    data = salon_data(**overrides)
    context = FileContext(
        language=data["language"],
        languages=tuple(data["languages"]),
        country=data["country"],
        currency=data["currency"],
    )
    return SalonFile.model_validate(data, context=context)


async def stored_salon(database: Database, **overrides: Any) -> SalonProfile:
    """The salon of `salon_data(**overrides)` imported into `database`, as everything else sees it."""
    await import_salon(database, salon_file(**overrides), now=datetime(2026, 11, 1, tzinfo=UTC))
    return await load_salon(database, slug=overrides.get("slug", "primer"))


def _service_data(service: Service) -> dict[str, Any]:
    data: dict[str, Any] = {
        "key": service.key,
        "name": dict(service.name.by_language),
        "also": list(service.aliases),
        "duration": str(service.duration_min),
        "buffer": str(service.buffer_min),
    }
    if service.price_minor is not None:
        high = service.price_to_minor or service.price_minor
        to = {} if service.price_is_from else {"to": str(high / 100)}
        data["price"] = {"from": str(service.price_minor / 100), **to}
    return data


def _channel_data(account: ChannelAccount) -> dict[str, Any]:
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in account.settings.items()}
    variables = {f"{name}_env": variable for name, variable in account.secrets.items()}
    return {"key": account.key, "type": account.kind, "name": account.name, **plain, **variables}


def _spelled(hours: OpeningHours) -> dict[str, list[str]]:
    return {name: [interval_text(span) for span in week] for name, week in zip(DAYS, hours.week, strict=True)}
