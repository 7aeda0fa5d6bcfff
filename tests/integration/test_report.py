"""The report over real rows: every figure is the conformance function applied to the stored stamps."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from responder.db.engine import Database
from responder.errors import NotFound
from responder.reports.query import BadQuery
from responder.reports.report import Report, response_report
from responder.reports.text import to_json, to_text
from responder.timing.definitions import Definition, other_definitions
from responder.timing.enquiries import split_thread
from responder.timing.load import enquiry_timing, load_timelines
from responder.timing.measures import Measure, lead_timing, measure
from responder.timing.statistics import figure
from responder.timing.timeline import (
    Author,
    Event,
    Exclusion,
    Inbound,
    MarkedSpam,
    Outbound,
    PersonNeeded,
    Substance,
    TakenOver,
)
from tests.factories import salon_profile
from tests.integration.timing_rows import open_place, random_thread, store_thread
from tests.unit.timing.vectors import read_vectors

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def enquiry(arrived_at: datetime, *, bot_s: float | None = None, human_s: float | None = None) -> list[Event]:
    """One message and who answered it after how many seconds."""
    events: list[Event] = [Inbound(key="c", sent_at=arrived_at, received_at=arrived_at + timedelta(seconds=0.4))]
    for author, seconds in ((Author.BOT, bot_s), (Author.HUMAN, human_s)):
        if seconds is not None:
            at = arrived_at + timedelta(seconds=seconds)
            events.append(
                Outbound(key=author, author=author, substance=Substance.SUBSTANTIVE, composed_at=at, accepted_at=at)
            )
    return events


async def report_of(database: Database, salon_id: int, *, days: int = 30) -> Report:
    return await response_report(database, salon=salon_profile(id=salon_id), now=NOW, days=days)


async def test_rows_give_the_measures_of_every_vector(database: Database) -> None:
    """A vector that went through the tables measures the same as the vector itself."""
    vectors = read_vectors()
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        stored = {
            vector.name: await store_thread(
                place, vector.events, now=vector.now, quiet=vector.quiet, is_test=vector.is_test
            )
            for vector in vectors
        }
        timelines = await load_timelines(connection, [key for keys in stored.values() for key in keys])

    for vector in vectors:
        split = split_thread(vector.events, now=vector.now, quiet=vector.quiet, is_test=vector.is_test)
        wanted = [measure(timeline, hours=vector.hours) for timeline in split]
        assert [measure(timelines[key], hours=vector.hours) for key in stored[vector.name]] == wanted, vector.name


async def test_rows_give_the_measures_of_any_thread(database: Database) -> None:
    """Loading is not a second opinion: two hundred random threads measure the same from rows as from events."""
    dice = random.Random(20_261_123)
    threads = [random_thread(dice, NOW - timedelta(days=20)) for _ in range(200)]
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        stored = [await store_thread(place, events) for events in threads]
        timelines = await load_timelines(connection, [key for keys in stored for key in keys])

    for events, keys in zip(threads, stored, strict=True):
        wanted = [measure(timeline) for timeline in split_thread(events)]
        assert [measure(timelines[key]) for key in keys] == wanted, events


async def test_every_figure_is_the_conformance_function_applied(database: Database) -> None:
    """The report says nothing that `measure` and the statistics would not say of the same enquiries."""
    dice = random.Random(7)
    salon = salon_profile()
    async with database.transaction() as connection:
        place = await open_place(connection, "primer", kinds=("telegram", "webchat"))
        threads = [random_thread(dice, NOW - timedelta(days=dice.uniform(2, 29))) for _ in range(60)]
        for number, events in enumerate(threads):
            await store_thread(place, events, kind=("telegram", "webchat")[number % 2])

    report = await report_of(database, place.salon_id)

    for group, kept in (
        (report.total, threads),
        (report.channels[0], threads[::2]),
        (report.channels[1], threads[1::2]),
    ):
        measured = [
            found
            for events in kept
            for timeline in split_thread(events)
            if (found := measure(timeline)).clock_start_at < NOW
        ]
        for name in Measure:
            within_s = group.calendar[name].within_s
            assert group.calendar[name] == figure(measured, name, now=NOW, within_s=within_s)
            assert group.working[name] == figure(measured, name, now=NOW, within_s=within_s, hours=salon.hours)


async def test_bot_and_people_stand_side_by_side_by_channel(database: Database) -> None:
    """Each channel has its own bot and human figures, and the total has all of them."""
    async with database.transaction() as connection:
        place = await open_place(connection, "primer", kinds=("telegram", "webchat"))
        for minute in range(12):
            arrived_at = NOW - timedelta(days=1, minutes=minute)
            await store_thread(place, enquiry(arrived_at, bot_s=2, human_s=90))
        for minute in range(3):
            await store_thread(place, enquiry(NOW - timedelta(hours=5, minutes=minute), human_s=30), kind="webchat")
        await store_thread(place, enquiry(NOW - timedelta(hours=7)), kind="webchat")

    report = await report_of(database, place.salon_id)

    assert [group.value for group in report.channels] == ["telegram", "webchat"]
    telegram, webchat = report.channels
    assert telegram.calendar[Measure.BOT_FRT].median_s == 2
    assert telegram.calendar[Measure.HUMAN_FRT].median_s == 90
    assert telegram.calendar[Measure.HUMAN_FRT].share.within == 0  # type: ignore[union-attr]
    assert not telegram.calendar[Measure.BOT_FRT].is_small
    assert webchat.calendar[Measure.HUMAN_FRT].share.within == 3  # type: ignore[union-attr]
    assert (webchat.calendar[Measure.HUMAN_FRT].n, webchat.calendar[Measure.HUMAN_FRT].open) == (4, 1)
    assert webchat.calendar[Measure.HUMAN_FRT].p90_s is None
    assert (report.total.answered_first.bot, report.total.answered_first.human, report.total.answered_first.nobody) == (
        12,
        3,
        1,
    )


async def test_enquiries_are_grouped_by_arrival(database: Database) -> None:
    """A reply of today to an enquiry of last month belongs to last month."""
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        monday = datetime(2026, 11, 23, tzinfo=salon_profile().zone)
        before = monday - timedelta(days=6, microseconds=1)
        await store_thread(place, enquiry(before, human_s=(NOW - before).total_seconds() - 60))
        await store_thread(place, enquiry(monday - timedelta(days=6), bot_s=3))  # the first instant of the period

    report = await report_of(database, place.salon_id, days=7)

    assert report.total.arrivals == 1
    assert report.total.calendar[Measure.FIRST_REPLY].median_s == 3


async def test_exclusions_are_counted_and_kept_out(database: Database) -> None:
    """Spam and tests stand beneath the figure by reason and not in it, however they were marked."""
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        day_ago = NOW - timedelta(days=1)
        await store_thread(place, enquiry(day_ago, bot_s=2))
        await store_thread(place, [*enquiry(day_ago, bot_s=50), MarkedSpam(at=day_ago + timedelta(minutes=1))])
        (test,) = await store_thread(place, enquiry(day_ago, bot_s=50), is_test=True)
        await connection.execute("UPDATE enquiry SET excluded = NULL WHERE id = %s", (test,))  # the thread says it too
        (closed_as_spam,) = await store_thread(place, enquiry(day_ago, bot_s=50))
        await connection.execute(
            "UPDATE enquiry SET closed_at = %s, close_reason = 'spam' WHERE id = %s", (NOW, closed_as_spam)
        )

    report = await report_of(database, place.salon_id)

    assert report.total.arrivals == 1
    assert report.total.excluded == {Exclusion.SPAM: 2, Exclusion.OUTREACH: 0, Exclusion.TEST: 1}
    assert report.total.calendar[Measure.BOT_FRT].n == 1


async def test_one_salon_sees_nothing_of_another(database: Database) -> None:
    """The report of a salon rests on its own rows."""
    async with database.transaction() as connection:
        mine, other = await open_place(connection, "mine"), await open_place(connection, "other")
        await store_thread(other, enquiry(NOW - timedelta(days=1), bot_s=2))

    assert (await report_of(database, mine.salon_id)).total.arrivals == 0
    assert (await report_of(database, other.salon_id)).total.arrivals == 1


async def test_erasing_a_customer_changes_no_figure(database: Database) -> None:
    """History stays what it was when a customer's data are deleted."""
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        await store_thread(place, enquiry(NOW - timedelta(days=1), bot_s=2, human_s=90))
        await store_thread(place, enquiry(NOW - timedelta(days=1)))
    before = await report_of(database, place.salon_id)

    async with database.connection() as connection:
        await connection.execute("UPDATE customer SET name = NULL, phone = NULL, erased_at = %s", (NOW,))
        await connection.execute("UPDATE message SET text = '', payload = '{}', raw = NULL, provider_key = NULL")

    assert await report_of(database, place.salon_id) == before


