"""How a salon file spells durations, times, dates, money and shares."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest

from responder.hours import END_OF_DAY, Interval
from responder.salon import notation


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90", 90), ("90 min", 90), ("90min", 90), ("1h", 60), ("1h30", 90), ("1 h 30 min", 90), ("1.5h", 90), ("0", 0)],
)
def test_durations_in_minutes(text: str, minutes: int) -> None:
    """A bare number is minutes, and minutes again after hours."""
    assert notation.duration_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "h", "1:30", "-5", "30 min 1h", "1h 1h", "10 apples", "0.3 min", "1e9", "30 s"])
def test_what_is_no_duration(text: str) -> None:
    """Anything else is refused rather than guessed at."""
    with pytest.raises(ValueError, match=r"duration|whole number"):
        notation.duration_minutes(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("60", 60), ("60 s", 60), ("3 min", 180), ("1 min 30", 90), ("2d", 172800)]
)
def test_durations_in_seconds(text: str, seconds: int) -> None:
    """Where seconds are meant a bare number is seconds."""
    assert notation.duration_seconds(text) == seconds


def test_hours_of_a_day_are_put_in_order() -> None:
    """Intervals may come as one text or a list, in any order, with any dash."""
    expected = (Interval(time(9), time(14)), Interval(time(15, 30), END_OF_DAY))

    assert notation.day_hours("15:30–24:00, 9-14") == expected
    assert notation.day_hours(["9:00-14:00", "15:30 - 24:00"]) == expected
    assert notation.day_hours("closed") == ()


def test_hours_read_back_as_they_are_written() -> None:
    """The checked spelling of an interval is the same interval, the end of the day included."""
    (interval,) = notation.day_hours("0:00-24:00")

    assert notation.interval_text(interval) == "00:00-24:00"
    assert notation.day_hours("00:00-24:00") == (interval,)


def test_dates_and_ranges() -> None:
    """A date stands for itself, a range for each of its days."""
    assert notation.dates("2026-12-31") == (date(2026, 12, 31), date(2026, 12, 31))
    assert list(notation.each_date("2026-12-31..2027-01-02")) == [
        date(2026, 12, 31),
        date(2027, 1, 1),
        date(2027, 1, 2),
    ]


@pytest.mark.parametrize("text", ["31.12.2026", "2027-01-02..2027-01-01", "2026-01-01..2036-01-01", "2027-02-30"])
def test_what_is_no_date(text: str) -> None:
    """Other spellings, ranges that run backwards or for ever, and days that do not exist are refused."""
    with pytest.raises(ValueError, match=r"date|before|year"):
        notation.dates(text)


def test_money_has_no_sign_and_may_have_thin_spaces() -> None:
    """An amount is a number of 0 or more."""
    assert notation.amount("12 500.50") == Decimal("12500.50")
    for text in ("-1", "12 RUB", "NaN", "Infinity"):
        with pytest.raises(ValueError, match=r"amount|price"):
            notation.amount(text)


def test_shares() -> None:
    """80% and 0.8 are the same; nothing lies outside 0..100%."""
    assert notation.share("80%") == notation.share("0.8") == 0.8
    for text in ("0", "120%", "most"):
        with pytest.raises(ValueError, match="share"):
            notation.share(text)


def test_phones_are_read_as_the_country_writes_them() -> None:
    """A number without its country's code belongs to the salon's country."""
    assert notation.phone_e164("8 (351) 200-00-00", "RU") == "+73512000000"
    assert notation.phone_e164("020 7946 0123", "GB") == "+442079460123"
