"""The calendar in a real browser: by keyboard, mouse and touch, and true while others change it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from responder.web.staff.texts import staff_texts
from tests.acceptance.desks import PHONE, axe, browsers, desk_of
from tests.running import Running, running, until
from tests.stubs.telegram_api import TelegramStub

pytestmark = pytest.mark.browser
T = staff_texts("ru")
DAY = "2026-11-25"
KATYA = 7788


def cell(page: Page, at: str, specialist: str = "timur") -> Any:
    """A quarter hour of the table, by the salon's clock."""
    hour = int(at[:2]) - 5  # Chelyabinsk
    return page.locator(f'.cell[data-specialist="{specialist}"][data-at^="{DAY}T{hour:02d}:{at[3:]}"]')


async def calendar_of(app: Running, page: Page, **asked: str) -> Page:
    query = "&".join(f"{name}={value}" for name, value in ({"date": DAY} | asked).items())
    await page.goto(f"{app.url}/calendar?{query}")
    await expect(page.locator("[data-grid]")).to_be_visible()
    return page


async def visits(app: Running) -> list[tuple[str, str, str]]:
    rows = await app.rows(
        "SELECT p.state, w.key, to_char(p.starts_at AT TIME ZONE 'Asia/Yekaterinburg', 'HH24:MI') AS at "
        "FROM appointment p JOIN specialist w ON w.id = p.specialist_id ORDER BY p.id"
    )
    return [(row["state"], row["key"], row["at"]) for row in rows]


async def book(app: Running, at: str, name: str = "Света") -> int:
    body = {"service": "mens_haircut", "specialist": "timur", "starts_at": f"{DAY}T{int(at[:2]) - 5:02d}:{at[3:]}:00Z"}
    answer = await app.staff("POST", "/visits", **body, name=name)
    assert answer.status == 201, await answer.text()
    return int((await answer.json())["id"])


async def test_a_visit_is_booked_and_moved_by_keyboard_alone(database_url: str) -> None:
    """Arrows find the hour, Enter books, M carries the visit elsewhere; each step is said to a screen reader."""
    async with running(database_url) as app, browsers() as opened:
        page = await calendar_of(app, await desk_of(app, opened), specialist="timur")
        await page.locator('.cell > a[tabindex="0"]').focus()
        for _ in range(4):
            await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        window = page.get_by_role("dialog")
        await expect(window.get_by_label(T["time"])).to_have_value("12:00")
        await window.get_by_label(T["service"]).select_option("mens_haircut")
        await window.locator("#visit-name").fill("Игорь")
        await window.get_by_label(T["phone"]).fill("8 912 345 67 89")
        await window.get_by_label(T["phone"]).press("Enter")
        await expect(cell(page, "12:00").locator(".visit")).to_contain_text("Игорь")

        await cell(page, "12:00").locator(".visit").focus()
        await page.keyboard.press("m")
        await expect(page.locator("[data-announcer]")).to_have_text(T["picked_up"])
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(cell(page, "13:00").locator(".visit")).to_contain_text("Игорь")
        await expect(page.locator("[data-announcer]")).to_have_text(T["moved_visit"])
        assert await visits(app) == [("booked", "timur", "13:00")]


async def test_a_visit_is_dragged_and_refused_where_somebody_is_busy(database_url: str) -> None:
    """Dropped on a free hour it moves; dropped on another visit it stays and the reason is on the page."""
    async with running(database_url) as app, browsers() as opened:
        opened.may_fail |= {"400"}
        await book(app, "12:00")
        await book(app, "14:00", name="Юля")
        page = await calendar_of(app, await desk_of(app, opened))
        await drag(page, cell(page, "12:00").locator(".visit"), cell(page, "13:00"))
        await expect(cell(page, "13:00").locator(".visit")).to_contain_text("Света")
        await drag(page, cell(page, "13:00").locator(".visit"), cell(page, "13:45"))
        await expect(page.get_by_role("alert")).to_contain_text("14:00")
        assert await visits(app) == [("booked", "timur", "13:00"), ("booked", "timur", "14:00")]


async def drag(page: Page, what: Any, where: Any) -> None:
    await what.scroll_into_view_if_needed()
    start, end = await what.bounding_box(), await where.bounding_box()
    await page.mouse.move(start["x"] + 20, start["y"] + 8)
    await page.mouse.down()
    await page.mouse.move(end["x"] + 20, end["y"] + 6, steps=8)
    await page.mouse.up()


async def test_two_calendars_agree(database_url: str) -> None:
    """What one moves the other sees at once; a change to a visit that has moved meanwhile is refused, the new place
    shown."""
    async with running(database_url) as app, browsers() as opened:
        opened.may_fail |= {"400"}
        number = await book(app, "12:00")
        one = await calendar_of(app, await desk_of(app, opened))
        other = await calendar_of(app, await desk_of(app, opened, "evening_desk"))
        await cell(other, "12:00").locator(".visit").click()
        window = other.get_by_role("dialog")
        await window.locator("summary", has_text=T["move_visit"]).click()
        await drag(one, cell(one, "12:00").locator(".visit"), cell(one, "16:00"))
        await expect(cell(one, "16:00").locator(".visit")).to_be_visible()
        await window.locator("#move-at").fill("18:00")
        await window.get_by_role("button", name=T["move_visit"]).click()
        await expect(window.get_by_role("alert")).to_contain_text("перенёс")
        await expect(window).to_contain_text("16:00")
        await window.get_by_role("button", name=T["dismiss"]).click()
        await expect(cell(other, "16:00").locator(".visit")).to_be_visible()
        await app.staff("POST", f"/visits/{number}/cancel")
        await expect(other.locator(".visit")).to_have_count(0)
        await expect(one.locator(".visit")).to_have_count(0)


