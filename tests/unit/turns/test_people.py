"""When a person is needed, and what the bot does until one comes (docs/decisions/0007)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import AttachmentKind
from responder.booking.slots import SearchReason, Slot, SlotSearch
from responder.dialogue.meaning import Asked, Intent, Meaning
from responder.dialogue.state import DialogueState
from responder.dialogue.states import HandoffReason, Substance
from responder.salon.profile import KnowledgeItem
from responder.turns import flow
from responder.turns.decide import decide
from responder.turns.decision import Deed
from responder.turns.outcomes import Outcome
from responder.turns.people import REASSURE_EVERY
from tests.factories import localised
from tests.unit.turns.test_decide import (
    ANNA,
    HAIRCUT,
    KNOWN,
    NOW,
    OFFERS,
    SALON,
    TOMORROW_AT_THREE,
    at,
    meaning,
    phrases,
)

PHOTO = {"attachments": (AttachmentKind.PHOTO,)}
WAITING = KNOWN.but(handed_off=(HandoffReason.ASKED,))
AT_RISK = KNOWN.but(handed_off=(HandoffReason.RISK,))
ANGRY = KNOWN.but(handed_off=(HandoffReason.ANGER,))


def later(by: timedelta) -> dict[str, Any]:
    return {"now": NOW + by}


@pytest.mark.parametrize(
    ("intents", "reason"),
    [
        ({Intent.HUMAN}, HandoffReason.ASKED),
        ({Intent.COMPLAINT}, HandoffReason.ANGER),
        ({Intent.ABUSE}, HandoffReason.ANGER),
        ({Intent.COMPLAINT, Intent.HUMAN}, HandoffReason.ANGER),
        ({Intent.RISK, Intent.BOOK}, HandoffReason.RISK),
        ({Intent.RISK, Intent.COMPLAINT}, HandoffReason.RISK),
    ],
)
def test_some_words_need_a_person(intents: set[Intent], reason: HandoffReason) -> None:
    """Asking for one, anger and risk hand over whatever else was said."""
    decision = decide(KNOWN, Meaning(intents=frozenset(intents), service=HAIRCUT), at())
    assert decision.handoff is not None
    assert decision.handoff.reason is reason
    assert decision.substance is Substance.ACKNOWLEDGEMENT
    assert decision.deed is None
    assert decision.search is None


def test_a_voice_message_alone_goes_to_a_person() -> None:
    """What only people can listen to is handed over, said once."""
    decision = decide(DialogueState(greeted=True), Meaning(), at(attachments=(AttachmentKind.VOICE,)))
    assert decision.handoff is not None
    assert decision.handoff.reason is HandoffReason.ATTACHMENT


def test_each_reason_is_told_once() -> None:
    """A second call for a person gets no second announcement, and opens no second wait."""
    first = decide(KNOWN, meaning(Intent.HUMAN), at())
    second = decide(first.state, meaning(Intent.HUMAN), at())
    third = decide(second.state, meaning(Intent.HUMAN), at())
    assert (second.name, second.handoff) == (Outcome.STILL_WAITING, None)
    assert third.name is Outcome.SILENCE


def test_a_graver_reason_is_told_though_a_person_was_called_before() -> None:
    """A danger that comes up while the customer waits still gets the line with the emergency number."""
    decision = decide(WAITING, meaning(Intent.RISK), at())
    assert decision.handoff is not None
    assert decision.handoff.reason is HandoffReason.RISK
    assert "112" in decision.text


@pytest.mark.parametrize("state", [WAITING, AT_RISK])
def test_plain_matters_are_answered_until_a_person_comes(state: DialogueState) -> None:
    """Prices, address and the booking under way go on; nobody is invited to book by the way."""
    price = decide(state, meaning(Intent.PRICE), at())
    assert phrases(price) == ["price_line"]
    assert price.substance is Substance.SUBSTANTIVE
    search = decide(state, meaning(Intent.BOOK, wishes=(TOMORROW_AT_THREE,)), at())
    assert search.search is not None
    chosen = state.but(chosen=OFFERS[0], hold_id=1, asked=Asked.CONFIRM)
    assert decide(chosen, meaning(Intent.CONFIRM), at()).deed is Deed.BOOK


@pytest.mark.parametrize("said", [Meaning(understood=False), meaning(Intent.QUESTION), meaning(Intent.GREET)])
def test_who_waits_hears_that_they_are_seen_and_not_too_often(said: Meaning) -> None:
    """ "Hello?" to a bot that called a person gets one honest line, then nothing for an hour."""
    first = decide(WAITING, said, at())
    assert phrases(first) == ["still_waiting"]
    assert first.substance is Substance.ACKNOWLEDGEMENT
    assert decide(first.state, said, at(**later(REASSURE_EVERY / 2))).name is Outcome.SILENCE
    assert decide(first.state, said, at(**later(REASSURE_EVERY))).name is Outcome.STILL_WAITING


@pytest.mark.parametrize(
    "said", [meaning(Intent.PRICE), meaning(Intent.BOOK, wishes=(TOMORROW_AT_THREE,)), meaning(Intent.CONFIRM)]
)
def test_after_anger_the_bot_says_nothing_but_that_a_person_will_come(said: Meaning) -> None:
    """No machine sells anything to an angry customer."""
    decision = decide(ANGRY.but(chosen=OFFERS[0], hold_id=1, asked=Asked.CONFIRM), said, at())
    assert phrases(decision) == ["still_waiting"]
    assert decision.deed is None


@pytest.mark.parametrize(("state", "intents"), [(KNOWN, (Intent.COMPLAINT,)), (ANGRY, ()), (KNOWN, (Intent.HUMAN,))])
def test_a_phone_given_to_a_person_is_kept(state: DialogueState, intents: tuple[Intent, ...]) -> None:
    """ "Call me back on ..." reaches the people who have to."""
    decision = decide(state.but(phone=None), meaning(*intents, phones=("+79990001122",)), at())
    assert decision.state.phone == "+79990001122"


def test_a_medical_matter_gets_no_free_wording_of_an_llm() -> None:
    """What a language model would say about it is left unsaid, then and later."""
    said = meaning(Intent.RISK, Intent.QUESTION, answer="Yes, that is quite safe.")
    for state in (KNOWN, AT_RISK):
        assert "safe" not in decide(state, said, at()).text
    assert "safe" not in decide(AT_RISK, meaning(Intent.QUESTION, answer="Yes, that is quite safe."), at()).text


def test_a_price_beside_a_medical_question_is_told_and_the_rest_passed_on() -> None:
    """Risk wins over every other rule, and a fact asked for in the same breath is still given."""
    decision = decide(KNOWN, meaning(Intent.RISK, Intent.PRICE, service=HAIRCUT, risk="medical"), at())
    assert phrases(decision) == ["price_line", "handoff_risk_rest"]
    assert decision.handoff is not None
    assert decision.handoff.detail == "medical"
    assert decision.substance is Substance.SUBSTANTIVE


def test_what_the_salon_has_written_about_a_risk_is_its_answer() -> None:
    """A salon that answers "may I come when pregnant" itself needs no person for it; an answer about parking is
    none to an allergy."""
    own = KnowledgeItem(
        key="pregnant", questions=("можно ли беременным",), answer=localised("Да, со второго триместра.")
    )
    salon = replace(SALON, knowledge=(*SALON.knowledge, own))
    said = meaning(Intent.RISK, Intent.QUESTION, risk="medical")
    answered = decide(KNOWN, replace(said, knowledge="pregnant"), at(salon=salon))
    assert answered.handoff is None
    assert "второго триместра" in answered.text
    beside = decide(KNOWN, replace(said, knowledge="parking"), at(salon=salon))
    assert beside.handoff is not None
    assert phrases(beside) == ["knowledge", "handoff_risk_rest"]


def test_words_beside_a_photo_are_answered_and_the_photo_is_passed_on() -> None:
    """A caption does not hide its photo from the people who can look at it."""
    priced = decide(KNOWN, meaning(Intent.PRICE), at(**PHOTO))
    assert phrases(priced)[:2] == ["attachment_passed_on", "price_line"]
    search = decide(KNOWN, meaning(Intent.BOOK, wishes=(TOMORROW_AT_THREE,)), at(**PHOTO))
    slot = Slot(specialist=ANNA, starts_at=NOW, ends_at=NOW)
    offered = flow.after_search(search, SlotSearch(slots=(slot,), fits=True, reason=SearchReason.OK), at(**PHOTO))
    for decision in (priced, search, offered):
        assert decision.handoff is not None
        assert decision.handoff.reason is HandoffReason.ATTACHMENT
        assert decision.state.handed_off == (HandoffReason.ATTACHMENT,)


def test_a_photo_with_words_nobody_understood_is_a_photo() -> None:
    """No "I did not get that" to somebody who sent something to look at."""
    decision = decide(KNOWN, Meaning(understood=False), at(**PHOTO))
    assert decision.name is Outcome.HANDOFF_ATTACHMENT
    assert phrases(decision) == ["handoff_attachment"]


def test_a_second_photo_is_not_announced_again() -> None:
    """Each further photo of a dialogue only joins the first."""
    first = decide(KNOWN, meaning(Intent.PRICE), at(**PHOTO))
    second = decide(first.state, meaning(Intent.PRICE), at(**PHOTO))
    assert "attachment_passed_on" not in phrases(second)
    assert second.handoff is None


def test_what_was_handed_over_survives_storage() -> None:
    """What a person was called for, and when the customer last heard of it, is the same after JSON."""
    state = WAITING.but(handed_off=(HandoffReason.ASKED, HandoffReason.RISK), reassured_at=NOW)
    assert DialogueState.from_json(state.to_json()) == state
    assert state.for_enquiry(5).handed_off == ()
