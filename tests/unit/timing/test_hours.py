"""Opening hours: split shifts, holidays and clock changes, to the second."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.hours import END_OF_DAY, DayHours, Interval, OpeningHours

SPLIT = (Interval(time(9), time(13)), Interval(time(14), time(18)))
ALWAYS = (Interval(time(0), END_OF_DAY),)
ZONES = (
    "Europe/Berlin",
    "Asia/Yekaterinburg",
    "America/New_York",
    "America/Havana",  # midnight itself is skipped
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Casablanca",
    "Pacific/Apia",  # skipped a whole day in 2011
    "Asia/Kathmandu",
    "UTC",
)


def opening(zone: str, day: DayHours, exceptions: dict[date, DayHours] | None = None) -> OpeningHours:
    return OpeningHours(zone=ZoneInfo(zone), week=(day,) * 7, exceptions=exceptions or {})


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23T08:00", "2026-11-23T19:00", 8),
        ("2026-11-23T12:30", "2026-11-23T14:30", 1),
        ("2026-11-23T13:00", "2026-11-23T14:00", 0),
        ("2026-11-23T17:00", "2026-11-24T10:00", 2),
        ("2026-11-24T17:00", "2026-11-26T10:00", 2),  # the 25th is a holiday
        ("2026-11-26T17:00", "2026-11-28T12:00", 1 + 8 + 2),  # the 28th opens 10-12 only
    ],
)
def test_split_shifts_and_exceptions(start: str, end: str, hours: float) -> None:
    """Only seconds inside the day's own intervals count, and a dated exception replaces the week."""
    salon = opening(
        "Asia/Yekaterinburg", SPLIT, {date(2026, 11, 25): (), date(2026, 11, 28): (Interval(time(10), time(12)),)}
    )

    assert salon.working_seconds(at(start, "Asia/Yekaterinburg"), at(end, "Asia/Yekaterinburg")) == hours * 3600


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/Havana", date(2026, 3, 8), 23),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Asia/Yekaterinburg", date(2026, 3, 29), 24),
    ],
)
def test_a_day_of_a_clock_change_is_as_long_as_it_was(zone: str, day: date, hours: float) -> None:
    """Round-the-clock hours are the true length of the day, not twenty-four hours."""
    (span,) = opening(zone, ALWAYS).spans(day, day)

    assert (span[1] - span[0]).total_seconds() == hours * 3600


def test_a_skipped_time_does_not_exist() -> None:
    """A shift inside the hour that the clocks skip has no length, and takes none from its neighbour."""
    night = opening("Europe/Berlin", (Interval(time(2), time(2, 30)), Interval(time(3), time(5))))

    spans = list(night.spans(date(2026, 3, 29), date(2026, 3, 29)))

    assert spans == [(at("2026-03-29T01:00"), at("2026-03-29T03:00"))]


def test_a_repeated_time_is_open_twice_inside_a_shift() -> None:
    """A shift over the hour that the clocks repeat is an hour longer; the change itself closes nothing."""
    night = opening("Europe/Berlin", (Interval(time(1), time(4)),))

    assert night.working_seconds(at("2026-10-24T20:00"), at("2026-10-25T08:00")) == 4 * 3600
    assert night.is_open(at("2026-10-25T00:30"))  # 2:30 for the first time
    assert night.is_open(at("2026-10-25T01:30"))  # and for the second


def test_overlapping_intervals_are_open_once() -> None:
    """However clumsily a day is written down, no second of it counts twice."""
    clumsy = opening("UTC", (Interval(time(14), time(18)), Interval(time(9), time(15)), Interval(time(18), time(19))))

    assert clumsy.on(date(2026, 11, 23)) == (Interval(time(9), time(19)),)
    assert clumsy.working_seconds(at("2026-11-23T00:00"), at("2026-11-24T00:00")) == 10 * 3600


def test_midnight_joins_two_days() -> None:
    """Hours that end at 24:00 and begin at 0:00 leave no gap."""
    assert (
        opening("Europe/Berlin", ALWAYS).working_seconds(at("2026-01-01T00:00"), at("2027-01-01T00:00")) == 365 * 86400
    )


def test_next_opening_looks_over_lunch_and_holidays() -> None:
    """The next opening is now when open, after lunch at lunch, and beyond a holiday."""
    salon = opening("UTC", SPLIT, {date(2026, 11, 24): ()})

    assert salon.next_opening(at("2026-11-23T10:00")) == at("2026-11-23T10:00")
    assert salon.next_opening(at("2026-11-23T13:00")) == at("2026-11-23T14:00")
    assert salon.next_opening(at("2026-11-23T18:00")) == at("2026-11-25T09:00")
    assert opening("UTC", ()).next_opening(at("2026-11-23T18:00")) is None


