"""Kept measures and counted days: never older than the stamps, and the same figures as measuring everything anew."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from responder.db.engine import Database
from responder.reports import keeping
from responder.reports.checking import check_figures, rebuild_figures
from responder.reports.keeping import bring_up_to_date, micros
from responder.reports.marks import By
from responder.reports.query import BadQuery, make_query
from responder.reports.report import Group, Report, run_report
from responder.reports.rollups import count_stale_days
from responder.salon.profile import ChannelAccount, SalonProfile
from responder.timing.definitions import Definition, other_definitions
from responder.timing.enquiries import split_thread
from responder.timing.measures import Measure, measure
from responder.timing.statistics import Figure
from responder.timing.timeline import Author, Event, Inbound, Outbound, PersonNeeded, Substance, TakenOver
from tests.factories import salon_profile
from tests.integration.timing_rows import Place, insert, open_place, random_thread, store_thread

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
KINDS = ("telegram", "webchat")


async def filled(database: Database, *, threads: int = 120, seed: int = 3) -> tuple[Place, SalonProfile]:
    """A salon with random threads of the last month, cut by two channels, three sources and two people."""
    dice = random.Random(seed)
    async with database.transaction() as connection:
        place = await open_place(connection, "primer", kinds=KINDS)
        operator = await insert(connection, "operator", salon_id=place.salon_id, key="leyla", name="Лейла")
        for _ in range(threads):
            events = random_thread(dice, NOW - timedelta(days=dice.uniform(1, 28)))
            await store_thread(place, events, kind=dice.choice(KINDS))
        await connection.execute(
            """UPDATE enquiry SET source = CASE id % 3 WHEN 0 THEN '{"utm": {"source": "vk"}}'::jsonb
                   WHEN 1 THEN '{"ref": "flyer"}'::jsonb ELSE '{}'::jsonb END,
               priority = CASE id % 5 WHEN 0 THEN 'vip' ELSE 'normal' END"""
        )
        await connection.execute(
            "UPDATE message SET operator_id = %s WHERE author = 'human' AND id %% 2 = 0", (operator,)
        )
    accounts = tuple(
        ChannelAccount(id=account, key=kind, kind=kind, name=kind) for kind, account in place.accounts.items()
    )
    return place, salon_profile(id=place.salon_id, channels=accounts)


async def asked(database: Database, salon: SalonProfile, *, exact_up_to: int = 10_000, **chosen: Any) -> Report:
    query = make_query(salon, now=NOW, **chosen)
    return await run_report(database, query, now=NOW, exact_up_to=exact_up_to)


def assert_close(found: Figure, wanted: Figure) -> None:
    """Counts and shares are the same; a quantile is off by no more than one per cent."""
    assert (found.n, found.open, found.not_awaited, found.share) == (
        wanted.n,
        wanted.open,
        wanted.not_awaited,
        wanted.share,
    )
    for ours, exact in ((found.median_s, wanted.median_s), (found.p90_s, wanted.p90_s)):
        assert (ours is None) == (exact is None)
        if ours is not None and exact is not None:
            assert abs(ours - exact) <= max(exact * 0.01, 0.001), (found.measure, ours, exact)


def assert_same_groups(found: tuple[Group, ...], wanted: tuple[Group, ...]) -> None:
    assert [group.value for group in found] == [group.value for group in wanted]
    for one, other in zip(found, wanted, strict=True):
        if one.by is None or not one.by.is_hourly:
            assert (one.arrivals, one.excluded, one.answered_first) == (
                other.arrivals,
                other.excluded,
                other.answered_first,
            )
            assert (
                one.settlement_known,
                one.booked,
                one.handed_off,
                one.resolved,
                one.settled_at_once,
                one.skewed,
            ) == (
                other.settlement_known,
                other.booked,
                other.handed_off,
                other.resolved,
                other.settled_at_once,
                other.skewed,
            )
        for name in one.calendar:
            assert_close(one.calendar[name], other.calendar[name])
        for name in one.working:
            assert_close(one.working[name], other.working[name])


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"channels": ["telegram"]},
        {"sources": ["vk", ""]},
        {"priorities": ["vip"], "channels": ["webchat"]},
        {"days": 3},
        {"within_s": 300},
        {"definition": "zendesk"},
    ],
    ids=str,
)
async def test_counted_days_give_the_figures_of_single_enquiries(database: Database, chosen: dict[str, Any]) -> None:
    """Whatever is chosen and however it is cut, bins tell the same as every enquiry by itself, counted or stale."""
    _, salon = await filled(database)
    await bring_up_to_date(database, salon, now=NOW)
    await count_stale_days(database, salon, now=NOW, limit=20)  # some days are counted, others are not

    exact = await asked(database, salon, **chosen)
    counted = await asked(database, salon, exact_up_to=0, **chosen)

    assert exact.total.arrivals > 0
    assert_same_groups((counted.total,), (exact.total,))
    assert counted.previous is not None
    assert exact.previous is not None
    assert_same_groups((counted.previous,), (exact.previous,))
    for by in By:
        assert_same_groups(counted.cuts[by], exact.cuts[by])


async def test_groups_add_up_to_the_whole(database: Database) -> None:
    """Nobody is lost between channels, sources, days or hours."""
    _, salon = await filled(database)
    report = await asked(database, salon)
    for by in (By.CHANNEL, By.SOURCE, By.PRIORITY, By.DAY, By.WEEK, By.HOUR, By.WEEK_HOUR):
        assert sum(group.arrivals for group in report.cuts[by]) == report.total.arrivals, by
    assert {group.value for group in report.cuts[By.OPERATOR]} == {"leyla"}


async def test_what_is_kept_is_what_measure_says(database: Database) -> None:
    """Every kept column is the conformance function's answer, to the microsecond, by every definition."""
    dice = random.Random(11)
    salon = salon_profile()
    wanted: dict[int, dict[str, int | None]] = {}
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        for _ in range(150):
            events = random_thread(dice, NOW - timedelta(days=dice.uniform(1, 200)))
            keys = await store_thread(place, events)
            for key, timeline in zip(keys, split_thread(events), strict=True):
                found = measure(timeline, hours=salon.hours)
                others = other_definitions(timeline)
                assert found.working is not None
                wanted[key] = {
                    "first_useful_us": micros(found.calendar.first_useful_s),
                    "bot_frt_working_us": micros(found.working.bot_frt_s),
                    "human_frt_us": micros(found.calendar.human_frt_s),
                    "resolution_working_us": micros(found.working.resolution_s),
                    "pipeline_lag_us": micros(found.calendar.pipeline_lag_s),
                    "human_wait_us": [micros(seconds) for seconds in found.calendar.human_wait_s],  # type: ignore[dict-item]
                    "zendesk_us": micros(others[Definition.ZENDESK].seconds()),
                    "chatwoot_working_us": micros(others[Definition.CHATWOOT].seconds(salon.hours)),
                }
    await bring_up_to_date(database, salon_profile(id=place.salon_id), now=NOW)

    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT * FROM enquiry_measures")).fetchall()
    assert {row["enquiry_id"]: {name: row[name] for name in wanted[row["enquiry_id"]]} for row in rows} == wanted


