"""What the customer changes or takes back while their turn is running: the answer is to what stands there now."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from responder.turns import engine
from tests.running import WEBHOOK_SECRET, Running, running
from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_api import TelegramStub
from tests.stubs.telegram_updates import Customer

HEADERS = {"x-telegram-bot-api-secret-token": WEBHOOK_SECRET, "content-type": "application/json"}
ANNA = Customer(id=4455)
Deed = Callable[[], Awaitable[object]]


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`between(deed, ...)`: the first turn to have understood its words waits for the first deed before it commits, the
    next for the second, and so on."""

    def arrange(*deeds: Deed) -> None:
        waiting = list(deeds)
        understand = engine.read

        async def interrupted(*args: Any, **kwargs: Any) -> Any:
            reading = await understand(*args, **kwargs)
            if waiting:
                await waiting.pop(0)()
            return reading

        monkeypatch.setattr(engine, "read", interrupted)

    return arrange


async def post(app: Running, number: int, content: dict[str, Any]) -> None:
    body = json.dumps({"update_id": number, **content})
    async with app.http.post(app.telegram_hook, data=body, headers=HEADERS) as answer:
        assert answer.status == 200, await answer.text()


async def turns(app: Running) -> list[str]:
    await app.responder.scheduler.idle()
    return [row["decision"] for row in await app.rows("SELECT decision FROM turn ORDER BY id")]


async def is_at_rest(app: Running) -> bool:
    """Nothing due, nothing leased, nothing unanswered."""
    (row,) = await app.rows(
        "SELECT turn_due_at IS NULL AND lease_token IS NULL AND unanswered_since IS NULL AS rests FROM thread"
    )
    return bool(row["rests"])


async def test_an_edit_during_the_turn_is_what_is_answered(database_url: str, between: Callable[..., None]) -> None:
    """The turn has read the old words; the reply is to the new ones, once."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        between(lambda: telegram.customer_edits(ANNA.id, 1, "Сколько стоит педикюр?").confirmed())
        await telegram.customer_says(ANNA.id, "Сколько стоит маникюр?").confirmed()
        decisions = await turns(app)
        rests = await is_at_rest(app)
    (reply,) = telegram.sent(ANNA.id)
    assert "едикюр" in reply.text
    assert "аникюр" not in reply.text
    assert len(decisions) == 1
    assert rests


async def test_an_edit_that_comes_too_late_to_restart_gets_a_turn_of_its_own(
    database_url: str, between: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the answer must go out now, it goes out, and the edit is read by the next turn."""
    monkeypatch.setattr(engine, "MOST_RESTARTS", 0)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        between(lambda: telegram.customer_edits(ANNA.id, 1, "Сколько стоит педикюр?").confirmed())
        await telegram.customer_says(ANNA.id, "Сколько стоит маникюр?").confirmed()
        decisions = await turns(app)
        rests = await is_at_rest(app)
    first, second = telegram.sent(ANNA.id)
    assert "аникюр" in first.text
    assert "едикюр" in second.text
    assert len(decisions) == 2
    assert rests


async def test_every_edit_of_the_latest_word_is_read(database_url: str) -> None:
    """A second edit of an answered message is answered like the first, by its newest text alone."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        await telegram.customer_says(ANNA.id, "Сколько стоит маникюр?").confirmed()
        await turns(app)
        await telegram.customer_edits(ANNA.id, 1, "Сколько стоит педикюр?").confirmed()
        await turns(app)
        await telegram.customer_edits(ANNA.id, 1, "Где вы находитесь?").confirmed()
        decisions = await turns(app)
        rests = await is_at_rest(app)
    replies = [sent.text for sent in telegram.sent(ANNA.id)]
    assert len(replies) == len(decisions) == 3
    assert "едикюр" not in replies[2]
    assert rests


async def test_words_taken_back_during_the_turn_are_not_answered(
    database_url: str, between: Callable[..., None]
) -> None:
    """The only message is deleted before its answer is decided: silence, and nothing stays due."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        telegram.customer(ANNA.id)
        gone = updates.business_deleted(ANNA, connection_id="bc-1", message_ids=[51])
        between(lambda: post(app, 702, gone))
        said = updates.business(
            ANNA,
            connection_id="bc-1",
            author=ANNA.as_user(),
            message_id=51,
            date=1_790_000_000,
            text="Сколько стоит маникюр?",
        )
        await post(app, 701, said)
        decisions = await turns(app)
        rests = await is_at_rest(app)
        replies = await app.rows("SELECT text FROM message WHERE direction = 'out'")
    assert (decisions, replies) == ([], [])
    assert rests


