"""Every door that stamps marks what it changed: after any walk through them nothing is out of step with the stamps.

The walk measures after every step, so that a mark that is missing shows: the measures would stay those of before it.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.contract import (
    ChannelKind,
    DeliveryStatus,
    Inbound,
    InboundKind,
    OutcomeUnknown,
    PermanentError,
    TransientError,
)
from connectors.fake import FakeMessenger
from responder.booking import service as booking
from responder.clock import FixedClock
from responder.db.engine import Connection, Database
from responder.delivery.service import Delivery
from responder.desk.service import Desk
from responder.dialogue.handoffs import open_handoff
from responder.dialogue.states import CloseReason, HandoffReason, Substance
from responder.intake.rules import Pace
from responder.intake.service import Account, Intake
from responder.live import InProcessLive
from responder.reports.checking import Difference, check_figures
from responder.reports.entries import COUNTERS
from responder.reports.keeping import LOCK_SALON, bring_up_to_date, keep
from responder.reports.rollups import count_stale_days
from responder.salon.loader import load_salon
from responder.salon.profile import SalonProfile
from responder.staff.audit import Actor
from responder.turns.statements import MARK_SPAM
from tests.factories import stored_salon

START = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)

SAY = """
INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, text,
    composed_at, substance, idempotency_key, send_state, next_attempt_at)
SELECT t.salon_id, t.id, e.id, t.channel_account_id, 'out', %(author)s, true, 'reply', %(now)s, %(substance)s,
    %(key)s, 'queued', %(now)s
FROM thread t JOIN enquiry e ON e.thread_id = t.id AND e.closed_at IS NULL WHERE t.id = %(thread)s
"""

LATEST_CLOCK = "SELECT clock_start_at FROM enquiry WHERE closed_at IS NULL ORDER BY id DESC LIMIT 1"

BY_PEOPLE = "SELECT id, thread_id FROM message WHERE direction = 'out' AND author IN ('human', 'human_device')"

WORKING = "SELECT first_useful_working_us FROM enquiry_measures"

COUNTED = f"""
SELECT sum(counters[{COUNTERS.index("arrivals") + 1}])::int AS arrivals,
    sum(counters[{COUNTERS.index("spam") + 1}])::int AS spam FROM rollup WHERE side = 'day'
"""

OPEN_ENQUIRY_OF = "SELECT id, customer_id FROM enquiry WHERE thread_id = %(thread)s AND closed_at IS NULL"


@dataclass
class Doors:
    """Intake, delivery, desk and bookings of one salon, with a clock that the test moves."""

    database: Database
    salon: SalonProfile
    clock: FixedClock
    messenger: FakeMessenger
    intake: Intake
    delivery: Delivery
    desk: Desk
    numbers: int = 0

    @classmethod
    async def open(cls, database: Database, *, start: datetime = START, **salon_file: Any) -> Doors:
        salon = await stored_salon(database, **salon_file)
        clock, messenger, live = FixedClock(start), FakeMessenger(), InProcessLive()
        await messenger.open()
        delivery = Delivery(database, clock=clock, messenger_of=lambda _: messenger, live=live)
        intake = Intake(database, clock=clock, pace=Pace.within(3.0, quiet_s=0), enquiry_quiet=timedelta(hours=24))
        desk = Desk(database, clock=clock, delivery=delivery, live=live, messenger_of=lambda _: messenger)
        return cls(database, salon, clock, messenger, intake, delivery, desk)

    @property
    def front_desk(self) -> Actor:
        return Actor(operator_id=next(known.id for known in self.salon.operators if known.key == "front_desk"))

    @property
    def account(self) -> Account:
        return Account(id=self.salon.channels[0].id, salon_id=self.salon.id, kind=ChannelKind.TELEGRAM)

    def next_number(self) -> int:
        self.numbers += 1
        return self.numbers

    async def receive(self, thread_key: str, *, kind: InboundKind = InboundKind.MESSAGE, **fields: object) -> None:
        number = self.next_number()
        item = Inbound(
            kind=kind,
            provider_key=f"p{number}",
            thread_key=thread_key,
            **{"provider_message_id": f"m{number}", "text": "Здравствуйте", "order_key": number, **fields},  # type: ignore[arg-type]
        )
        await self.intake.store(self.account, [item], received_at=self.clock.now())

    async def say(self, thread_id: int, *, author: str = "bot", substance: str | None = "substantive") -> None:
        """As a turn leaves a reply, and delivery sends it."""
        values = {
            "thread": thread_id,
            "author": author,
            "substance": substance,
            "now": self.clock.now(),
            "key": f"k{self.next_number()}",
        }
        async with self.database.connection() as connection:
            await connection.execute(SAY, values)
        self.clock.advance(0.4)
        await self.delivery.deliver_next(thread_id)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return await (await connection.execute(query)).fetchall()  # type: ignore[arg-type]

    async def threads(self) -> list[int]:
        return [row["id"] for row in await self.rows("SELECT id FROM thread ORDER BY id")]

    async def marks(self) -> list[int]:
        return [row["enquiry_id"] for row in await self.rows("SELECT enquiry_id FROM measures_due ORDER BY id")]

    async def measure(self) -> int:
        return await bring_up_to_date(self.database, self.salon, now=self.clock.now())

    async def count(self) -> None:
        await count_stale_days(self.database, self.salon, now=self.clock.now() + timedelta(days=2))

    async def differences(self) -> list[Difference]:
        since = START - timedelta(days=30)
        checked = await check_figures(self.database, self.salon, since=since, now=self.clock.now())
        return list(checked.differences)


async def _book(doors: Doors, connection: Connection, thread_id: int, dice: random.Random) -> None:
    """A booking of the thread's open enquiry, or the end of one."""
    now = doors.clock.now()
    enquiry = await (await connection.execute(OPEN_ENQUIRY_OF, {"thread": thread_id})).fetchone()
    booked = await booking.upcoming(connection, doors.salon, thread_id=thread_id, now=now)
    if booked and dice.random() < 0.5:
        await booking.cancel(connection, booked[0].id, now=now)
    elif enquiry is not None:
        found = await booking.find_slots(
            connection, doors.salon, service="manicure", wishes=(), specialist=None, now=now, limit=9
        )
        if found.slots:
            held = await booking.hold_slot(
                connection,
                doors.salon,
                dice.choice(found.slots),
                service="manicure",
                customer_id=enquiry["customer_id"],
                thread_id=thread_id,
                enquiry_id=enquiry["id"],
                now=now,
                hold_until=now + timedelta(minutes=10),
            )
            await booking.book(connection, held, now=now)


