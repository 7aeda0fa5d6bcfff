"""Alerts on their way out: through a real job and a real HTTP destination."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Notifier
from connectors.notifiers.apprise import AppriseNotifier
from responder import jobs
from responder.alerts.sending import AlertSender
from responder.alerts.service import SEND_ALERTS, AlertKind, NewAlert, Severity, mark_seen, raise_alert, resolve_alerts
from responder.db.engine import Database
from responder.salon.loader import SalonCache, load_salon
from responder.salon.profile import SalonProfile
from tests.factories import stored_salon
from tests.integration.test_watch import CALENDAR, World, after, make_world
from tests.stubs.alert_sink import AlertSink


@pytest.fixture
async def sink() -> AsyncIterator[AlertSink]:
    async with AlertSink() as opened:
        yield opened


class Post:
    """A salon whose alerts go to sinks by key, and the job that brings them there."""

    def __init__(self, world: World, sinks: dict[str, AlertSink]) -> None:
        self.world, self.database, self.clock = world, world.database, world.clock
        self._notifiers: dict[str, Notifier] = {key: AppriseNotifier(sink.url) for key, sink in sinks.items()}
        self._salons = SalonCache(world.database)

    async def work(self) -> None:
        """Run the jobs that wait, whatever their time; the clock of the test is not the database's."""

        async def salon_of(salon_id: int) -> SalonProfile:
            return await load_salon(self.database, salon_id=salon_id)

        async def notifiers_of(_: int) -> dict[str, Notifier]:
            return self._notifiers

        sender = AlertSender(
            database=self.database,
            clock=self.clock,
            salon_of=salon_of,
            notifiers_of=notifiers_of,
            base_url="https://bot.example",
        )
        app = jobs.make_app(self.database.url)
        jobs.register(app, SEND_ALERTS, sender.send)
        async with self.database.connection() as connection:
            await connection.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
        await jobs.run_due(app)

    async def tell(self, subject: str, **values: Any) -> bool:
        alert = {
            "salon_id": self.world.place.salon_id,
            "subject": subject,
            "kind": AlertKind.CHANNEL,
            "severity": Severity.WARNING,
            "facts": {"account": subject, "reason": "it broke"},
            **values,
        }
        async with self.database.transaction() as connection:
            return await raise_alert(connection, NewAlert(**alert), now=self.clock.now())


async def post(database: Database, *, sinks: dict[str, AlertSink], **destination: Any) -> Post:
    world = await make_world(database)
    alerts = [{"key": key, "url_env": f"ALERT_{key.upper()}", **destination} for key in sinks]
    await stored_salon(database, targets=CALENDAR, alerts=alerts)
    return Post(world, sinks)


async def test_a_breach_arrives_with_its_wait_and_a_link(database: Database, sink: AlertSink) -> None:
    """What a timer raised is posted once, saying who waits how long, where, and leading to the dialogue."""
    office = await post(database, sinks={"desk": sink})
    enquiry = await office.world.arrive()
    await office.world.look(60)

    await office.work()
    await office.work()

    (message,) = sink.taken
    thread = await office.world.thread(enquiry)
    assert message["title"] == "Салон «Пример»: Клиент вовремя не получил ответа по существу"
    link = f"https://bot.example/dialogues/{thread}?salon=primer"
    assert message["message"] == f"уже 1 мин · цель 1 мин · Telegram · {link}"
    assert "+7900" not in str(message)
    assert "сообщение" not in message["message"]


async def test_a_storm_arrives_as_one_message(database: Database, sink: AlertSink) -> None:
    """Sixty breaches of one moment are one message; what comes right after waits for the spacing."""
    office = await post(database, sinks={"desk": sink})
    for _ in range(60):
        await office.world.arrive()
    await office.world.look(60)
    await office.work()
    await office.tell("late")
    office.clock.advance(5)
    await office.work()

    assert [message["title"] for message in sink.taken] == ["Салон «Пример»: оповещений: 60"]
    office.clock.advance(30)
    await office.work()
    assert sink.taken[1]["title"] == "Салон «Пример»: late: канал не работает"