hours_of_a_day = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)).map(
        lambda pair: Interval(time(min(pair) // 60, min(pair) % 60), time(max(pair) // 60, max(pair) % 60))
    ),
    max_size=4,
).map(tuple)
weeks = st.tuples(*[st.one_of(hours_of_a_day, st.just(ALWAYS))] * 7)
salons = st.builds(lambda zone, week: OpeningHours(zone=ZoneInfo(zone), week=week), st.sampled_from(ZONES), weeks)
days_of_change = st.sampled_from(
    [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2011, 12, 30)]
)
instants = st.builds(
    lambda day, seconds: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds),
    days_of_change,
    st.floats(-3 * 86_400, 3 * 86_400),
)
spells = st.floats(0, 2 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@given(salons, instants, spells)
def test_never_more_than_the_calendar(salon: OpeningHours, start: datetime, spell: timedelta) -> None:
    """Working seconds lie between none and all of the time that passed."""
    assert 0 <= salon.working_seconds(start, start + spell) <= spell.total_seconds()
    assert spell == timedelta() or salon.working_seconds(start + spell, start) == 0


@given(salons, instants, spells, spells)
def test_working_seconds_add_up(salon: OpeningHours, start: datetime, one: timedelta, other: timedelta) -> None:
    """Two neighbouring spells have together what the whole has."""
    middle, end = start + one, start + one + other
    parts = salon.working_seconds(start, middle) + salon.working_seconds(middle, end)

    assert parts == pytest.approx(salon.working_seconds(start, end), abs=1e-5)


@given(salons, instants)
def test_open_means_that_time_counts(salon: OpeningHours, instant: datetime) -> None:
    """The next microsecond counts exactly when the place is open."""
    counted = salon.working_seconds(instant, instant + timedelta(microseconds=1))

    assert (counted > 0) == salon.is_open(instant)


@given(salons, instants)
def test_open_follows_the_local_clock(salon: OpeningHours, instant: datetime) -> None:
    """Away from a clock change, open is what the salon's own clock and week say."""
    local = instant.astimezone(salon.zone)
    offsets = {(instant + timedelta(hours=shift)).astimezone(salon.zone).utcoffset() for shift in (-30, 0, 30)}
    if len(offsets) > 1:
        return
    says = any(
        span.start <= local.time() and (local.time() < span.end or span.end == END_OF_DAY)
        for span in salon.on(local.date())
    )
    assert salon.is_open(instant) == says


@given(salons, instants)
def test_nothing_counts_before_the_next_opening(salon: OpeningHours, instant: datetime) -> None:
    """Until the next opening no working second passes, and at it the place is open."""
    opens_at = salon.next_opening(instant)
    if opens_at is None:
        assert salon.working_seconds(instant, instant + timedelta(days=31)) == 0
        return

    assert salon.is_open(opens_at)
    assert salon.working_seconds(instant, opens_at) == 0


def test_working_time_runs_out_over_lunch_holiday_and_clock_change() -> None:
    """The instant of so many working seconds skips what is closed; a day of a clock change is as long as it was."""
    salon = opening("UTC", SPLIT, {date(2026, 11, 24): ()})

    assert salon.after_working_seconds(at("2026-11-23T12:59"), 180) == at("2026-11-23T14:02")
    assert salon.after_working_seconds(at("2026-11-23T17:59"), 180) == at("2026-11-25T09:02")
    assert salon.after_working_seconds(at("2026-11-23T20:00"), 0) == at("2026-11-23T20:00")
    always = opening("Europe/Berlin", ALWAYS)
    assert always.after_working_seconds(at("2026-03-29T00:30"), 3600) == at("2026-03-29T01:30")
    assert opening("UTC", ()).after_working_seconds(at("2026-11-23T20:00"), 1) is None


@given(salons, instants, st.integers(1, 2 * 86_400_000_000).map(lambda micros: micros / 1e6))
def test_when_working_time_runs_out_is_the_inverse_of_counting_it(
    salon: OpeningHours, start: datetime, seconds: float
) -> None:
    """Exactly at that instant the seconds have passed, and a microsecond earlier they have not."""
    reached = salon.after_working_seconds(start, seconds)
    if reached is None:
        assert salon.working_seconds(start, start + timedelta(days=364)) < seconds
        return

    assert salon.working_seconds(start, reached) == pytest.approx(seconds, abs=2e-6)
    assert salon.working_seconds(start, reached - timedelta(microseconds=1)) < seconds
