"""Which timers are due, and when to look again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.hours import OpeningHours
from responder.salon.profile import LADDER, Rung, Target
from responder.timing.timeline import (
    Author,
    Exclusion,
    GivenBack,
    Inbound,
    Outbound,
    PersonNeeded,
    Substance,
    TakenOver,
    Timeline,
)
from responder.watch.rules import Booking, Fired, Look, Waiting, due_steps, first_look_after, steps_of, waits_of
from responder.watch.targets import DEFAULTS, Selected, every_target, targets_for
from tests.factories import salon_profile

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # Monday, 11:00 in the salon, which is open 10-21
SALON = salon_profile()
CALENDAR = {"human_wait_s": Target(measure="human_wait_s", seconds=180)}


def after(seconds: float, since: datetime = START) -> datetime:
    return since + timedelta(seconds=seconds)


def wait(*, ended_at: datetime | None = None, name: str = "human_wait_s", number: int = 0) -> Waiting:
    return Waiting(measure=name, number=number, start=START, ended_at=ended_at)


def look(
    *waits: Waiting,
    at: float,
    fired: set[Fired] | None = None,
    targets: dict[str, Target] | None = None,
    hours: OpeningHours = SALON.hours,
    ladder: tuple[Rung, ...] = LADDER,
) -> Look:
    return due_steps(waits, targets or CALENDAR, ladder=ladder, hours=hours, fired=fired or set(), now=after(at))


def names(found: Look) -> list[str]:
    return [step.name for step in found.due]


@pytest.mark.parametrize(
    ("at", "due", "next_at"),
    [
        (0, [], 120),
        (119.999999, [], 120),
        (120, ["warn"], 135),  # told: looked at again soon, to say when it is over
        (180, ["breach"], 198),  # too late to warn
        (360, ["breach", "escalate:administrator"], 396),
        (720, ["breach", "escalate:administrator", "escalate:owner"], 792),
    ],
)
def test_steps_fall_due_at_their_second(at: float, due: list[str], next_at: float) -> None:
    """Warn at two thirds, breach at the target, the ladder at its multiples; a microsecond earlier nothing."""
    found = look(wait(), at=at)

    assert names(found) == due
    assert found.next_at == after(next_at)


def test_each_step_is_said_once() -> None:
    """What was fired is not due again, and a warning never follows a breach."""
    fired = {("human_wait_s", 0, "breach")}

    assert names(look(wait(), at=200, fired=fired)) == []
    assert names(look(wait(), at=400, fired=fired)) == ["escalate:administrator"]


def test_an_answered_wait_gives_nothing() -> None:
    """Answered before or after its target, an ended wait has no step, and nothing is left to look for."""
    assert look(wait(ended_at=after(500)), at=1000) == Look(due=(), next_at=None)


def test_a_wait_that_was_told_of_is_reported_over() -> None:
    """Once somebody was told, the end of the wait is news."""
    ended = wait(ended_at=after(500))

    assert look(ended, at=600, fired={("human_wait_s", 0, "warn")}).over == (ended,)


def test_a_second_hand_off_has_timers_of_its_own() -> None:
    """What was said of the first hand-off says nothing of the next."""
    first, second = wait(ended_at=after(50)), Waiting(measure="human_wait_s", number=1, start=after(100), ended_at=None)

    found = look(first, second, at=300, fired={("human_wait_s", 0, "warn"), ("human_wait_s", 0, "breach")})

    assert [(step.name, step.waiting.number) for step in found.due] == [("breach", 1)]


def test_working_time_sleeps_with_the_salon() -> None:
    """A wait that begins a minute before closing breaks its three minutes two minutes after the next opening."""
    late = Waiting(
        measure="human_wait_s", number=0, start=datetime(2026, 11, 23, 15, 59, tzinfo=UTC), ended_at=None
    )  # 20:59
    working = {"human_wait_s": Target(measure="human_wait_s", seconds=180, working=True)}

    at_night = due_steps(
        [late], working, ladder=(), hours=SALON.hours, fired=(), now=datetime(2026, 11, 23, 20, tzinfo=UTC)
    )
    in_the_morning = due_steps(
        [late], working, ladder=(), hours=SALON.hours, fired=(), now=datetime(2026, 11, 24, 5, 2, tzinfo=UTC)
    )

    assert (names(at_night), at_night.next_at) == ([], datetime(2026, 11, 24, 5, 1, tzinfo=UTC))
    assert names(in_the_morning) == ["breach"]


def test_a_place_that_never_opens_is_not_watched_in_working_time() -> None:
    """Without opening hours there is no due second, and no endless looking."""
    closed = OpeningHours(zone=SALON.zone, week=((),) * 7)  # type: ignore[arg-type]
    working = {"human_wait_s": Target(measure="human_wait_s", seconds=180, working=True)}

    assert look(wait(), at=10_000, targets=working, hours=closed) == Look(due=(), next_at=None)


def timeline(
    *, useful_at: float | None = None, needed_at: float | None = None, back_at: float | None = None, **more: object
) -> Timeline:
    reply = Outbound(key="1", author=Author.BOT, substance=Substance.SUBSTANTIVE, accepted_at=after(useful_at or 0))
    needed = () if needed_at is None else (PersonNeeded(at=after(needed_at)),)
    back = () if back_at is None else (GivenBack(at=after(back_at)),)
    return Timeline(
        inbound=(Inbound(key="1", received_at=START),),
        outbound=() if useful_at is None else (reply,),
        calls=(*needed, *back),
        **more,  # type: ignore[arg-type]
    )


def open_waits(enquiry: Timeline, *bookings: Booking, now: float = 1) -> set[str]:
    return {found.measure for found in waits_of(enquiry, bookings, now=after(now)) if found.ended_at is None}


def test_who_was_helped_by_the_bot_waits_for_nobody() -> None:
    """A useful reply of the bot ends the wait for a person and the headline; the enquiry closes itself."""
    assert open_waits(timeline(useful_at=2)) == set()


def test_a_person_who_is_needed_is_waited_for() -> None:
    """From the hand-off on somebody waits for a person, and the enquiry is to be closed."""
    assert open_waits(timeline(useful_at=2, needed_at=5)) == {"human_frt_s", "human_wait_s", "resolution_s"}


def test_a_dialogue_given_back_waits_for_no_person() -> None:
    """Staff who give a dialogue back to the bot have ended the wait for a person."""
    assert open_waits(timeline(useful_at=2, needed_at=5, back_at=60)) == {"resolution_s"}


def test_nobody_waits_in_a_closed_or_excluded_enquiry() -> None:
    """Closing ends the timers, as spam or a test never had them."""
    assert open_waits(timeline(needed_at=5, closed_at=after(9), close_reason="resolved")) == set()
    assert open_waits(timeline(needed_at=5, excluded=Exclusion.TEST)) == set()


def test_a_wait_that_is_none_any_more_is_over() -> None:
    """What was told of an enquiry that turns out to be spam does not stand for ever."""
    told: set[Fired] = {("human_wait_s", 0, "breach"), ("human_wait_s", 0, "warn"), ("first_useful_s", 0, "breach")}
    found = look(at=400, fired=told)
    assert {(waiting.measure, waiting.number) for waiting in found.over} == {("human_wait_s", 0), ("first_useful_s", 0)}
    assert found.due == ()
    assert look(wait(), at=400, fired={("human_wait_s", 0, "breach")}).over == ()


def test_a_booking_wants_its_confirmation_even_when_the_enquiry_is_closed() -> None:
    """It waits until a manager confirms it, it is cancelled, or the visit begins."""
    closed = timeline(useful_at=2, closed_at=after(9), close_reason="resolved")
    visit = Booking(appointment_id=7, booked_at=after(3), starts_at=after(7200))

    assert open_waits(closed, visit) == {"booking_confirmed_s"}
    assert open_waits(closed, visit, now=7200) == set()
    for name in ("confirmed_at", "cancelled_at"):
        moot = Booking(appointment_id=7, booked_at=after(3), starts_at=after(7200), **{name: after(8)})
        assert open_waits(closed, moot) == set()


def test_staff_who_take_over_are_waited_for_from_then_on() -> None:
    """Taking over unasked begins the wait for a person's reply."""
    taken = Timeline(inbound=(Inbound(key="1", received_at=START),), calls=(TakenOver(at=after(30)),))

    (found,) = [item for item in waits_of(taken, now=after(31)) if item.measure == "human_wait_s"]

    assert (found.start, found.ended_at) == (after(30), None)


