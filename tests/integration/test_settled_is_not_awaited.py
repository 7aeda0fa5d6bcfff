"""Words that need no answer are nobody's wait: no timer tells of them, until the customer writes on."""

from __future__ import annotations

import pytest

from tests.running import Running, running
from tests.stubs.telegram_api import TelegramStub

CHAT = 78


async def ten_minutes_pass(app: Running) -> None:
    """What has been written was written ten minutes earlier."""
    await app.rows(
        """WITH earlier AS (
               UPDATE message SET sent_at = sent_at - interval '10 min', received_at = received_at - interval '10 min'
               WHERE direction = 'in' RETURNING id
           )
           UPDATE enquiry SET clock_start_at = clock_start_at - interval '10 min',
               received_at = received_at - interval '10 min', next_check_at = clock_start_at - interval '9 min'
           RETURNING id"""
    )


async def told(app: Running) -> list[str]:
    """What timers say now."""
    await app.responder.watch.fire_due()
    rows = await app.rows("SELECT facts ->> 'measure' AS measure FROM alert WHERE resolved_at IS NULL")
    return sorted({row["measure"] for row in rows})


@pytest.mark.parametrize(("text", "waits"), [("Спасибо!", False), ("до свидания", False), ("Здравствуйте", True)])
async def test_a_lone_thanks_is_no_wait(database_url: str, text: str, waits: bool) -> None:
    """A dialogue that opens with nothing to answer has nobody waiting in it; one that the bot owes words does."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=10 if waits else 0) as app,
    ):
        await telegram.customer_says(CHAT, text).confirmed()
        if not waits:
            await app.responder.scheduler.idle()
        await ten_minutes_pass(app)
        found = await told(app)
    assert bool(found) is waits


async def test_who_writes_on_waits_again(database_url: str) -> None:
    """Thanks first, a question later: the wait counts once the question is there."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        await telegram.customer_says(CHAT, "Спасибо!").confirmed()
        await app.responder.scheduler.idle()
        await ten_minutes_pass(app)
        before = await told(app)
        await app.responder.scheduler.close()  # nobody answers from here on
        await telegram.customer_says(CHAT, "А сколько стоит маникюр?").confirmed()
        await app.rows("UPDATE enquiry SET next_check_at = clock_start_at RETURNING id")
        after = await told(app)
    assert before == []
    assert "first_useful_s" in after
