"""What is said about opening hours: the week, what differs soon, and how it stands now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from responder.dialogue.meaning import Asked, Intent, Wish
from responder.hours import DayHours, OpeningHours
from responder.salon.calendar import HoursWithHolidays
from responder.turns.decide import decide
from responder.turns.outcomes import Outcome
from responder.turns.situation import Situation
from responder.turns.wording import Voice
from tests.factories import day
from tests.unit.turns.test_decide import KNOWN, NOW, SALON, VISIT, at, meaning

SUNDAY, NEW_YEAR = date(2026, 11, 29), date(2027, 1, 1)


def situation(hours: OpeningHours, *, now: datetime = NOW, language: str = "ru") -> Situation:
    salon = replace(SALON, hours=hours)
    return at(salon=salon, voice=Voice(salon, language, now=now), now=now)


def asked(hours: OpeningHours, **options: Any) -> list[str]:
    return decide(KNOWN, meaning(Intent.HOURS), situation(hours, **options)).text.splitlines()


def usual(**exceptions: DayHours) -> OpeningHours:
    """The salon's week with other hours on dates written `d2026_12_01`."""
    dated = {date(*(int(part) for part in key[1:].split("_"))): hours for key, hours in exceptions.items()}
    return OpeningHours(zone=SALON.zone, week=SALON.hours.week, exceptions=dated)


def test_exceptions_of_the_coming_days_stand_below_the_week() -> None:
    """Two weeks ahead are told, equal neighbours joined; what lies further off is not."""
    lines = asked(usual(d2026_11_26=day("10:00-16:00"), d2026_12_01=(), d2026_12_02=(), d2026_12_31=day("10:00-14:00")))
    assert "В ближайшие дни иначе:" in lines
    assert "26 ноября: 10:00–16:00" in lines
    assert "1 декабря – 2 декабря: выходной" in lines
    assert not any("31 декабря" in line for line in lines)


def test_an_exception_that_changes_nothing_is_not_told() -> None:
    """A date written down with its usual hours is no news."""
    assert "В ближайшие дни иначе:" not in asked(usual(d2026_11_24=day("10:00-21:00")))


def test_public_holidays_are_told_like_exceptions() -> None:
    """A salon that follows the public calendar need not write the dates down."""
    hours = HoursWithHolidays(zone=SALON.zone, week=SALON.hours.week, public_holidays=frozenset({NEW_YEAR}))
    lines = asked(hours, now=datetime(2026, 12, 28, 5, tzinfo=UTC))
    assert "1 января: выходной" in lines


@pytest.mark.parametrize(
    ("hour", "ru", "en"),
    [
        (5, "Сейчас открыты, до 21:00.", "We are open now, until 21:00."),  # 10:00 in the salon
        (3, "Сейчас закрыты, откроемся сегодня, 23 ноября, в 10:00.", None),
        (17, "Сейчас закрыты, откроемся завтра, 24 ноября, в 10:00.", None),
    ],
)
def test_how_it_stands_now_is_told(hour: int, ru: str, en: str | None) -> None:
    """Open until when, or when it opens next."""
    now = datetime(2026, 11, 23, hour, tzinfo=UTC)
    assert asked(SALON.hours, now=now)[-2] == ru
    if en is not None:
        assert en in asked(SALON.hours, now=now, language="en")


def test_a_day_asked_about_is_answered_and_nothing_else() -> None:
    """ "Are you open on January 1?" gets January 1, not the week."""
    wish = Wish(date_from=NEW_YEAR, date_to=NEW_YEAR)
    decision = decide(KNOWN, meaning(Intent.HOURS, wishes=(wish,)), situation(usual(d2027_01_01=())))
    assert decision.text.splitlines()[0] == "1 января мы не работаем."
    assert decision.name is Outcome.ANSWER


def test_asking_for_the_hours_of_a_day_is_no_wish_to_come() -> None:
    """Neither a booking under way nor a booked visit is moved by a question about hours."""
    wish = Wish(date_from=SUNDAY, date_to=SUNDAY, exact_time=time(18))
    for state in (KNOWN.but(asked=Asked.WHEN), KNOWN.but(service=None, visit=VISIT)):
        decision = decide(state, meaning(Intent.HOURS, wishes=(wish,)), at())
        assert decision.search is None
        assert decision.state.wishes == ()
        assert decision.text.startswith("В воскресенье работаем с 11:00 до 19:00.")
