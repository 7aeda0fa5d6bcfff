"""Timers of enquiries over real rows: what fires, once, and what an answer makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from responder.booking.service import book
from responder.clock import FixedClock
from responder.db.engine import Database
from responder.dialogue.handoffs import give_back_thread, open_handoff
from responder.dialogue.states import HandoffReason
from responder.live import InProcessLive
from responder.salon.loader import SalonCache
from responder.timing.timeline import Author, Inbound, Outbound, Substance
from responder.watch.channels import ChannelWatch
from responder.watch.service import Watch
from responder.watch.window import WindowAlarm
from tests.factories import stored_salon
from tests.integration.timing_rows import Place, insert, store_thread

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 11:00 in the salon
CALENDAR = [
    {"measure": "human_wait_s", "within": "180"},
    {"measure": "first_useful_s", "within": "60"},
    {"measure": "booking_confirmed_s", "within": "30 min"},
]


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class World:
    """A salon, its rows and one or more watches over them."""

    def __init__(self, database: Database, place: Place, clock: FixedClock) -> None:
        self.database, self.place, self.clock = database, place, clock

    def watch(self) -> Watch:
        return Watch(self.database, clock=self.clock, salons=SalonCache(self.database), live=InProcessLive())

    def at(self, seconds: float) -> None:
        self.clock.advance((after(seconds) - self.clock.now()).total_seconds())

    async def look(self, seconds: float) -> int:
        self.at(seconds)
        return await self.watch().fire_due()

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return await (await connection.execute(query, values)).fetchall()  # type: ignore[arg-type]

    async def arrive(self, *events: Any, due: float | None = 40) -> int:
        """An enquiry that began at START, as intake leaves it."""
        first = Inbound(key="1", received_at=START, sent_at=START)
        async with self.database.connection() as connection:
            self.place.connection = connection
            (enquiry,) = await store_thread(self.place, [first, *events])
            at = None if due is None else after(due)
            await connection.execute("UPDATE enquiry SET next_check_at = %s WHERE id = %s", (at, enquiry))
        return enquiry

    async def thread(self, enquiry: int) -> int:
        return int((await self.rows("SELECT thread_id FROM enquiry WHERE id = %(id)s", id=enquiry))[0]["thread_id"])

    async def need_person(self, enquiry: int, seconds: float) -> None:
        async with self.database.transaction() as connection:
            await open_handoff(
                connection,
                thread_id=await self.thread(enquiry),
                reason=HandoffReason.ASKED,
                detail="",
                now=after(seconds),
            )

    async def steps(self) -> list[tuple[str, str]]:
        found = await self.rows("SELECT measure, step FROM sla_event ORDER BY due_at, step")
        return [(row["measure"], row["step"]) for row in found]

    async def standing(self) -> list[str]:
        found = await self.rows("SELECT kind FROM alert WHERE resolved_at IS NULL ORDER BY id")
        return [row["kind"] for row in found]


def reply(seconds: float, author: Author = Author.BOT, key: str = "r") -> Outbound:
    at = after(seconds)
    return Outbound(key=key, author=author, substance=Substance.SUBSTANTIVE, composed_at=at, accepted_at=at)


async def make_world(database: Database, targets: Sequence[dict[str, str]] = CALENDAR) -> World:
    salon = await stored_salon(database, targets=list(targets))
    async with database.connection() as connection:
        place = Place(
            connection=connection,
            salon_id=salon.id,
            accounts={account.kind: account.id for account in salon.channels},
        )
    return World(database, place, FixedClock(START))


@pytest.fixture
async def world(database: Database) -> World:
    return await make_world(database)


async def test_an_enquiry_without_an_answer_is_told_step_by_step(world: World) -> None:
    """Warned at two thirds, told at the target, then up the ladder; looking again tells nothing twice."""
    await world.arrive()
    told = [await world.look(seconds) for seconds in (39, 40, 40, 60, 119, 120, 240, 9000)]

    assert told == [0, 1, 0, 1, 0, 1, 1, 0]
    assert await world.steps() == [
        ("first_useful_s", "warn"),
        ("first_useful_s", "breach"),
        ("first_useful_s", "escalate:administrator"),
        ("first_useful_s", "escalate:owner"),
    ]


async def test_an_answer_that_came_in_time_leaves_nothing_to_look_for(world: World) -> None:
    """The bot's useful reply makes every timer moot, and the enquiry is not looked at again."""
    enquiry = await world.arrive(reply(2))

    assert await world.look(40) == 0
    (row,) = await world.rows("SELECT next_check_at FROM enquiry WHERE id = %(id)s", id=enquiry)
    assert row["next_check_at"] is None


async def test_a_hand_off_begins_timers_of_its_own(world: World) -> None:
    """Opening a hand-off has the enquiry looked at, though nothing was to be looked for; each hand-off tells anew."""
    enquiry = await world.arrive(reply(2), due=None)
    await world.need_person(enquiry, 100)

    told = [await world.look(seconds) for seconds in (100, 219, 220, 280)]

    assert told == [0, 0, 1, 1]
    assert await world.steps() == [("human_wait_s", "warn"), ("human_wait_s", "breach")]


