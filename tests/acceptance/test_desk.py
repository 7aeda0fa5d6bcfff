"""The desk as operators use it: a real browser, a real server, customers in Telegram and in the web chat."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from responder.web.chat.catalogue import texts
from responder.web.staff.texts import staff_texts
from tests.acceptance.desks import PHONE, axe, browsers, desk_of, ready, row
from tests.running import Running, running, until
from tests.stubs.telegram_api import TelegramStub

pytestmark = pytest.mark.browser
T = staff_texts("ru")
KATYA, DIMA = 7788, 7799


async def says(app: Running, telegram: TelegramStub, text: str, chat: int = KATYA) -> int:
    """A customer writes; gives the dialogue."""
    await telegram.customer_says(chat, text).confirmed()
    (thread,) = await app.rows("SELECT id FROM thread WHERE thread_key = %(key)s", key=str(chat))
    return int(thread["id"])


async def visitor(opened: Any, app: Running, text: str) -> Page:
    """A visitor of the salon's web chat who has written."""
    page: Page = await (await opened.context(viewport=PHONE)).new_page()
    await page.goto(f"{app.url}/chat/demo")
    box = page.get_by_label(texts("ru")["input_label"])
    await box.fill(text)
    await box.press("Enter")
    return page


def reply_box(page: Page) -> Any:
    return page.locator("#reply")


def messages(page: Page) -> Any:
    return page.locator("[data-messages]")


async def act(page: Page, action: str) -> None:
    await page.locator(f'[data-act^="{action}"]').click()


async def test_from_the_customers_call_to_the_bot_again(database_url: str) -> None:
    """A customer calls for a person; the clock counts; taken over, answered, the bot silent; given back, the bot goes
    on. Nothing is reloaded by hand."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        desk = await desk_of(app, opened)
        await expect(desk.locator("[data-empty]")).to_contain_text(T["no_dialogues"])
        thread = await says(app, telegram, "позовите администратора пожалуйста")
        waiting = row(desk, thread)
        await expect(waiting).to_contain_text("позовите администратора")
        await expect(waiting.locator("[data-clock]")).to_have_text("0:02")
        await expect(desk).to_have_title(f"(1) {T['dialogues']} · Салон «Малахитовая шкатулка»")

        await waiting.locator("a").click()
        await act(desk, "take-over")
        await expect(desk.locator(".thread-state")).to_contain_text("Лейла")
        count = len(telegram.sent(KATYA))
        await says(app, telegram, "сколько стоит маникюр?")
        await expect(messages(desk)).to_contain_text("сколько стоит маникюр?")
        await reply_box(desk).fill("Маникюр 2 200, ждём вас!")
        await reply_box(desk).press("Control+Enter")
        await telegram.until_sent(KATYA, count=count + 1)
        assert telegram.sent(KATYA)[-1].text == "Маникюр 2 200, ждём вас!"
        await expect(messages(desk).locator(".by-human")).to_have_count(1)
        await expect(desk.locator("[data-pending]")).to_have_count(0)
        await expect(desk).to_have_title(f"{await name(desk)} · Салон «Малахитовая шкатулка»")

        await desk.locator("summary", has_text=T["give_back"]).click()
        await desk.locator("#hint").fill("хочет на маникюр в субботу")
        await act(desk, "give-back")
        await expect(messages(desk).locator(".event").last).to_contain_text(T["event_returned"])
        await says(app, telegram, "хорошо, запишите меня")
        answer = (await telegram.until_sent(KATYA, count=count + 2))[-1].text
        assert "маникюр" in answer.lower()
        await expect(messages(desk)).to_contain_text(answer.splitlines()[-1].strip()[:40])
        rows = await app.rows("SELECT taken_at IS NOT NULL AS taken, returned_at IS NOT NULL AS returned FROM handoff")
    assert rows == [{"taken": True, "returned": True}]


async def name(page: Page) -> str:
    return (await page.locator("#who").inner_text()).strip()


async def test_a_visitor_of_the_site_sees_the_person_answer(database_url: str) -> None:
    """What is typed on the desk appears in the open web chat, and what the visitor types appears on the desk."""
    async with running(database_url) as app, browsers() as opened:
        desk = await desk_of(app, opened, viewport=PHONE)
        page = await visitor(opened, app, "позовите человека")
        await desk.locator("[data-row] a").first.click()
        await reply_box(desk).fill("Здравствуйте! Чем помочь?")
        await desk.locator("[data-send]").click()
        await expect(page.get_by_role("log")).to_contain_text("Чем помочь?")
        box = page.get_by_label(texts("ru")["input_label"])
        await box.press_sequentially("Хочу подарочный сертификат")
        await expect(desk.locator("[data-typing]")).to_have_text(T["typing_customer"])
        await box.press("Enter")
        await expect(messages(desk)).to_contain_text("Хочу подарочный сертификат")
        await desk.locator(".back").click()
        await expect(desk.locator("[data-row] [data-clock]")).to_be_visible()


async def test_two_operators_see_each_other(database_url: str) -> None:
    """Who types is named on the other's desk; what one answers the other sees; an assignment moves it to the other's
    list."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        thread = await says(app, telegram, "позовите администратора пожалуйста")
        leyla, vera = await desk_of(app, opened), await desk_of(app, opened, "evening_desk")
        for desk in (leyla, vera):
            await row(desk, thread).locator("a").click()
            await expect(desk.locator("#who")).to_be_visible()
        await reply_box(leyla).press_sequentially("Добрый день")
        await expect(vera.locator("[data-presence]")).to_contain_text("Лейла печатает ответ")
        await reply_box(leyla).press("Control+Enter")
        await expect(messages(vera).locator(".by-human")).to_contain_text("Добрый день")
        await expect(vera.locator(".thread-state")).to_contain_text("Лейла")
        await app.staff("POST", f"/dialogues/{thread}/notes", text="@Вера, это к тебе", operator="front_desk")
        await expect(vera.locator("[data-announcer]")).to_have_text(T["mentioned"])
        await leyla.locator("#assignee").select_option("evening_desk")
        await expect(vera.locator(".thread-state")).to_contain_text("Вера")
        await vera.locator('.views [data-view="mine"]').click()
        await expect(row(vera, thread)).to_be_visible()
        await leyla.locator('.views [data-view="mine"]').click()
        await expect(leyla.locator("[data-empty]")).to_contain_text(T["empty_mine"])