async def test_an_enquiry_without_messages_is_still_an_arrival(database: Database) -> None:
    """Where even the messages are gone, the enquiry's own row keeps the clock start, the lag and the skew."""
    arrived_at = NOW - timedelta(days=1)
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        (plain,) = await store_thread(place, enquiry(arrived_at))
        ahead = Inbound(key="c", received_at=arrived_at, sent_at=arrived_at + timedelta(seconds=4))
        (skewed,) = await store_thread(place, [ahead])
        before = [await enquiry_timing(connection, key) for key in (plain, skewed)]
        await connection.execute("DELETE FROM message")
        after = [await enquiry_timing(connection, key) for key in (plain, skewed)]

    assert after == before


async def test_what_is_no_message_of_the_customer_starts_no_clock(database: Database) -> None:
    """Edits, deletions and delivery states are stored as rows too, and are not enquiries' messages."""
    arrived_at = NOW - timedelta(days=1)
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        (key,) = await store_thread(place, enquiry(arrived_at, bot_s=2))
        await connection.execute(
            """INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, kind,
                   sent_at, received_at)
               SELECT salon_id, thread_id, enquiry_id, channel_account_id, direction, author, 'edited', %s, %s
               FROM message WHERE enquiry_id = %s AND direction = 'in'""",
            (arrived_at - timedelta(hours=1), NOW, key),
        )

        assert (await enquiry_timing(connection, key)).clock_start_at == arrived_at


