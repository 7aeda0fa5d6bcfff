"""A turn that cannot be finished: a person is asked and the customer is told, once, whatever it was that failed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from responder.clock import ShiftedClock
from responder.turns import engine, failures
from tests.running import ACCESS, SLUG, TUESDAY, Running, running
from tests.stubs.telegram_api import TelegramStub

CHAT = 77


def broken(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("a bug of ours")


async def kill_backends(database_url: str) -> None:
    """End every connection that Responder has."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def facts(app: Running) -> dict[str, Any]:
    await app.responder.scheduler.idle()
    await app.responder.delivery.sweep()
    await app.responder.delivery.idle()
    (row,) = await app.rows("""
        SELECT (SELECT count(*) FROM handoff) AS handoffs, turn_due_at IS NULL AS rests,
            unanswered_since IS NOT NULL AS waits,
            (SELECT count(*) FROM message WHERE direction = 'out') AS replies,
            (SELECT min(substance) FROM message WHERE direction = 'out') AS substance
        FROM thread""")
    return row


@pytest.mark.parametrize(
    ("words", "says"),
    [("Здравствуйте", "Передаю ваше сообщение администратору"), ("Hello, how much is a manicure?", "администратору")],
)
async def test_the_customer_is_told_when_the_bot_gives_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch, words: str, says: str
) -> None:
    """Three turns fail, whatever was written: one line in the salon's language that promises a person, and no more."""
    monkeypatch.setattr(engine, "read", broken)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        await telegram.customer_says(CHAT, words).confirmed()
        (told,) = await telegram.until_sent(CHAT, count=1)
        left = await facts(app)
    assert says in told.text
    assert left == {"handoffs": 1, "rests": True, "waits": False, "replies": 1, "substance": "acknowledgement"}
    assert len(telegram.sent(CHAT)) == 1


async def test_the_word_to_the_customer_needs_nothing_that_failed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when the salon's wording is what cannot be had, the customer is told."""
    monkeypatch.setattr(engine, "decide", broken)
    monkeypatch.setattr(failures, "Voice", broken)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        await telegram.customer_says(CHAT, "Здравствуйте").confirmed()
        (told,) = await telegram.until_sent(CHAT, count=1)
        left = await facts(app)
    assert "Передаю ваше сообщение администратору" in told.text
    assert left["handoffs"] == 1


async def test_who_was_told_is_not_told_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the person who was asked has not come, further failures say nothing new; a mended bot answers."""
    understand = engine.read
    monkeypatch.setattr(engine, "read", broken)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        await telegram.customer_says(CHAT, "Здравствуйте").confirmed()
        await telegram.until_sent(CHAT, count=1)
        await telegram.customer_says(CHAT, "Вы тут?").confirmed()
        left = await facts(app)
        monkeypatch.setattr(engine, "read", understand)
        await telegram.customer_says(CHAT, "Сколько стоит маникюр?").confirmed()
        _, answer = await telegram.until_sent(CHAT, count=2)
    assert (left["handoffs"], left["replies"], left["rests"]) == (1, 1, True)
    assert "аникюр" in answer.text


async def test_a_lost_database_is_not_counted_as_a_failed_turn(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the connection of a turn dies, the customer gets the answer and no person is bothered."""
    understand, kills = engine.read, 5

    async def losing(*args: Any, **kwargs: Any) -> Any:
        nonlocal kills
        reading = await understand(*args, **kwargs)
        if kills:
            kills -= 1
            await kill_backends(database_url)
        return reading

    monkeypatch.setattr(engine, "read", losing)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        await telegram.customer_says(CHAT, "Сколько стоит маникюр?").confirmed()
        (answer,) = await telegram.until_sent(CHAT, count=1, timeout_s=30)
        left = await facts(app)
    assert "аникюр" in answer.text
    assert (left["handoffs"], left["replies"], kills) == (0, 1, 0)
    assert len(telegram.sent(CHAT)) == 1


POISON = "яд"


def poisoned(understand: Any, *, first: Any = None) -> Any:
    """A reader that cannot stand one word; `first` happens while it fails for the first time."""
    seen: list[list[str]] = []

    async def read(claim: Any, **more: Any) -> Any:
        seen.append(claim.texts)
        if POISON in claim.texts:
            if first is not None and len(seen) == 1:
                await first()
            raise ZeroDivisionError("a bug of ours")
        return await understand(claim, **more)

    read.seen = seen  # type: ignore[attr-defined]
    return read


