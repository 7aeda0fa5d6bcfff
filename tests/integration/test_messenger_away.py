"""The messenger is down, hangs, or loses its answers: only its own threads wait, in order, and what is doubled is what
decision 0005 says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from connectors.contract import Outbound, PermanentError, Receipt
from connectors.fake import FakeMessenger
from connectors.messengers.telegram import TelegramMessenger
from responder.assembly import accounts
from responder.clock import FixedClock
from responder.db.engine import Database
from responder.delivery import service
from responder.delivery.service import Delivery
from responder.intake.rules import Pace
from responder.intake.service import Intake
from responder.live import InProcessLive
from tests.integration.lead_world import World, make_world
from tests.running import running, until
from tests.stubs.telegram_api import TelegramStub

CHAT = 77


class HangingMessenger(FakeMessenger):
    """Takes every message and never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def send(self, message: Outbound) -> Receipt:
        self.asked += 1
        return await asyncio.Event().wait()  # type: ignore[return-value]


async def queue(database: Database, world: World, clock: FixedClock, *texts: str) -> None:
    """Lines of the bot that wait to be sent to the thread of this world."""
    async with database.connection() as connection:
        for text in texts:
            await connection.execute(
                """INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, text,
                       composed_at, idempotency_key, send_state, next_attempt_at)
                   SELECT salon_id, thread_id, enquiry_id, channel_account_id, 'out', 'bot', %(text)s, %(now)s,
                       %(text)s, 'queued', %(now)s FROM message WHERE direction = 'in' AND thread_id = %(thread)s""",
                {"now": clock.now(), "thread": world.thread_id, "text": text},
            )


async def more_threads(database: Database, world: World, count: int) -> None:
    """As many more threads of the same account, each with a line that waits."""
    async with database.connection() as connection:
        await connection.execute(
            """WITH made AS (
                   INSERT INTO thread (salon_id, channel_account_id, thread_key, customer_id)
                   SELECT t.salon_id, t.channel_account_id, 'more-' || n, t.customer_id
                   FROM thread t, generate_series(1, %(count)s) AS n WHERE t.id = %(thread)s
                   RETURNING id, salon_id, channel_account_id)
               INSERT INTO message (salon_id, thread_id, channel_account_id, direction, author, text, composed_at,
                   idempotency_key, send_state, next_attempt_at)
               SELECT salon_id, id, channel_account_id, 'out', 'bot', 'Ждём вас', %(now)s, 'k', 'queued', %(now)s
               FROM made""",
            {"count": count, "thread": world.thread_id, "now": world.now},
        )


@asynccontextmanager
async def delivering(database: Database, clock: FixedClock, of_thread: Callable[[int], Any]) -> AsyncIterator[Delivery]:
    delivery = Delivery(database, clock=clock, messenger_of=of_thread, live=InProcessLive())
    try:
        yield delivery
    finally:
        for task in tuple(delivery._threads.values()):  # what hangs for ever need not be waited for
            task.cancel()
        await delivery.close()


async def test_a_messenger_that_hangs_holds_up_no_other(database: Database, clock: FixedClock) -> None:
    """Two hundred threads of a hanging account wait already; the one thread of another account is served by the next
    sweep, which does not wait for anybody."""
    sick = await make_world(database, now=clock.now())
    clock.advance(1)
    sound = await make_world(database, now=clock.now(), slug="other")
    await more_threads(database, sick, 200)
    await queue(database, sound, clock, "Ждём вас")
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT id, salon_id FROM channel_account")
        salons = {row["id"]: row["salon_id"] for row in await cursor.fetchall()}
    hanging, well = HangingMessenger(), FakeMessenger()
    await well.open()
    async with delivering(
        database, clock, lambda account: hanging if salons[account] == sick.salon_id else well
    ) as delivery:
        await delivery.sweep()

        async def is_served() -> bool:
            return bool(well.sent) and hanging.asked > 0

        await until(is_served)
    assert [sent.message.text for sent in well.sent] == ["Ждём вас"]


