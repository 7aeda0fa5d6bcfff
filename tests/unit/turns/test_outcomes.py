"""What a reply of the bot is worth in the figures: its path decides, never its wording (docs/timing.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import AttachmentKind
from responder.booking.slots import SearchReason, Slot, SlotSearch
from responder.dialogue.meaning import Asked, Intent, Meaning
from responder.dialogue.state import DialogueState
from responder.dialogue.states import HandoffReason, Substance
from responder.turns import flow
from responder.turns.decide import decide
from responder.turns.decision import Decision
from responder.turns.outcomes import QUESTIONS, SUBSTANCE, UNDER_WAY, Outcome
from tests.unit.turns.test_decide import ANNA, HAIRCUT, KNOWN, NOW, OFFERS, TOMORROW_AT_THREE, VISIT, at, meaning

FRESH = DialogueState(greeted=True)
CHOOSING = FRESH.but(service=HAIRCUT, offers=OFFERS, asked=Asked.CHOICE)
NAMELESS = FRESH.but(service=HAIRCUT, chosen=OFFERS[0], hold_id=1, phone="+79123456789", asked=Asked.NAME)
BOOKED = KNOWN.but(service=None, visit=VISIT)


def decided(state: DialogueState, said: Meaning, **situation: Any) -> Decision:
    """What the turn comes to when it needs no look into the appointment book."""
    return decide(state, said, at(**situation)).since(state)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_declared_substance(outcome: Outcome) -> None:
    """A new decision cannot go out before somebody has said what it is worth."""
    assert outcome in SUBSTANCE


def test_every_handoff_of_the_bot_has_its_outcome() -> None:
    """Whatever the bot hands over for has a name, and no hand-off counts as help given."""
    of_the_bot = set(HandoffReason) - {HandoffReason.TAKEN_OVER, HandoffReason.ASSIGNED}
    assert {Outcome.handoff(reason).substance for reason in of_the_bot} == {Substance.ACKNOWLEDGEMENT}


def test_every_question_is_substantive_once() -> None:
    """Asking for what is missing moves the matter on, and so every question counts the first time."""
    assert {outcome.substance for outcome in QUESTIONS} == {Substance.SUBSTANTIVE}
    assert not QUESTIONS & UNDER_WAY


def test_a_misunderstanding_is_no_help() -> None:
    """ "I did not get that. What is your name?" asks for a detail and still gives nothing."""
    for state in (FRESH, CHOOSING, NAMELESS):
        decision = decided(state, Meaning(understood=False))
        assert (decision.name, decision.substance) == (Outcome.MISUNDERSTOOD, Substance.ACKNOWLEDGEMENT)


def test_a_question_asked_again_after_nothing_new_is_no_help() -> None:
    """The same question twice: the second time nothing was learnt and nothing was given."""
    for said in (meaning(Intent.CONFIRM), meaning(Intent.GREET), meaning(Intent.BOOK)):
        decision = decided(NAMELESS, said)
        assert (decision.name, decision.substance) == (Outcome.ASK_AGAIN, Substance.ACKNOWLEDGEMENT)


def test_a_question_is_substantive_when_something_was_learnt() -> None:
    """A phone was given and only the name is missing: a step forward."""
    state = NAMELESS.but(phone=None, asked=Asked.PHONE)
    decision = decided(state, meaning(phones=("+79123456789",)))
    assert (decision.name, decision.substance) == (Outcome.ASK_NAME, Substance.SUBSTANTIVE)


def test_facts_count_whatever_is_asked_after_them() -> None:
    """A price with the open question repeated below it is an answer."""
    decision = decided(NAMELESS, meaning(Intent.PRICE))
    assert (decision.name, decision.substance) == (Outcome.ANSWER, Substance.SUBSTANTIVE)


def test_offering_the_same_times_again_is_no_help() -> None:
    """Times count when they are offered, not when they are repeated."""
    slots = tuple(Slot(specialist=ANNA, starts_at=offer.starts_at, ends_at=NOW) for offer in OFFERS)
    search = decide(FRESH, meaning(Intent.BOOK, service=HAIRCUT), at())
    found = SlotSearch(slots=slots, fits=True, reason=SearchReason.OK)
    first = flow.after_search(search, found, at())
    again = flow.after_search(decide(first.state, meaning(Intent.BOOK), at()), found, at())
    assert first.since(FRESH).substance is Substance.SUBSTANTIVE
    assert again.since(first.state).name is Outcome.ASK_AGAIN


@pytest.mark.parametrize(
    ("state", "said", "situation", "substance"),
    [
        (DialogueState(), meaning(Intent.GREET), {"is_answered": False}, Substance.SUBSTANTIVE),
        (FRESH, meaning(Intent.THANKS), {"is_answered": False}, Substance.ACKNOWLEDGEMENT),
        (FRESH, meaning(Intent.BYE), {"is_answered": False}, Substance.ACKNOWLEDGEMENT),
        (FRESH, meaning(Intent.HUMAN), {}, Substance.ACKNOWLEDGEMENT),
        (FRESH, Meaning(), {"attachments": (AttachmentKind.VOICE,)}, Substance.ACKNOWLEDGEMENT),
        (FRESH, meaning(Intent.ADDRESS), {}, Substance.SUBSTANTIVE),
        (KNOWN.but(chosen=OFFERS[0], hold_id=1), meaning(Intent.BOOK), {}, Substance.SUBSTANTIVE),  # read back
        (BOOKED, meaning(Intent.CANCEL), {}, Substance.SUBSTANTIVE),
        (BOOKED, meaning(Intent.RESCHEDULE), {}, Substance.SUBSTANTIVE),
        (BOOKED.but(asked=Asked.CANCEL_CONFIRM), meaning(Intent.DECLINE), {}, Substance.SUBSTANTIVE),
    ],
)
def test_substance_by_path(
    state: DialogueState, said: Meaning, situation: dict[str, Any], substance: Substance
) -> None:
    """What each way through the rules is worth."""
    assert decided(state, said, **situation).substance is substance


def test_a_hand_off_for_want_of_times_is_no_help() -> None:
    """Nothing to offer, so a person has to: the customer still waits for something useful."""
    search = decide(KNOWN, meaning(Intent.BOOK, wishes=(TOMORROW_AT_THREE,)), at())
    found = flow.after_search(search, SlotSearch(slots=(), fits=False, reason=SearchReason.FULL), at())
    assert found.substance is Substance.ACKNOWLEDGEMENT


def test_a_lost_slot_keeps_the_answers_given_beside_it() -> None:
    """Only what is no longer true is taken back from a reply whose slot somebody else got."""
    said = meaning(Intent.BOOK, Intent.PRICE, wishes=(TOMORROW_AT_THREE,))
    slot = Slot(specialist=ANNA, starts_at=OFFERS[0].starts_at, ends_at=OFFERS[1].starts_at)
    found = flow.after_search(
        decide(KNOWN.but(greeted=False), said, at()), SlotSearch(slots=(slot,), fits=True, reason=SearchReason.OK), at()
    )
    lost = flow.after_taken(found.but(deed=None), at())
    assert [say.phrase for say in lost.says] == ["greeting", "price_line", "slot_taken"]
    assert lost.gives_facts


def test_a_slot_whose_time_has_come_is_not_called_taken() -> None:
    """A yes that comes after the visit would have begun: the time has passed, nobody took it."""
    begun = flow.offer_of(ANNA, NOW - timedelta(minutes=1))
    late = Decision(name=Outcome.BOOK, state=KNOWN.but(chosen=begun, hold_id=1), offer=begun)
    assert [say.phrase for say in flow.after_taken(late, at()).says] == ["reason_past"]