async def step(doors: Doors, dice: random.Random) -> str:
    """Something happens, through the door it comes in by; gives what."""
    doors.clock.advance(dice.choice([0.2, 0.9, 5, 60, 4_000, 30_000, 100_000]) * dice.uniform(0.5, 1.5))
    now, threads = doors.clock.now(), await doors.threads()
    what = dice.choice(DOORS)
    thread_key = dice.choice("abc")
    if what == "message" or not threads:
        sent_at = now - timedelta(seconds=dice.choice([0.3, 0.3, 2, 3_000, -2]))
        if dice.random() < 0.3 and (before := await doors.rows(LATEST_CLOCK)):
            sent_at = before[0]["clock_start_at"]  # of the same second as what opened an enquiry
        await doors.receive(
            thread_key,
            sent_at=dice.choice([None, sent_at.replace(microsecond=0), sent_at.replace(microsecond=0)]),
            order_key=dice.randint(0, 9),
        )
        return "message"
    thread_id = dice.choice(threads)
    async with doors.database.connection() as connection:
        match what:
            case "bot":
                await doors.say(
                    thread_id,
                    author=dice.choice(["bot", "bot", "system"]),
                    substance=dice.choice(["substantive", "acknowledgement"]),
                )
            case "echo":
                sent_at = now - timedelta(seconds=dice.choice([0.5, 5_000]))
                await doors.receive(thread_key, kind=InboundKind.ECHO, sent_at=sent_at, text="Да, приходите в пять")
            case "status" if doors.messenger.sent:
                sent = dice.choice(doors.messenger.sent[-3:])
                await doors.receive(
                    sent.message.thread_key,
                    kind=InboundKind.STATUS,
                    status=dice.choice([DeliveryStatus.FAILED, DeliveryStatus.DELIVERED, DeliveryStatus.READ]),
                    provider_message_id=sent.receipt.provider_message_id,
                )
            case "reply":
                actor = dice.choice([Actor(), doors.front_desk])
                await doors.desk.reply(doors.salon.id, thread_id, "Ждём вас в пять", actor=actor)
            case "take over":
                await doors.desk.take_over(doors.salon.id, thread_id, actor=Actor())
            case "give back":
                await doors.desk.give_back(doors.salon.id, thread_id, actor=Actor())
            case "close":
                reason = dice.choice([CloseReason.RESOLVED, CloseReason.RESOLVED, CloseReason.SPAM])
                await doors.desk.close(doors.salon.id, thread_id, actor=Actor(), reason=reason)
            case "asked":
                await open_handoff(connection, thread_id=thread_id, reason=HandoffReason.ASKED, detail="", now=now)
            case "spam":
                for row in await (await connection.execute(OPEN_ENQUIRY_OF, {"thread": thread_id})).fetchall():
                    await connection.execute(MARK_SPAM, {"enquiry": row["id"], "now": now})
            case "correct" if written := await doors.rows(BY_PEOPLE):
                message = dice.choice(written)
                await doors.desk.correct_substance(
                    doors.salon.id, message["thread_id"], message["id"], dice.choice(list(Substance)), actor=Actor()
                )
            case "failing":
                error = dice.choice([TransientError("later"), PermanentError("never"), OutcomeUnknown("silence")])
                doors.messenger.fail_next(error)
                await doors.desk.reply(doors.salon.id, thread_id, "Ждём вас в шесть", actor=doors.front_desk)
            case "sweep":
                await doors.delivery.sweep()
            case "quiet":
                await doors.intake.close_quiet()
            case "book":
                await _book(doors, connection, thread_id, dice)
            case _:
                pass
    return what


