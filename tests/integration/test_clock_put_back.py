"""The clock is put back by an hour: what was due, leased or being sent before is not due an hour later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from responder.clock import ShiftedClock
from responder.turns import engine
from tests.running import Running, running
from tests.stubs.telegram_api import TelegramStub

CHAT = 77
NOON = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


async def swept(app: Running) -> None:
    """Both sweeps have run, and what they began is done."""
    await app.responder.scheduler.sweep()
    await app.responder.scheduler.idle()
    await app.responder.delivery.sweep()
    await app.responder.delivery.idle()


async def test_a_turn_that_waits_is_taken(database_url: str) -> None:
    """The message came at noon and its turn waits for the rest of a burst; then it is eleven."""
    clock = ShiftedClock(NOON)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, clock=clock, with_background=False, burst_quiet_s=1.0) as app,
    ):
        await telegram.customer_says(CHAT, "Сколько стоит маникюр?").confirmed()
        clock.jump_to(NOON - timedelta(hours=1))
        await telegram.until_sent(CHAT, count=1)
        await swept(app)
    assert len(telegram.sent(CHAT)) == 1


async def test_a_turn_whose_process_died_is_taken(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease and its due time both lie in a future that is now an hour away."""
    clock = ShiftedClock(NOON)
    understand = engine.read

    async def dying(*_: Any, **__: Any) -> Any:
        raise SystemExit  # no outer edge of a turn catches it, as none would a SIGKILL

    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, clock=clock, with_background=False, burst_quiet_s=0) as app,
    ):
        monkeypatch.setattr(app.responder.scheduler, "wake", lambda *_: None)
        await telegram.customer_says(CHAT, "Сколько стоит маникюр?").confirmed()
        monkeypatch.setattr(engine, "read", dying)
        with pytest.raises(SystemExit):
            await app.responder.engine.run((await app.rows("SELECT id FROM thread"))[0]["id"])
        monkeypatch.undo()
        assert engine.read is understand
        clock.jump_to(NOON - timedelta(hours=1))
        await swept(app)
    assert len(telegram.sent(CHAT)) == 1


async def test_a_reply_that_waits_to_be_tried_again_is_sent(database_url: str) -> None:
    """The messenger asked for patience at noon; at eleven the reply goes out, once."""
    clock = ShiftedClock(NOON)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, clock=clock, with_background=False, burst_quiet_s=0) as app,
    ):
        telegram.fail_next(429, description="Too Many Requests: retry after 5", retry_after_s=5)
        await telegram.customer_says(CHAT, "Сколько стоит маникюр?").confirmed()
        await app.responder.scheduler.idle()
        refused = len(telegram.sent(CHAT))
        clock.jump_to(NOON - timedelta(hours=1))
        await swept(app)
        await swept(app)
    assert (refused, len(telegram.sent(CHAT))) == (0, 1)
