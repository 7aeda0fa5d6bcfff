"""What a CRM is told of a lead, in the salon's own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.contract import LeadCard
from responder.dialogue.states import AppointmentState
from responder.leads.labels import LABELS
from responder.leads.rules import LeadFacts, lead_card
from tests.factories import salon_profile

FACTS = LeadFacts(
    origin_id="o-1",
    name="Ольга",
    phone="+79990000001",
    service="womens_haircut",
    specialist="maria",
    wish="завтра",
    visit_state="booked",
    visit_at=datetime(2026, 11, 24, 5, 30, tzinfo=UTC),
    channel="telegram",
    source={"ref": "ad", "utm": {"source": "vk"}, "click_ids": {"yclid": "1"}, "page_url": None, "referrer": None},
)
TIMING = {
    "received_at": "2026-11-23T05:00:00+00:00",
    "first_reply_s": 1.25,
    "auto_reply": True,
    "human_frt_s": None,
}


def _card(facts: LeadFacts = FACTS, **salon: object) -> LeadCard:
    return lead_card(facts, salon_profile(**salon), timing=TIMING, transcript_url="https://r.example/d/1")


def test_the_title_says_who_what_and_when() -> None:
    """A list of leads is readable by titles, with the visit in the salon's time."""
    assert _card().title == "Ольга, Женская стрижка, вт 24 нояб. 10:30"


@pytest.mark.parametrize(
    ("state", "title"),
    [
        ("cancelled", "Ольга, Женская стрижка, запись отменена"),
        ("no_show", "Ольга, Женская стрижка, вт 24 нояб. 10:30, не пришёл"),
        ("expired", "Ольга, Женская стрижка"),
    ],
)
def test_the_title_says_that_a_visit_is_lost(state: str, title: str) -> None:
    """Nobody has to open a lead to see that its visit was cancelled or missed."""
    assert _card(replace(FACTS, visit_state=state)).title == title


@pytest.mark.parametrize(
    ("state", "is_booked", "has_time"),
    [
        ("held", False, True),
        ("booked", True, True),
        ("came", True, True),
        ("no_show", True, True),
        ("cancelled", False, False),
        ("expired", False, False),
        (None, False, False),
    ],
)
def test_only_a_standing_visit_counts_as_booked(state: str | None, is_booked: bool, has_time: bool) -> None:
    """A hold is a time and no booking; what was cancelled or ran out is neither."""
    card = _card(replace(FACTS, visit_state=state))

    assert (card.is_booked, card.starts_at is not None) == (is_booked, has_time)
    assert card.visit_state == state


def test_the_comment_says_everything_in_the_salons_language() -> None:
    """Service, visit, wish, source, dialogue and timing are there, unknown figures are left out."""
    assert _card().comment.splitlines() == [
        "Услуга: Женская стрижка",
        "Специалист: Мария",
        "Запись: вт 24 нояб. 10:30",
        "Пожелание по времени: завтра",
        "Канал: telegram",
        "Источник: ad, vk",
        "Переписка: https://r.example/d/1",
        "Обращение получено: 23 нояб. 10:00:00",
        "До первого ответа: 1,25 с",
        "Первым ответил бот: да",
    ]


def test_an_english_salon_is_told_in_english() -> None:
    """Labels, names, dates and numbers follow the salon's language."""
    comment = _card(language="en", country="GB").comment

    assert "Service: Women's haircut" in comment
    assert "To the first reply: 1.25 s" in comment


@pytest.mark.parametrize("language", ["tt", "xx", "not a language"])
def test_a_language_without_labels_falls_back_to_english(language: str) -> None:
    """An unknown language does not keep a lead from its CRM."""
    assert "Service: " in _card(language=language).comment


def test_a_lead_of_which_little_is_known_still_has_a_title() -> None:
    """Without name and service the channel names the lead."""
    assert _card(LeadFacts(origin_id="o", channel="webchat")).title == "webchat"


def test_a_service_that_left_the_salon_file_keeps_its_key() -> None:
    """A lead outlives the service it asked for."""
    assert _card(replace(FACTS, service="perm")).service == "perm"


def test_the_source_is_given_as_it_was_stored() -> None:
    """Deep link, utm marks and click ids reach the CRM unchanged."""
    source = _card().source

    assert (source.ref, dict(source.utm), dict(source.click_ids)) == ("ad", {"source": "vk"}, {"yclid": "1"})


@pytest.mark.parametrize("language", LABELS)
def test_every_language_has_every_label(language: str) -> None:
    """Languages have the same labels, among them one for every state of a visit."""
    assert set(LABELS[language]) == set(LABELS["en"])
    assert set(AppointmentState) <= set(LABELS[language])
