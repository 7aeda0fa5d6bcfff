"""When a visit could begin: grids, buffers, bounds, clock changes; and properties that hold for any calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.booking.free import FreeDays, OutsideWindow, Span, Visit, free_starts, joined
from responder.hours import DayHours, Interval, OpeningHours
from tests.factories import day, specialist, weekly

BERLIN = ZoneInfo("Europe/Berlin")  # clocks change on 2027-03-28 (02:00 -> 03:00) and 2026-10-25 (03:00 -> 02:00)
MONDAY = date(2026, 11, 23)
ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def at(text: str) -> datetime:
    """A UTC time of Monday."""
    return datetime.combine(MONDAY, time.fromisoformat(text), tzinfo=UTC)


def span(text: str) -> Span:
    start, end = text.split("-")
    return at(start), at(end)


def visit(minutes: int = 60, *, buffer: int = 0, step: int = 30) -> Visit:
    length = timedelta(minutes=minutes)
    return Visit(length=length, occupies=length + timedelta(minutes=buffer), step=timedelta(minutes=step))


def starts(hours: str, busy: Sequence[str] = (), *, of: Visit | None = None, begins: Span = ALWAYS) -> list[str]:
    found = free_starts(span(hours), joined(map(span, busy)), of or visit(), begins=begins)
    return [f"{start:%H:%M}" for start in found]


def test_starts_stand_on_a_grid_from_opening_until_the_visit_no_longer_fits() -> None:
    """The grid begins where the working interval begins, and the last visit ends at closing time."""
    assert starts("10:15-12:15") == ["10:15", "10:45", "11:15"]


def test_busy_spans_are_left_out() -> None:
    """A visit may end when a busy span begins and begin when it ends, not a minute nearer."""
    assert starts("10:00-14:00", ["11:00-12:10"]) == ["10:00", "12:30", "13:00"]


def test_the_buffer_counts_against_the_next_visit_but_not_against_closing() -> None:
    """The specialist needs the buffer before another visit, and may tidy up after hours."""
    assert starts("10:00-12:00", ["11:10-12:00"], of=visit(60, buffer=15)) == []
    assert starts("10:00-11:00", of=visit(60, buffer=15)) == ["10:00"]


def test_bounds_are_half_open() -> None:
    """A start at the earliest instant counts, one at the latest does not; the grid does not move."""
    assert starts("10:00-14:00", begins=span("10:40-12:00")) == ["11:00", "11:30"]


@pytest.mark.parametrize(
    ("day_of_change", "expected"),
    [(date(2027, 3, 28), ["01:00", "03:00"]), (date(2026, 10, 25), ["01:00", "02:00", "02:00", "03:00"])],
)
def test_a_clock_change_shortens_or_lengthens_the_shift(day_of_change: date, expected: list[str]) -> None:
    """Between 01:00 and 05:00 there are three hours in spring and five in autumn."""
    night = day("01:00-05:00")
    worker = specialist("anna", "Анна", "Anna", hours=weekly(BERLIN, sun=night))
    free = FreeDays(
        [worker],
        visit(90, step=60),
        busy={},
        zone=BERLIN,
        begins=ALWAYS,
        loaded=(day_of_change, day_of_change),
    )

    assert [f"{start.local:%H:%M}" for start in free.on(day_of_change)] == expected


def test_a_day_that_was_not_loaded_is_not_taken_for_free() -> None:
    """Without its busy spans a day cannot be judged."""
    free = FreeDays([], visit(), busy={}, zone=BERLIN, begins=ALWAYS, loaded=(MONDAY, MONDAY))

    with pytest.raises(OutsideWindow):
        free.on(MONDAY + timedelta(days=1))


minutes = st.integers(0, 24 * 60)


@st.composite
def day_hours(draw: st.DrawFn) -> DayHours:
    ends = sorted(set(draw(st.lists(minutes, min_size=2, max_size=6))))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return tuple(Interval(_time(start), _time(end)) for start, end in pairs)


def _time(minute: int) -> time:
    return time.max if minute == 24 * 60 else time(minute // 60, minute % 60)


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    return visit(
        draw(st.integers(5, 300)), buffer=draw(st.integers(0, 60)), step=draw(st.sampled_from([5, 15, 20, 30, 45, 60]))
    )


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Yekaterinburg"]),
    on=st.one_of(
        st.dates(date(2026, 1, 1), date(2027, 12, 31)),
        st.sampled_from(
            [date(2027, 3, 28), date(2026, 10, 25), date(2027, 3, 14), date(2027, 4, 4), date(2027, 10, 3)]
        ),
    ),
    hours=day_hours(),
    taken=st.lists(st.tuples(st.integers(-600, 2000), st.integers(1, 400)), max_size=8),
    of=visits(),
)
def test_no_start_overlaps_what_is_busy_or_leaves_working_hours(
    zone: str, on: date, hours: DayHours, taken: list[tuple[int, int]], of: Visit
) -> None:
    """For any hours, appointments, visit and day, those of a clock change included, every start is one that may be
    offered, and every start on the grid that may be offered is there."""
    local = ZoneInfo(zone)
    opening = OpeningHours(zone=local, week=(hours, hours, hours, hours, hours, hours, hours))
    midnight = datetime.combine(on, time(0), tzinfo=local).astimezone(UTC)
    busy = [
        (midnight + timedelta(minutes=start), midnight + timedelta(minutes=start + length)) for start, length in taken
    ]
    begins = (midnight + timedelta(hours=3), midnight + timedelta(hours=22))
    free = FreeDays(
        [specialist("anna", "Анна", "Anna", hours=opening)],
        of,
        busy={1: busy},
        zone=local,
        begins=begins,
        loaded=(on - timedelta(days=1), on + timedelta(days=1)),
    )

    found = {start.at for start in free.on(on)}

    expected = set()
    for opens, closes in opening.spans(on, on):
        start = opens
        while start + of.length <= closes:
            fits = all(start + of.occupies <= begin or start >= end for begin, end in busy)
            if fits and begins[0] <= start < begins[1]:
                expected.add(start)
            start += of.step
    assert found == expected