async def test_a_lead_carries_the_timing_of_its_enquiry(database: Database) -> None:
    """The fields of a lead are the same measures under stable names, with whose answer came first."""
    arrived_at = NOW - timedelta(days=1)
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        (answered,) = await store_thread(place, enquiry(arrived_at, bot_s=2.5, human_s=90))
        (by_person,) = await store_thread(place, enquiry(arrived_at, human_s=90))
        (ignored,) = await store_thread(place, enquiry(arrived_at))
        fields = [lead_timing(await enquiry_timing(connection, key)) for key in (answered, by_person, ignored)]

    assert fields[0] == {
        "received_at": "2026-11-22T05:00:00.400000+00:00",
        "first_response_at": "2026-11-22T05:00:02.500000+00:00",
        "auto_reply": True,
        "first_reply_s": 2.5,
        "first_useful_s": 2.5,
        "bot_frt_s": 2.5,
        "human_frt_s": 90.0,
    }
    assert [found["auto_reply"] for found in fields] == [True, False, None]
    assert fields[2]["first_response_at"] is None


async def test_timing_of_an_enquiry_that_is_not_there(database: Database) -> None:
    """Asking for an unknown enquiry is refused, not answered with zeros."""
    async with database.connection() as connection:
        with pytest.raises(NotFound):
            await enquiry_timing(connection, 4_711)


async def test_an_empty_report_is_a_report(database: Database) -> None:
    """With no enquiries there is no figure, no crash and a sentence that says so."""
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")

    report = await report_of(database, place.salon_id)

    assert report.total.calendar[Measure.FIRST_USEFUL].share is None
    assert "No enquiries in this period." in to_text(report, language="en")
    assert json.loads(json.dumps(to_json(report)))["total"]["arrivals"] == 0


async def test_a_period_has_at_least_a_day(database: Database) -> None:
    """A report over no days is a mistake of the caller."""
    with pytest.raises(BadQuery, match="days: 0 is not between 1"):
        await report_of(database, 1, days=0)


async def test_taking_over_a_later_enquiry_is_no_part_of_an_earlier_one(database: Database) -> None:
    """A hand-off left open when its enquiry closed is marked as taken with the next one's; that changes no wait of the
    enquiry that was over."""
    first, second = NOW - timedelta(days=3), NOW - timedelta(days=1)
    taken_at = second + timedelta(minutes=5)
    events: list[Event] = [
        Inbound(key="c1", sent_at=first, received_at=first),
        PersonNeeded(at=first + timedelta(seconds=1)),
        Inbound(key="c2", sent_at=second, received_at=second),
        TakenOver(at=taken_at),
    ]
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        keys = await store_thread(place, events)
        timelines = await load_timelines(connection, keys)
    earlier, later = (measure(timelines[key]).spans[Measure.BOT_FRT][0] for key in keys)
    assert (earlier.released_at, later.released_at) == (None, taken_at)


async def test_what_a_person_wrote_and_nobody_accepted_is_no_reply_but_theirs(database: Database) -> None:
    """Rows hold a reply that failed: no reply by our definition, one by the definitions that stamp it when written."""
    arrived_at = NOW - timedelta(days=1)
    written_at = arrived_at + timedelta(seconds=60)
    failed = Outbound(key="h", author=Author.HUMAN, composed_at=written_at, failed_at=written_at + timedelta(seconds=5))
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        (key,) = await store_thread(place, [Inbound(key="c", sent_at=arrived_at, received_at=arrived_at), failed])
        timeline = (await load_timelines(connection, [key]))[key]
    assert measure(timeline).calendar.human_frt_s is None
    assert other_definitions(timeline)[Definition.ZENDESK].seconds() == 60
