"""The main job on the web page, in a real browser against the whole of Responder."""

from __future__ import annotations

import pytest
from playwright.async_api import async_playwright, expect

from responder.web.chat.catalogue import texts
from tests.acceptance.test_chat_page import ARGUMENTS, CHROMIUM
from tests.running import running, until
from tests.stubs.bitrix24_api import Bitrix24Stub

pytestmark = pytest.mark.browser
PHONE_SCREEN = {"width": 360, "height": 740}


async def test_a_visitor_books_reloads_and_a_person_answers(database_url: str) -> None:
    """Typed and pressed, reloaded half way, it ends with an appointment and a lead; a person's reply appears live."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: put one in PATH or name it in RESPONDER_CHROMIUM")
    words = texts("ru")
    async with (
        Bitrix24Stub() as bitrix,
        running(database_url, bitrix=bitrix) as app,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(viewport=PHONE_SCREEN, locale="ru-RU")
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        await page.goto(f"{app.url}/chat/demo")
        box, log = page.get_by_label(words["input_label"]), page.get_by_role("log")

        async def say(text: str) -> None:
            await box.fill(text)
            await box.press("Enter")

        await say("Хочу на маникюр послезавтра")
        await expect(log).to_contain_text("Какое вам подходит?", timeout=20_000)
        await page.reload()
        await expect(log).to_contain_text("Какое вам подходит?", timeout=20_000)
        await page.get_by_role("button", name=r":").first.click()
        await expect(log).to_contain_text("номер телефона", timeout=20_000)
        await say("Света, 8 912 345 67 89")
        await expect(log).to_contain_text("Всё верно?", timeout=20_000)
        await page.get_by_role("button", name="Да, верно").click()
        await expect(log).to_contain_text("вы записаны", timeout=20_000)

        booked = await app.rows("SELECT a.id, a.thread_id FROM appointment a WHERE state = 'booked'")
        await until(lambda: app.rows("SELECT 1 FROM lead_delivery WHERE delivered_at IS NOT NULL"))
        answer = await app.staff("POST", f"/dialogues/{booked[0]['thread_id']}/messages", text="Ждём вас, Светлана!")
        await expect(log).to_contain_text("Ждём вас, Светлана!", timeout=20_000)
        await browser.close()
    assert answer.status == 202
    assert len(booked) == 1
    assert len(bitrix.leads) == 1
    assert problems == []
