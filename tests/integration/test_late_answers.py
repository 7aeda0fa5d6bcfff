"""An LLM's answer that comes after the rules' reply: said where it adds something and nothing has happened since."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from responder.staff.audit import Actor
from tests.running import Running, running
from tests.stubs import openai_api as api
from tests.stubs.openai_api import API_KEY, Answer, OpenAiStub
from tests.stubs.telegram_api import TelegramStub

CHAT = 77
GIBBERISH = "трям пам шурум бурум"
LATE_S = 0.6
DEADLINE_S = 0.2
WANTS_MANICURE = {"intents": ["book"], "service_key": "manicure", "wishes": [], "name": None}


def late(*chosen: Any) -> Answer:
    return replace(api.calls(*chosen), delay_s=LATE_S)


@asynccontextmanager
async def talking(database_url: str, answer: Answer) -> AsyncIterator[tuple[Running, TelegramStub]]:
    async with (
        TelegramStub() as telegram,
        OpenAiStub() as llm,
        running(
            database_url,
            telegram=telegram,
            with_background=False,
            burst_quiet_s=0.0,
            llm_base_url=llm.url,
            llm_api_key=API_KEY,
            llm_model="stub",
            llm_deadline_s=DEADLINE_S,
        ) as app,
    ):
        llm.always_answer_with(answer)
        yield app, telegram


async def say(app: Running, telegram: TelegramStub, text: str) -> None:
    await telegram.customer_says(CHAT, text).confirmed()
    await app.responder.scheduler.idle()


async def replies(app: Running, telegram: TelegramStub) -> list[str]:
    await app.responder.engine.late.idle()
    return [message.text for message in telegram.sent(CHAT)]


async def test_what_the_rules_did_not_understand_is_answered_after_all(database_url: str) -> None:
    """The rules ask again in time; the model's reading follows as a reply of its own, an ordinary automatic one."""
    async with talking(database_url, late(("understand_request", WANTS_MANICURE))) as (app, telegram):
        await say(app, telegram, GIBBERISH)
        first, second = await replies(app, telegram)
        turns = await app.rows("SELECT decision, understood_by, llm_outcome, tokens_in FROM turn ORDER BY id")
        rows = await app.rows("SELECT auto_reply, send_state FROM message WHERE direction = 'out' ORDER BY id")
        [thread] = await app.rows("SELECT lease_token, turn_due_at, state FROM thread")

    assert "Не совсем поняла" in first
    assert "Маникюр с покрытием" in second
    assert [(turn["understood_by"], turn["llm_outcome"]) for turn in turns] == [("rules", "late"), ("llm", "used_late")]
    assert [turn["tokens_in"] for turn in turns] == [0, 1200]
    assert all(row["auto_reply"] and row["send_state"] == "accepted" for row in rows)
    assert (thread["lease_token"], thread["turn_due_at"]) == (None, None)
    assert thread["state"]["service"] == "manicure"


@pytest.mark.parametrize(
    "answer",
    [
        late(("understand_request", {"intents": []})),
        late(("no_reply_needed", {})),
        late(("book_appointment", {})),
        late(("answer_question", {"text": "Вы записаны на 17:45!", "knowledge_key": None})),
        replace(api.server_error_html(), delay_s=LATE_S),
    ],
    ids=["nothing", "silence", "unknown tool", "a lie", "failed"],
)
async def test_what_adds_nothing_is_not_said(database_url: str, answer: Answer) -> None:
    """A second reply is for what is new and true alone."""
    async with talking(database_url, answer) as (app, telegram):
        await say(app, telegram, GIBBERISH)
        said = await replies(app, telegram)
        [thread] = await app.rows("SELECT lease_token FROM thread")

    assert len(said) == 1
    assert thread["lease_token"] is None


async def test_where_the_rules_understood_nobody_waits(database_url: str) -> None:
    """The rules' answer stands; the model's is given up."""
    async with talking(database_url, late(("understand_request", WANTS_MANICURE))) as (app, telegram):
        await say(app, telegram, "сколько стоит педикюр?")
        said = await replies(app, telegram)

    assert len(said) == 1
    assert "2 700" in said[0].replace("\xa0", " ")


async def test_a_newer_word_makes_it_void(database_url: str) -> None:
    """The customer has written on: the late answer would speak of what is past."""
    async with talking(database_url, late(("understand_request", WANTS_MANICURE))) as (app, telegram):
        await say(app, telegram, GIBBERISH)
        await say(app, telegram, "сколько стоит педикюр?")
        said = await replies(app, telegram)

    assert len(said) == 2
    assert not any("Ближайшее" in text for text in said)


async def test_a_person_in_the_dialogue_makes_it_void(database_url: str) -> None:
    """Whoever took the dialogue over is not talked over by a machine."""
    async with talking(database_url, late(("understand_request", WANTS_MANICURE))) as (app, telegram):
        await say(app, telegram, GIBBERISH)
        [thread] = await app.rows("SELECT id, salon_id FROM thread")
        await app.responder.desk.take_over(thread["salon_id"], thread["id"], actor=Actor())
        said = await replies(app, telegram)

    assert len(said) == 1
