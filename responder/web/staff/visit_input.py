"""What people write about a visit, as values: days and times of the salon, phones; and what the customer is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import phonenumbers

from responder.booking.by_hand import Place
from responder.desk.visits import Seen
from responder.errors import Refused
from responder.salon.profile import SalonProfile
from responder.turns.wording import Voice


def visit_words(salon: SalonProfile, phrase: str, place: Place, *, now: datetime) -> str:
    """What the customer is told of a visit, in the salon's language, as the bot says it; empty when the salon does not
    have the service or the specialist, which the booking itself then refuses."""
    service, specialist = salon.service(place.service), salon.specialist(place.specialist)
    if service is None or specialist is None:
        return ""
    voice = Voice(salon, salon.language, now=now)
    address = voice.say("at_address", address=salon.addresses[0].text.to(salon.language)) if salon.addresses else ""
    return voice.say(
        phrase,
        service=voice.service(service),
        when=voice.when(place.starts_at),
        with_whom=voice.with_whom(specialist),
        address=address,
    )


def moment(salon: SalonProfile, day: str, at: str) -> datetime:
    """A local day and time of day as an instant; raises `Refused`."""
    try:
        local = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), tzinfo=salon.zone)
        return local.replace(second=0, microsecond=0).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("No such time.", code="no_such_time", day=day, at=at) from None


def seen_of(at: str, specialist: str) -> Seen | None:
    """Where a page saw a visit, if it says so."""
    try:
        starts_at = datetime.fromisoformat(at)
    except ValueError:
        return None
    return Seen(starts_at=starts_at, specialist=specialist) if starts_at.tzinfo is not None else None


def phone_of(text: str, salon: SalonProfile) -> str | None:
    """E.164 of a phone in people's spelling, None for nothing; raises `Refused` for what is none."""
    if not text.strip():
        return None
    try:
        parsed = phonenumbers.parse(text, salon.country)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise Refused("No phone.", code="bad_phone", phone=text)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