async def test_an_alert_is_over_when_the_person_has_answered(world: World) -> None:
    """What was told of a wait ends by itself soon after the answer."""
    enquiry = await world.arrive(reply(2), due=None)
    await world.need_person(enquiry, 100)
    await world.look(100)
    await world.look(280)
    assert await world.standing() == ["breach"]

    async with world.database.connection() as connection:
        await insert(
            connection,
            "message",
            salon_id=world.place.salon_id,
            thread_id=await world.thread(enquiry),
            enquiry_id=enquiry,
            channel_account_id=world.place.accounts["telegram"],
            direction="out",
            author="human",
            composed_at=after(290),
            accepted_at=after(290),
        )
    await world.look(310)

    assert await world.standing() == []


async def test_giving_back_ends_the_wait(world: World) -> None:
    """Staff who give the dialogue back to the bot are not told that nobody came."""
    enquiry = await world.arrive(reply(2), due=None)
    await world.need_person(enquiry, 100)
    await world.look(100)
    async with world.database.transaction() as connection:
        await give_back_thread(connection, thread_id=await world.thread(enquiry), now=after(150))

    assert [await world.look(seconds) for seconds in (150, 400)] == [0, 0]


async def test_a_booking_that_nobody_confirms_is_told(world: World) -> None:
    """Booking starts the manager's half hour, also after the enquiry was closed; confirming ends it."""
    enquiry = await world.arrive(reply(2), due=None)
    thread = await world.thread(enquiry)
    (names,) = await world.rows(
        "SELECT (SELECT min(id) FROM service) AS service, (SELECT min(id) FROM specialist) AS s"
    )
    async with world.database.transaction() as connection:
        statement = (
            "INSERT INTO appointment (salon_id, specialist_id, service_id, thread_id, enquiry_id, state, starts_at,"
            " ends_at, busy, hold_until)"
            " VALUES (%s, %s, %s, %s, %s, 'held', %s, %s, tstzrange(%s, %s), %s) RETURNING id"
        )
        begins, ends = after(90_000), after(93_600)
        values = (world.place.salon_id, names["s"], names["service"], thread, enquiry, begins, ends, begins, ends)
        row = await (await connection.execute(statement, (*values, after(600)))).fetchone()
        assert row is not None
        await book(connection, row["id"], now=after(10))
        await connection.execute("UPDATE enquiry SET closed_at = %s, close_reason = 'resolved'", (after(10),))

    told = [await world.look(seconds) for seconds in (10, 1209, 1210, 1810)]
    await world.rows("UPDATE appointment SET confirmed_at = %(at)s RETURNING id", at=after(1900))
    over = await world.look(2200)

    assert (told, over) == ([0, 0, 1, 1], 0)
    assert await world.steps() == [("booking_confirmed_s", "warn"), ("booking_confirmed_s", "breach")]
    assert await world.standing() == []


async def test_many_watches_tell_each_step_once(world: World) -> None:
    """However many processes look at the same moment, each enquiry is told by one of them."""
    enquiries = [await world.arrive() for _ in range(60)]
    world.at(60)

    told = await asyncio.gather(*(world.watch().fire_due() for _ in range(4)))
    told += await asyncio.gather(*(world.watch().fire_due() for _ in range(4)))

    assert sum(told) == len(enquiries)
    found = await world.rows("SELECT enquiry_id, count(*) AS n FROM alert GROUP BY 1")
    assert {row["enquiry_id"]: row["n"] for row in found} == dict.fromkeys(enquiries, 1)


async def test_a_storm_leaves_one_job(world: World) -> None:
    """All alerts of a salon that are raised together wait for one sending."""
    for _ in range(30):
        await world.arrive()
    await world.look(60)

    jobs = await world.rows("SELECT task_name FROM procrastinate_jobs")
    assert [job["task_name"] for job in jobs] == ["send_alerts"]


