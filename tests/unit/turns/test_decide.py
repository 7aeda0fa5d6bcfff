"""What is decided about what was said, from values alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from responder.booking.slots import SearchReason, Slot, SlotSearch
from responder.dialogue.meaning import Asked, Intent, Meaning, Wish
from responder.dialogue.state import DialogueState, Offer, Visit
from responder.dialogue.states import HandoffReason, Substance
from responder.turns import flow
from responder.turns.decide import decide
from responder.turns.decision import Decision, Deed
from responder.turns.situation import Situation
from responder.turns.wording import Voice
from tests.factories import salon_profile

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # Monday, 10:00 in the salon
TOMORROW_AT_THREE = Wish(date_from=date(2026, 11, 24), date_to=date(2026, 11, 24), exact_time=time(15))
SALON = salon_profile()
HAIRCUT, ANNA = SALON.services[0].key, SALON.specialists[0].key
OFFERS = tuple(flow.offer_of(ANNA, NOW + timedelta(hours=hours)) for hours in (4, 5, 6))
VISIT = Visit(appointment_id=7, service=HAIRCUT, specialist=ANNA, starts_at=NOW + timedelta(days=1))
KNOWN = DialogueState(greeted=True, service=HAIRCUT, name="Анна", phone="+79123456789")


def at(**changes: Any) -> Situation:
    values: dict[str, Any] = {"salon": SALON, "voice": Voice(SALON, "ru", now=NOW), "now": NOW, "is_answered": True}
    return Situation(**(values | changes))


def meaning(*intents: Intent, **slots: Any) -> Meaning:
    return Meaning(intents=frozenset(intents), **slots)


def phrases(decision: Decision) -> list[str]:
    return [say.phrase for say in decision.says]


def test_a_greeting_is_answered_with_who_speaks_and_what_is_missing() -> None:
    """The first reply introduces the assistant and asks for the service: useful, not just first."""
    decision = decide(DialogueState(), meaning(Intent.GREET), at(is_answered=False))
    assert phrases(decision) == ["greeting", "ask_service"]
    assert decision.substance is Substance.SUBSTANTIVE
    assert decision.state.greeted


def test_service_and_time_at_once_lead_to_a_search_without_questions() -> None:
    """What was said is not asked again."""
    said = meaning(Intent.BOOK, service=HAIRCUT, wishes=(TOMORROW_AT_THREE,))
    decision = decide(DialogueState(greeted=True), said, at())
    assert decision.search is not None
    assert decision.search.wishes == (TOMORROW_AT_THREE,)
    assert not decision.says


def test_several_services_under_one_name_are_asked_back() -> None:
    """ "A haircut" that may be two services is a question with a button for each."""
    keys = tuple(service.key for service in SALON.services[:2])
    decision = decide(DialogueState(greeted=True), meaning(Intent.BOOK, services=keys), at())
    assert [reply.payload for reply in decision.quick_replies] == [f"service:{key}" for key in keys]
    assert decision.state.asked is Asked.SERVICE


def test_the_second_offer_is_held() -> None:
    """A choice by number holds that slot and no other."""
    state = DialogueState(greeted=True, service=HAIRCUT, offers=OFFERS, asked=Asked.CHOICE)
    decision = decide(state, meaning(Intent.CHOOSE, choice=2), at())
    assert (decision.deed, decision.offer) == (Deed.HOLD, OFFERS[1])


@pytest.mark.parametrize("token", ["", "feedfacecafe", "' OR 1=1"])
def test_a_token_nobody_offered_chooses_nothing(token: str) -> None:
    """An old or invented slot token holds nothing."""
    state = DialogueState(greeted=True, service=HAIRCUT, offers=OFFERS, asked=Asked.CHOICE)
    decision = decide(state, meaning(Intent.CHOOSE, offer_token=token), at())
    assert decision.deed is None


def test_a_held_slot_and_a_phone_lead_to_the_read_back() -> None:
    """Name and phone in one message, then everything is read back before it is booked."""
    state = DialogueState(greeted=True, service=HAIRCUT, chosen=OFFERS[0], hold_id=1, asked=Asked.PHONE)
    decision = decide(state, meaning(name="Анна", phones=("+79123456789",)), at())
    assert phrases(decision) == ["read_back"]
    assert "Анна" in decision.text
    assert "912 345-67-89" in decision.text
    assert decision.deed is None


def test_only_a_yes_to_the_read_back_books() -> None:
    """Nothing is booked before the customer confirmed what was read back."""
    state = KNOWN.but(chosen=OFFERS[0], hold_id=1, asked=Asked.CONFIRM)
    assert decide(state, meaning(Intent.CONFIRM), at()).deed is Deed.BOOK
    assert decide(state.but(asked=Asked.PHONE), meaning(Intent.CONFIRM), at()).deed is None


def test_a_new_phone_with_the_yes_is_read_back_again() -> None:
    """A correction inside the confirmation is taken in and confirmed anew."""
    state = KNOWN.but(chosen=OFFERS[0], hold_id=1, asked=Asked.CONFIRM)
    decision = decide(state, meaning(Intent.CONFIRM, phones=("+79990001122",)), at())
    assert decision.deed is None
    assert phrases(decision) == ["read_back"]
    assert decision.state.phone == "+79990001122"


def test_another_time_at_the_read_back_searches_again() -> None:
    """ "No, better at ten" at the last step looks for ten o'clock on the day already named."""
    tomorrow = flow.offer_of(ANNA, NOW + timedelta(days=1, hours=5))
    state = KNOWN.but(chosen=tomorrow, hold_id=1, asked=Asked.CONFIRM, wishes=(TOMORROW_AT_THREE,))
    decision = decide(state, meaning(Intent.DECLINE, wishes=(Wish(exact_time=time(10)),)), at())
    assert decision.search is not None
    (wish,) = decision.search.wishes
    assert (wish.date_from, wish.exact_time) == (date(2026, 11, 24), time(10))