@pytest.mark.parametrize("restarts", [0, 3])
async def test_what_is_left_of_a_burst_is_answered(
    database_url: str, between: Callable[..., None], monkeypatch: pytest.MonkeyPatch, restarts: int
) -> None:
    """One of two messages is deleted while both are being read: the other one is answered, however late it is."""
    monkeypatch.setattr(engine, "MOST_RESTARTS", restarts)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0.05) as app,
    ):
        telegram.customer(ANNA.id)

        def said(number: int, text: str) -> dict[str, Any]:
            return updates.business(
                ANNA, connection_id="bc-1", author=ANNA.as_user(), message_id=number, date=1_790_000_000, text=text
            )

        gone = updates.business_deleted(ANNA, connection_id="bc-1", message_ids=[52])
        between(lambda: post(app, 703, gone))
        await post(app, 701, said(51, "Сколько стоит маникюр?"))
        await post(app, 702, said(52, "Где вы находитесь?"))
        decisions = await turns(app)
        rests = await is_at_rest(app)
        replies = [row["text"] for row in await app.rows("SELECT text FROM message WHERE direction = 'out'")]
    assert len(replies) == len(decisions) == 1
    assert "аникюр" in replies[0]
    assert rests


async def test_deleting_what_was_answered_disturbs_nothing(database_url: str, between: Callable[..., None]) -> None:
    """A running turn keeps its lease when an older, answered message disappears."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):
        telegram.customer(ANNA.id)

        def said(number: int, text: str) -> dict[str, Any]:
            return updates.business(
                ANNA, connection_id="bc-1", author=ANNA.as_user(), message_id=number, date=1_790_000_000, text=text
            )

        await post(app, 701, said(51, "Сколько стоит маникюр?"))
        await turns(app)
        between(lambda: post(app, 703, updates.business_deleted(ANNA, connection_id="bc-1", message_ids=[51])))
        await post(app, 702, said(52, "Где вы находитесь?"))
        decisions = await turns(app)
        rests = await is_at_rest(app)
    assert len(decisions) == 2
    assert rests


@pytest.mark.parametrize("reason", ["resolved", "spam"])
async def test_a_dialogue_closed_during_the_turn_is_not_answered(
    database_url: str, between: Callable[..., None], reason: str
) -> None:
    """Staff close the dialogue while the bot is at it: the turn leaves nothing behind, and the next message is new."""
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0) as app,
    ):

        async def close() -> None:
            (thread,) = await app.rows("SELECT id FROM thread")
            answer = await app.staff("POST", f"/dialogues/{thread['id']}/close", reason=reason)
            assert answer.status == 204

        between(close)
        await telegram.customer_says(ANNA.id, "Сколько стоит маникюр?").confirmed()
        decisions = await turns(app)
        rests = await is_at_rest(app)
        said = list(telegram.sent(ANNA.id))
        await telegram.customer_says(ANNA.id, "Где вы находитесь?").confirmed()
        await telegram.until_sent(ANNA.id, count=1)
        enquiries = await app.rows("SELECT close_reason FROM enquiry ORDER BY id")
    assert (decisions, said, rests) == ([], [], True)
    assert [row["close_reason"] for row in enquiries] == [reason, None]
