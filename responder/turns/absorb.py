"""New words meet what is remembered: which details they fill, which they change. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

from responder.dialogue.meaning import Intent, Meaning, Wish
from responder.dialogue.state import DialogueState, Offer
from responder.turns.answers import ABOUT

NAME_LIMIT = 80  # characters; a longer one would push a read-back past what a channel carries
Days = tuple[date | None, date | None]
Times = tuple[time | None, time | None, time | None]
MOVES_ON = frozenset({Intent.BOOK, Intent.CHOOSE, Intent.LATER, Intent.EARLIER, Intent.OTHER_DAY})


def absorb(state: DialogueState, meaning: Meaning, zone: ZoneInfo) -> tuple[DialogueState, bool]:
    """The state with everything new in it, and whether anything was new or asked for."""
    merged = absorb_contact(state, meaning)
    is_question_only = bool(meaning.intents & set(ABOUT)) and Intent.BOOK not in meaning.intents
    if _wants_other_services(state, meaning) and not (is_question_only and (state.offers or state.chosen)):
        merged = merged.but(
            service=meaning.service or state.service,
            candidates=() if meaning.service else state.candidates,
            also=meaning.also if meaning.service else (*state.also, *meaning.also),
            later=(),
            chosen=None,
            offers=(),
            hold_id=None,
        )
    if meaning.specialist is not None and meaning.specialist != state.specialist:
        merged = merged.but(specialist=meaning.specialist)
        if state.chosen is None or state.chosen.specialist != meaning.specialist:
            merged = merged.but(chosen=None, hold_id=None, offers=())
    if meaning.any_specialist:
        merged = merged.but(specialist=None)
    chosen = _chosen(state, meaning)
    if chosen is not None:
        merged = merged.but(chosen=chosen, offers=(), hold_id=None)
    elif meaning.wishes and (state.chosen is None or meaning.wishes != state.wishes):
        merged = merged.but(wishes=_joined(state, meaning, zone), chosen=None, hold_id=None)
    is_progress = (
        bool(meaning.intents & MOVES_ON)
        or chosen is not None
        or bool(meaning.wishes)
        or meaning.specialist is not None
        or (meaning.any_specialist and merged.service is not None)  # else: "is anybody there?"
        or (merged.phone, merged.name) != (state.phone, state.name)
        or (bool(meaning.service or meaning.services) and not is_question_only)
    )
    return merged, is_progress


def _wants_other_services(state: DialogueState, meaning: Meaning) -> bool:
    """Something is named that the booking under way does not hold; naming one of its services again changes nothing."""
    wanted = {key for key in (meaning.service, *meaning.also) if key is not None}
    return not wanted <= {state.service, *state.also, *state.later}


def _joined(state: DialogueState, meaning: Meaning, zone: ZoneInfo) -> tuple[Wish, ...]:
    """A bare time after a day was named keeps the day, and a bare day after a time was named keeps the time; where
    earlier wishes differ in it, nothing is kept. "Any time on Saturday" (`asap`) drops the time. The day spoken of is
    that of the slot chosen or of the slots shown, which need not be the day wished for at first."""
    shown = {_day_of(offer, zone) for offer in ((state.chosen,) if state.chosen else state.offers)}
    days = shown if len(shown) == 1 else {(wish.date_from, wish.date_to) for wish in state.wishes}
    times = {(wish.exact_time, wish.time_from, wish.time_to) for wish in state.wishes}
    return tuple(_completed(wish, days=days, times=times) for wish in meaning.wishes)


def _day_of(offer: Offer, zone: ZoneInfo) -> Days:
    day = offer.starts_at.astimezone(zone).date()
    return day, day


def _completed(wish: Wish, *, days: set[Days], times: set[Times]) -> Wish:
    if wish.asap:
        return wish
    says_time = wish.exact_time or wish.time_from or wish.time_to
    if wish.date_from is None and len(days) == 1:
        ((date_from, date_to),) = days
        return replace(wish, date_from=date_from, date_to=date_to)
    if wish.date_from is not None and not says_time and len(times) == 1:
        ((exact_time, time_from, time_to),) = times
        return replace(wish, exact_time=exact_time, time_from=time_from, time_to=time_to)
    return wish


def absorb_contact(state: DialogueState, meaning: Meaning) -> DialogueState:
    merged = state
    if meaning.phones:
        merged = merged.but(phone=meaning.phones[-1])
    if meaning.name:
        merged = merged.but(name=meaning.name[:NAME_LIMIT])
    return merged


def changes_request(state: DialogueState, meaning: Meaning) -> bool:
    return bool(
        _wants_other_services(state, meaning)
        or (meaning.specialist and meaning.specialist != (state.chosen.specialist if state.chosen else None))
        or meaning.intents & MOVES_ON
    )


def _chosen(state: DialogueState, meaning: Meaning) -> Offer | None:
    if meaning.offer_token is not None:
        return next((offer for offer in state.offers if offer.token == meaning.offer_token), None)
    if meaning.choice is None or not state.offers:
        return None
    index = len(state.offers) - 1 if meaning.choice == -1 else meaning.choice - 1
    return state.offers[index] if 0 <= index < len(state.offers) else None


def on_the_day_of(day: date, wishes: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """Bare times are meant for that day."""
    return tuple(
        replace(wish, date_from=day, date_to=day) if wish.date_from is None and not wish.asap else wish
        for wish in wishes
    )
