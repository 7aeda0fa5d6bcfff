"""What is said of a visit that is booked already: it is cancelled, moved, asked about, or talked on after. Pure.

Each rule gives a decision or None where it is not concerned; `decide` knows their order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from responder.dialogue.meaning import Asked, Intent, Meaning, Wish
from responder.dialogue.state import DialogueState
from responder.dialogue.states import HandoffReason
from responder.turns import flow, people
from responder.turns.absorb import absorb_contact, on_the_day_of
from responder.turns.answers import answers
from responder.turns.decision import Decision, Deed
from responder.turns.outcomes import Outcome
from responder.turns.situation import Situation


def shifted(state: DialogueState, meaning: Meaning, at: Situation) -> Meaning:
    """ "An hour later" as the time it means: seen from what is chosen, from the only offer, or from the visit."""
    if meaning.shift_min is None or meaning.wishes:
        return meaning
    only_offer = state.offers[0] if len(state.offers) == 1 else None
    kept = state.chosen or only_offer or (state.visit if state.service is None else None)
    if kept is None:
        return meaning
    start = kept.starts_at.astimezone(at.salon.zone) + timedelta(minutes=meaning.shift_min)
    wish = Wish(date_from=start.date(), date_to=start.date(), exact_time=start.time())
    moves = {Intent.RESCHEDULE} if kept is state.visit else set()
    return replace(meaning, wishes=(wish,), intents=meaning.intents - {Intent.LATER, Intent.EARLIER} | moves)


def cancelling(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    if state.asked is Asked.CANCEL_CONFIRM:
        if Intent.CONFIRM in meaning.intents or Intent.CANCEL in meaning.intents:
            return Decision(name=Outcome.CANCEL, state=state, deed=Deed.CANCEL)
        if Intent.DECLINE in meaning.intents:
            line = at.say("kept", **at.visit(state))
            return Decision(name=Outcome.KEPT, state=state.but(asked=Asked.NOTHING), says=(line,))
    if Intent.CANCEL not in meaning.intents:
        return None
    if state.is_booked:
        return flow.ask_cancel(state, at)
    if state.service is not None:
        return drop(state, at)
    return people.hand_off(state, at, HandoffReason.ASKED, detail="cancel", line=at.say("nothing_to_cancel"))


def asking_for_own_visit(state: DialogueState, meaning: Meaning, _at: Situation) -> Decision | None:
    """ "When am I booked?": the appointment book knows, the memory of the dialogue may be behind it."""
    if Intent.APPOINTMENT not in meaning.intents or meaning.intents & {Intent.RESCHEDULE, Intent.CANCEL}:
        return None
    return Decision(name=Outcome.RECALL, state=absorb_contact(state, meaning), recalls=True)


def moving(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """A booked visit and a new time for the same service: move it."""
    visit = state.visit
    if visit is None or state.is_move or (state.service is not None and Intent.RESCHEDULE not in meaning.intents):
        return None
    is_other_service = meaning.service not in (None, visit.service, *visit.also)
    asks_move = Intent.RESCHEDULE in meaning.intents
    if not asks_move and (not meaning.wishes or is_other_service or Intent.BOOK in meaning.intents):
        return None
    moving = state.without_progress().but(
        is_move=True,
        service=visit.service,
        also=visit.also,
        specialist=None if meaning.any_specialist else meaning.specialist or visit.specialist,
        wishes=on_the_day_of(visit.starts_at.astimezone(at.salon.zone).date(), meaning.wishes),
    )
    if not meaning.wishes and (nearby := _around(visit.starts_at.astimezone(at.salon.zone), meaning)):
        return flow.next_step(moving.but(wishes=(nearby,)), at)
    if not meaning.wishes:
        asked = moving.but(asked=Asked.WHEN)
        return Decision(name=Outcome.ASK_MOVE, state=asked, says=(at.say("ask_move"),))
    return flow.next_step(moving, at)


def _around(start: datetime, meaning: Meaning) -> Wish | None:
    """ "Can I come later?" of a visit: that day, after it."""
    day, at = start.date(), start.time()
    if Intent.LATER in meaning.intents:
        return Wish(date_from=day, date_to=day, time_from=(start + timedelta(minutes=1)).time())
    if Intent.EARLIER in meaning.intents:
        return Wish(date_from=day, date_to=day, time_to=at)
    return None


def after_booking(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """Booked already: a new wish starts a new booking, everything else is a question or needs no answer."""
    visit = state.visit
    if visit is None or state.service is not None or meaning.service not in (None, visit.service, *visit.also):
        return None
    if Intent.BOOK in meaning.intents:
        return None
    lines = answers(state, meaning, at)
    if lines:
        return Decision(name=Outcome.ANSWER, state=state).answering(*lines)
    if meaning.intents & {Intent.CONFIRM, Intent.DECLINE, Intent.THANKS}:
        return Decision(name=Outcome.SILENCE, state=state)
    if Intent.GREET in meaning.intents:
        line = at.say("already_booked", **at.visit(state))
        return Decision(name=Outcome.ALREADY_BOOKED, state=state, says=(line,))
    return None


def drop(state: DialogueState, at: Situation) -> Decision:
    """The booking under way is off; a visit booked before stays."""
    fresh = state.without_progress()
    if state.visit is not None:
        return Decision(name=Outcome.KEPT, state=fresh, says=(at.say("kept", **at.visit(state)),), is_settled=True)
    return Decision(name=Outcome.DROPPED, state=fresh, says=(at.say("dropped"),), is_settled=True)
