"""The main job over real HTTP: a customer books in Telegram, the lead is in Bitrix24, all stamps are set."""

from __future__ import annotations

from datetime import timedelta

from tests.running import SLUG, Running, running, until
from tests.stubs.bitrix24_api import Bitrix24Stub
from tests.stubs.telegram_api import TelegramStub

ANNA = 4455


async def book(telegram: TelegramStub, chat: int = ANNA) -> None:
    """Write until the bot says it is booked: service and time, contact, yes."""
    await telegram.customer_says(chat, "Здравствуйте, хочу на женскую стрижку завтра в 15:00").confirmed()
    replies = await telegram.until_sent(chat, count=1)
    if replies[0].buttons:  # the hour is taken: choose what was offered
        await telegram.customer_presses(chat, next(iter(replies[0].buttons))).confirmed()
        replies = await telegram.until_sent(chat, count=2)
    await telegram.customer_says(chat, "Анна, 8 (912) 345-67-89").confirmed()
    replies = await telegram.until_sent(chat, count=len(replies) + 1)
    assert "Всё верно" in replies[-1].text, replies[-1].text
    await telegram.customer_says(chat, "да").confirmed()
    replies = await telegram.until_sent(chat, count=len(replies) + 1)
    assert "вы записаны" in replies[-1].text, replies[-1].text


async def test_a_dialogue_ends_with_an_appointment_a_lead_and_all_stamps(database_url: str) -> None:
    """Three messages make a booking; the lead reaches Bitrix24 once; every message carries its stamps."""
    async with (
        TelegramStub() as telegram,
        Bitrix24Stub() as bitrix,
        running(database_url, telegram=telegram, bitrix=bitrix) as app,
    ):
        await book(telegram)
        await until(lambda: _delivered(app))
        await app.responder.scheduler.idle()

        (appointment,) = await app.rows("SELECT * FROM appointment WHERE state = 'booked'")
        (lead,) = bitrix.leads
        messages = await app.rows("SELECT * FROM message ORDER BY id")

    assert appointment["ends_at"] - appointment["starts_at"] == timedelta(hours=1)
    assert lead["fm"][0]["value"] == "+79123456789"
    assert "Анна" in lead["title"] or lead["name"] == "Анна"
    inbound = [m for m in messages if m["direction"] == "in"]
    outbound = [m for m in messages if m["direction"] == "out"]
    assert len(inbound) == len(outbound) == 3
    assert all(m["sent_at"] and m["received_at"] and m["stored_at"] for m in inbound)
    assert all(m["sent_at_resolution_s"] == 1.0 for m in inbound)
    assert all(m["composed_at"] <= m["accepted_at"] for m in outbound)
    assert all(m["auto_reply"] and m["author"] == "bot" and m["substance"] == "substantive" for m in outbound)
    assert all(m["provider_message_id"] for m in outbound)


async def test_after_take_over_the_bot_is_silent_until_given_back(database_url: str) -> None:
    """Invariant 8: a person takes over, the customer writes on, only the person answers; given back, the bot does."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app:
        await telegram.customer_says(ANNA, "Сколько стоит маникюр?").confirmed()
        await telegram.until_sent(ANNA, count=1)
        (thread,) = await app.rows("SELECT id FROM thread")
        path = f"/dialogues/{thread['id']}"

        assert (await app.staff("POST", f"{path}/take-over")).status == 204
        await telegram.customer_says(ANNA, "А на завтра в 15 есть время?").confirmed()
        assert (await app.staff("POST", f"{path}/messages", text="Да, приходите к трём")).status == 202
        replies = await telegram.until_sent(ANNA, count=2)
        await app.responder.scheduler.idle()
        assert [reply.text for reply in telegram.sent(ANNA)] == [replies[0].text, "Да, приходите к трём"]

        assert (await app.staff("POST", f"{path}/give-back")).status == 204
        await telegram.customer_says(ANNA, "Где вы находитесь?").confirmed()
        replies = await telegram.until_sent(ANNA, count=3)
        assert "Ящеричный" in replies[2].text
        rows = await app.rows("SELECT author, auto_reply FROM message WHERE direction = 'out' ORDER BY id")
    assert [(r["author"], r["auto_reply"]) for r in rows] == [("bot", True), ("human", False), ("bot", True)]


async def test_a_burst_is_answered_once(database_url: str) -> None:
    """Four short messages within the quiet time get one reply that takes in all of them."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, burst_quiet_s=0.4) as app:
        for text in ("Привет", "хочу записаться", "на маникюр", "завтра после обеда"):
            await telegram.customer_says(ANNA, text).confirmed()
        replies = await telegram.until_sent(ANNA, count=1)
        await app.responder.scheduler.idle()
    assert len(telegram.sent(ANNA)) == 1
    assert "маникюр" in replies[0].text.lower()


async def test_the_staff_api_refuses_strangers(database_url: str) -> None:
    """Without the access token there is nothing but 401."""
    async with running(database_url) as app:
        answer = await app.http.get(f"{app.url}/api/v1/{SLUG}/dialogues")
        assert answer.status == 401


async def _delivered(app: Running) -> bool:
    return bool(await app.rows("SELECT 1 FROM lead_delivery WHERE delivered_at IS NOT NULL AND crm_id IS NOT NULL"))