def test_the_first_look_is_not_later_than_any_first_step() -> None:
    """An opening enquiry is looked at when its earliest timer may be due, whatever the enquiry turns out to be."""
    assert first_look_after(every_target(())) == timedelta(seconds=40)
    assert first_look_after([Target(measure="human_wait_s", seconds=10)]) is None
    assert first_look_after([Target(measure="bot_frt_s", seconds=3, alert=True)]) == timedelta(seconds=2)


seconds = st.floats(0, 5_000)
starts = st.lists(st.tuples(st.sampled_from([target.measure for target in DEFAULTS]), seconds), max_size=6)


@given(starts, st.lists(seconds, min_size=1, max_size=12), st.booleans())
def test_looking_when_told_to_finds_every_step_once(
    begun: list[tuple[str, float]], moments: list[float], is_late: bool
) -> None:
    """Whoever looks at each `next_at` (or at any other moments too) fires each step of an open wait exactly once, at
    its own second when looking in time; only a warning may be missed, by looking late."""
    waits = [
        Waiting(measure=name, number=number, start=after(at), ended_at=None) for number, (name, at) in enumerate(begun)
    ]
    targets = targets_for((), Selected(channel_kind="telegram"))
    fired: list[Fired] = []
    now, end = START, after(6_000)
    extra = sorted(after(moment) for moment in moments)
    while now <= end:
        found = due_steps(waits, targets, ladder=LADDER, hours=SALON.hours, fired=set(fired), now=now)
        fired += [step.fired for step in found.due]
        assert found.next_at is None or found.next_at > now
        if not is_late:
            assert all(step.due_at == now for step in found.due if step.due_at > START)
        later = [moment for moment in extra if moment > now] + ([found.next_at] if found.next_at else [])
        if not later:
            break
        now = max(later) if is_late else min(later)

    assert len(fired) == len(set(fired))
    if not is_late:
        expected = {
            step.fired
            for item in waits
            for step in steps_of(item, targets[item.measure], ladder=LADDER, hours=SALON.hours)
            if item.measure not in ("bot_frt_s", "human_frt_s") and step.due_at <= end
        }
        assert expected == set(fired)
