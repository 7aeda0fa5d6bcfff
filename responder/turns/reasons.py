"""Why something else is offered than was wished for, in one short true sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from responder.booking.slots import SearchReason, SlotSearch
from responder.dialogue.meaning import Wish
from responder.salon.profile import SalonProfile, Specialist
from responder.turns.situation import Situation

# Reasons with a second phrase, for when no single day or no single person can be spoken of.
_OF_ONE_DAY = frozenset({SearchReason.OUT_OF_HOURS})
_OF_ONE_PERSON = frozenset({SearchReason.DAY_OFF, SearchReason.OFF_SHIFT, SearchReason.BREAK})


def reason_line(found: SlotSearch, wishes: Sequence[Wish], *, duration_min: int, at: Situation) -> str:
    """The sentence for `found.reason`; the salon's hours, the person's hours or the notice are told where they are
    the cause."""
    voice, salon, reason = at.voice, at.salon, found.reason
    phrase = f"reason_{reason.value}"
    person = salon.specialist(found.specialist)
    on_day = voice.on_this_day(found.day) if _is_of_one_date(found, person) else voice.on_day(found.day)
    params: dict[str, str | int] = {
        "duration": voice.duration(duration_min),
        "notice": voice.duration(salon.booking_notice_min),
        "minutes": salon.slot_step_min,
        "until_date": voice.day(_last_day(salon, at)),
        "on_day": on_day,
        "on_day_cap": voice.sentence(on_day),
    }
    if reason in _OF_ONE_PERSON:
        if person is None or (found.day is None and reason is not SearchReason.DAY_OFF):
            return voice.say(f"{phrase}_all", **params)
        hours = "" if found.day is None else voice.from_to(person.hours.on(found.day))
        return voice.say(phrase, name=person.name.to(voice.language), hours=hours, **params)
    if reason in _OF_ONE_DAY and found.day is not None:
        return voice.say(phrase, hours=voice.from_to(salon.hours.on(found.day)), **params)
    if reason in _OF_ONE_DAY:
        return voice.say(f"{phrase}_all", **params)
    if reason is SearchReason.FULL and found.day is not None and not any(_says_time(wish) for wish in wishes):
        return voice.say("reason_full_day", **params)
    return voice.say(phrase, **params)


def _is_of_one_date(found: SlotSearch, person: Specialist | None) -> bool:
    """Whether the reason holds for this date and not for every such day of the week."""
    if found.reason is SearchReason.DAY_OFF and person is not None and found.day is not None:
        return bool(person.hours.week[found.day.weekday()])
    return found.reason in (SearchReason.HOLIDAY, SearchReason.DAY_OFF)


def _last_day(salon: SalonProfile, at: Situation) -> date:
    return at.now.astimezone(salon.zone).date() + timedelta(days=salon.booking_horizon_days)


def _says_time(wish: Wish) -> bool:
    return bool(wish.exact_time or wish.time_from or wish.time_to)
