"""Two services in one message: one visit where one person can do both, one after the other where not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from responder.booking.slots import SearchReason, Slot, SlotSearch
from responder.dialogue.meaning import Asked, Intent, Wish
from responder.dialogue.state import DialogueState
from responder.turns import flow
from responder.turns.decide import decide
from responder.turns.outcomes import Outcome
from tests.factories import ZONE
from tests.unit.turns.test_decide import KNOWN, SALON, at, meaning, phrases

SATURDAY = date(2026, 11, 28)
ON_SATURDAY = Wish(date_from=SATURDAY, date_to=SATURDAY)
AT_NOON = datetime.combine(SATURDAY, time(12), tzinfo=ZONE)
FRESH = KNOWN.but(service=None)
NAILS = meaning(Intent.BOOK, service="manicure", also=("pedicure",), wishes=(ON_SATURDAY,))
HAIR_AND_NAILS = meaning(Intent.BOOK, service="womens_haircut", also=("manicure",), wishes=(ON_SATURDAY,))


def found(specialist: str) -> SlotSearch:
    slot = Slot(specialist=specialist, starts_at=AT_NOON, ends_at=AT_NOON + timedelta(hours=1))
    return SlotSearch(slots=(slot,), fits=True, reason=SearchReason.OK)


def test_what_one_person_can_do_is_one_visit() -> None:
    """Ольга does both: one search for both, and both are named in the offer."""
    decision = decide(FRESH, NAILS, at())
    assert decision.search is not None
    assert (decision.search.service, decision.search.also) == ("manicure", ("pedicure",))
    assert "«Маникюр и педикюр»" in flow.after_search(decision, found("olga"), at()).text


def test_the_read_back_and_the_visit_name_both() -> None:
    """What is confirmed and what is booked is the whole of it."""
    chosen = FRESH.but(
        service="manicure",
        also=("pedicure",),
        chosen=flow.offer_of("olga", AT_NOON),
        hold_id=3,
        asked=Asked.CONFIRM,
    )
    assert "Маникюр и педикюр" in flow.ask_contact_or_confirm(chosen, at()).text
    book = decide(chosen, meaning(Intent.CONFIRM), at())
    booked = flow.after_booked(book, 7, at())
    assert booked.state.visit is not None
    assert booked.state.visit.also == ("pedicure",)
    assert "Маникюр и педикюр" in booked.text
    assert DialogueState.from_json(booked.state.to_json()) == booked.state


def test_what_nobody_does_together_is_booked_one_by_one() -> None:
    """Hair and nails are two people: said so, the first is looked for, the second is remembered."""
    decision = decide(FRESH, HAIR_AND_NAILS, at())
    assert phrases(decision) == ["one_by_one"]
    assert "Сначала «Женская стрижка»" in decision.text
    assert decision.search is not None
    assert (decision.search.service, decision.search.also) == ("womens_haircut", ())
    assert decision.state.later == ("manicure",)


def test_the_second_visit_is_offered_right_after_the_first() -> None:
    """Booked for noon, an hour long: nails are looked for from one o'clock on that day, in the same reply."""
    chosen = FRESH.but(
        service="womens_haircut",
        later=("manicure",),
        chosen=flow.offer_of("maria", AT_NOON),
        hold_id=3,
        asked=Asked.CONFIRM,
    )
    booked = flow.after_booked(decide(chosen, meaning(Intent.CONFIRM), at()), 7, at())
    assert phrases(booked) == ["booked"]
    assert booked.search is not None
    assert booked.search.service == "manicure"
    assert booked.search.wishes == (Wish(date_from=SATURDAY, date_to=SATURDAY, time_from=time(13)),)
    offered = flow.after_search(booked, found("olga"), at())
    assert offered.state.visit is not None
    assert (offered.name, offered.state.later) == (Outcome.OFFER, ())


def test_a_named_specialist_does_what_they_can() -> None:
    """Nails with Ольга and hair: her part with her, the other part later with somebody else."""
    decision = decide(FRESH, replace(HAIR_AND_NAILS, specialist="maria"), at())
    assert decision.search is not None
    assert (decision.search.specialist, decision.state.later) == ("maria", ("manicure",))


def test_naming_one_of_them_again_keeps_both() -> None:
    """ "Manicure at noon then" inside a booking of two does not drop the other."""
    state = FRESH.but(service="manicure", also=("pedicure",), asked=Asked.WHEN)
    decision = decide(state, meaning(Intent.BOOK, service="manicure", wishes=(ON_SATURDAY,)), at())
    assert decision.search is not None
    assert decision.search.also == ("pedicure",)


def test_a_third_service_joins() -> None:
    """ "And a pedicure too" adds to what was chosen before."""
    state = FRESH.but(service="manicure", asked=Asked.WHEN)
    assert decide(state, meaning(Intent.BOOK, also=("pedicure",)), at()).state.also == ("pedicure",)


def test_the_price_of_both_is_told_with_the_sum() -> None:
    """Each with its own price, then together; "from" stays "from"."""
    said = replace(NAILS, intents=frozenset({Intent.PRICE}), wishes=())
    decision = decide(FRESH, said, at())
    assert phrases(decision)[:3] == ["price_line", "price_line", "price_together"]
    assert "Вместе: от 4 500" in decision.text.replace("\xa0", " ")
    assert "3 ч" in decision.text


def test_services_that_are_only_asked_about_are_not_summed() -> None:
    """ "How much is a haircut?" with his and hers on the list: alternatives have no total, what is being booked has."""
    asked = meaning(Intent.PRICE, services=("manicure", "pedicure"))
    assert "price_together" not in phrases(decide(FRESH, asked, at()))
    assert "price_together" in phrases(decide(FRESH.but(service="manicure", also=("pedicure",)), asked, at()))


def test_a_sum_with_an_unknown_part_is_not_told() -> None:
    """Where one price is the administrator's to name, no total is made up."""
    services = tuple(replace(one, price_minor=None) if one.key == "pedicure" else one for one in SALON.services)
    decision = decide(
        FRESH, replace(NAILS, intents=frozenset({Intent.PRICE})), at(salon=replace(SALON, services=services))
    )
    assert "price_together" not in phrases(decision)


def test_asking_for_the_price_of_another_service_changes_no_booking_under_way() -> None:
    """With times on the table, "and how much is a pedicure?" is a question."""
    state = FRESH.but(service="manicure", offers=(flow.offer_of("olga", AT_NOON),), asked=Asked.CHOICE)
    decision = decide(state, meaning(Intent.PRICE, service="pedicure"), at())
    assert decision.state.service == "manicure"
    assert decision.state.offers == state.offers
    assert "Педикюр" in decision.text


def test_a_moved_visit_keeps_all_its_services() -> None:
    """Moving a visit of two services looks for room for both."""
    book = FRESH.but(
        service="manicure", also=("pedicure",), chosen=flow.offer_of("olga", AT_NOON), hold_id=3, asked=Asked.CONFIRM
    )
    booked = flow.after_booked(decide(book, meaning(Intent.CONFIRM), at()), 7, at()).state
    moving = decide(booked, meaning(Intent.RESCHEDULE, wishes=(ON_SATURDAY,)), at())
    assert moving.search is not None
    assert moving.search.also == ("pedicure",)
