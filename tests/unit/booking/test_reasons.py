"""Why nothing fits: the reason told is the true one, and speaks of the right day and person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

import pytest

from responder.booking.slots import SearchReason
from responder.dialogue.meaning import Wish
from responder.hours import OpeningHours
from responder.salon.profile import SalonProfile
from tests.factories import day, salon_profile, specialist, weekly
from tests.unit.booking.test_rules import MONDAY, TUESDAY, between, find, local, on, shown, taken

SATURDAY, SUNDAY = date(2026, 11, 28), date(2026, 11, 29)


def closed_on(*days: date, week_sunday_off: bool = False) -> SalonProfile:
    """The usual salon, shut on these dates and, if asked, on Sundays."""
    salon = salon_profile()
    week = (*salon.hours.week[:6], ()) if week_sunday_off else salon.hours.week
    hours = OpeningHours(zone=salon.zone, week=week, exceptions=dict.fromkeys(days, ()))
    people = tuple(
        replace(one, hours=OpeningHours(zone=salon.zone, week=one.hours.week, exceptions=dict.fromkeys(days, ())))
        for one in salon.specialists
    )
    return replace(salon, hours=hours, specialists=people)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (on(TUESDAY, "22:00"), SearchReason.OUT_OF_HOURS),
        (between(TUESDAY, "06:00", "09:00"), SearchReason.OUT_OF_HOURS),
        (on(SATURDAY), SearchReason.DAY_OFF),
        (on(SATURDAY, "12:00"), SearchReason.DAY_OFF),
        (on(TUESDAY, "20:00"), SearchReason.OFF_SHIFT),
        (between(TUESDAY, "19:00", "21:00"), SearchReason.OFF_SHIFT),
        (on(TUESDAY, "14:30"), SearchReason.BREAK),
        (on(TUESDAY, "18:30"), SearchReason.TOO_LONG),
        (on(TUESDAY, "13:30"), SearchReason.TOO_LONG),  # would run into the break
        (on(TUESDAY, "16:10"), SearchReason.OFF_GRID),
        (on(date(2026, 11, 20), "12:00"), SearchReason.PAST),
        (on(MONDAY, "09:30"), SearchReason.PAST),
        (on(MONDAY, "10:30"), SearchReason.TOO_SOON),
        (on(date(2027, 6, 1)), SearchReason.TOO_FAR),
    ],
)
def test_the_reason_told_is_the_true_one(wish: Wish, reason: SearchReason) -> None:
    """Анна works weekdays 10-14 and 15-19; each wish fails for a reason of its own, and alternatives come along."""
    found = find(wish)

    assert (found.fits, found.reason) == (False, reason)
    assert len(found.slots) == 3


def test_only_what_others_took_is_called_taken() -> None:
    """The time is inside the hours, on the grid and ahead: then, and only then, it is taken."""
    found = find(on(TUESDAY, "16:00"), busy=taken(TUESDAY, "15:30-17:00"))

    assert (found.reason, found.day) == (SearchReason.FULL, TUESDAY)


def test_a_closed_weekday_and_a_closed_date_are_told_apart() -> None:
    """ "We are closed on Sundays" is not "we are closed on January 1"."""
    salon = closed_on(TUESDAY, week_sunday_off=True)

    assert find(on(SUNDAY), salon=salon).reason is SearchReason.CLOSED_DAY
    assert find(on(TUESDAY), salon=salon).reason is SearchReason.HOLIDAY


def test_a_day_whose_last_start_has_passed_is_over() -> None:
    """Late in the evening nobody says that today is taken."""
    late = datetime.combine(MONDAY, time(18, 40), tzinfo=salon_profile().zone)

    found = find(on(MONDAY), now=late)

    assert (found.reason, found.day) == (SearchReason.DAY_OVER, MONDAY)


def test_of_several_specialists_the_one_who_could_is_decisive() -> None:
    """Анна is off on Saturday, Мария is there and taken: it is taken."""
    busy = {2: [(local(SATURDAY, "12:00"), local(SATURDAY, "21:00"))]}

    assert find(on(SATURDAY), service="womens_haircut", busy=busy).reason is SearchReason.FULL


def test_of_several_days_the_one_that_could_have_been_is_decisive() -> None:
    """A day off and a full day: full, and of no one day."""
    busy = {1: [(local(date(2026, 11, 27), "10:00"), local(date(2026, 11, 27), "19:00"))]}

    found = find(Wish(date_from=date(2026, 11, 27), date_to=SATURDAY), busy=busy)

    assert (found.reason, found.day) == (SearchReason.FULL, None)


def test_of_several_wishes_the_closest_is_told() -> None:
    """Sunday's day off is not given as the reason when Tuesday was merely taken."""
    found = find(on(SUNDAY), on(TUESDAY, "16:00"), busy=taken(TUESDAY, "15:30-17:00"))

    assert (found.reason, found.day) == (SearchReason.FULL, TUESDAY)


def test_a_reason_about_one_person_names_them() -> None:
    """A named specialist, or the only one, is spoken of by name; several are not."""
    assert find(on(SATURDAY), specialist="anna").specialist == "anna"
    assert find(on(SATURDAY)).specialist == "anna"
    sunday = find(on(SUNDAY), service="womens_haircut")
    assert (sunday.reason, sunday.specialist) == (SearchReason.DAY_OFF, None)


def test_later_and_earlier_speak_of_themselves() -> None:
    """Nothing after the last offer is "no later time", whatever else holds of that day."""
    assert find(on(TUESDAY), after=local(TUESDAY, "18:00")).reason is SearchReason.NO_LATER
    assert find(on(TUESDAY), before=local(TUESDAY, "10:00")).reason is SearchReason.NO_EARLIER


def test_a_wish_over_midnight_is_understood() -> None:
    """A night salon that closes at two: eleven to one is a wish inside its hours, four in the morning is not."""
    night = weekly(tue=day("18:00-23:30"), wed=day("00:00-02:00"))
    salon = salon_profile(
        hours=night,
        specialists=(specialist("anna", "Анна", "Anna", skills=frozenset({"mens_haircut"}), hours=night),),
    )

    assert find(between(TUESDAY, "04:00", "05:00"), salon=salon).reason is SearchReason.OUT_OF_HOURS
    assert shown(find(between(TUESDAY, "21:00", "01:00"), salon=salon))[0].startswith("Tue")
