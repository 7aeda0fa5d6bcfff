"""The sentence that says why something else is offered."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

import pytest

from responder.booking.slots import SearchReason, SlotSearch
from responder.dialogue.meaning import Wish
from responder.turns.reasons import reason_line
from responder.turns.wording import Voice
from tests.unit.turns.test_decide import ANNA, NOW, SALON, at

SUNDAY, TUESDAY = date(2026, 11, 29), date(2026, 11, 24)


def said(reason: SearchReason, language: str = "ru", *wishes: Wish, **about: Any) -> str:
    found = SlotSearch(slots=(), fits=False, reason=reason, **about)
    situation = at(voice=Voice(SALON, language, now=NOW))
    return reason_line(found, wishes, duration_min=60, at=situation)


AT_WORK = frozenset({SearchReason.OFF_SHIFT, SearchReason.BREAK})  # told only of days the person works on


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("reason", [reason for reason in SearchReason if reason is not SearchReason.OK])
def test_every_reason_is_one_finished_sentence_in_both_languages(reason: SearchReason, language: str) -> None:
    """Whatever is known of day and person, the reason begins like a sentence, ends with a full stop and has no gap."""
    days = (None, TUESDAY) if reason in AT_WORK else (None, TUESDAY, SUNDAY, date(2027, 1, 1))
    for text in {said(reason, language, day=day, specialist=person) for day in days for person in (None, ANNA)}:
        assert re.fullmatch(r"[«A-ZА-Я0-9][^{}]*[^ ]\.", text), text
        assert "  " not in text, text


@pytest.mark.parametrize(
    ("reason", "about", "ru", "en"),
    [
        (SearchReason.CLOSED_DAY, {"day": SUNDAY}, "В воскресенье мы не работаем.", "We are closed on Sunday."),
        (SearchReason.CLOSED_DAY, {"day": TUESDAY}, "Завтра мы не работаем.", "We are closed tomorrow."),
        (
            SearchReason.HOLIDAY,
            {"day": date(2027, 1, 1)},
            "1 января салон закрыт.",
            "The salon is closed on January 1.",
        ),
        (
            SearchReason.OUT_OF_HOURS,
            {"day": SUNDAY},
            "В воскресенье мы работаем с 11:00 до 19:00.",
            "On Sunday we are open from 11:00 to 19:00.",
        ),
        (
            SearchReason.DAY_OFF,
            {"day": SUNDAY, "specialist": ANNA},
            "В воскресенье Анна не работает.",
            "Anna does not work on Sunday.",
        ),
        (
            SearchReason.BREAK,
            {"day": TUESDAY, "specialist": ANNA},
            "В это время перерыв: завтра Анна работает с 10:00 до 14:00 и с 15:00 до 19:00.",
            "There is a break then: tomorrow Anna works from 10:00 to 14:00 and from 15:00 to 19:00.",
        ),
        (
            SearchReason.TOO_SOON,
            {"day": date(2026, 11, 23)},
            "Записываем не позже чем за 1 ч до визита.",
            "We need at least 1 h notice before a visit.",
        ),
    ],
)
def test_the_reason_tells_what_stands_in_the_way(reason: SearchReason, about: Any, ru: str, en: str) -> None:
    """Hours, names and days are told where they are the cause."""
    assert said(reason, "ru", **about) == ru
    assert said(reason, "en", **about) == en


def test_a_full_day_and_a_taken_time_are_told_apart() -> None:
    """A day wished for without a time is full as a day; a time is taken as a time."""
    a_day = Wish(date_from=TUESDAY, date_to=TUESDAY)
    a_time = Wish(date_from=TUESDAY, date_to=TUESDAY, exact_time=time(15))
    assert said(SearchReason.FULL, "ru", a_day, day=TUESDAY) == "Завтра всё уже занято."
    assert said(SearchReason.FULL, "ru", a_time, day=TUESDAY) == "На это время всё уже занято."
