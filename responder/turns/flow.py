"""The way to a booking: what to ask or do next, given what is known. Pure; `effects.py` calls back with outcomes.

service -> day and time -> free slots offered -> one chosen and held -> name, phone -> read back -> booked
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from responder.booking.rules import SlotSearch
from responder.dialogue.meaning import Asked, Wish
from responder.dialogue.state import DialogueState, Offer, Visit
from responder.dialogue.states import HandoffReason
from responder.salon.profile import Service
from responder.turns.decision import Decision, Deed, Handoff, QuickReply, Say, Search
from responder.turns.outcomes import Outcome
from responder.turns.reasons import reason_line
from responder.turns.situation import Situation

EXAMPLES = 3
SERVICES_AS_BUTTONS = 6
VISITS_TOLD = 3


def next_step(state: DialogueState, at: Situation) -> Decision:
    """The next question or deed of a booking under way."""
    service = at.service_of(state)
    if service is None:
        return ask_service(state, at)
    if state.also and state.chosen is None:
        parted = _parted(state, at)
        if parted != state:
            return next_step(parted, at).after(_one_by_one(parted, at))
    specialist = at.salon.specialist(state.specialist)
    if specialist is not None and service.key not in specialist.skills:
        return next_step(state.but(specialist=None, chosen=None, hold_id=None), at).after(at.say("reason_nobody"))
    if state.chosen is None:
        search = Search(service=service.key, specialist=state.specialist, wishes=state.wishes, also=state.also)
        return Decision(name=Outcome.SEARCH, state=state, search=search)
    if not state.is_move and state.hold_id is None:
        return Decision(name=Outcome.HOLD, state=state, deed=Deed.HOLD, offer=state.chosen)
    return ask_contact_or_confirm(state, at)


def _parted(state: DialogueState, at: Situation) -> DialogueState:
    """As many services in this visit as one specialist can do, the rest in one after it."""
    together, rest = [state.service or ""], list(state.later)
    for key in state.also:
        able = {person.key for person in at.salon.specialists_for(*together, key)}
        fits = bool(able) and (state.specialist is None or state.specialist in able)
        (together if fits else rest).append(key)
    return state.but(also=tuple(together[1:]), later=tuple(rest))


def _one_by_one(state: DialogueState, at: Situation) -> Say:
    first = at.services([state.service or "", *state.also])
    everything = (*first, *at.services(state.later))
    return at.say("one_by_one", service=at.voice.services(everything), first=at.voice.services(first))


def ask_service(state: DialogueState, at: Situation, candidates: tuple[str, ...] = ()) -> Decision:
    candidates = candidates or state.candidates
    asked = state.but(asked=Asked.SERVICE, candidates=candidates)
    listed = [s for s in at.salon.services if s.key in candidates] or list(at.salon.services)
    buttons = tuple(
        QuickReply(at.voice.service(service), f"service:{service.key}") for service in listed[:SERVICES_AS_BUTTONS]
    )
    if candidates:
        line = at.say("ask_which_service", services=", ".join(at.voice.service(service).lower() for service in listed))
        return Decision(name=Outcome.ASK_WHICH_SERVICE, state=asked, says=(line,), quick_replies=buttons)
    examples = ", ".join(at.voice.service(service).lower() for service in listed[:EXAMPLES])
    line = at.say("ask_service", examples=examples)
    return Decision(name=Outcome.ASK_SERVICE, state=asked, says=(line,), quick_replies=buttons)


def ask_contact_or_confirm(state: DialogueState, at: Situation) -> Decision:
    """A slot is chosen and kept: what is still missing, else the read-back."""
    if state.phone is None:
        phrase = "ask_phone" if state.name else "ask_name_and_phone"
        asked = state.but(asked=Asked.PHONE)
        name = Outcome(phrase)
        return Decision(name=name, state=asked, says=(at.say(phrase),), contact_label=at.contact_label())
    if state.name is None:
        return Decision(name=Outcome.ASK_NAME, state=state.but(asked=Asked.NAME), says=(at.say("ask_name"),))
    line = at.say("read_back", name=state.name, phone=at.voice.phone(state.phone), **at.chosen(state))
    return Decision(
        name=Outcome.READ_BACK,
        state=state.but(asked=Asked.CONFIRM),
        says=(line,),
        quick_replies=(at.button("confirm_yes", "confirm:yes"), at.button("confirm_no", "confirm:no")),
    )


def ask_again(state: DialogueState, at: Situation) -> Decision:
    """The question that is open, once more and without a new search: after a side question or a misunderstanding."""
    match state.asked:
        case Asked.CHOICE if state.offers:
            return offer_lines(state, at, head=None)
        case Asked.WHEN:
            line = at.say("ask_when")
            return Decision(
                name=Outcome.ASK_WHEN, state=state, says=(line,), quick_replies=offer_buttons(state.offers, at)
            )
        case Asked.CANCEL_CONFIRM:
            return ask_cancel(state, at)
        case _:
            return next_step(state, at)


def ask_cancel(state: DialogueState, at: Situation) -> Decision:
    return Decision(
        name=Outcome.ASK_CANCEL,
        state=state.but(asked=Asked.CANCEL_CONFIRM),
        says=(at.say("ask_cancel", **at.visit(state)),),
        quick_replies=(at.button("cancel_yes", "cancel:yes"), at.button("cancel_no", "cancel:no")),
    )


def after_search(decision: Decision, found: SlotSearch, at: Situation) -> Decision:
    """Offer what was found; an exact, unambiguous wish that is free is taken at its word and held."""
    state, search = decision.state, decision.search
    services = () if search is None else at.services([search.service, *search.also])
    if search is None or not services:
        return decision.but(search=None)
    name = at.voice.services(services)
    if not found.slots:
        handoff = Handoff(reason=HandoffReason.FAILED, detail="no free slots")
        line = at.say("offer_none", service=name)
        asked = state.but(offers=(), asked=Asked.WHEN)
        return decision.but(
            name=Outcome.OFFER_NONE, state=asked, search=None, handoff=handoff, says=(*decision.says, line)
        )
    offers = tuple(offer_of(slot.specialist, slot.starts_at) for slot in found.slots)
    if found.fits and is_exact(search.wishes) and search.after is None and search.before is None:
        chosen = state.but(chosen=offers[0], offers=())
        line = at.say(
            "slot_chosen",
            when_cap=at.voice.sentence(at.voice.when(offers[0].starts_at)),
            with_whom=at.voice.with_whom(at.specialist_of(offers[0])),
        )
        return decision.then(next_step(chosen, at).after(line))
    if not search.wishes and search.after is None and search.before is None and not search.not_on:
        shown = state.but(offers=offers, asked=Asked.CHOICE)
        lines = (at.say("ask_when_with_nearest", service=name), *_offer_list(offers, at))
        asking = Decision(name=Outcome.ASK_WHEN, state=shown, says=lines, quick_replies=offer_buttons(offers, at))
        return decision.then(asking)
    head = _offer_head(found, search, services, at)
    return decision.then(offer_lines(state.but(offers=offers), at, head=head))


def after_recall(decision: Decision, visits: tuple[Visit, ...], at: Situation) -> Decision:
    """The booked visits told, the next first, or that there is none; then the question that was open."""
    state = decision.state
    if visits:
        known = state.but(visit=state.visit if state.visit in visits else visits[0])
        lines = [at.say("already_booked", **at.visit(state.but(visit=visit))) for visit in visits[:VISITS_TOLD]]
        told = Decision(name=Outcome.ALREADY_BOOKED, state=known).answering(*lines)
        return decision.then(_and_on(told, at))
    none = Decision(name=Outcome.NO_VISIT, state=state.but(visit=None, is_move=False))
    if state.chosen is not None:
        return decision.then(_and_on(none.answering(at.say("no_visit_yet")), at))
    if not state.handed_off:
        asked = none.state.but(asked=Asked.WHEN if state.service else Asked.SERVICE)
        none = none.but(state=asked, says=(at.say("invite"),))
    return decision.then(none.answering(at.say("no_visit")))


def _and_on(told: Decision, at: Situation) -> Decision:
    if told.state.asked in (Asked.NOTHING, Asked.SERVICE, Asked.WHEN):
        return told
    return told.then(ask_again(told.state, at))


def after_hold(decision: Decision, hold_id: int, at: Situation) -> Decision:
    return decision.then(ask_contact_or_confirm(decision.state.but(hold_id=hold_id), at))


def after_taken(decision: Decision, at: Situation) -> Decision:
    """Somebody else was faster, or the time has come and gone: say so and look again near the same time."""
    state, lost = decision.state, decision.offer or decision.state.chosen
    wishes = state.wishes
    if lost is not None:
        local = lost.starts_at.astimezone(at.salon.zone)
        wishes = (Wish(date_from=local.date(), date_to=local.date(), exact_time=local.time()),)
    fresh = state.but(chosen=None, hold_id=None, wishes=wishes, offers=())
    still_true = tuple(say for say in decision.says if say.phrase != "slot_chosen")
    is_gone = lost is not None and lost.starts_at <= at.now
    line = at.say("reason_past" if is_gone else "slot_taken")
    return decision.but(says=(*still_true, line)).then(next_step(fresh, at))


def after_booked(decision: Decision, appointment_id: int, at: Situation) -> Decision:
    offer, service = decision.state.chosen, decision.state.service
    if offer is None or service is None:
        raise ValueError("nothing was chosen to book")
    visit = Visit(
        appointment_id=appointment_id,
        service=service,
        also=decision.state.also,
        specialist=offer.specialist,
        starts_at=offer.starts_at,
    )
    state = decision.state.without_progress().but(visit=visit)
    address = ""
    if at.salon.addresses:
        address = at.voice.say("at_address", address=at.salon.addresses[0].text.to(at.voice.language))
    phrase = "moved" if decision.deed is Deed.MOVE else "booked"
    line = at.say(phrase, address=address, **at.visit(state))
    done = decision.but(name=Outcome(phrase), state=state, deed=None, says=(*decision.says, line), is_settled=True)
    if not decision.state.later:
        return done
    return done.then(next_step(_next_visit(decision.state, state, at), at))


def _next_visit(before: DialogueState, booked: DialogueState, at: Situation) -> DialogueState:
    """What another specialist does, wished for right after the visit just booked."""
    visit = booked.visit
    if visit is None:
        return booked
    minutes = sum(service.duration_min for service in at.services([visit.service, *visit.also]))
    ends = (visit.starts_at + timedelta(minutes=minutes)).astimezone(at.salon.zone)
    wish = Wish(date_from=ends.date(), date_to=ends.date(), time_from=ends.time())
    service, *also = before.later
    return booked.but(service=service, also=tuple(also), wishes=(wish,))


def after_cancelled(decision: Decision, at: Situation) -> Decision:
    line = at.say("cancelled", **at.visit(decision.state))
    state = decision.state.without_progress().but(visit=None)
    return decision.but(name=Outcome.CANCELLED, state=state, deed=None, says=(*decision.says, line), is_settled=True)


def offer_lines(state: DialogueState, at: Situation, head: Say | None) -> Decision:
    question = at.say("offer_ask" if len(state.offers) > 1 else "offer_ask_one")
    lines = [*(() if head is None else (head,)), *_offer_list(state.offers, at), question]
    return Decision(
        name=Outcome.OFFER,
        state=state.but(asked=Asked.CHOICE),
        says=tuple(lines),
        quick_replies=offer_buttons(state.offers, at),
    )


def offer_buttons(offers: tuple[Offer, ...], at: Situation) -> tuple[QuickReply, ...]:
    return tuple(QuickReply(at.voice.short_when(offer.starts_at), f"slot:{offer.token}") for offer in offers)


def offer_of(specialist: str, starts_at: datetime) -> Offer:
    """The token tells nothing and is the same for the same slot, so that an old button still means what it said."""
    digest = blake2b(f"{specialist} {starts_at.isoformat()}".encode(), digest_size=6).hexdigest()
    return Offer(token=digest, specialist=specialist, starts_at=starts_at)


def is_exact(wishes: tuple[Wish, ...]) -> bool:
    """One wish, one day, one time, nothing to ask back."""
    if len(wishes) != 1:
        return False
    wish = wishes[0]
    is_one_day = wish.date_from is not None and wish.date_from == wish.date_to
    return is_one_day and wish.exact_time is not None and wish.ambiguous is None


def _offer_list(offers: tuple[Offer, ...], at: Situation) -> tuple[Say, ...]:
    return tuple(
        at.say(
            "offer_line",
            number=number,
            when=at.voice.when(offer.starts_at),
            with_whom=at.voice.with_whom(at.specialist_of(offer)),
        )
        for number, offer in enumerate(offers, start=1)
    )


def _offer_head(found: SlotSearch, search: Search, services: Sequence[Service], at: Situation) -> Say:
    name = at.voice.services(services)
    if found.fits:
        return at.say("offer_fits" if len(found.slots) > 1 else "offer_one", service=name)
    duration_min = sum(service.duration_min for service in services)
    reason = reason_line(found, search.wishes, duration_min=duration_min, at=at)
    return at.say("offer_other", reason=reason, service=name)
