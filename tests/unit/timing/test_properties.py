"""What must hold for every thread, however it went."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from responder.hours import Interval, OpeningHours
from responder.timing.enquiries import QUIET_TIME, split_thread
from responder.timing.measures import Measure, Measures, measure
from responder.timing.statistics import figure
from responder.timing.timeline import (
    Author,
    Closed,
    Erased,
    Event,
    GivenBack,
    Inbound,
    MarkedSpam,
    Outbound,
    OutreachStarted,
    PersonNeeded,
    Substance,
    TakenOver,
    Timeline,
)

START = datetime(2026, 10, 23, 8, 0, tzinfo=UTC)  # the clocks of Berlin change two days later
NOW = START + timedelta(days=10)
DAY = (Interval(time(9), time(13)), Interval(time(14), time(18)))
HOURS = OpeningHours(
    zone=ZoneInfo("Europe/Berlin"), week=(DAY, DAY, DAY, DAY, DAY, (), ()), exceptions={date(2026, 10, 26): ()}
)

instants = st.integers(0, 4 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
moments = st.one_of(instants, st.floats(0, 86_400).map(lambda s: START + timedelta(seconds=round(s, 3))))
keys = st.integers(0, 10**9).map(str)


@st.composite
def inbounds(draw: st.DrawFn) -> Inbound:
    sent_at = draw(moments)
    return Inbound(
        key="c" + draw(keys),
        received_at=sent_at + timedelta(seconds=draw(st.sampled_from([-5, 0, 0.4, 3, 7_200]))),
        sent_at=draw(st.sampled_from([sent_at, None])),
        order_key=draw(st.integers(0, 3)),
        is_bare_answer=draw(st.booleans()),
    )


@st.composite
def outbounds(draw: st.DrawFn, authors: tuple[Author, ...] = tuple(Author)) -> Outbound:
    composed_at = draw(moments)
    author = draw(st.sampled_from(authors))
    accepted_at = composed_at + timedelta(seconds=draw(st.sampled_from([0, 0.2, 1, 60, 4_000])))
    return Outbound(
        key="o" + draw(keys),
        author=author,
        substance=draw(st.sampled_from([*Substance, None])),
        composed_at=None if author is Author.HUMAN_DEVICE else composed_at,
        accepted_at=draw(st.sampled_from([accepted_at, accepted_at, None])),
        failed_at=draw(st.sampled_from([None, None, accepted_at + timedelta(seconds=5)])),
    )


def another(*authors: Author) -> st.SearchStrategy[Outbound]:
    """A message that no thread has yet."""
    return outbounds(authors=authors or tuple(Author)).map(lambda message: replace(message, key="another"))


marks = st.builds(
    lambda kind, at: kind(at=at),
    st.sampled_from([PersonNeeded, TakenOver, GivenBack, Closed, MarkedSpam, OutreachStarted, Erased]),
    moments,
)
threads = st.lists(
    st.one_of(inbounds(), outbounds(), marks), max_size=14, unique_by=lambda event: getattr(event, "key", event)
)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    found = split_thread([draw(inbounds()), *draw(threads)], now=NOW)
    return draw(st.sampled_from(found))


def measured(events: list[Event], **options: Any) -> list[Measures]:
    return [measure(timeline, hours=HOURS) for timeline in split_thread(events, now=NOW, **options)]


@given(threads, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(events: list[Event], random: Any) -> None:
    """A thread's measures do not depend on the order or the number of times its events were told."""
    retold = [*events, *events]
    random.shuffle(retold)

    assert measured(retold) == measured(events)


@given(threads)
def test_every_inbound_message_is_in_exactly_one_enquiry(events: list[Event]) -> None:
    """No message of a customer is lost or measured twice."""
    found = split_thread(events, now=NOW)

    kept = sorted(message.key for timeline in found for message in timeline.inbound)
    assert kept == sorted(event.key for event in events if isinstance(event, Inbound))


@given(threads)
def test_no_outbound_message_serves_two_enquiries(events: list[Event]) -> None:
    """A reply is credited to one enquiry at most."""
    kept = [message.key for timeline in split_thread(events, now=NOW) for message in timeline.outbound]

    assert len(kept) == len(set(kept))


@given(threads)
def test_an_enquiry_never_reaches_over_a_quiet_time(events: list[Event]) -> None:
    """Two messages of a customer in one enquiry have less than the quiet time of silence between them."""
    for timeline in split_thread(events, now=NOW):
        if timeline.excluded is not None:
            continue
        heard = sorted(
            [message.received_at for message in timeline.inbound]
            + [event.given_at for event in events if isinstance(event, Outbound) and event.given_at]
        )
        first, last = timeline.opened_at, max(message.received_at for message in timeline.inbound)
        inside = [at for at in heard if first <= at <= last]
        assert all(after - before < QUIET_TIME for before, after in pairwise(inside))


@given(timelines())
def test_waits_are_never_negative(timeline: Timeline) -> None:
    """Nothing is answered before it was asked."""
    for spans in measure(timeline).spans.values():
        for span in spans:
            assert span.end is None or span.end >= span.start
            assert span.released_at is None or span.released_at >= span.start


