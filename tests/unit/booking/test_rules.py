"""Which slots are offered for which wish, and what is said when nothing fits."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.booking.rules import near_days, search
from responder.booking.slots import SearchReason, SlotQuestion, SlotSearch
from responder.dialogue.meaning import Wish
from responder.salon.profile import SalonProfile
from tests.factories import ZONE, day, salon_profile, specialist, weekly

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)  # Monday 10:00 in the salon


def local(on: date, at: str) -> datetime:
    return datetime.combine(on, time.fromisoformat(at), tzinfo=ZONE).astimezone(UTC)


def find(
    *wishes: Wish,
    service: str = "mens_haircut",
    salon: SalonProfile | None = None,
    busy: dict[int, list[tuple[datetime, datetime]]] | None = None,
    **options: Any,
) -> SlotSearch:
    """By default only Анна does the service: weekdays 10-14 and 15-19, a visit of 45 minutes."""
    salon = salon or salon_profile()
    asked = salon.service(service)
    assert asked is not None
    question = SlotQuestion(salon=salon, service=asked, wishes=wishes, **{"specialist": None, "now": NOW, **options})
    return search(question, busy or {}, loaded=question.all_days())


def shown(found: SlotSearch) -> list[str]:
    return [f"{slot.starts_at.astimezone(ZONE):%a %H:%M}" for slot in found.slots]


def on(day: date, at: str | None = None, **options: Any) -> Wish:
    return Wish(date_from=day, date_to=day, exact_time=time.fromisoformat(at) if at else None, **options)


def between(day: date, start: str, end: str) -> Wish:
    return on(day, time_from=time.fromisoformat(start), time_to=time.fromisoformat(end))


def taken(day: date, *spans: str, specialist_id: int = 1) -> dict[int, list[tuple[datetime, datetime]]]:
    ends = [span.split("-") for span in spans]
    return {specialist_id: [(local(day, start), local(day, end)) for start, end in ends]}


def test_the_exact_time_comes_first_and_the_nearest_after_it() -> None:
    """A free exact time leads, however early the others are."""
    found = find(on(TUESDAY, "16:00"))

    assert (found.fits, found.reason) == (True, SearchReason.OK)
    assert shown(found) == ["Tue 16:00", "Tue 15:30", "Tue 16:30"]


def test_an_exact_time_is_offered_by_everybody_who_is_free() -> None:
    """Where several specialists are free at the very time, the customer may choose between them."""
    found = find(on(TUESDAY, "16:00"), service="womens_haircut")

    assert [slot.specialist for slot in found.slots[:2]] == ["maria", "anna"]
    assert shown(found)[:2] == ["Tue 16:00", "Tue 16:00"]


def test_a_taken_time_gives_the_nearest_and_says_full() -> None:
    """Nothing at the wished time: the same day near it, then the same time another day."""
    found = find(on(TUESDAY, "16:00"), busy=taken(TUESDAY, "15:30-17:00"))

    assert (found.fits, found.reason) == (False, SearchReason.FULL)
    assert shown(found) == ["Tue 17:00", "Tue 17:30", "Wed 16:00"]


def test_a_whole_day_is_offered_in_its_parts() -> None:
    """Whoever names only a day sees morning, midday and evening, in order."""
    assert shown(find(on(TUESDAY))) == ["Tue 10:00", "Tue 12:00", "Tue 16:00"]


def test_a_part_of_the_day_is_kept_to() -> None:
    """No slot lies outside the hours that were asked for."""
    assert shown(find(between(TUESDAY, "15:00", "17:00"))) == ["Tue 15:00", "Tue 15:30", "Tue 16:00"]


def test_a_range_of_days_is_offered_day_by_day() -> None:
    """A week is answered with different days and different times of day."""
    week = Wish(date_from=TUESDAY, date_to=TUESDAY + timedelta(days=6))

    assert shown(find(week)) == ["Tue 10:00", "Wed 12:00", "Thu 16:00"]


def test_as_soon_as_possible_is_the_very_next() -> None:
    """The notice of an hour is kept; nothing earlier is passed over."""
    assert shown(find(Wish(asap=True))) == ["Mon 11:00", "Mon 11:30", "Mon 12:00"]


def test_without_a_wish_the_next_days_are_offered() -> None:
    """Whoever has not said when sees the soonest and two more days."""
    assert shown(find()) == ["Mon 11:00", "Tue 12:00", "Wed 16:00"]


def test_several_wishes_share_the_offers() -> None:
    """ "Tuesday or Wednesday" is answered from both, the first wish first."""
    found = find(on(TUESDAY, "11:00"), on(WEDNESDAY, "11:00"))

    assert shown(found) == ["Tue 11:00", "Wed 11:00", "Tue 10:30"]


def test_two_wishes_that_meet_in_one_slot_show_it_once() -> None:
    """ "Any time, or Monday at eleven": eleven with the one who is free then is one offer, not two."""
    nearest = find(Wish()).slots[0].starts_at.astimezone(ZONE)

    found = find(Wish(), on(nearest.date(), f"{nearest:%H:%M}"))

    assert len(found.slots) == len(set(found.slots))


def test_the_second_wish_is_enough() -> None:
    """It fits when any of the wishes can be met."""
    found = find(on(date(2026, 11, 28)), on(WEDNESDAY, "11:00"))

    assert (found.fits, shown(found)[0]) == (True, "Wed 11:00")


def test_offers_are_spread_over_specialists() -> None:
    """Where several are free, not everything goes to one of them."""
    found = find(on(TUESDAY), service="womens_haircut")

    assert {slot.specialist for slot in found.slots} == {"anna", "maria"}


def test_a_named_specialist_is_kept_to() -> None:
    """Only the person asked for is offered, on other days if need be."""
    found = find(on(MONDAY), service="womens_haircut", specialist="maria")

    assert (found.fits, found.reason) == (False, SearchReason.DAY_OFF)
    assert {slot.specialist for slot in found.slots} == {"maria"}
    assert shown(found)[0].startswith("Tue")


def test_a_specialist_who_does_not_do_it_is_nobody() -> None:
    """The others are offered, and it is said that the one named does not do this."""
    found = find(on(TUESDAY, "16:00"), specialist="olga")

    assert (found.fits, found.reason) == (False, SearchReason.NOBODY)
    assert shown(found)[0] == "Tue 16:00"
    assert {slot.specialist for slot in found.slots} == {"anna"}


def test_a_service_that_nobody_does() -> None:
    """There is nothing to offer."""
    found = find(salon=salon_profile(specialists=()))

    assert (found.slots, found.fits, found.reason) == ((), False, SearchReason.NOBODY)


def test_a_full_horizon_has_nothing() -> None:
    """When no slot exists at all, none is made up."""
    busy = {1: [(local(MONDAY, "00:00"), local(date(2027, 2, 1), "00:00"))]}

    found = find(on(TUESDAY), busy=busy)

    assert (found.slots, found.fits, found.reason) == ((), False, SearchReason.FULL)


def test_later_goes_on_after_the_last_offer() -> None:
    """ "Later" gives the next ones, on the same day while there are any."""
    found = find(on(TUESDAY, "16:00"), after=local(TUESDAY, "16:30"))

    assert (found.fits, shown(found)) == (True, ["Tue 17:00", "Tue 17:30", "Tue 18:00"])


def test_later_than_the_last_of_the_day_is_the_next_day() -> None:
    """When the day has no later slot, the days after it are the alternatives."""
    found = find(on(TUESDAY), after=local(TUESDAY, "18:00"))

    assert (found.fits, found.reason) == (False, SearchReason.NO_LATER)
    assert shown(found)[0].startswith("Wed")


def test_earlier_ends_before_the_first_offer() -> None:
    """ "Earlier" gives the nearest before, in order of time."""
    found = find(on(TUESDAY, "16:00"), before=local(TUESDAY, "15:30"))

    assert (found.fits, shown(found)) == (True, ["Tue 12:30", "Tue 13:00", "Tue 15:00"])


def test_later_may_leave_the_part_of_the_day() -> None:
    """Whoever asked for the morning and then for later means the afternoon too."""
    found = find(between(TUESDAY, "10:00", "12:00"), after=local(TUESDAY, "13:00"))

    assert (found.fits, shown(found)) == (True, ["Tue 15:00", "Tue 15:30", "Tue 16:00"])


def test_another_day_leaves_the_named_one_out() -> None:
    """ "Another day" looks around the day that was named and keeps the time."""
    found = find(on(WEDNESDAY, "16:00"), not_on=frozenset({WEDNESDAY}))

    assert found.fits
    assert shown(found) == ["Tue 16:00", "Thu 16:00", "Fri 16:00"]


def test_no_slot_is_offered_beyond_the_horizon() -> None:
    """The last bookable day is the horizon's; "from then on" stops there."""
    salon = salon_profile(booking_horizon_days=2)

    found = find(Wish(date_from=TUESDAY), salon=salon)

    assert found.fits
    assert {slot.starts_at.astimezone(ZONE).date() for slot in found.slots} <= {TUESDAY, WEDNESDAY}