async def test_a_draft_survives_a_reload_and_a_reply_typed_offline_is_sent_once(database_url: str) -> None:
    """The draft is there again; without a connection the reply waits in sight and leaves by itself, once."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        opened.may_fail |= {"ERR_INTERNET_DISCONNECTED", "Failed to load resource"}
        thread = await says(app, telegram, "позовите администратора пожалуйста")
        desk = await desk_of(app, opened)
        await row(desk, thread).locator("a").click()
        await reply_box(desk).fill("Набрано и не отправлено")
        await desk.reload()
        await ready(desk)
        await expect(reply_box(desk)).to_have_value("Набрано и не отправлено")
        count = len(telegram.sent(KATYA))
        await desk.context.set_offline(True)
        await reply_box(desk).press("Control+Enter")
        await expect(desk.locator("[data-pending]")).to_contain_text(T["unsent"])
        await desk.context.set_offline(False)
        await telegram.until_sent(KATYA, count=count + 1)
        await expect(desk.locator("[data-pending]")).to_have_count(0)
        await expect(messages(desk).locator(".by-human")).to_have_count(1)
        await desk.reload()
        await ready(desk)
        rows = await app.rows("SELECT text FROM message WHERE author = 'human'")
        assert len(telegram.sent(KATYA)) == count + 1
    assert [found["text"] for found in rows] == ["Набрано и не отправлено"]


async def test_an_ended_session_keeps_the_draft_and_leads_to_the_login(database_url: str) -> None:
    """When the session is over the page says so and offers the way back; after it the draft is still there."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        opened.may_fail |= {"401"}
        thread = await says(app, telegram, "позовите администратора пожалуйста")
        desk = await desk_of(app, opened)
        await row(desk, thread).locator("a").click()
        await reply_box(desk).fill("Почти дописано")
        await app.rows("UPDATE staff_session SET ended_at = now() RETURNING id")
        await act(desk, "take-over")
        await expect(desk.locator("[data-connection]")).to_contain_text(T["session_ended"])
        await desk.locator("[data-connection] a").click()
        await desk.get_by_label(T["login"]).fill("front_desk")
        await desk.get_by_label(T["password"]).fill("correct horse battery staple")
        await desk.get_by_role("button", name=T["log_in"]).click()
        await expect(reply_box(desk)).to_have_value("Почти дописано")


