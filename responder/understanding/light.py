"""What was found in the words, read in the light of what had been asked: "да" confirms, "ок" ends, "в 15:00" chooses.

In: findings of the single readers and the context. Out: one `Meaning`. No text is read here any more.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, replace

from responder.dialogue.meaning import Asked, Context, Intent, Meaning, Wish
from responder.understanding.choices import by_time
from responder.understanding.intents import Heard
from responder.understanding.mentions import Services
from responder.understanding.phones import Phones
from responder.understanding.wishes import When

_YES_SIGNS = re.compile("[👍👌✅🆗💯🙆✔]")
_CONFIRMING = (Asked.CONFIRM, Asked.CANCEL_CONFIRM)
_ABOUT_SLOTS = (Asked.WHEN, Asked.CHOICE, Asked.CONFIRM)
_TOPICS = frozenset({Intent.PRICE, Intent.ADDRESS, Intent.HOURS, Intent.SERVICES, Intent.SPECIALISTS})
_NOT_BESIDE_BOOKING = frozenset(
    {Intent.COMPLAINT, Intent.HUMAN, Intent.RISK, Intent.ABUSE, Intent.APPOINTMENT}
)  # unless it is asked for in so many words
_COURTESIES = frozenset({Intent.GREET, Intent.THANKS, Intent.BYE, Intent.QUESTION, Intent.CONFIRM, Intent.DECLINE})
_ORDERS = frozenset({Intent.BOOK, Intent.RESCHEDULE, Intent.CANCEL})
_MOST_UNREAD = 3  # words that may stay unread beside a mere courtesy


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What each reader found by itself."""

    heard: Heard
    when: When
    phones: Phones
    name: str | None
    services: Services
    specialist: str | None
    knowledge: str | None
    risk: str | None  # the danger named that no knowledge of the salon answers
    choice: int | None
    language: str | None
    has_words: bool
    signs: str  # the text as typed, for thumbs and the like


def interpret(found: Findings, context: Context) -> Meaning:
    """The meaning of the findings given what was going on."""
    wishes, choice, any_specialist = _wishes(found, context)
    intents = _intents(found, context, wishes=wishes, choice=choice)
    if not _are_meant(intents, found):
        wishes = ()
    services = found.services
    if not intents & _ORDERS and intents & _TOPICS and services.also:
        services = Services(candidates=services.all())  # asked about, not wanted together
    meaning = Meaning(
        intents=frozenset(intents),
        wishes=wishes,
        phones=found.phones.numbers,
        bad_phone=found.phones.bad,
        name=found.name,
        service=services.key,
        services=services.candidates,
        also=services.also,
        specialist=found.specialist,
        any_specialist=any_specialist,
        shift_min=found.when.shift_min,
        choice=choice,
        is_unknown_service=_is_unknown_service(found),
        knowledge=found.knowledge,
        language=found.language,
        risk=found.risk,
        needs_no_reply=_needs_no_reply(found, context, intents),
        understood=True,
    )
    return meaning if _is_understood(found, context, meaning) else replace(meaning, understood=False)


def _are_meant(intents: Set[Intent], found: Findings) -> bool:
    """Whether the days and hours named are part of what is asked: "am I booked for Sunday?" and "see you on Sunday"
    name a day that is settled. "Are you open on Sunday?" asks for that day's hours."""
    return bool(intents & _ORDERS) or not (Intent.APPOINTMENT in intents or _says_bye(intents, found))


def _says_bye(intents: Set[Intent], found: Findings) -> bool:
    return Intent.BYE in intents and found.heard.is_courtesy


def _wishes(found: Findings, context: Context) -> tuple[tuple[Wish, ...], int | None, bool]:
    """Wishes, the choice and whether any specialist will do; indifference is about what was asked."""
    wishes, choice, any_specialist = found.when.wishes, found.choice, found.heard.any_specialist
    if found.heard.indifferent and not any_specialist:
        if context.asked is Asked.WHEN and not wishes:
            wishes = (Wish(asap=True),)
        elif context.asked is Asked.CHOICE and context.offers and choice is None and not wishes:
            choice = 1
        else:
            any_specialist = True
    return wishes, choice, any_specialist and found.specialist is None


def _intents(found: Findings, context: Context, *, wishes: tuple[Wish, ...], choice: int | None) -> set[Intent]:
    heard = found.heard
    intents = set(heard.intents)
    if Intent.SPAM in intents:
        return intents
    if found.risk is not None:
        intents.add(Intent.RISK)
    if heard.cannot_come and context.asked in _ABOUT_SLOTS and not context.has_appointment:
        intents = intents - {Intent.CANCEL} | {Intent.DECLINE}  # "I can't come on Friday": to a time proposed
    if heard.moves_it and context.has_appointment:
        intents.add(Intent.RESCHEDULE)
    is_number_given = context.asked is Asked.PHONE and bool(found.phones.spans)
    if heard.calls_for and not is_number_given:  # "call me at ..." is how a number is given
        intents.add(Intent.HUMAN)
    if found.knowledge is not None:
        intents.add(Intent.QUESTION)
    if choice is not None:
        intents.add(Intent.CHOOSE)
        intents -= {Intent.LATER, Intent.EARLIER, Intent.QUESTION}
    if heard.wants_other and not wishes and choice is None and (context.offers or context.asked in _ABOUT_SLOTS):
        intents.add(Intent.DECLINE)
    if _is_unknown_service(found):
        intents.add(Intent.SERVICES)
    _add_booking(intents, found, context, wishes)
    _add_assent(intents, found, context, wishes, choice)
    _add_moves(intents, found, context, wishes)
    return intents if choice is None else intents - {Intent.OTHER_DAY, Intent.DECLINE}