def test_night_hours_run_over_midnight() -> None:
    """From 22 to 2 means late at night, not all day."""
    always = day("00:00-23:59")
    night = specialist("nina", "Нина", "Nina", skills={"mens_haircut"}, hours=weekly(tue=always))
    wish = between(TUESDAY, "22:00", "01:00")

    found = find(wish, salon=salon_profile(specialists=(night,)))

    hours = {slot.starts_at.astimezone(ZONE).hour for slot in found.slots}
    assert found.fits
    assert hours <= {22, 23, 0}


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_never_more_than_asked_for_and_never_twice(limit: int) -> None:
    """`limit` bounds the offers; no two of them are the same."""
    for wish in (on(TUESDAY, "16:00"), on(TUESDAY), Wish(), on(date(2026, 11, 28))):
        slots = find(wish, limit=limit).slots

        assert len(slots) == limit
        assert len(set(slots)) == limit


def test_near_days_lie_inside_the_horizon() -> None:
    """What is loaded first is around the wish, whatever was wished for."""
    service = salon_profile().services[0]
    for wish in (on(TUESDAY), on(date(2020, 1, 1)), on(date(2030, 1, 1)), Wish(), Wish(date_to=date(2020, 1, 1))):
        question = SlotQuestion(salon=salon_profile(), service=service, wishes=[wish], specialist=None, now=NOW)

        first, last = near_days(question)

        assert question.first_day <= first <= last <= question.last_day


