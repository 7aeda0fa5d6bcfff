"""Answers to questions: prices, address, hours, who works here, what the salon itself has written down."""

from __future__ import annotations

from responder.dialogue.meaning import Intent, Meaning
from responder.dialogue.state import DialogueState
from responder.dialogue.states import HandoffReason
from responder.turns.decision import Say
from responder.turns.situation import Situation

ABOUT = (Intent.PRICE, Intent.SERVICES, Intent.ADDRESS, Intent.HOURS, Intent.SPECIALISTS)
LISTED_SERVICES = 15
SPECIAL_DAYS_AHEAD = 14


def answers(state: DialogueState, meaning: Meaning, at: Situation) -> tuple[Say, ...]:
    """Every answer the words ask for, in a steady order; empty when they ask nothing we know."""
    lines: list[Say] = []
    for intent in ABOUT:
        if intent in meaning.intents:
            lines.extend(_ANSWER[intent](state, meaning, at))
    if meaning.knowledge is not None:
        item = next((item for item in at.salon.knowledge if item.key == meaning.knowledge), None)
        if item is not None:
            lines.append(Say("knowledge", item.answer.to(at.voice.language)))
    elif meaning.answer and HandoffReason.RISK not in state.handed_off:  # that matter is a person's now
        lines.append(Say("answer", meaning.answer))
    return tuple(lines)


def _prices(state: DialogueState, meaning: Meaning, at: Situation) -> list[Say]:
    visit = state.visit if state.service is None else None  # of what is booked, when nothing new is under way
    spoken_of = (state.service, *state.also) if visit is None else (visit.service, *visit.also)
    own = (meaning.service, *meaning.also) if meaning.service else spoken_of
    named = at.services([key for key in meaning.services or own if key is not None])
    if named:
        lines = [Say("price_line", at.voice.price_line(service)) for service in named]
        is_one_visit = not meaning.services or set(meaning.services) == {state.service, *state.also}
        together = at.voice.price_together(named) if len(named) > 1 and is_one_visit else None
        return lines if together is None else [*lines, Say("price_together", together)]
    listed = at.salon.services[:LISTED_SERVICES]
    return [at.say("price_list"), *(Say("price_line", at.voice.price_line(service)) for service in listed)]


def _services(_state: DialogueState, meaning: Meaning, at: Situation) -> list[Say]:
    unknown = [at.say("not_listed")] if meaning.is_unknown_service else []
    names = ", ".join(at.voice.service(service).lower() for service in at.salon.services[:LISTED_SERVICES])
    return [*unknown, Say("services_list", f"{at.voice.say('services_list')} {names}.")]


def _address(_state: DialogueState, _meaning: Meaning, at: Situation) -> list[Say]:
    lines = []
    for address in at.salon.addresses:
        lines.append(at.say("address", address=address.text.to(at.voice.language)))
        if address.directions is not None:
            lines.append(Say("address", address.directions.to(at.voice.language)))
    phone = next((a.phone for a in at.salon.addresses if a.phone), None) or at.salon.phone
    if phone:
        lines.append(at.say("phone_of_salon", phone=at.voice.phone(phone)))
    return lines


def _hours(_state: DialogueState, _meaning: Meaning, at: Situation) -> list[Say]:
    """Of the days asked about; else the week, the dates ahead that differ from it, and how it stands now."""
    if at.asked_days:
        return [Say("open_on", at.voice.hours_on(day)) for day in at.asked_days]
    lines = [at.say("hours_list"), *(Say("hours_day", line) for line in at.voice.hours())]
    special = at.voice.special_hours(SPECIAL_DAYS_AHEAD)
    if special:
        lines += [at.say("special_hours"), *(Say("hours_day", line) for line in special)]
    return [*lines, Say("open_now", at.voice.open_now())]


def _specialists(_state: DialogueState, meaning: Meaning, at: Situation) -> list[Say]:
    people = at.salon.specialists_for(meaning.service) if meaning.service else at.salon.specialists
    lines = [at.say("specialists_list")]
    for person in people:
        title = f", {person.title.to(at.voice.language)}" if person.title else ""
        lines.append(at.say("specialist_line", name=person.name.to(at.voice.language), title=title))
    return lines


_ANSWER = {
    Intent.PRICE: _prices,
    Intent.SERVICES: _services,
    Intent.ADDRESS: _address,
    Intent.HOURS: _hours,
    Intent.SPECIALISTS: _specialists,
}