async def test_the_keyboard_is_enough(database_url: str) -> None:
    """Chosen, taken over, answered and closed without a mouse, in the Russian layout too; ? lists the keys."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        thread = await says(app, telegram, "позовите администратора пожалуйста")
        desk = await desk_of(app, opened)
        await expect(row(desk, thread)).to_be_visible()
        await desk.keyboard.press("?")
        await expect(desk.get_by_role("dialog")).to_contain_text(T["shortcuts"])
        await desk.keyboard.press("Escape")
        pressed = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'о', bubbles: true}))"  # j
        await desk.evaluate(pressed)
        await desk.keyboard.press("Enter")
        await expect(desk.locator("#who")).to_be_visible()
        await desk.keyboard.press("t")
        await expect(desk.locator(".thread-state")).to_contain_text("Лейла")
        await desk.keyboard.press("r")
        await desk.keyboard.type("Слушаю вас")
        await desk.keyboard.press("Control+Enter")
        await expect(messages(desk).locator(".by-human")).to_contain_text("Слушаю вас")
        await desk.keyboard.press("Escape")
        await desk.keyboard.press("n")
        await desk.keyboard.type("@Вера, это твоя постоянная")
        await desk.keyboard.press("Control+Enter")
        await expect(messages(desk).locator(".note")).to_contain_text("твоя постоянная")
        await desk.keyboard.press("Escape")
        await desk.keyboard.press("e")
        await desk.keyboard.press("Enter")
        await expect(row(desk, thread)).to_contain_text(T["closed"])
        notes = await app.rows("SELECT o.key FROM note n JOIN operator o ON o.id = ANY(n.mentions)")
        sent = [message.text for message in telegram.sent(KATYA)]
    assert notes == [{"key": "evening_desk"}]
    assert not any("постоянная" in text for text in sent)


async def test_saved_replies_come_by_a_slash_with_their_placeholders_filled(database_url: str) -> None:
    """Typed after a slash, chosen by the keys, filled with the customer's name and the salon's address."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        thread = await says(app, telegram, "позовите администратора пожалуйста")
        desk = await desk_of(app, opened)
        await desk.goto(f"{app.url}/saved-replies")
        await desk.get_by_label(T["shortcut"]).fill("адрес")
        await desk.get_by_label(T["saved_text"]).fill("{first_name}, ждём вас: {address}. {service}")
        await desk.get_by_role("button", name=T["save"]).click()
        await desk.goto(f"{app.url}/dialogues/{thread}")
        await ready(desk)
        await reply_box(desk).press_sequentially("/адр")
        await expect(desk.locator("[role=option]")).to_contain_text("ждём вас")
        await reply_box(desk).press("Enter")
        value = await reply_box(desk).input_value()
        selected = await reply_box(desk).evaluate("box => box.value.slice(box.selectionStart, box.selectionEnd)")
    assert "ждём вас: Челябинск" in value
    assert selected == "{service}"