@given(timelines())
def test_working_seconds_never_exceed_calendar_seconds(timeline: Timeline) -> None:
    """The same measures exist in both reckonings, and opening hours only take away."""
    result = measure(timeline, hours=HOURS)

    assert result.working is not None
    for name in Measure:
        calendar, working = getattr(result.calendar, name), getattr(result.working, name)
        pairs = zip(calendar, working, strict=True) if isinstance(calendar, tuple) else [(calendar, working)]
        for all_of_it, inside in pairs:
            assert (inside is None) == (all_of_it is None)
            assert inside is None or 0 <= inside <= all_of_it


@given(timelines())
def test_first_is_no_later_than_useful_is_no_later_than_the_bot(timeline: Timeline) -> None:
    """A useful reply is a reply, and a useful reply of the bot is a useful reply; a person's is a reply."""
    result = measure(timeline).calendar

    for earlier, later in (
        (result.first_reply_s, result.first_useful_s),
        (result.first_useful_s, result.bot_frt_s),
        (result.first_reply_s, result.human_frt_s),
    ):
        assert later is None or (earlier is not None and earlier <= later)


@given(timelines(), another(Author.BOT, Author.SYSTEM, Author.UNKNOWN))
def test_no_machine_shortens_a_persons_time(timeline: Timeline, reply: Outbound) -> None:
    """Whatever the bot, a notice or an unknown author writes, the figures of people stay."""
    without, with_reply = measure(timeline), measure(replace(timeline, outbound=(*timeline.outbound, reply)))

    assert with_reply.calendar.human_frt_s == without.calendar.human_frt_s
    assert with_reply.calendar.human_wait_s == without.calendar.human_wait_s


@given(timelines(), another(Author.HUMAN, Author.HUMAN_DEVICE, Author.SYSTEM, Author.UNKNOWN))
def test_no_person_shortens_the_bots_time(timeline: Timeline, reply: Outbound) -> None:
    """Whatever people, a notice or an unknown author write, the bot's figure stays."""
    without, with_reply = measure(timeline), measure(replace(timeline, outbound=(*timeline.outbound, reply)))

    assert with_reply.calendar.bot_frt_s == without.calendar.bot_frt_s


@given(timelines(), another())
def test_what_was_not_given_changes_nothing(timeline: Timeline, reply: Outbound) -> None:
    """A reply that was not accepted, or was given up, leaves every measure as it was."""
    for not_given in (
        replace(reply, accepted_at=None),
        replace(reply, failed_at=NOW, delivered_at=None),
        replace(reply, author=Author.SYSTEM),
    ):
        assert measure(replace(timeline, outbound=(*timeline.outbound, not_given))) == measure(timeline)


@given(timelines(), another())
def test_what_was_written_before_the_clock_started_answers_nothing(timeline: Timeline, reply: Outbound) -> None:
    """A message of ours from before the customer wrote is no response, even when it was filed under the enquiry."""
    before = timeline.first.clock_at - timedelta(microseconds=1)
    earlier = replace(reply, composed_at=None, accepted_at=before)

    assert measure(replace(timeline, outbound=(*timeline.outbound, earlier))) == measure(timeline)


@given(timelines(), another())
def test_another_reply_never_lengthens_a_wait_that_was_met(timeline: Timeline, reply: Outbound) -> None:
    """Answering can only help: no first reply comes later because there are more of them."""
    before = measure(timeline).calendar
    after = measure(replace(timeline, outbound=(*timeline.outbound, reply))).calendar

    for name in (Measure.FIRST_REPLY, Measure.FIRST_USEFUL, Measure.BOT_FRT, Measure.HUMAN_FRT):
        was, now = getattr(before, name), getattr(after, name)
        assert was is None or (now is not None and now <= was)


@given(threads, st.integers(-5_000, 5_000))
def test_measures_are_the_same_at_any_time_of_the_year(events: list[Event], days: int) -> None:
    """In calendar seconds only differences of stamps matter, not the date."""
    shift = timedelta(days=days)
    moved = [
        replace(
            event,
            **{
                name: value + shift
                for name in type(event).__slots__
                if isinstance(value := getattr(event, name), datetime)
            },
        )
        for event in events
    ]

    found, found_moved = split_thread(events, now=NOW), split_thread(moved, now=NOW + shift)
    assert [measure(t).calendar for t in found_moved] == [measure(t).calendar for t in found]


@given(st.lists(timelines(), min_size=1, max_size=6), st.sampled_from([10.0, 60.0, 3_600.0]))
def test_ignoring_customers_never_improves_a_figure(found: list[Timeline], within_s: float) -> None:
    """Taking every reply away from one enquiry, closed or not, lowers no wait and raises no share."""
    ignored = replace(found[0], outbound=(), closed_at=found[0].opened_at, close_reason="resolved")
    for name in (Measure.FIRST_REPLY, Measure.FIRST_USEFUL):
        before = figure(map(measure, found), name, now=NOW, within_s=within_s)
        after = figure(map(measure, [ignored, *found[1:]]), name, now=NOW, within_s=within_s)

        assert after.n == before.n
        assert (after.share is None) == (before.share is None)
        assert after.share is None or before.share is None or after.share.value <= before.share.value
        assert _no_better(after.median_s, before.median_s)
        assert _no_better(after.p90_s, before.p90_s)


def _no_better(after: float | None, before: float | None) -> bool:
    return after is None or (before is not None and after >= before)
