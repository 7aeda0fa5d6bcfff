"""A salon as the LLM sees it: short lines of keys, names and facts, the same text until the profile changes."""

from __future__ import annotations

from functools import lru_cache

from babel.dates import get_day_names

from responder.hours import END_OF_DAY, DayHours
from responder.salon.profile import SalonProfile, Service, Specialist

MAX_SERVICES = 150  # a longer list costs more time than it saves: the rules know every name
MAX_KNOWLEDGE = 80
_MAX_ALIASES = 6


def salon_texts(salon: SalonProfile, language: str) -> dict[str, str]:
    """What stands for the salon's placeholders of `system.md`; "-" where the salon has nothing."""
    texts = {
        "salon": salon.name.to(language),
        "currency": salon.currency,
        "services": "\n".join(_service(service, language) for service in salon.services[:MAX_SERVICES]),
        "specialists": "\n".join(_specialist(specialist, language) for specialist in salon.specialists),
        "knowledge": "\n".join(
            f"{item.key} | {item.questions[0] if item.questions else ''} | {_flat(item.answer.to(language))}"
            for item in salon.knowledge[:MAX_KNOWLEDGE]
        ),
        "addresses": "\n".join(
            _flat(" ".join(filter(None, (a.text.to(language), a.directions.to(language) if a.directions else ""))))
            for a in salon.addresses
        ),
        "hours": _week(salon, language),
    }
    return {name: without_braces(text) or "-" for name, text in texts.items()}


@lru_cache(maxsize=16)
def day_names(language: str) -> tuple[str, ...]:
    """Short names of the days, Monday first."""
    names = get_day_names("abbreviated", "format", language)
    return tuple(str(names[weekday]) for weekday in range(7))


def without_braces(text: str) -> str:
    """Texts of others can be no placeholders."""
    return text.replace("{", "(").replace("}", ")")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _service(service: Service, language: str) -> str:
    others = [name for name in (*service.name.every(), *service.aliases) if name != service.name.to(language)]
    return " | ".join(
        (
            service.key,
            service.name.to(language),
            str(service.duration_min),
            _price(service),
            ", ".join(others[:_MAX_ALIASES]) or "-",
        )
    )


def _price(service: Service) -> str:
    if service.price_minor is None:
        return "-"
    price = f"{service.price_minor / 100:g}"
    if service.price_to_minor is not None and service.price_to_minor != service.price_minor:
        return f"{price}-{service.price_to_minor / 100:g}"
    return f">= {price}" if service.price_is_from else price


def _specialist(specialist: Specialist, language: str) -> str:
    names = ", ".join(dict.fromkeys((specialist.name.to(language), *specialist.name.every(), *specialist.aliases)))
    title = specialist.title.to(language) if specialist.title else "-"
    return f"{specialist.key} | {names} | {title} | {', '.join(sorted(specialist.skills))}"


def _week(salon: SalonProfile, language: str) -> str:
    days = zip(day_names(language), salon.hours.week, strict=True)
    return "\n".join(f"{name} {_hours(hours)}" for name, hours in days)


def _hours(hours: DayHours) -> str:
    return ", ".join(f"{i.start:%H:%M}-{'24:00' if i.end == END_OF_DAY else f'{i.end:%H:%M}'}" for i in hours) or "-"