def test_a_phone_given_while_choosing_repeats_the_offers_and_not_the_reason() -> None:
    """Contact details before the choice are kept; the times on the table stay the same, without another search."""
    state = DialogueState(greeted=True, service=HAIRCUT, offers=OFFERS, asked=Asked.CHOICE)
    decision = decide(state, meaning(phones=("+79123456789",)), at())
    assert decision.search is None
    assert decision.state.phone == "+79123456789"
    assert phrases(decision) == ["offer_line"] * 3 + ["offer_ask"]


def test_later_pages_on_from_the_last_offer() -> None:
    """ "Later" looks after the latest offered start, not for the same slots again."""
    state = DialogueState(greeted=True, service=HAIRCUT, offers=OFFERS, asked=Asked.CHOICE)
    decision = decide(state, meaning(Intent.LATER), at())
    assert decision.search is not None
    assert decision.search.after == OFFERS[-1].starts_at


def test_another_day_leaves_out_the_days_offered() -> None:
    """ "Another day" excludes every day that was on offer."""
    state = DialogueState(greeted=True, service=HAIRCUT, offers=OFFERS, asked=Asked.CHOICE)
    decision = decide(state, meaning(Intent.OTHER_DAY), at())
    assert decision.search is not None
    assert decision.search.not_on == {offer.starts_at.astimezone(SALON.zone).date() for offer in OFFERS}


def test_a_price_question_in_the_middle_is_answered_and_the_question_repeated() -> None:
    """A side question never loses the booking under way."""
    state = DialogueState(greeted=True, service=HAIRCUT, offers=OFFERS, asked=Asked.CHOICE)
    decision = decide(state, meaning(Intent.PRICE), at())
    assert phrases(decision)[0] == "price_line"
    assert phrases(decision)[-1] == "offer_ask"
    assert decision.state.offers == OFFERS


def test_two_misunderstandings_hand_over() -> None:
    """The first asks again, the second fetches a person."""
    first = decide(DialogueState(greeted=True), Meaning(understood=False), at())
    second = decide(first.state, Meaning(understood=False), at())
    assert first.handoff is None
    assert second.handoff is not None
    assert second.handoff.reason is HandoffReason.NOT_UNDERSTOOD


def test_thanks_after_an_answer_need_none() -> None:
    """Courtesy is not answered twice."""
    assert not decide(KNOWN, meaning(Intent.THANKS), at()).says


def test_thanks_that_open_an_enquiry_get_a_word() -> None:
    """An enquiry that consists of thanks is not left without any reply."""
    decision = decide(KNOWN, meaning(Intent.THANKS), at(is_answered=False))
    assert phrases(decision) == ["welcome"]
    assert decision.substance is Substance.ACKNOWLEDGEMENT


def test_cancelling_is_confirmed_first() -> None:
    """A booked visit is cancelled only after a yes."""
    booked = KNOWN.but(service=None, visit=VISIT)
    asked = decide(booked, meaning(Intent.CANCEL), at())
    assert asked.deed is None
    assert decide(asked.state, meaning(Intent.CONFIRM), at()).deed is Deed.CANCEL
    assert decide(asked.state, meaning(Intent.DECLINE), at()).deed is None


def test_a_new_time_for_a_booked_visit_moves_it() -> None:
    """Another time after booking replaces the visit instead of adding one."""
    booked = KNOWN.but(service=None, visit=VISIT)
    decision = decide(booked, meaning(wishes=(TOMORROW_AT_THREE,)), at())
    assert decision.state.is_move
    assert decision.state.visit == VISIT
    assert decision.search is not None


