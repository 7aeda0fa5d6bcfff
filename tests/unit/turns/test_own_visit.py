""" "When am I booked?": what the appointment book says is told, whatever the dialogue remembers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from responder.dialogue.meaning import Asked, Intent
from responder.dialogue.state import DialogueState, Visit
from responder.dialogue.states import Substance
from responder.turns import flow
from responder.turns.decide import decide
from responder.turns.decision import Decision
from responder.turns.outcomes import Outcome
from tests.unit.turns.test_decide import KNOWN, OFFERS, TOMORROW_AT_THREE, VISIT, at, meaning, phrases

FREE = KNOWN.but(service=None)


def asked(state: DialogueState, *visits: Visit) -> Decision:
    recall = decide(state, meaning(Intent.APPOINTMENT), at())
    assert recall.recalls
    return flow.after_recall(recall, visits, at()).since(state)


def test_a_booked_visit_is_told() -> None:
    """Service, day, time and specialist; a fact, so it is useful."""
    told = asked(FREE, VISIT)
    assert phrases(told) == ["already_booked"]
    assert told.state.visit == VISIT
    assert told.substance is Substance.SUBSTANTIVE


def test_all_visits_ahead_are_told_the_next_first() -> None:
    """Two visits are two lines."""
    second = replace(VISIT, appointment_id=8, starts_at=VISIT.starts_at + timedelta(days=7))
    assert phrases(asked(FREE, VISIT, second)) == ["already_booked", "already_booked"]


def test_no_visit_is_said_and_a_booking_offered() -> None:
    """Nothing is booked: said as it is, also when the dialogue remembers a visit that the desk has cancelled."""
    told = asked(FREE.but(visit=VISIT))
    assert phrases(told) == ["no_visit", "invite"]
    assert told.state.visit is None
    assert told.name is Outcome.NO_VISIT


@pytest.mark.parametrize("open_question", [Asked.NAME, Asked.CONFIRM])
def test_a_booking_under_way_is_no_visit_yet(open_question: Asked) -> None:
    """Before the yes nobody is booked, and the question that is open is asked again."""
    name = None if open_question is Asked.NAME else "Анна"
    state = KNOWN.but(chosen=OFFERS[0], hold_id=1, asked=open_question, name=name)
    told = asked(state)
    assert phrases(told)[0] == "no_visit_yet"
    assert told.state.chosen == OFFERS[0]
    assert told.name is Outcome.ANSWER


def test_the_first_words_are_greeted_too() -> None:
    """Who asks first thing in a new chat hears who is speaking, then the answer."""
    assert phrases(asked(DialogueState(), VISIT)) == ["greeting", "already_booked"]


def test_asking_about_a_visit_moves_nothing() -> None:
    """ "Am I booked for tomorrow at three?" names a time and wishes for none."""
    recall = decide(FREE.but(visit=VISIT), meaning(Intent.APPOINTMENT, wishes=(TOMORROW_AT_THREE,)), at())
    assert recall.search is None
    assert not recall.state.is_move