def one_message(at: datetime) -> list[Event]:
    return [Inbound(key="c", sent_at=at, received_at=at)]


async def kept(database: Database, salon: SalonProfile) -> dict[str, Any]:
    await bring_up_to_date(database, salon, now=NOW)
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT * FROM enquiry_measures ORDER BY enquiry_id")).fetchall()
    return rows[0]


CHANGES = {
    "a reply accepted": (
        """INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, substance,
               composed_at, accepted_at, send_state, idempotency_key)
           SELECT salon_id, thread_id, id, channel_account_id, 'out', 'bot', 'substantive', %(at)s, %(at)s, 'accepted',
               'k' FROM enquiry""",
        "bot_frt_us",
    ),
    "an enquiry closed": ("UPDATE enquiry SET closed_at = %(at)s, close_reason = 'resolved'", "resolution_us"),
    "an enquiry marked as spam": ("UPDATE enquiry SET excluded = 'spam'", "excluded"),
    "a hand-off opened": (
        """INSERT INTO handoff (salon_id, thread_id, enquiry_id, needed_at, reason)
           SELECT salon_id, thread_id, id, %(at)s, 'asked' FROM enquiry""",
        "is_handed_off",
    ),
    "a test thread": ("UPDATE thread SET is_test = true", "excluded"),
    "a message that came late": (
        """INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, kind, sent_at,
               received_at)
           SELECT salon_id, thread_id, id, channel_account_id, 'in', 'customer', 'message', %(at)s - interval '1 day',
               %(at)s FROM enquiry""",
        "clock_start_at",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_every_change_of_a_stamp_is_measured_again(database: Database, change: str) -> None:
    """Whoever changes a stamp, by whatever way, the next figure knows."""
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        await store_thread(place, one_message(NOW - timedelta(hours=3)))
    salon = salon_profile(id=place.salon_id)
    before = await kept(database, salon)
    statement, column = CHANGES[change]
    async with database.connection() as connection:
        await connection.execute(statement, {"at": NOW - timedelta(hours=2)})
    assert (await kept(database, salon))[column] != before[column]


async def test_a_further_reply_of_the_bot_costs_no_measuring(database: Database) -> None:
    """Once the bot has answered usefully, nothing it says later can change a measure, and nothing is marked."""
    at = NOW - timedelta(hours=3)
    given = [
        Outbound(key=key, author=Author.BOT, substance=Substance.SUBSTANTIVE, composed_at=when, accepted_at=when)
        for key, when in (("b1", at + timedelta(seconds=2)), ("b2", at + timedelta(seconds=30)))
    ]
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        await store_thread(place, [*one_message(at), given[0]])
    await kept(database, salon_profile(id=place.salon_id))
    async with database.connection() as connection:
        await connection.execute(CHANGES["a reply accepted"][0], {"at": given[1].accepted_at})
        row = await (await connection.execute("SELECT count(*) AS n FROM measures_due")).fetchone()
    assert row == {"n": 0}


async def test_a_mark_made_while_measuring_is_not_lost(database: Database) -> None:
    """A stamp that commits while its enquiry is being measured is measured by the next round."""
    at = NOW - timedelta(hours=3)
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        await store_thread(place, one_message(at))
    salon = salon_profile(id=place.salon_id)
    async with database.transaction() as stamping:
        await stamping.execute(CHANGES["a reply accepted"][0], {"at": at + timedelta(seconds=5)})
        assert (await kept(database, salon))["bot_frt_us"] is None  # not committed, not seen
    assert (await kept(database, salon))["bot_frt_us"] == 5_000_000


@pytest.mark.parametrize(("days_ago", "known"), [(20, 1), (9, 1), (8, 0), (3, 0)])
async def test_who_settled_at_once_is_told_when_it_is_known(database: Database, days_ago: int, known: int) -> None:
    """An enquiry counts as settled at first contact once a week has shown that the same customer does not come again;
    until then it is in no share, whether read by itself or from counted days."""
    at = NOW - timedelta(days=days_ago)
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        (first,) = await store_thread(place, one_message(at))
        await connection.execute(
            "UPDATE enquiry SET closed_at = %s, close_reason = 'resolved' WHERE id = %s", (at, first)
        )
    salon = salon_profile(id=place.salon_id)
    await bring_up_to_date(database, salon, now=NOW)
    await count_stale_days(database, salon, now=NOW)
    for exact_up_to in (10_000, 0):
        total = (await asked(database, salon, exact_up_to=exact_up_to)).total
        assert (total.resolved, total.settlement_known, total.settled_at_once) == (1, known, known)
    async with database.connection() as connection:
        await connection.execute(
            """INSERT INTO enquiry (salon_id, thread_id, customer_id, channel_account_id, clock_start_at, received_at)
               SELECT salon_id, thread_id, customer_id, channel_account_id, %(at)s, %(at)s FROM enquiry""",
            {"at": at + timedelta(days=2)},
        )
    total = (await asked(database, salon)).total
    assert (total.arrivals, total.resolved, total.settlement_known, total.settled_at_once) == (2, 1, known, 0)


async def test_a_counted_day_that_changes_is_read_anew(database: Database) -> None:
    """Spam found a week later leaves the figures of last week, at once."""
    _, salon = await filled(database, threads=40)
    await bring_up_to_date(database, salon, now=NOW)
    while await count_stale_days(database, salon, now=NOW):
        pass
    before = await asked(database, salon, exact_up_to=0)
    async with database.connection() as connection:
        await connection.execute(
            """UPDATE enquiry SET excluded = 'spam' WHERE id = (
                   SELECT enquiry_id FROM enquiry_measures WHERE excluded IS NULL AND day < %s ORDER BY 1 LIMIT 1)""",
            (date(2026, 11, 20),),
        )
    after = await asked(database, salon, exact_up_to=0)
    assert after.total.arrivals == before.total.arrivals - 1
    assert sum(after.total.excluded.values()) == sum(before.total.excluded.values()) + 1


async def test_whole_weeks_are_in_step_with_whatever_changes(database: Database) -> None:
    """Days of four weeks are counted, changed and counted again in any order; at every moment weeks, days and what is
    read from enquiries together tell what single enquiries tell, and the check finds every level in order."""
    dice = random.Random(17)
    _, salon = await filled(database, threads=200)
    since = NOW - timedelta(days=40)
    await bring_up_to_date(database, salon, now=NOW)
    while await count_stale_days(database, salon, now=NOW):
        pass
    weeks = []
    for _ in range(6):
        async with database.connection() as connection:
            await connection.execute(
                """UPDATE enquiry SET excluded = CASE WHEN excluded IS NULL THEN 'spam' END WHERE id = ANY(
                       SELECT id FROM enquiry ORDER BY md5(id::text || %s) LIMIT 2)""",
                (str(dice.random()),),
            )
        await assert_counted_is_exact(database, salon)
        weeks.append(await whole_weeks(database))
        await count_stale_days(database, salon, now=NOW, limit=dice.randint(1, 3))
        await assert_counted_is_exact(database, salon)
        weeks.append(await whole_weeks(database))
        assert (await check_figures(database, salon, since=since, now=NOW)).differences == ()
    assert min(weeks) < max(weeks)  # some were set aside with a day of theirs, and put together again with the last one


async def whole_weeks(database: Database) -> int:
    """How many weeks are read as one."""
    async with database.connection() as connection:
        cursor = await connection.execute(
            """SELECT count(*) AS n FROM rollup w WHERE w.days = 7 AND w.side = 'day' AND NOT EXISTS (
                   SELECT FROM rollup_day d WHERE d.day BETWEEN w.day AND w.day + 6 AND d.is_stale)"""
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row["n"])


async def assert_counted_is_exact(database: Database, salon: SalonProfile) -> None:
    exact, counted = await asked(database, salon), await asked(database, salon, exact_up_to=0)
    assert_same_groups((counted.total,), (exact.total,))
    for by in By:
        assert_same_groups(counted.cuts[by], exact.cuts[by])


async def test_an_earlier_take_over_of_a_thread_is_part_of_a_later_enquiry(database: Database) -> None:
    """A hand-off row that changes after the enquiry opened changes that enquiry too."""
    at = NOW - timedelta(hours=5)
    events: list[Event] = [*one_message(at), PersonNeeded(at=at), TakenOver(at=at + timedelta(minutes=4))]
    async with database.transaction() as connection:
        place = await open_place(connection, "primer")
        await store_thread(place, events)
    salon = salon_profile(id=place.salon_id)
    report = await asked(database, salon)
    wanted = measure(split_thread(events, now=NOW)[0])
    assert report.total.calendar[Measure.HUMAN_WAIT].open == len(wanted.spans[Measure.HUMAN_WAIT])


async def test_one_enquiry_that_cannot_be_measured_holds_up_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stamps make no sense to the measuring function: the others are measured, and the check names it."""
    _, salon = await filled(database, threads=20)
    (worst,) = await rows_of(database, "SELECT min(id) AS id FROM enquiry")

    def row_of(timeline: Any, mark: Any, **more: Any) -> dict[str, Any]:
        if mark["id"] == worst["id"]:
            raise OverflowError("a stamp of the year 9999")
        return understood(timeline, mark, **more)

    understood = keeping.row_of
    monkeypatch.setattr(keeping, "row_of", row_of)
    await bring_up_to_date(database, salon, now=NOW)
    (counts,) = await rows_of(
        database,
        """SELECT (SELECT count(*) FROM enquiry) AS enquiries, (SELECT count(*) FROM enquiry_measures) AS measured,
               (SELECT count(*) FROM measures_due) AS due""",
    )
    found = await check_figures(database, salon, since=NOW - timedelta(days=40), now=NOW)

    assert (counts["measured"], counts["due"]) == (counts["enquiries"] - 1, 0)
    assert [(one.enquiry_id, one.what) for one in found.differences] == [(worst["id"], "cannot be measured")]


@pytest.mark.parametrize("stamp", ["infinity", "12026-11-01 10:00+00", "9998-12-31 23:00+00"])
async def test_a_stamp_that_cannot_be_read_holds_up_no_other(database: Database, stamp: str) -> None:
    """Beyond the calendar of the language, or so far ahead that no day's hours can be looked up: all others are
    measured, none is measured for ever, and the check still runs to its end."""
    _, salon = await filled(database, threads=20)
    (worst,) = await rows_of(database, "SELECT min(id) AS id FROM enquiry")
    (first,) = await rows_of(database, f"SELECT min(id) AS id FROM message WHERE enquiry_id = {worst['id']}")
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE message SET accepted_at = %(stamp)s, delivered_at = %(stamp)s WHERE enquiry_id = %(worst)s"
            " AND direction = 'out'",
            {"stamp": stamp, "worst": worst["id"]},
        )
        await connection.execute(
            "UPDATE message SET received_at = %(stamp)s WHERE id = %(first)s", {"stamp": stamp, "first": first["id"]}
        )

    await bring_up_to_date(database, salon, now=NOW)
    (counts,) = await rows_of(
        database,
        f"""SELECT (SELECT count(*) FROM enquiry WHERE id <> {worst["id"]}) AS others,
               (SELECT count(*) FROM enquiry_measures WHERE enquiry_id <> {worst["id"]}) AS measured,
               (SELECT count(*) FROM measures_due) AS due""",
    )
    await check_figures(database, salon, since=NOW - timedelta(days=40), now=NOW)

    assert (counts["measured"], counts["due"]) == (counts["others"], 0)


async def rows_of(database: Database, query: str) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        return await (await connection.execute(query)).fetchall()  # type: ignore[arg-type]


async def test_a_check_finds_what_is_not_what_the_stamps_say(database: Database) -> None:
    """Everything agrees after measuring; a kept figure or a counted day that was tampered with is found and mended."""
    _, salon = await filled(database, threads=40)
    since = NOW - timedelta(days=40)
    await rebuild_figures(database, salon, since=since, now=NOW)
    clean = await check_figures(database, salon, since=since, now=NOW)
    async with database.connection() as connection:
        await connection.execute("UPDATE enquiry_measures SET first_useful_us = 1 WHERE first_useful_us > 1")
        await connection.execute("UPDATE rollup SET counters[1] = counters[1] + 1 WHERE side = 'day' AND days = 1")
        await connection.execute("UPDATE rollup SET short = '' WHERE side = 'channel' AND days = 7")
    tampered = await check_figures(database, salon, since=since, now=NOW)
    await rebuild_figures(database, salon, since=since, now=NOW)

    assert clean.differences == ()
    assert clean.enquiries > 0
    assert clean.days > 0
    assert {found.what for found in tampered.differences} >= {
        "first_useful_us",
        "day short",
        "week channel short",
    }
    assert (await check_figures(database, salon, since=since, now=NOW)).differences == ()


BAD_QUERIES = {
    "from": {"since": date(2026, 11, 20), "until": date(2026, 11, 19)},
    "days": {"days": 0},
    "channel": {"channels": ["pigeon"]},
    "operator": {"operators": ["nobody"]},
    "specialist": {"specialists": ["nobody"]},
    "definition": {"definition": "ours"},
    "within_s": {"within_s": -60},
}


@pytest.mark.parametrize("field", BAD_QUERIES)
def test_a_bad_query_names_its_field(field: str) -> None:
    """Nothing is read for a question that cannot be answered; the answer says what to change."""
    with pytest.raises(BadQuery, match=f"^{field}: ") as refused:
        make_query(salon_profile(), now=NOW, **BAD_QUERIES[field])  # type: ignore[arg-type]
    assert refused.value.field == field
