"""A turn that cannot be finished: a person is asked and the customer is told, once, whatever it was that failed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from responder.turns import engine, failures
from tests.running import Running, running
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
    assert left == {"handoffs": 1, "rests": True, "waits": True, "replies": 1, "substance": "acknowledgement"}
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
