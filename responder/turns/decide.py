"""What to do about what was said: rules tried in order, the first that has something to decide wins. Pure.

In: what is remembered, what the words mean, the situation. Out: a `Decision`. It must never invent a time, a price or
a promise: lines are worded from the salon's profile and from slots the appointment book gave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from responder.dialogue.meaning import Asked, Intent, Meaning
from responder.dialogue.state import DialogueState
from responder.dialogue.states import HandoffReason
from responder.turns import flow, people, visits
from responder.turns.absorb import MOVES_ON, absorb, absorb_contact, changes_request
from responder.turns.answers import answers
from responder.turns.decision import Decision, Deed, Search
from responder.turns.outcomes import Outcome
from responder.turns.situation import Situation

Rule = Callable[[DialogueState, Meaning, Situation], Decision | None]
MISUNDERSTANDINGS_BEFORE_HANDOFF = 2
REPEATS_BEFORE_HANDOFF = 3


def decide(state: DialogueState, meaning: Meaning, at: Situation) -> Decision:
    """The decision of one turn; always one, possibly to say nothing."""
    if state.visit is not None and state.visit.starts_at <= at.now:  # and with it a question about it
        asked = Asked.NOTHING if state.asked is Asked.CANCEL_CONFIRM else state.asked
        state = state.but(visit=None, is_move=False, asked=asked)
    meaning, at = _hours_apart(meaning, at)
    meaning = visits.shifted(state, meaning, at)
    for rule in RULES:
        decision = rule(state, meaning, at)
        if decision is not None:
            break
    else:
        decision = _misunderstood(state, at)
    decision = _not_for_ever(decision, state, at)
    if decision.name is not Outcome.MISUNDERSTOOD:
        decision = decision.but(state=decision.state.but(misunderstood=0))
    return _greeted(people.with_attachments_passed_on(decision, at), meaning, at)


def _not_for_ever(decision: Decision, before: DialogueState, at: Situation) -> Decision:
    """One question over and over helps nobody: a person is called."""
    if not decision.repeats_question(before) or decision.gives_facts:
        return decision.but(state=decision.state.but(repeats=0))
    repeats = before.repeats + 1
    if repeats < REPEATS_BEFORE_HANDOFF or before.handed_off:
        return decision.but(state=decision.state.but(repeats=repeats))
    return people.hand_off(decision.state.but(repeats=0), at, HandoffReason.NOT_UNDERSTOOD)


def _hours_apart(meaning: Meaning, at: Situation) -> tuple[Meaning, Situation]:
    """ "Are you open on Sunday?" names a day and wishes for nothing."""
    if Intent.HOURS not in meaning.intents or meaning.service or meaning.intents & (MOVES_ON | {Intent.RESCHEDULE}):
        return meaning, at
    days = tuple(wish.date_from for wish in meaning.wishes if wish.date_from and wish.date_from == wish.date_to)
    return replace(meaning, wishes=()), replace(at, asked_days=days)


def _spam(state: DialogueState, meaning: Meaning, _at: Situation) -> Decision | None:
    if Intent.SPAM in meaning.intents and Intent.BOOK not in meaning.intents:
        return Decision(name=Outcome.SPAM, state=state, is_spam=True)
    return None


def _nothing_to_add(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """Thanks, a thumb, a good-bye: no answer where one was given already, a short one where none was."""
    is_courtesy = bool(meaning.intents) and meaning.intents <= {Intent.THANKS, Intent.BYE}
    if not (meaning.needs_no_reply or is_courtesy) or state.asked is Asked.CONFIRM:
        return None
    if at.is_answered or (state.greeted and not meaning.intents):
        return Decision(name=Outcome.SILENCE, state=state)
    phrase = "bye" if Intent.BYE in meaning.intents else "welcome"
    is_all = state.asked is Asked.NOTHING and not state.handed_off  # nobody waits for anything more
    return Decision(name=Outcome(phrase), state=state, says=(at.say(phrase),), is_settled=is_all)


def _confirming(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """The read-back was answered: yes books, no asks what to change, anything new is taken in and read back again."""
    if state.asked is not Asked.CONFIRM:
        return None
    changed = absorb_contact(state, meaning)
    has_change = changed != state or bool(meaning.wishes) or changes_request(state, meaning)
    if has_change:
        return None
    if Intent.CONFIRM in meaning.intents:
        deed = Deed.MOVE if state.is_move else Deed.BOOK
        return Decision(name=Outcome.BOOK, state=state, deed=deed, offer=state.chosen)
    if Intent.DECLINE in meaning.intents:
        return Decision(name=Outcome.ASK_CHANGE, state=state.but(asked=Asked.WHEN), says=(at.say("ask_change"),))
    return None


def _declining(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """A bare no: not these times, or no booking at all."""
    if Intent.DECLINE not in meaning.intents or meaning.wishes or meaning.service or meaning.intents & MOVES_ON:
        return None
    if state.asked is Asked.CHOICE:
        line = at.say("ask_when")
        return Decision(name=Outcome.ASK_WHEN, state=state.but(asked=Asked.WHEN, offers=()), says=(line,))
    if state.asked in (Asked.SERVICE, Asked.WHEN):
        return visits.drop(state, at)
    return None


def _booking(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """Take in whatever was said about the visit and go on; questions on the way are answered first."""
    lines = answers(state, meaning, at)
    merged, is_progress = absorb(state, meaning, at.salon.zone)
    if meaning.bad_phone and not meaning.phones and state.asked is Asked.PHONE:
        line = at.say("bad_phone", digits=meaning.bad_phone)
        bad = Decision(name=Outcome.BAD_PHONE, state=merged, says=(line,), contact_label=at.contact_label())
        return bad.answering(*lines)
    if state.handed_off and merged.service is None and not lines and _only_contact(meaning):
        return people.still_waiting(merged, at)  # a number for the person who was called
    if not is_progress:
        return _side_answer(merged, meaning, at) if lines else None
    return _onward(merged, meaning, at).answering(*lines)


def _onward(state: DialogueState, meaning: Meaning, at: Situation) -> Decision:
    if state.service is None and len(meaning.services) > 1:
        return flow.ask_service(state, at, candidates=meaning.services)
    question = next((wish.ambiguous for wish in meaning.wishes if wish.ambiguous), None)
    if question is not None and state.chosen is None and state.service is not None:
        phrase = f"ask_{question}"
        return Decision(name=Outcome(phrase), state=state.but(asked=Asked.WHEN), says=(at.say(phrase),))
    is_paging = meaning.intents & {Intent.LATER, Intent.EARLIER, Intent.OTHER_DAY}
    if is_paging and state.service is not None and state.chosen is None and state.offers:
        return Decision(name=Outcome.SEARCH, state=state, search=_page(state, meaning, at))
    is_open = state.asked is Asked.WHEN or (state.asked is Asked.CHOICE and state.offers)
    if is_open and not meaning.wishes and state.chosen is None and _only_contact(meaning):
        return flow.ask_again(state, at)
    return flow.next_step(state, at)


def _greeting(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    if Intent.GREET not in meaning.intents and not at.is_started:
        return None
    if state.handed_off:
        return people.still_waiting(state, at)
    if state.asked is not Asked.NOTHING and state.greeted:
        return flow.ask_again(state, at)
    return flow.ask_service(state, at)


def _yes_go_on(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """A bare yes to "shall I book you?" or to one of the offers."""
    if Intent.CONFIRM not in meaning.intents:
        return None
    if state.asked is Asked.CHOICE and len(state.offers) == 1:
        return flow.next_step(state.but(chosen=state.offers[0], offers=()), at)
    if state.asked is Asked.NOTHING and at.is_answered:
        return Decision(name=Outcome.SILENCE, state=state)
    return flow.ask_again(state, at)


RULES: tuple[Rule, ...] = (
    _spam,
    people.needs_person,
    _nothing_to_add,
    people.quiet_after_anger,
    visits.cancelling,
    visits.asking_for_own_visit,
    visits.moving,
    visits.after_booking,
    _confirming,
    _declining,
    _booking,
    _greeting,
    _yes_go_on,
)


def _page(state: DialogueState, meaning: Meaning, at: Situation) -> Search:
    starts = [offer.starts_at for offer in state.offers]
    later, earlier = Intent.LATER in meaning.intents, Intent.EARLIER in meaning.intents
    other_day = Intent.OTHER_DAY in meaning.intents and not meaning.wishes
    days = frozenset(start.astimezone(at.salon.zone).date() for start in starts) if other_day else frozenset()
    return Search(
        service=state.service or "",
        specialist=state.specialist,
        also=state.also,
        wishes=() if other_day else state.wishes,
        after=max(starts) if later else None,
        before=min(starts) if earlier else None,
        not_on=days,
    )


def _side_answer(state: DialogueState, meaning: Meaning, at: Situation) -> Decision:
    """A question answered on the way; then the open question once more, or an invitation."""
    lines = answers(state, meaning, at)
    if state.asked in (Asked.CHOICE, Asked.NAME, Asked.PHONE, Asked.CONFIRM, Asked.CANCEL_CONFIRM):
        return flow.ask_again(state, at).answering(*lines)
    if state.handed_off:  # who waits for a person is not invited by a machine
        return Decision(name=Outcome.ANSWER, state=state).answering(*lines)
    asked = state.but(asked=Asked.WHEN if state.service else Asked.SERVICE)
    return Decision(name=Outcome.ANSWER, state=asked, says=(at.say("invite"),)).answering(*lines)


def _misunderstood(state: DialogueState, at: Situation) -> Decision:
    if state.handed_off:
        return people.still_waiting(state, at)
    count = state.misunderstood + 1
    if count >= MISUNDERSTANDINGS_BEFORE_HANDOFF:
        return people.hand_off(state, at, HandoffReason.NOT_UNDERSTOOD)
    counted = state.but(misunderstood=count)
    if state.asked is Asked.NOTHING or not state.greeted:
        step = flow.ask_service(counted, at)
        return step.but(name=Outcome.MISUNDERSTOOD, says=(at.say("not_understood"),))
    return flow.ask_again(counted, at).after(at.say("not_understood_at")).but(name=Outcome.MISUNDERSTOOD)


def _only_contact(meaning: Meaning) -> bool:
    return bool(meaning.name or meaning.phones) and not (meaning.service or meaning.intents & MOVES_ON)


def _greeted(decision: Decision, meaning: Meaning, at: Situation) -> Decision:
    """The first reply says who is speaking; a known customer who greets is greeted by name."""
    state = decision.state
    if not decision.says and decision.search is None and decision.deed is None and not decision.recalls:
        return decision
    if not state.greeted:
        line = at.say("greeting", salon=at.salon.name.to(at.voice.language))
        return decision.but(state=state.but(greeted=True)).after(line)
    if Intent.GREET in meaning.intents and not at.is_answered and state.name:
        return decision.after(at.say("greeting_back", name=state.name))
    return decision