DOORS = (
    *(
        "message",
        "message",
        "message",
        "bot",
        "bot",
        "bot",
        "echo",
        "echo",
        "status",
        "status",
        "reply",
        "take over",
        "give back",
    ),
    *("close", "asked", "spam", "quiet", "book", "book", "correct", "correct", "failing", "sweep", "nothing"),
)


@pytest.mark.parametrize("seed", range(3))
async def test_no_door_forgets_its_mark(database: Database, seed: int) -> None:
    """Kept measures, brought up to date by marks alone, are those of the stamps after every step of any walk."""
    doors, dice = await Doors.open(database), random.Random(seed)
    walked = []
    for number in range(80):
        walked.append(await step(doors, dice))
        await doors.measure()
        if number == 60:
            await count_stale_days(database, doors.salon, now=doors.clock.now())
        assert await doors.differences() == [], walked  # later marks would heal what this one forgot
    assert len(set(walked)) > 10


async def test_what_the_bot_says_later_marks_nothing(database: Database) -> None:
    """After its first useful reply the bot changes no measure, so its stamps cost nothing."""
    doors = await Doors.open(database)
    await doors.receive("a")
    (thread,) = await doors.threads()
    await doors.say(thread, substance="acknowledgement")
    await doors.say(thread)
    await doors.measure()

    await doors.say(thread)
    await doors.say(thread, substance="acknowledgement")
    await doors.say(thread, author="system")
    await doors.receive("a")

    assert await doors.marks() == []
    assert await doors.differences() == []


async def test_a_mark_that_comes_while_measuring_is_not_lost(database: Database) -> None:
    """A stamp committed after the measurer took its marks is measured by the next round."""
    doors = await Doors.open(database)
    await doors.receive("a")
    (thread,) = await doors.threads()
    async with database.transaction() as stamping:
        await open_handoff(stamping, thread_id=thread, reason=HandoffReason.ASKED, detail="", now=doors.clock.now())
        assert await doors.measure() == 1  # the opening; the hand-off is not committed yet
    assert await doors.rows("SELECT is_handed_off FROM enquiry_measures") == [{"is_handed_off": False}]

    assert await doors.measure() == 1

    assert await doors.differences() == []


async def test_a_message_that_comes_late_while_measuring_is_not_lost(database: Database) -> None:
    """Of two messages of one second the first by the messenger's order counts, though it was stored second and while
    the enquiry was being measured for the first time."""
    doors = await Doors.open(database)
    sent_at = doors.clock.now() - timedelta(seconds=1)
    await doors.receive("a", sent_at=sent_at, order_key=2)
    (enquiry,) = await doors.marks()
    async with database.transaction() as measuring:
        await measuring.execute(LOCK_SALON, {"salon": doors.salon.id})
        await keep(measuring, doors.salon, [enquiry], now=doors.clock.now())
        await measuring.execute("DELETE FROM measures_due")
        doors.clock.advance(3)
        await doors.receive("a", sent_at=sent_at, order_key=1)

    assert await doors.measure() == 1
    assert await doors.rows("SELECT pipeline_lag_us FROM enquiry_measures") == [{"pipeline_lag_us": 4_000_000}]


async def test_two_measurers_at_once_leave_the_newest(database: Database) -> None:
    """Whoever measures second waits for the first and sees what it saw, and more."""
    doors = await Doors.open(database)
    for key in "abc":
        await doors.receive(key)
    done = await asyncio.gather(*(doors.measure() for _ in range(4)))
    assert sum(done) == 3

    async def stamp(thread: int) -> None:
        await doors.say(thread)
        await doors.measure()

    await asyncio.gather(*(stamp(thread) for thread in await doors.threads()))
    assert await doors.marks() == []
    assert await doors.differences() == []


async def test_a_round_measures_what_came_before_it_and_ends(database: Database) -> None:
    """Stamps that keep coming do not keep a report from being read."""
    doors = await Doors.open(database)
    for key in "abc":
        await doors.receive(key)
    assert await bring_up_to_date(database, doors.salon, now=doors.clock.now(), batch=2) == 3