def _is_unknown_service(found: Findings) -> bool:
    """ "Do you do tattoos?" where nothing of the kind is listed."""
    is_known = found.services.key or found.services.candidates or found.knowledge
    return found.heard.asks_for_service and not is_known


def _add_booking(intents: set[Intent], found: Findings, context: Context, wishes: tuple[Wish, ...]) -> None:
    """A service wanted, or a time asked for, is an order even when the word is missing."""
    has_service = found.services.key is not None or bool(found.services.candidates)
    if intents & (_ORDERS | _TOPICS | _NOT_BESIDE_BOOKING) or _says_bye(intents, found):
        if wishes and found.knowledge is None and intents & _ORDERS:
            intents.discard(Intent.QUESTION)
        return
    if found.heard.refused_order or found.knowledge is not None:
        return
    cannot_come = found.when.refused or found.heard.is_ill
    if context.has_appointment and context.asked is Asked.NOTHING and cannot_come and wishes and not has_service:
        intents.add(Intent.RESCHEDULE)  # "I can't tomorrow, is Friday possible?"
        intents.discard(Intent.QUESTION)
        return
    wants = found.heard.wants and (has_service or bool(wishes) or found.specialist is not None)
    if wants or (has_service and wishes) or (wishes and context.asked is Asked.NOTHING and not context.has_appointment):
        intents.add(Intent.BOOK)
        intents.discard(Intent.QUESTION)
    elif wishes:
        intents.discard(Intent.QUESTION)


def _add_assent(
    intents: set[Intent], found: Findings, context: Context, wishes: tuple[Wish, ...], choice: int | None
) -> None:
    heard = found.heard
    if context.asked is Asked.CANCEL_CONFIRM and (heard.keeps or heard.refused_order) and Intent.CANCEL not in intents:
        intents.add(Intent.DECLINE)
        return
    if context.asked is Asked.CANCEL_CONFIRM and heard.asks_of_cancelling:
        return
    thumbs = not found.has_words and bool(_YES_SIGNS.search(found.signs))
    says_yes = heard.strong_yes or heard.soft_yes or thumbs
    if Intent.DECLINE in intents or not says_yes or heard.has_but:
        return
    fits_offer = bool(wishes) and by_time(context.offers, wishes) is not None
    if context.asked in _CONFIRMING:
        if (not wishes or (fits_offer and heard.strong_yes)) and not intents & {Intent.LATER, Intent.EARLIER}:
            intents.add(Intent.CONFIRM)
            if not wishes and found.services.key is None:
                intents.discard(Intent.BOOK)  # "yes, book it" orders nothing new
    elif context.asked is Asked.CHOICE:
        if not wishes and not intents & {Intent.LATER, Intent.EARLIER, Intent.OTHER_DAY}:
            intents.add(Intent.CONFIRM)
    elif (heard.strong_yes or heard.is_courtesy) and not intents & (_TOPICS | {Intent.QUESTION}):
        intents.add(Intent.CONFIRM)


def _add_moves(intents: set[Intent], found: Findings, context: Context, wishes: tuple[Wish, ...]) -> None:
    """Later, earlier, another day: only against something offered or asked."""
    is_about_slots = bool(context.offers) or context.asked in _ABOUT_SLOTS
    has_hours = any(wish.exact_time or wish.time_from or wish.time_to for wish in wishes)
    if has_hours or not (is_about_slots or context.has_appointment):
        intents -= {Intent.LATER, Intent.EARLIER}
    elif context.has_appointment and context.asked is Asked.NOTHING and intents & {Intent.LATER, Intent.EARLIER}:
        intents.add(Intent.RESCHEDULE)
        intents.discard(Intent.BOOK)
    if found.when.refused_day and not wishes:
        if is_about_slots:
            intents.add(Intent.OTHER_DAY)
            intents.discard(Intent.DECLINE)
        elif context.has_appointment and not intents & _ORDERS:
            intents.add(Intent.RESCHEDULE)
    elif found.when.refused and not wishes and is_about_slots:
        intents.add(Intent.DECLINE)
    if not is_about_slots and not context.has_appointment:
        intents.discard(Intent.OTHER_DAY)


def _needs_no_reply(found: Findings, context: Context, intents: Set[Intent]) -> bool:
    """Thanks, "ok", a thumb: unless a question of ours waits for an answer."""
    if found.phones.numbers or found.phones.bad or found.name:
        return False
    was_asked = context.asked is not Asked.NOTHING or context.previous_reply.rstrip().endswith("?")
    if not found.has_words:
        return not was_asked
    if not found.heard.is_courtesy or not intents <= {Intent.THANKS, Intent.BYE, Intent.CONFIRM, Intent.DECLINE}:
        return False
    if not was_asked:
        return True
    is_leaving = bool(intents & {Intent.THANKS, Intent.BYE}) and not intents & {Intent.CONFIRM, Intent.DECLINE}
    return is_leaving and context.asked not in (*_CONFIRMING, Asked.CHOICE)


def _is_understood(found: Findings, context: Context, meaning: Meaning) -> bool:
    if not found.has_words or meaning.needs_no_reply:
        return True
    substance = (
        meaning.intents - _COURTESIES
        or meaning.wishes
        or meaning.phones
        or meaning.bad_phone
        or meaning.name
        or meaning.service
        or meaning.services
        or meaning.specialist
        or meaning.any_specialist
        or meaning.choice
        or meaning.knowledge
        or found.when.refused
        or found.heard.refused_order
        or (context.has_appointment and Intent.DECLINE in meaning.intents)
        or (context.asked is not Asked.NOTHING and meaning.intents & {Intent.CONFIRM, Intent.DECLINE})
    )
    if substance:
        return True
    return bool(meaning.intents - {Intent.QUESTION}) and found.heard.rest <= _MOST_UNREAD