async def test_what_is_over_before_it_was_told_is_not_told(database: Database, sink: AlertSink) -> None:
    """An alert that was resolved while it waited for its message is dropped."""
    office = await post(database, sinks={"desk": sink})
    await office.tell("brief")
    async with database.transaction() as connection:
        await resolve_alerts(connection, office.world.place.salon_id, ["brief"], now=office.clock.now())

    await office.work()

    assert sink.taken == []


async def test_the_same_is_told_again_only_after_it_was_over(database: Database, sink: AlertSink) -> None:
    """While an alert stands its twin is not raised; after the end it is news."""
    office = await post(database, sinks={"desk": sink})

    assert [await office.tell("a"), await office.tell("a")] == [True, False]
    async with database.transaction() as connection:
        await resolve_alerts(connection, office.world.place.salon_id, ["a"], now=office.clock.now())
    assert await office.tell("a") is True


async def test_a_destination_that_fails_is_tried_again_and_seen(database: Database) -> None:
    """Its failure is an alert with the reason, which goes to the others; later the message arrives once and the
    trouble is over."""
    async with AlertSink() as good, AlertSink() as bad:
        office = await post(database, sinks={"good": good, "bad": bad})
        bad.status = 503
        await office.tell("a")
        await office.work()
        office.clock.advance(31)
        await office.work()

        assert (bad.taken, len(good.taken)) == ([], 2)
        assert good.taken[1]["title"] == "Салон «Пример»: bad: оповещения не доходят"
        assert "503" in good.taken[1]["message"]
        assert "destination" in await office.world.standing()

        bad.status = 200
        office.clock.advance(60)
        await office.work()
        assert [message["title"] for message in bad.taken] == ["Салон «Пример»: a: канал не работает"]
        assert "destination" not in await office.world.standing()


async def test_news_of_yesterday_is_given_up(database: Database, sink: AlertSink) -> None:
    """What could not be told for a day is not told any more."""
    office = await post(database, sinks={"desk": sink})
    sink.status = 500
    await office.tell("old")
    await office.work()
    sink.status = 200
    office.clock.advance(timedelta(hours=25).total_seconds())
    await office.tell("new")
    await office.work()

    assert [message["title"] for message in sink.taken] == ["Салон «Пример»: new: канал не работает"]


async def test_quiet_hours_hold_back_what_can_wait(database: Database, sink: AlertSink) -> None:
    """In the quiet only the critical arrives; afterwards the rest in one message."""
    office = await post(database, sinks={"desk": sink}, quiet="10:30-11:30")
    await office.tell("x")
    await office.tell("y")
    await office.tell("z", severity=Severity.CRITICAL)
    await office.work()
    assert [message["title"] for message in sink.taken] == ["Салон «Пример»: z: канал не работает"]

    office.world.at(1801)
    await office.work()
    assert sink.taken[1]["title"] == "Салон «Пример»: оповещений: 2"


async def test_seen_is_noted_once_and_by_salon(database: Database, sink: AlertSink) -> None:
    """Seeing marks what was new, and never another salon's."""
    office = await post(database, sinks={"desk": sink})
    await office.tell("a")
    await office.tell("b")
    async with database.connection() as connection:
        (first, _) = await office.world.rows("SELECT id FROM alert ORDER BY id")
        salon = office.world.place.salon_id
        seen = [
            await mark_seen(connection, salon + 1, [first["id"]], now=after(1)),
            await mark_seen(connection, salon, [first["id"]], now=after(1)),
            await mark_seen(connection, salon, None, now=after(2)),
            await mark_seen(connection, salon, None, now=after(3)),
        ]

    assert seen == [0, 1, 1, 0]


def test_an_address_that_apprise_does_not_know_is_refused() -> None:
    """A variable with a wrong address is found when it is opened, and the address is not repeated."""
    with pytest.raises(ValueError, match="no address that Apprise knows") as caught:
        AppriseNotifier("nonsense://secret-token")
    assert "secret" not in str(caught.value)