async def test_other_opening_hours_measure_their_days_again(database: Database) -> None:
    """Working seconds are those of the present file, also of a salon profile that was read before the import."""
    doors = await Doors.open(database)
    await doors.receive("a")
    (thread,) = await doors.threads()
    doors.clock.advance(36_000)
    await doors.say(thread)
    await doors.measure()
    await doors.count()
    (before,) = await doors.rows(WORKING)

    await stored_salon(database, hours={"mon": ["10:00-12:00"]})
    await doors.measure()  # with the profile of before
    await doors.count()

    (after,) = await doors.rows(WORKING)
    assert before["first_useful_working_us"] == 36_000 * 1_000_000 + 400_000
    assert after["first_useful_working_us"] == 2 * 3_600 * 1_000_000
    doors.salon = await load_salon(database, salon_id=doors.salon.id)
    assert await doors.differences() == []


async def test_a_holiday_of_next_month_measures_nothing_again(database: Database) -> None:
    """Only days whose own hours came out different are touched by a new file."""
    doors = await Doors.open(database)
    await doors.receive("a")
    await doors.measure()

    doors.salon = await stored_salon(database, exceptions={"2026-12-25": "closed"})

    assert await doors.measure() == 0
    assert await doors.differences() == []


async def test_a_holiday_of_yesterday_corrects_yesterday(database: Database) -> None:
    """Who forgot to say that the salon was closed may say so afterwards."""
    doors = await Doors.open(database)
    await doors.receive("a")
    (thread,) = await doors.threads()
    doors.clock.advance(90_000)
    await doors.say(thread)
    await doors.measure()

    doors.salon = await stored_salon(database, exceptions={str(START.date()): "closed"})

    assert await doors.measure() == 1
    (after,) = await doors.rows(WORKING)
    assert after["first_useful_working_us"] == 3_600 * 1_000_000 + 400_000
    assert await doors.differences() == []


async def test_spam_found_later_leaves_the_figures(database: Database) -> None:
    """A day that was counted is counted again without the enquiry that turned out to be spam."""
    doors = await Doors.open(database)
    await doors.receive("a")
    (thread,) = await doors.threads()
    await doors.say(thread)
    await doors.measure()
    doors.clock.advance(100_000)
    await doors.count()
    assert await doors.rows(COUNTED) == [{"arrivals": 1, "spam": 0}]

    await doors.desk.close(doors.salon.id, thread, actor=Actor(), reason=CloseReason.SPAM)
    await doors.measure()
    await doors.count()

    assert await doors.rows(COUNTED) == [{"arrivals": 0, "spam": 1}]
    assert await doors.differences() == []


async def test_an_erased_customer_leaves_every_figure(database: Database) -> None:
    """Stamps hold no words and no names: emptying a person and their messages changes no measure."""
    doors, dice = await Doors.open(database), random.Random(5)
    for _ in range(40):
        await step(doors, dice)
    await doors.measure()
    before = await doors.rows("SELECT * FROM enquiry_measures ORDER BY enquiry_id")
    async with database.connection() as connection:
        await connection.execute("UPDATE message SET text = '', payload = '{}', raw = NULL")
        await connection.execute("UPDATE customer SET name = NULL, phone = NULL, erased_at = now()")
        await connection.execute("UPDATE thread SET display_name = NULL, state = '{}', source = '{}'")
        await connection.execute("INSERT INTO measures_due (salon_id, enquiry_id) SELECT salon_id, id FROM enquiry")
    await doors.measure()
    assert await doors.rows("SELECT * FROM enquiry_measures ORDER BY enquiry_id") == before


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 10, 25), 25), (date(2027, 3, 28), 23)])
async def test_a_day_of_a_clock_change_has_its_own_length(database: Database, day: date, hours: int) -> None:
    """Whoever writes at any hour of a day of 25 or 23 hours is counted in that day, and once."""
    midnight = datetime.combine(day, time(0), tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    doors = await Doors.open(database, start=midnight - timedelta(minutes=30), zone="Europe/Berlin")
    for number in range(hours + 2):  # one in the last hour of the day before, one in the first of the day after
        await doors.receive(f"visitor {number}")
        doors.clock.advance(3_600)
    await doors.measure()
    await doors.count()

    counted = await doors.rows("SELECT day, counters FROM rollup WHERE side = 'day' ORDER BY day")

    arrivals = {row["day"]: row["counters"][COUNTERS.index("arrivals")] for row in counted}
    assert arrivals == {day - timedelta(days=1): 1, day: hours, day + timedelta(days=1): 1}
    assert await doors.differences() == []