async def test_turns_do_not_wait_for_a_messenger_that_hangs(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More customers of Telegram wait for their hanging sends than there are turns at once; the web chat answers."""
    monkeypatch.setattr(accounts, "TelegramMessenger", partial(TelegramMessenger, read_timeout_s=600.0))
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        for number in range(70):
            telegram.hang_next()
            await telegram.customer_says(5000 + number, "Сколько стоит маникюр?").confirmed()

        async def all_hang() -> bool:
            return sum(method == "sendMessage" for method, _ in telegram.calls) == 70

        await until(all_hang)
        headers = {"origin": app.url}
        async with app.http.post(f"{app.url}/web/v1/sessions", json={"site": "demo"}, headers=headers) as answer:
            headers["authorization"] = f"Bearer {(await answer.json())['token']}"
        message = {"client_message_id": "m-1", "text": "Сколько стоит маникюр?"}
        async with app.http.post(f"{app.url}/web/v1/messages", json=message, headers=headers) as answer:
            assert answer.status == 202

        async def is_answered() -> bool:
            async with app.http.get(f"{app.url}/web/v1/messages?after=0", headers=headers) as page:
                return len((await page.json())["messages"]) == 2

        await until(is_answered)


TROUBLES: dict[str, tuple[Callable[[TelegramStub], None], int]] = {
    # what happens to the first line's sends, and how often that line reaches the customer
    "429 with a wait": (lambda telegram: telegram.fail_next(429, description="Too Many", retry_after_s=30), 1),
    "three times 502": (lambda telegram: telegram.fail_next(502, body=b"<html>Bad Gateway</html>", times=3), 1),
    "hangs": (lambda telegram: telegram.hang_next(), 1),
    "reset after the body, not done": (lambda telegram: telegram.reset_next(), 1),
    "reset after the body, done": (lambda telegram: telegram.lose_answer_next(), 2),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_lines_of_a_thread_keep_their_order(database: Database, clock: FixedClock, trouble: str) -> None:
    """Three lines wait and the first one meets trouble: all arrive in order; only a lost answer repeats one, once."""
    world = await make_world(database, now=clock.now())
    arrange, times = TROUBLES[trouble]
    async with TelegramStub() as telegram:
        telegram.customer(CHAT)
        arrange(telegram)
        messenger = TelegramMessenger(
            token=telegram.token, webhook_secret=None, base_url=telegram.url, read_timeout_s=0.3
        )
        await messenger.open()
        async with delivering(database, clock, lambda _: messenger) as delivery:
            await queue(database, world, clock, "один", "два", "три")
            for _ in range(60):
                await delivery.sweep()
                await delivery.idle()
                clock.advance(2)
        await messenger.close()
        async with database.connection() as connection:
            rows = await (
                await connection.execute("SELECT send_state FROM message WHERE idempotency_key IS NOT NULL")
            ).fetchall()
    assert [sent.text for sent in telegram.sent(CHAT)] == ["один"] * times + ["два", "три"]
    assert {row["send_state"] for row in rows} == {"accepted"}


async def test_an_outcome_unknown_twice_is_given_to_a_person(database: Database, clock: FixedClock) -> None:
    """Two answers are lost: the line is not sent a third time, a person is asked, and the next lines go on."""
    world = await make_world(database, now=clock.now())
    async with TelegramStub() as telegram:
        telegram.customer(CHAT)
        telegram.lose_answer_next()
        telegram.lose_answer_next()
        messenger = TelegramMessenger(token=telegram.token, webhook_secret=None, base_url=telegram.url)
        await messenger.open()
        async with delivering(database, clock, lambda _: messenger) as delivery:
            await queue(database, world, clock, "один", "два")
            for _ in range(60):
                await delivery.sweep()
                await delivery.idle()
                clock.advance(2)
        await messenger.close()
        async with database.connection() as connection:
            (handoff,) = await (await connection.execute("SELECT reason, detail FROM handoff")).fetchall()
    assert [sent.text for sent in telegram.sent(CHAT)] == ["один", "один", "два"]
    assert handoff["reason"] == "failed"


async def test_no_send_outlasts_its_attempt(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a connector allows itself, a send is over before anybody may call the attempt lost."""
    monkeypatch.setattr(service, "SEND_LASTS_S", 0.05)
    world = await make_world(database, now=clock.now())
    hanging = HangingMessenger()
    await queue(database, world, clock, "один")
    async with delivering(database, clock, lambda _: hanging) as delivery:
        await asyncio.wait_for(delivery.deliver_next(world.thread_id), 10)
        async with database.connection() as connection:
            cursor = await connection.execute("SELECT send_state FROM message WHERE idempotency_key IS NOT NULL")
            (row,) = await cursor.fetchall()
    assert row["send_state"] == "unknown"


async def test_a_messenger_that_was_down_gets_everything_in_order(database: Database, clock: FixedClock) -> None:
    """Connections are refused for ten minutes: nothing is given up, the pauses end within a minute of its return."""
    world = await make_world(database, now=clock.now())
    async with TelegramStub() as telegram:
        telegram.customer(CHAT)
        await telegram.go_down()
        messenger = TelegramMessenger(token=telegram.token, webhook_secret=None, base_url=telegram.url)
        await messenger.open()
        async with delivering(database, clock, lambda _: messenger) as delivery:
            await queue(database, world, clock, "один", "два")
            for _ in range(60):
                await delivery.sweep()
                await delivery.idle()
                clock.advance(10)
            await telegram.come_back()
            for _ in range(7):
                await delivery.sweep()
                await delivery.idle()
                clock.advance(10)
        await messenger.close()
    assert [sent.text for sent in telegram.sent(CHAT)] == ["один", "два"]


async def test_a_confirmation_that_is_given_up_is_found_by_a_person(database: Database, clock: FixedClock) -> None:
    """A settled enquiry stays open while its reply is on its way, and when that fails while a person is needed."""
    world = await make_world(database, now=clock.now())
    messenger = FakeMessenger()
    await messenger.open()
    intake = Intake(database, clock=clock, pace=Pace.within(3.0, quiet_s=0), enquiry_quiet=timedelta(hours=24))
    async with database.connection() as connection:
        about = {"now": clock.now(), "enquiry": world.enquiry_id, "thread": world.thread_id}
        await connection.execute("UPDATE enquiry SET settled_at = %(now)s WHERE id = %(enquiry)s", about)
        await connection.execute("UPDATE thread SET last_message_at = %(now)s WHERE id = %(thread)s", about)
    await queue(database, world, clock, "вы записаны")

    clock.advance(40 * 60)
    while_under_way = await intake.close_quiet()
    messenger.fail_next(PermanentError("never"))
    async with delivering(database, clock, lambda _: messenger) as delivery:
        await delivery.deliver_next(world.thread_id)
    after_it_failed = await intake.close_quiet()

    assert (while_under_way, after_it_failed) == (0, 0)
    async with database.connection() as connection:
        (handoff,) = await (await connection.execute("SELECT reason, enquiry_id FROM handoff")).fetchall()
    assert handoff == {"reason": "failed", "enquiry_id": world.enquiry_id}