async def test_a_later_message_is_answered_by_itself(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What three turns failed on is a person's from then on; the customer's next words are read without it, the
    customer is told once, and staff are told with the words that failed."""
    reader = poisoned(engine.read)
    monkeypatch.setattr(engine, "read", reader)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        await telegram.customer_says(CHAT, POISON).confirmed()
        await telegram.until_sent(CHAT, count=1)
        await telegram.customer_says(CHAT, "Сколько стоит маникюр?").confirmed()
        _, answer = await telegram.until_sent(CHAT, count=2)
        await telegram.customer_says(CHAT, POISON).confirmed()
        left = await facts(app)
        told = await app.responder.watch.fire_due()
        (response,) = [await app.staff("GET", "/alerts?standing=true&language=ru")]
        (alert,) = await response.json()
        page = await app.http.get(f"{app.url}/dialogues/1?salon={SLUG}", headers={"authorization": f"Bearer {ACCESS}"})
        shown = await page.text()
    assert "аникюр" in answer.text
    assert ["Сколько стоит маникюр?"] in reader.seen
    assert (left["handoffs"], left["replies"], left["rests"], left["waits"]) == (1, 2, True, False)
    assert (told, alert["kind"], alert["last_text"]) == (1, "failed", POISON)
    assert shown.count("бот не справился с этим сообщением") == 2


async def test_what_came_while_a_turn_failed_is_answered_by_itself(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words that arrive between the attempts are given up with nobody: they are answered after the bot has given up."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):

        async def writes_on() -> None:
            await telegram.customer_says(CHAT, "Сколько стоит маникюр?").confirmed()

        monkeypatch.setattr(engine, "read", poisoned(engine.read, first=writes_on))
        await telegram.customer_says(CHAT, POISON).confirmed()
        apology, answer = await telegram.until_sent(CHAT, count=2)
        left = await facts(app)
    assert "Передаю ваше сообщение администратору" in apology.text
    assert "аникюр" in answer.text
    assert (left["handoffs"], left["rests"], left["waits"]) == (1, True, False)


async def test_the_failure_is_told_until_a_person_has_answered(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert of a failed turn is over by itself when staff have answered."""
    monkeypatch.setattr(engine, "read", broken)
    clock = ShiftedClock(TUESDAY)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0, clock=clock) as app,
    ):
        await telegram.customer_says(CHAT, "Здравствуйте").confirmed()
        await telegram.until_sent(CHAT, count=1)
        await app.responder.watch.fire_due()
        standing = await app.rows("SELECT kind FROM alert WHERE resolved_at IS NULL")
        await app.staff("POST", "/dialogues/1/messages", text="Здравствуйте, чем помочь?", operator="front_desk")
        await telegram.until_sent(CHAT, count=2)
        await app.responder.delivery.idle()
        await app.rows("UPDATE enquiry SET next_check_at = %(at)s RETURNING id", at=TUESDAY)
        await app.responder.watch.fire_due()
        later = await app.rows("SELECT kind FROM alert WHERE resolved_at IS NULL")
    assert [row["kind"] for row in standing] == ["failed"]
    assert later == []


async def test_a_state_that_cannot_be_read_is_a_failed_turn(database_url: str) -> None:
    """What cannot even be claimed is handed to a person too, and the dialogue begins anew."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        await telegram.customer_says(CHAT, "Здравствуйте").confirmed()
        await telegram.until_sent(CHAT, count=1)
        await app.responder.scheduler.idle()
        await app.rows("""UPDATE thread SET state = state || '{"asked": "nonsense"}' RETURNING id""")
        await telegram.customer_says(CHAT, "Сколько стоит маникюр?").confirmed()
        _, apology = await telegram.until_sent(CHAT, count=2)
        await telegram.customer_says(CHAT, "А педикюр?").confirmed()
        *_, answer = await telegram.until_sent(CHAT, count=3)
        left = await facts(app)
    assert "Передаю ваше сообщение администратору" in apology.text
    assert "едикюр" in answer.text
    assert left["handoffs"] == 1


OUT_OF_TIME = {
    "statement": "SET LOCAL statement_timeout = '1ms'; SELECT pg_sleep(10)",
    "lock": "SET LOCAL lock_timeout = '1ms'; LOCK TABLE specialist IN ACCESS EXCLUSIVE MODE",
}


@pytest.mark.parametrize("kind", OUT_OF_TIME)
@pytest.mark.parametrize("stage", ["claim_thread", "look_up"])
async def test_a_statement_that_always_times_out_is_a_failed_turn(
    database_url: str, monkeypatch: pytest.MonkeyPatch, kind: str, stage: str
) -> None:
    """A database that is there and whose statement runs out of its time is not waited for like one that is away: after
    three attempts a person is asked and the customer told."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
        await psycopg.AsyncConnection.connect(database_url) as holder,
    ):
        await holder.execute("LOCK TABLE specialist IN ROW EXCLUSIVE MODE")

        async def too_slow(*_: Any, **__: Any) -> Any:
            async with app.responder.database.transaction() as connection:
                for statement in OUT_OF_TIME[kind].split(";"):
                    await connection.execute(statement.encode())

        monkeypatch.setattr(engine, stage, too_slow)
        await telegram.customer_says(CHAT, "Здравствуйте").confirmed()
        (told,) = await telegram.until_sent(CHAT, count=1)
        left = await facts(app)
    assert "Передаю ваше сообщение администратору" in told.text
    assert left == {"handoffs": 1, "rests": True, "waits": False, "replies": 1, "substance": "acknowledgement"}