def test_an_exact_free_wish_is_taken_at_its_word() -> None:
    """One day, one time, free: it is held at once, without asking which."""
    decision = decide(KNOWN, meaning(Intent.BOOK, wishes=(TOMORROW_AT_THREE,)), at())
    slot = Slot(specialist=ANNA, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    found = flow.after_search(decision, SlotSearch(slots=(slot,), fits=True, reason=SearchReason.OK), at())
    assert found.deed is Deed.HOLD


def test_what_does_not_fit_is_offered_with_the_reason() -> None:
    """When the wished time is full the reply says so and offers the nearest."""
    decision = decide(KNOWN, meaning(Intent.BOOK, wishes=(TOMORROW_AT_THREE,)), at())
    slot = Slot(specialist=ANNA, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    found = flow.after_search(decision, SlotSearch(slots=(slot,), fits=False, reason=SearchReason.FULL), at())
    assert found.deed is None
    assert "всё уже занято" in found.text


def test_a_taken_slot_leads_to_another_search_near_it() -> None:
    """Losing the race for a slot is said, and something near is looked for."""
    state = KNOWN.but(chosen=OFFERS[0])
    lost = Decision(name="hold", state=state, deed=Deed.HOLD, offer=OFFERS[0])
    again = flow.after_taken(lost, at())
    assert phrases(again)[0] == "slot_taken"
    assert again.search is not None
    assert again.state.chosen is None


def test_no_free_slot_at_all_fetches_a_person() -> None:
    """A full book is not the end of the dialogue."""
    decision = decide(KNOWN, meaning(Intent.BOOK), at())
    found = flow.after_search(decision, SlotSearch(slots=(), fits=False, reason=SearchReason.FULL), at())
    assert found.handoff is not None


def test_state_survives_storage() -> None:
    """What is remembered is the same after a round trip through JSON."""
    state = KNOWN.but(
        offers=OFFERS,
        chosen=Offer(token="t", specialist=ANNA, starts_at=NOW),
        wishes=(TOMORROW_AT_THREE,),
        hold_id=9,
        visit=VISIT,
        asked=Asked.CHOICE,
        enquiry_id=3,
    )
    assert DialogueState.from_json(state.to_json()) == state


@pytest.mark.parametrize("said", [Intent.CONFIRM, Intent.DECLINE, Intent.CANCEL])
def test_a_visit_that_has_begun_is_not_cancelled_any_more(said: Intent) -> None:
    """The answer to "shall I cancel it?" that comes when the visit has begun does nothing to it, and breaks nothing."""
    begun = Visit(appointment_id=7, service=HAIRCUT, specialist=ANNA, starts_at=NOW - timedelta(minutes=1))
    state = DialogueState(greeted=True, visit=begun, asked=Asked.CANCEL_CONFIRM, name="Анна", phone="+79123456789")
    decision = decide(state, meaning(said), at())
    assert decision.deed is None
    assert decision.state.visit is None
    assert decision.state.asked is not Asked.CANCEL_CONFIRM


@pytest.mark.parametrize("asked", [Asked.NAME, Asked.PHONE, Asked.CONFIRM])
def test_what_is_chosen_is_held_before_it_is_read_back(asked: Asked) -> None:
    """A question beside a newly chosen time is answered, and the time is held; it is never confirmed unheld."""
    state = KNOWN.but(asked=asked, chosen=OFFERS[0], hold_id=None)
    decision = decide(state, meaning(Intent.PRICE, service=HAIRCUT), at())
    assert decision.deed is Deed.HOLD
    assert "read_back" not in phrases(decision)


def test_the_price_of_what_is_booked_is_the_price_asked_for() -> None:
    """ "How much is it?" after a booking is about the visit, and no reason to read out the whole list."""
    state = DialogueState(greeted=True, visit=VISIT, name="Анна", phone="+79123456789")
    decision = decide(state, meaning(Intent.PRICE), at())
    assert phrases(decision).count("price_line") == 1
    assert "price_list" not in phrases(decision)


def test_which_service_is_asked_until_it_is_told() -> None:
    """One word fits several services: what is said meanwhile is kept, and the question stays the narrow one."""
    keys = tuple(service.key for service in SALON.services[:3])
    first = decide(DialogueState(greeted=True), meaning(Intent.BOOK, services=keys), at())
    second = decide(first.state, meaning(wishes=(TOMORROW_AT_THREE,)), at())
    told = decide(second.state, meaning(service=keys[1]), at())
    assert phrases(first)[-1] == phrases(second)[-1] == "ask_which_service"
    assert told.search is not None
    assert (told.search.service, told.search.wishes) == (keys[1], (TOMORROW_AT_THREE,))
    assert told.state.candidates == ()


def test_no_question_is_asked_for_ever() -> None:
    """The same question with nothing new, three times running, ends with a person."""
    state = DialogueState(greeted=True, asked=Asked.SERVICE)
    said = []
    for _ in range(3):
        decision = decide(state, meaning(Intent.BOOK), at())
        state = decision.state
        said.append(phrases(decision)[-1])
    assert said == ["ask_service", "ask_service", "handoff_not_understood"]
    assert decision.handoff is not None


def test_a_number_for_the_person_who_was_called_is_kept_and_asks_nothing() -> None:
    """Who waits for a person and gives a phone is not asked what to book."""
    state = DialogueState(greeted=True, handed_off=(HandoffReason.FAILED,))
    decision = decide(state, meaning(phones=("+79123456789",)), at())
    assert decision.state.phone == "+79123456789"
    assert phrases(decision) == ["still_waiting"]