async def test_filters_and_search_leave_the_open_dialogue_alone(database_url: str) -> None:
    """Views, a channel and a search change the list beside the dialogue; a row that does not belong any more goes."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        katya = await says(app, telegram, "позовите администратора, у меня вопрос про ламинирование")
        dima = await says(app, telegram, "сколько стоит маникюр?", chat=DIMA)
        desk = await desk_of(app, opened)
        await row(desk, katya).locator("a").click()
        await desk.locator('.views [data-view="bot"]').click()
        await expect(row(desk, dima)).to_be_visible()
        await expect(row(desk, katya)).to_have_count(0)
        await expect(desk.locator("#who")).to_be_visible()
        await says(app, telegram, "позовите администратора", chat=DIMA)
        await expect(row(desk, dima)).to_have_count(0)
        await desk.locator("#search").fill("ламинир")
        await expect(row(desk, katya)).to_be_visible()
        await expect(row(desk, dima)).to_have_count(0)
        await desk.locator("#search").fill("нет такого слова")
        await expect(desk.locator("[data-empty] h2", has_text=T["nothing_found"])).to_be_visible()
        await desk.locator('.views [data-view="all"]').click()
        await expect(row(desk, dima)).to_be_visible()
        await expect(desk.locator("#search")).to_have_value("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_accessible(database_url: str, scheme: str) -> None:
    """axe finds nothing against WCAG AA on any page, light and dark, wide and at 360 px, empty and full."""
    pages = ["/dialogues", "/leads", "/alerts", "/people", "/audit", "/account", "/saved-replies", "/report"]
    pages.append("/report?from=x")
    found: dict[str, list[str]] = {}
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        opened.may_fail.add("400 (Bad Request)")  # of the report that cannot be
        desk = await desk_of(app, opened, "owner", color_scheme=scheme)

        async def look(path: str) -> None:
            for size in ({"width": 1280, "height": 800}, PHONE):
                await desk.set_viewport_size(size)
                await desk.goto(app.url + path)
                if violations := await axe(desk):
                    found[f"{path} {size['width']}"] = violations
                width = await desk.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert width <= 0, f"{path} is {width} px wider than {size['width']}"

        for path in pages:
            await look(path)
        thread = await says(app, telegram, "Меня зовут Анна, 8 (912) 345-67-89, хочу на маникюр завтра в 15:00")
        await says(app, telegram, "позовите администратора", chat=DIMA)
        await app.staff("POST", f"/dialogues/{thread}/notes", text="аллергия на гель", operator="front_desk")
        await app.staff("PUT", f"/dialogues/{thread}/tags", tags=["постоянная"])
        for path in [*pages, f"/dialogues/{thread}", "/report/enquiries?part=arrivals"]:
            await look(path)
        stranger = await (await opened.context(color_scheme=scheme)).new_page()
        await stranger.goto(f"{app.url}/login")
        found["/login"] = await axe(stranger)
    assert {path: violations for path, violations in found.items() if violations} == {}


async def test_five_hundred_open_dialogues_stay_usable(database_url: str) -> None:
    """With 500 dialogues waiting the most urgent are shown, on request all, in order of need; an answer counts."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        thread = await says(app, telegram, "позовите администратора пожалуйста")
        await until(lambda: app.rows("SELECT 1 FROM handoff"))
        await app.rows(MANY)
        desk = await desk_of(app, opened)
        await expect(desk.locator('[data-list="waiting"] [data-row]')).to_have_count(100)
        await desk.locator("[data-all-waiting]").click()
        await expect(desk.locator('[data-list="waiting"] [data-row]')).to_have_count(501)
        orders = await desk.eval_on_selector_all("[data-waiting]", "rows => rows.map(row => Number(row.dataset.order))")
        assert orders == sorted(orders)
        await expect(desk.locator('.views [data-count="waiting"]')).to_have_text("501")
        await row(desk, thread).locator("a").click()
        await reply_box(desk).fill("Здравствуйте")
        await reply_box(desk).press("Control+Enter")
        await expect(desk.locator('.views [data-count="waiting"]')).to_have_text("500")


MANY = """
WITH people AS (
    INSERT INTO customer (salon_id, name) SELECT s.id, 'Клиент ' || n FROM salon s, generate_series(1, 500) n
    RETURNING id, salon_id, name
), threads AS (
    INSERT INTO thread (salon_id, channel_account_id, thread_key, customer_id, last_message_at)
    SELECT p.salon_id, (SELECT id FROM channel_account WHERE salon_id = p.salon_id LIMIT 1), 'many-' || p.id, p.id,
        '2026-11-24 05:00Z'::timestamptz + p.id * interval '1 second'
    FROM people p RETURNING id, salon_id, customer_id, channel_account_id, last_message_at
), enquiries AS (
    INSERT INTO enquiry (salon_id, thread_id, customer_id, channel_account_id, clock_start_at, received_at)
    SELECT salon_id, id, customer_id, channel_account_id, last_message_at, last_message_at FROM threads
    RETURNING id, salon_id, thread_id, received_at
)
INSERT INTO handoff (salon_id, thread_id, enquiry_id, needed_at, reason)
SELECT salon_id, thread_id, id, received_at, 'asked' FROM enquiries RETURNING id
"""