async def test_booked_from_a_dialogue_on_a_phone_by_touch(database_url: str) -> None:
    """From the dialogue to the calendar, a free hour touched, the customer already filled in; they are told."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app, browsers() as opened:
        await telegram.customer_says(KATYA, "позовите администратора пожалуйста").confirmed()
        (thread,) = await until(lambda: app.rows("SELECT id FROM thread"))
        page = await desk_of(app, opened, viewport=PHONE, has_touch=True)
        await calendar_of(app, page, thread=str(thread["id"]), specialist="timur", service="mens_haircut")
        await expect(cell(page, "12:00")).to_have_class("cell cell-free is-start")
        await cell(page, "12:00").locator("a").tap()
        window = page.get_by_role("dialog")
        await expect(window.get_by_label(T["service"])).to_have_value("mens_haircut")
        await window.get_by_role("button", name=T["book_visit"]).tap()
        await expect(cell(page, "12:00").locator(".visit")).to_be_visible()
        sent = await telegram.until_sent(KATYA, count=2)
        assert "вы записаны" in sent[-1].text
        assert await visits(app) == [("booked", "timur", "12:00")]


async def test_a_known_customer_is_found_by_a_few_letters(database_url: str) -> None:
    """Part of a name offers whom the salon knows; chosen by the keys, nobody is written down twice."""
    async with running(database_url) as app, browsers() as opened:
        await app.rows(
            "INSERT INTO customer (salon_id, name, phone) "
            "SELECT id, 'Фёкла Ёлкина', '+79123456789' FROM salon RETURNING id"
        )
        page = await calendar_of(app, await desk_of(app, opened))
        await page.get_by_role("link", name=T["new_visit"], exact=True).click()
        window = page.get_by_role("dialog")
        await window.get_by_label(T["service"]).select_option("mens_haircut")
        await window.get_by_label(T["specialist"]).select_option("timur")
        await window.get_by_label(T["time"]).fill("12:00")
        await window.locator("#visit-name").press_sequentially("елк")
        await expect(window.get_by_role("option", name="Фёкла")).to_be_visible()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(window.get_by_label(T["phone"])).to_have_value("+79123456789")
        await window.get_by_role("button", name=T["book_visit"]).click()
        await expect(cell(page, "12:00").locator(".visit")).to_contain_text("Фёкла")
        rows = await app.rows("SELECT count(*) AS n FROM customer")
    assert rows == [{"n": 1}]


async def test_the_unusual_is_asked_about_first(database_url: str) -> None:
    """A time in which nobody works is refused with the reason and a box to book all the same; marked, it shows."""
    async with running(database_url) as app, browsers() as opened:
        opened.may_fail |= {"400"}
        page = await calendar_of(app, await desk_of(app, opened))
        await page.get_by_role("link", name=T["new_visit"], exact=True).click()
        window = page.get_by_role("dialog")
        await window.get_by_label(T["service"]).select_option("mens_haircut")
        await window.get_by_label(T["specialist"]).select_option("timur")
        await window.get_by_label(T["time"]).fill("09:00")
        await window.locator("#visit-day").fill("2026-11-24")
        await window.locator("#visit-name").fill("Игорь")
        await window.get_by_role("button", name=T["book_visit"]).click()
        await expect(window.get_by_role("alert")).to_be_visible()
        await window.get_by_label(T["book_anyway"]).check()
        await window.get_by_role("button", name=T["book_visit"]).click()
        await expect(window).to_be_hidden()
        await calendar_of(app, page, date="2026-11-24")
        await page.locator(".visit").click()
        await window.get_by_role("button", name=T["mark_came"], exact=True).click()
        await expect(page.locator(".visit")).to_contain_text(T["came"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_view_and_window_is_accessible(database_url: str, scheme: str) -> None:
    """axe finds nothing against WCAG AA in the day, the week and the windows, wide and at 360 px."""
    found: dict[str, list[str]] = {}
    async with running(database_url) as app, browsers() as opened:
        await book(app, "12:00")
        page = await desk_of(app, opened, color_scheme=scheme)
        for size in ({"width": 1280, "height": 800}, PHONE):
            await page.set_viewport_size(size)
            for view in ("day", "week"):
                await calendar_of(
                    app, page, view=view, specialist="timur" if view == "week" else "", service="mens_haircut"
                )
                found[f"{view} {size['width']}"] = await axe(page)
                assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            await page.locator(".visit").click()
            await expect(page.get_by_role("dialog")).to_contain_text("Света")
            found[f"visit {size['width']}"] = await axe(page)
            await page.keyboard.press("Escape")
            await page.get_by_role("link", name=T["new_visit"], exact=True).click()
            await expect(page.get_by_role("dialog")).to_contain_text(T["book_visit"])
            found[f"new {size['width']}"] = await axe(page)
    assert {place: violations for place, violations in found.items() if violations} == {}