async def test_an_enquiry_that_cannot_be_measured_holds_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in one enquiry is put off; the timers of the others fire."""
    from responder.watch import service

    bad, good = await world.arrive(), await world.arrive()
    real = service._look_at

    def look_at(row: Any, *args: Any, **more: Any) -> Any:
        if row["id"] == bad:
            raise ValueError("stated in two ways")
        return real(row, *args, **more)

    monkeypatch.setattr(service, "_look_at", look_at)

    assert await world.look(60) == 1
    found = await world.rows("SELECT enquiry_id FROM alert")
    assert [row["enquiry_id"] for row in found] == [good]


async def test_a_stamp_that_cannot_be_read_holds_up_no_timer(world: World) -> None:
    """A time beyond the calendar is put off; the timers of the others fire."""
    bad, good = await world.arrive(), await world.arrive()
    async with world.database.connection() as connection:
        await connection.execute("UPDATE message SET received_at = 'infinity' WHERE enquiry_id = %s", (bad,))

    assert await world.look(60) == 1
    found = await world.rows("SELECT enquiry_id FROM alert")
    assert [row["enquiry_id"] for row in found] == [good]


async def test_vip_and_channel_choose_the_target(database: Database) -> None:
    """An enquiry of a customer marked as important is held to the stricter target, and only that one is told."""
    world = await make_world(
        database,
        [
            {"measure": "first_useful_s", "within": "600"},
            {"measure": "first_useful_s", "within": "60", "priority": "vip"},
        ],
    )
    usual, important = await world.arrive(), await world.arrive()
    await world.rows("UPDATE enquiry SET priority = 'vip' WHERE id = %(id)s RETURNING id", id=important)

    assert await world.look(60) == 1
    found = await world.rows("SELECT enquiry_id, target_s FROM sla_event")
    assert [(row["enquiry_id"], row["target_s"]) for row in found] == [(important, 60.0)]
    assert usual != important


async def test_a_share_below_its_goal_is_told_once_a_fall(world: World) -> None:
    """Ten judged arrivals are needed; a fall is told once, ends with the recovery, and the next is told again."""
    alarm = WindowAlarm(world.database, clock=world.clock, salons=SalonCache(world.database))

    async def look(seconds: float) -> int:
        world.at(seconds)
        return await alarm.look()

    for _ in range(9):
        await world.arrive(due=None)
    assert await look(70) == 0
    await world.arrive(due=None)
    assert [await look(70), await look(100)] == [2, 0]  # first_useful_s and bot_frt_s
    assert await world.standing() == ["window", "window"]

    for number in range(200):
        await world.arrive(reply(2, key=str(number)), due=None)
    assert (await look(130), await world.standing()) == (0, [])

    for _ in range(100):
        await world.arrive(due=None)
    assert await look(160) == 2


async def test_a_fall_ends_with_nothing_left_to_judge(world: World) -> None:
    """After an hour without arrivals the alarm stands down, so that the next fall is told."""
    alarm = WindowAlarm(world.database, clock=world.clock, salons=SalonCache(world.database))
    for _ in range(10):
        await world.arrive(due=None)
    world.at(70)
    await alarm.look()
    world.at(3700)
    await alarm.look()

    assert await world.standing() == []


async def waiting_message(world: World, failure: str, composed: float) -> int:
    enquiry = await world.arrive(due=None)
    async with world.database.connection() as connection:
        return await insert(
            connection,
            "message",
            salon_id=world.place.salon_id,
            thread_id=await world.thread(enquiry),
            enquiry_id=enquiry,
            channel_account_id=world.place.accounts["telegram"],
            direction="out",
            author="bot",
            send_state="queued",
            attempts=1,
            failure=failure,
            composed_at=after(composed),
        )


async def test_refused_credentials_are_told_at_once_and_end_with_an_acceptance(world: World) -> None:
    """An account whose token is refused is told with the reason; when something is accepted again it is over."""
    watch = ChannelWatch(world.database, clock=world.clock)
    message = await waiting_message(world, "CredentialsRefused: the token is not valid", 1)
    world.at(2)

    assert [await watch.look(), await watch.look()] == [1, 0]
    (told,) = await world.rows("SELECT facts, severity FROM alert")
    assert told["facts"] == {"account": "Telegram", "reason": "CredentialsRefused: the token is not valid"}
    assert told["severity"] == "critical"

    await world.rows(
        "UPDATE message SET send_state = 'accepted', accepted_at = %(at)s WHERE id = %(id)s RETURNING id",
        id=message,
        at=after(60),
    )
    await world.rows("UPDATE thread SET last_message_at = %(at)s RETURNING id", at=after(60))
    world.at(61)
    await watch.look()
    assert await world.standing() == []


async def test_an_acceptance_counts_though_its_reply_was_written_before_the_alert(world: World) -> None:
    """A turn moves its thread up when it writes the reply, and the messenger accepts it a moment later."""
    watch = ChannelWatch(world.database, clock=world.clock)
    message = await waiting_message(world, "CredentialsRefused: the token is not valid", 1)
    await world.rows("UPDATE thread SET last_message_at = %(at)s RETURNING id", at=after(1))
    world.at(2)
    assert await watch.look() == 1

    await world.rows(
        "UPDATE message SET send_state = 'accepted', accepted_at = %(at)s WHERE id = %(id)s RETURNING id",
        id=message,
        at=after(3),
    )
    world.at(4)
    await watch.look()
    assert await world.standing() == []


async def test_sends_that_fail_for_minutes_are_told(world: World) -> None:
    """A hiccup is not told; nothing accepted for three minutes is, unless others of the account get through."""
    watch = ChannelWatch(world.database, clock=world.clock)
    await waiting_message(world, "TransientError: 502", 1)
    world.at(170)
    assert await watch.look() == 0
    other = await world.arrive(reply(100), due=None)
    thread = await world.thread(other)
    await world.rows(
        "UPDATE thread SET last_message_at = %(at)s WHERE id = %(id)s RETURNING id", id=thread, at=after(100)
    )
    world.at(182)
    assert await watch.look() == 0

    world.at(300)
    assert await watch.look() == 1
