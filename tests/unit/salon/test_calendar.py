"""Working hours made from their spelling: exceptions, time off, public holidays."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from responder.hours import OpeningHours
from responder.salon.calendar import salon_hours, specialist_hours
from tests.factories import day

ZONE = ZoneInfo("Asia/Yekaterinburg")
NEW_YEAR = date(2027, 1, 1)  # a public holiday in Russia, a Friday
MONDAY = date(2026, 11, 23)


def hours(holiday_region: str | None = None, **exceptions: str) -> OpeningHours:
    spelled = {text.replace("_", "-").removeprefix("on-"): (hours,) for text, hours in exceptions.items()}
    return salon_hours(
        ZONE, {"mon-fri": ("10:00-14:00", "14:00-20:00")}, exceptions=spelled, holiday_region=holiday_region
    )


def test_touching_intervals_are_one() -> None:
    """A visit may span the seam of two intervals that touch."""
    assert hours().on(MONDAY) == day("10:00-20:00")


def test_public_holidays_close() -> None:
    """With a region the salon is closed on its public holidays in any year, without one it is not."""
    assert hours("RU").on(NEW_YEAR) == ()
    assert hours("RU").on(date(2041, 1, 1)) == ()
    assert hours().on(NEW_YEAR) == day("10:00-20:00")


def test_an_exception_opens_a_holiday() -> None:
    """What the file says about a date counts more than the calendar."""
    assert hours("RU", on_2027_01_01="12:00-15:00").on(NEW_YEAR) == day("12:00-15:00")


def test_a_specialist_works_inside_the_salons_hours() -> None:
    """Own hours that reach beyond the salon's are cut, on dated exceptions of either side too."""
    salon = hours(on_2026_11_24="12:00-16:00", on_2026_11_25="closed")

    own = specialist_hours(
        salon,
        {"mon-sun": ("09:00-13:00", "15:00-22:00")},
        exceptions={"2026-11-26": ("08:00-21:00",)},
        time_off=(),
        holiday_region=None,
    )

    assert own.on(MONDAY) == day("10:00-13:00", "15:00-20:00")
    assert own.on(date(2026, 11, 24)) == day("12:00-13:00", "15:00-16:00")
    assert own.on(date(2026, 11, 25)) == ()
    assert own.on(date(2026, 11, 26)) == day("10:00-20:00")
    assert own.on(date(2026, 11, 28)) == ()


def test_time_off_wins() -> None:
    """Days off hold whatever hours or exceptions say."""
    own = specialist_hours(
        hours(),
        None,
        exceptions={"2026-11-24": ("10:00-20:00",)},
        time_off=("2026-11-23..2026-11-24",),
        holiday_region=None,
    )

    assert own.on(MONDAY) == own.on(date(2026, 11, 24)) == ()
    assert own.on(date(2026, 11, 25)) == day("10:00-20:00")


def test_a_specialist_is_off_on_holidays_that_the_salon_keeps() -> None:
    """Holidays close a specialist as they close the salon, unless the salon opens."""
    closed = specialist_hours(hours("RU"), None, exceptions={}, time_off=(), holiday_region="RU")
    opened = specialist_hours(
        hours("RU", on_2027_01_01="12:00-15:00"), None, exceptions={}, time_off=(), holiday_region="RU"
    )

    assert closed.on(NEW_YEAR) == ()
    assert opened.on(NEW_YEAR) == day("12:00-15:00")
