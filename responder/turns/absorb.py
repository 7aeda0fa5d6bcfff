"""New words meet what is remembered: which details they fill, which they change. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from responder.dialogue.meaning import Intent, Meaning, Wish
from responder.dialogue.state import DialogueState, Offer
from responder.turns.answers import ABOUT

NAME_LIMIT = 80  # characters; a longer one would push a read-back past what a channel carries
MOVES_ON = frozenset({Intent.BOOK, Intent.CHOOSE, Intent.LATER, Intent.EARLIER, Intent.OTHER_DAY})


def absorb(state: DialogueState, meaning: Meaning) -> tuple[DialogueState, bool]:
    """The state with everything new in it, and whether anything was new or asked for."""
    merged = absorb_contact(state, meaning)
    if meaning.service is not None and meaning.service != state.service:
        merged = merged.but(service=meaning.service, chosen=None, offers=(), hold_id=None)
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
        merged = merged.but(wishes=_joined(state, meaning), chosen=None, hold_id=None)
    is_question_only = bool(meaning.intents & set(ABOUT)) and Intent.BOOK not in meaning.intents
    is_progress = (
        bool(meaning.intents & MOVES_ON)
        or chosen is not None
        or bool(meaning.wishes)
        or bool(meaning.specialist or meaning.any_specialist)
        or (merged.phone, merged.name) != (state.phone, state.name)
        or (bool(meaning.service or meaning.services) and not is_question_only)
    )
    return merged, is_progress


def _joined(state: DialogueState, meaning: Meaning) -> tuple[Wish, ...]:
    """A bare time after a day was named keeps the day, and the other way round."""
    if len(meaning.wishes) != 1 or len(state.wishes) != 1:
        return meaning.wishes
    new, old = meaning.wishes[0], state.wishes[0]
    if new.date_from is None and not new.asap and old.date_from is not None:
        return (replace(new, date_from=old.date_from, date_to=old.date_to),)
    says_time = new.exact_time or new.time_from or new.time_to
    if new.date_from is not None and not says_time and (old.exact_time or old.time_from or old.time_to):
        return (replace(new, exact_time=old.exact_time, time_from=old.time_from, time_to=old.time_to),)
    return meaning.wishes


def absorb_contact(state: DialogueState, meaning: Meaning) -> DialogueState:
    merged = state
    if meaning.phones:
        merged = merged.but(phone=meaning.phones[-1])
    if meaning.name:
        merged = merged.but(name=meaning.name[:NAME_LIMIT])
    return merged


def changes_request(state: DialogueState, meaning: Meaning) -> bool:
    return bool(
        (meaning.service and meaning.service != state.service)
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
