"""What a CRM is told of a lead, as a pure function of what is known: the card, its title and its comment.

The comment holds everything in the salon's language, timing included, because a CRM may have no field for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.numbers import format_decimal

from connectors.contract import LeadCard, Source
from responder.dialogue.states import AppointmentState
from responder.leads.labels import FALLBACK, labels_of
from responder.salon.profile import SalonProfile

Timing = Mapping[str, str | float | bool | None]

VISIT_STANDS = frozenset({AppointmentState.BOOKED, AppointmentState.CAME, AppointmentState.NO_SHOW})
VISIT_IS_LOST = frozenset({AppointmentState.CANCELLED, AppointmentState.NO_SHOW})
VISIT_HAS_TIME = VISIT_STANDS | {AppointmentState.HELD}


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadFacts:
    """A lead as our own tables hold it; `service` and `specialist` are keys of the salon file."""

    origin_id: str
    name: str | None = None
    phone: str | None = None
    service: str | None = None
    specialist: str | None = None
    wish: str | None = None
    visit_state: str | None = None
    visit_at: datetime | None = None
    channel: str = ""
    source: Mapping[str, Any] = field(default_factory=dict)


def lead_card(facts: LeadFacts, salon: SalonProfile, *, timing: Timing, transcript_url: str | None) -> LeadCard:
    """The card of a lead: names in the salon's language, the visit in the salon's zone."""
    language = salon.language
    service, specialist = salon.service(facts.service), salon.specialist(facts.specialist)
    state = AppointmentState(facts.visit_state) if facts.visit_state else None
    has_time = facts.visit_at is not None and state in VISIT_HAS_TIME
    card = LeadCard(
        origin_id=facts.origin_id,
        title="",
        name=facts.name,
        phone=facts.phone,
        service=service.name.to(language) if service else facts.service,
        specialist=specialist.name.to(language) if specialist else facts.specialist,
        starts_at=facts.visit_at.astimezone(salon.zone) if facts.visit_at and has_time else None,
        is_booked=state in VISIT_STANDS,
        visit_state=state,
        wish=facts.wish,
        channel=facts.channel,
        source=source_of(facts.source),
        transcript_url=transcript_url,
        salon=salon.name.to(language),
        timing=timing,
    )
    return _with_words(card, state, salon)


def source_of(document: Mapping[str, Any]) -> Source:
    """A stored source; what is not there is unknown."""
    return Source(
        ref=document.get("ref"),
        utm=document.get("utm") or {},
        click_ids=document.get("click_ids") or {},
        page_url=document.get("page_url"),
        referrer=document.get("referrer"),
    )


def _with_words(card: LeadCard, state: AppointmentState | None, salon: SalonProfile) -> LeadCard:
    return replace(
        card,
        title=_title(card, state, salon),
        comment="\n".join(f"{label}: {text}" if text else label for label, text in _lines(card, state, salon)),
    )


def _title(card: LeadCard, state: AppointmentState | None, salon: SalonProfile) -> str:
    """Who, what, when, as far as known; a list of leads must be readable by titles alone."""
    when = _local_time(card.starts_at, salon) if card.starts_at and card.is_booked else None
    lost = labels_of(salon.language)[state].lower() if state in VISIT_IS_LOST else None
    return ", ".join(filter(None, [card.name, card.service, when, lost])) or card.channel or card.salon


def _lines(card: LeadCard, state: AppointmentState | None, salon: SalonProfile) -> Iterator[tuple[str, str]]:
    labels = labels_of(salon.language)
    if card.service:
        yield labels["service"], card.service
    if card.specialist:
        yield labels["specialist"], card.specialist
    if state is not None:
        yield labels[state], _local_time(card.starts_at, salon) if card.starts_at else ""
    if card.wish:
        yield labels["wish"], card.wish
    yield labels["channel"], card.channel
    source = ", ".join(filter(None, [card.source.ref, *card.source.utm.values(), card.source.page_url]))
    if source:
        yield labels["source"], source
    if card.transcript_url:
        yield labels["transcript"], card.transcript_url
    for name, value in card.timing.items():
        if value is not None:
            yield labels.get(name, name), _figure(name, value, salon)


def _figure(name: str, value: str | float | bool, salon: SalonProfile) -> str:
    labels = labels_of(salon.language)
    if isinstance(value, bool):
        return labels["yes" if value else "no"]
    if isinstance(value, str):
        return _local_time(datetime.fromisoformat(value), salon, "d MMM HH:mm:ss") if name.endswith("_at") else value
    number = format_decimal(value, format="#,##0.##", locale=_locale(salon))
    return f"{number} {labels['seconds']}" if name.endswith("_s") else number


def _local_time(instant: datetime, salon: SalonProfile, pattern: str = "EEE d MMM HH:mm") -> str:
    return format_datetime(instant.astimezone(salon.zone), pattern, locale=_locale(salon))


def _locale(salon: SalonProfile) -> Locale:
    try:
        return Locale.parse(f"{salon.language}_{salon.country}")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(FALLBACK)
