"""Voice messages, written down and answered like words where that is set up; a person listens where it is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.running import Running, running
from tests.stubs import openai_api as api
from tests.stubs.openai_api import API_KEY, Answer, OpenAiStub
from tests.stubs.telegram_api import TelegramStub

CHAT = 91
SOUND = b"OggS" + bytes(200)
NOT_A_PERSON = "Получили, спасибо"


@asynccontextmanager
async def talking(database_url: str, **settings: Any) -> AsyncIterator[tuple[Running, TelegramStub, OpenAiStub]]:
    async with TelegramStub() as telegram, OpenAiStub() as endpoint:
        chosen = {
            "llm_transcribe_model": "whisper-1",
            "llm_transcribe_base_url": endpoint.url,
            "llm_transcribe_api_key": API_KEY,
            "llm_deadline_s": 1.5,
        } | settings
        async with running(database_url, telegram=telegram, with_background=False, burst_quiet_s=0.0, **chosen) as app:
            yield app, telegram, endpoint


async def speak(app: Running, telegram: TelegramStub, *, seconds: int = 4, content: bytes = SOUND) -> list[str]:
    """Send a voice message; gives what was answered."""
    before = len(telegram.sent(CHAT))
    voice = {
        "file_id": telegram.add_file(content),
        "file_unique_id": "u1",
        "duration": seconds,
        "mime_type": "audio/ogg",
        "file_size": len(content),
    }
    await telegram.customer_sends(CHAT, voice=voice).confirmed()
    await app.responder.scheduler.idle()
    return [message.text for message in telegram.sent(CHAT)[before:]]


async def test_a_voice_message_is_answered_like_words(database_url: str) -> None:
    """What was said is read, kept beside the recording and marked as a machine's; nobody is called to listen."""
    async with talking(database_url) as (app, telegram, endpoint):
        endpoint.hears = " Сколько стоит  педикюр? "
        [said] = await speak(app, telegram)
        [message] = await app.rows("SELECT text, payload FROM message WHERE direction = 'in'")
        handoffs = await app.rows("SELECT 1 FROM handoff")

    assert "2 700" in said.replace("\xa0", " ")
    assert message["text"] == "Сколько стоит педикюр?"
    assert message["payload"]["transcribed"] is True
    assert message["payload"]["attachments"][0]["kind"] == "voice"
    assert handoffs == []
    [(sound, fields)] = endpoint.recordings
    assert sound == SOUND
    assert fields["model"] == "whisper-1"


async def test_a_booking_by_voice(database_url: str) -> None:
    """A whole dialogue can be spoken; the language of the dialogue is told to the transcriber."""
    async with talking(database_url) as (app, telegram, endpoint):
        for words in (
            "хочу на брови в четверг в двенадцать",
            "меня зовут Рита, мой номер 89031112244",
            "да, всё верно",
        ):
            endpoint.hears = words
            await speak(app, telegram)
        booked = await app.rows("SELECT 1 FROM appointment WHERE state = 'booked'")

    assert len(booked) == 1
    assert [fields.get("language") for _, fields in endpoint.recordings] == [None, "ru", "ru"]


@pytest.mark.parametrize(
    "hears",
    ["", "   ", api.server_error_html(), api.malformed_body(), api.too_many(), api.hang(), Answer(body=b"[]")],
    ids=["silence", "blanks", "500", "malformed", "429", "hangs", "no object"],
)
async def test_what_cannot_be_heard_is_listened_to_by_a_person(database_url: str, hears: str | Answer) -> None:
    """Within the promise the customer hears that a person will listen, and one is called."""
    async with talking(database_url, llm_deadline_s=0.4) as (app, telegram, endpoint):
        endpoint.hears = hears
        [said] = await speak(app, telegram)
        [handoff] = await app.rows("SELECT reason FROM handoff")
        [message] = await app.rows("SELECT text, payload FROM message WHERE direction = 'in'")

    assert NOT_A_PERSON in said
    assert handoff["reason"] == "attachment"
    assert message["text"] == ""
    assert "transcribed" not in message["payload"]


async def test_a_long_story_is_not_sent_away(database_url: str) -> None:
    """What takes longer than the machine should listen goes to a person unheard."""
    async with talking(database_url) as (app, telegram, endpoint):
        endpoint.hears = "да"
        [said] = await speak(app, telegram, seconds=600)

    assert NOT_A_PERSON in said
    assert endpoint.recordings == []


async def test_without_a_transcriber_a_person_listens(database_url: str) -> None:
    """Nothing is fetched and nothing sent."""
    async with talking(database_url, llm_transcribe_model=None) as (app, telegram, endpoint):
        [said] = await speak(app, telegram)

    assert NOT_A_PERSON in said
    assert endpoint.recordings == []


async def test_a_recording_that_is_gone(database_url: str) -> None:
    """A file the messenger does not have any more is no reason to be silent."""
    async with talking(database_url) as (app, telegram, endpoint):
        endpoint.hears = "сколько стоит педикюр?"
        file_id = telegram.add_file(SOUND)
        telegram.forget_content(file_id)
        voice = {"file_id": file_id, "file_unique_id": "u", "duration": 3, "mime_type": "audio/ogg"}
        await telegram.customer_sends(CHAT, voice=voice).confirmed()
        await app.responder.scheduler.idle()
        [said] = [message.text for message in telegram.sent(CHAT)]

    assert NOT_A_PERSON in said


async def test_words_of_a_slow_one_are_not_half_kept(database_url: str) -> None:
    """Late words change nothing that was said."""
    async with talking(database_url, llm_deadline_s=0.3) as (app, telegram, endpoint):
        endpoint.hears = replace(api._json(200, {"text": "сколько стоит педикюр?"}), delay_s=0.6)
        [said] = await speak(app, telegram)

    assert NOT_A_PERSON in said