days = st.integers(-3, 40).map(lambda offset: MONDAY + timedelta(days=offset))
times = st.one_of(st.none(), st.integers(0, 47).map(lambda half: time(half // 2, half % 2 * 30)))


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    first, last = draw(st.one_of(st.none(), days)), draw(st.one_of(st.none(), days))
    if first and last and last < first:
        first, last = last, first
    return Wish(
        date_from=first,
        date_to=last,
        time_from=draw(times),
        time_to=draw(times),
        exact_time=draw(times),
        asap=draw(st.booleans()),
    )


@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(["Asia/Yekaterinburg", "Europe/Berlin", "America/St_Johns"]),
    now=st.sampled_from([NOW, datetime(2027, 3, 26, 9, tzinfo=UTC), datetime(2026, 10, 23, 9, tzinfo=UTC)]),
    wanted=st.lists(wishes(), max_size=3),
    busy=st.lists(st.tuples(st.integers(1, 2), st.integers(0, 24 * 30), st.integers(1, 60)), max_size=12),
    bounds=st.tuples(*[st.one_of(st.none(), st.integers(0, 24 * 10))] * 2),
    named=st.sampled_from([None, "anna", "olga"]),
)
def test_whatever_is_wished_for_only_free_slots_are_offered(
    zone: str,
    now: datetime,
    wanted: list[Wish],
    busy: list[tuple[int, int, int]],
    bounds: tuple[int | None, int | None],
    named: str | None,
) -> None:
    """No offer overlaps a busy span with its buffer, leaves working hours, the horizon, the notice or the bounds, or
    lies on a day that was ruled out; there are at most three, and they differ."""
    salon = salon_profile(zone=ZoneInfo(zone))
    service = salon.service("womens_haircut")
    assert service is not None
    hour = timedelta(hours=1)
    spans = {
        who: [(now + start * hour, now + (start + length) * hour) for by, start, length in busy if by == who]
        for who in (1, 2)
    }
    after, before = (None if bound is None else now + bound * hour for bound in bounds)
    ruled_out = frozenset({(now + timedelta(days=2)).date()})

    found = find(
        *wanted,
        service=service.key,
        salon=salon,
        busy=spans,
        now=now,
        after=after,
        before=before,
        not_on=ruled_out,
        specialist=named,
    )

    assert len(found.slots) == len(set(found.slots)) <= 3
    for slot in found.slots:
        specialist = salon.specialist(slot.specialist)
        assert specialist is not None
        on_day = slot.starts_at.astimezone(salon.zone).date()
        occupied_until = slot.ends_at + timedelta(minutes=service.buffer_min)
        assert any(
            opens <= slot.starts_at and slot.ends_at <= closes
            for opens, closes in specialist.hours.spans(on_day, on_day)
        )
        assert all(occupied_until <= start or slot.starts_at >= end for start, end in spans[specialist.id])
        assert now + timedelta(minutes=salon.booking_notice_min) <= slot.starts_at
        assert on_day <= now.astimezone(salon.zone).date() + timedelta(days=salon.booking_horizon_days)
        assert after is None or slot.starts_at > after
        assert before is None or slot.starts_at < before
        assert on_day not in ruled_out
    if found.fits:
        assert found.reason is SearchReason.OK
