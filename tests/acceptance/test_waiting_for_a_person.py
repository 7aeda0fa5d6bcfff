"""Between the call for a person and the person: over real HTTP, with the stamps that the figures rest on."""

from __future__ import annotations

from typing import Any

from tests.running import Running, running
from tests.stubs.telegram_api import TelegramStub

KATYA = 7788
PHOTO = [{"file_id": "p1", "file_unique_id": "u1", "width": 90, "height": 90, "file_size": 1000}]


async def said(telegram: TelegramStub, text: str, *, count: int) -> str:
    """Say it and give the `count`-th reply."""
    await telegram.customer_says(KATYA, text).confirmed()
    return str((await telegram.until_sent(KATYA, count=count))[count - 1].text)


async def the_handoff(app: Running) -> dict[str, Any]:
    (row,) = await app.rows("SELECT * FROM handoff")
    return row


async def test_until_a_person_comes_plain_matters_are_answered_and_the_wait_goes_on(database_url: str) -> None:
    """Asked for a person: told once, seen once, a price answered meanwhile, and the same wait all the time."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app:
        assert "Передаю администратору" in await said(telegram, "позовите администратора пожалуйста", count=1)
        called = await the_handoff(app)
        assert "Ваши сообщения у администратора" in await said(telegram, "вы тут?", count=2)
        assert "2 200" in (await said(telegram, "сколько стоит маникюр?", count=3)).replace("\xa0", " ")
        await telegram.customer_says(KATYA, "алло").confirmed()
        await app.responder.scheduler.idle()

        outbound = await app.rows("SELECT substance FROM message WHERE direction = 'out' ORDER BY id")
        still = await the_handoff(app)
        (thread,) = await app.rows("SELECT mode, turn_due_at FROM thread")
    assert [row["substance"] for row in outbound] == ["acknowledgement", "acknowledgement", "substantive"]
    assert (still["needed_at"], still["taken_at"], still["returned_at"]) == (called["needed_at"], None, None)
    assert (thread["mode"], thread["turn_due_at"]) == ("bot", None)


async def test_who_takes_over_after_the_call_silences_the_bot(database_url: str) -> None:
    """Invariant 8: from take-over on nobody but the person answers, not even a price."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app:
        await said(telegram, "позовите администратора пожалуйста", count=1)
        (thread,) = await app.rows("SELECT id FROM thread")
        assert (await app.staff("POST", f"/dialogues/{thread['id']}/take-over")).status == 204
        for text in ("сколько стоит маникюр?", "вы тут?"):
            await telegram.customer_says(KATYA, text).confirmed()
        await app.responder.scheduler.idle()
        assert len(telegram.sent(KATYA)) == 1

        assert (await app.staff("POST", f"/dialogues/{thread['id']}/give-back")).status == 204
        assert "Маникюр" in (await telegram.until_sent(KATYA, count=2))[1].text
        (row,) = await app.rows("SELECT state FROM thread")
    assert "handed_off" not in row["state"]


async def test_a_graver_reason_is_shown_to_staff_and_starts_no_new_wait(database_url: str) -> None:
    """First a person was asked for, then a danger came up: staff see the danger, waiting since the first call."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app:
        await said(telegram, "позовите администратора пожалуйста", count=1)
        called = await the_handoff(app)
        assert "112" in await said(telegram, "у меня аллергия, лицо отекло", count=2)
        risen = await the_handoff(app)
        await telegram.customer_says(KATYA, "хочу администратора").confirmed()
        await app.responder.scheduler.idle()
        kept = await the_handoff(app)
    assert (called["reason"], risen["reason"], kept["reason"]) == ("asked", "risk", "risk")
    assert risen["needed_at"] == called["needed_at"]


async def test_given_back_untaken_the_call_is_over(database_url: str) -> None:
    """Staff may send a waiting customer back to the bot without taking over; another call is then a new one."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app:
        await said(telegram, "позовите администратора пожалуйста", count=1)
        (thread,) = await app.rows("SELECT id FROM thread")
        assert (await app.staff("POST", f"/dialogues/{thread['id']}/give-back")).status == 204
        assert "Передаю администратору" in await said(telegram, "позовите администратора", count=2)
        calls = await app.rows("SELECT returned_at FROM handoff ORDER BY id")
    assert [row["returned_at"] is None for row in calls] == [False, True]


async def test_a_photo_with_a_caption_is_answered_and_passed_on(database_url: str) -> None:
    """The words get their answer, staff get the photo, the bot goes on."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app:
        await telegram.customer_sends(KATYA, photo=PHOTO, caption="сколько стоит такой маникюр?").confirmed()
        (reply,) = await telegram.until_sent(KATYA, count=1)
        handoff = await the_handoff(app)
        assert "Ящеричный" in await said(telegram, "где вы находитесь?", count=2)
    assert "Вложение передаю администратору" in reply.text
    assert "Маникюр" in reply.text
    assert handoff["reason"] == "attachment"
