"""The pages by which people get in, in a real browser: an invitation, a login, its second step, one's own account, the
people, the audit log."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.async_api import Page, expect

from responder.web.staff.texts import staff_texts
from tests.acceptance.desks import PHONE, WIDE, axe, browsers, desk_of
from tests.logging_in import PASSWORD
from tests.running import running

T = staff_texts("ru")


async def look(page: Page, name: str) -> dict[str, list[str]]:
    """What axe finds and how far the page is wider than the window, wide and at 360 px."""
    found = {}
    for size in (WIDE, PHONE):
        await page.set_viewport_size(size)
        found[f"{name} {size['width']}"] = await axe(page)
        width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{name} is {width} px wider than {size['width']}"
    await page.set_viewport_size(WIDE)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_getting_in_is_accessible_from_the_link_to_the_last_step(database_url: str, scheme: str) -> None:
    """Somebody joins by a link, switches the second step on, comes back with a code and with a recovery code; a
    wrong word is told beside the form; axe finds nothing on the way."""
    found: dict[str, list[str]] = {}
    async with running(database_url, with_background=False) as app, browsers() as opened:
        opened.may_fail |= {"400 (Bad Request)", "404 (Not Found)"}  # of the wrong words below
        desk = await desk_of(app, opened, "owner", color_scheme=scheme)
        await desk.goto(f"{app.url}/account")
        await desk.locator("#on-password").fill(PASSWORD)
        await desk.get_by_role("button", name=T["second_factor_begin"]).click()
        secret = str(await desk.locator("code").first.text_content())
        found |= await look(desk, "account, the code to scan")
        await desk.locator("#code").fill(pyotp.TOTP(secret).at(app.responder.clock.now()))
        await desk.get_by_role("button", name=T["second_factor_confirm"]).click()
        await expect(desk.locator("code")).to_have_count(10)
        codes = await desk.locator("code").all_text_contents()
        found |= await look(desk, "account, recovery codes")

        await desk.goto(f"{app.url}/people")
        await desk.locator("#new-name").fill("Аделина Сафина")
        await desk.get_by_role("button", name=T["add_and_invite"]).click()
        link = str(await desk.locator("input.link").input_value())
        found |= await look(desk, "people, a link")
        await desk.goto(f"{app.url}/audit")
        found |= await look(desk, "audit")

        page = await (await opened.context(color_scheme=scheme)).new_page()
        await page.goto(link)
        found |= await look(page, "join")
        await page.locator("details.other-way summary").click()
        await page.locator("#old-login").fill("owner")
        await page.locator("#old-password").fill("not it at all")
        await page.get_by_role("button").last.click()
        await expect(page.get_by_role("alert")).to_be_visible()
        found |= await look(page, "join, refused")
        await page.goto(f"{app.url}/join/no-such-link")
        found |= await look(page, "join, a link that is none")

        await page.goto(f"{app.url}/audit")
        await page.wait_for_url("**/login?next=*")
        await page.locator("#login").fill("owner")
        await page.locator("#password").fill("not it at all")
        await page.get_by_role("button").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        found |= await look(page, "login, refused")
        await page.locator("#password").fill(PASSWORD)
        await page.get_by_role("button").click()
        await expect(page.locator("#code")).to_be_focused()
        found |= await look(page, "login, the code")
        await page.locator("#code").fill("000000")
        await page.get_by_role("button").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.locator("#code").fill(codes[0])
        await page.get_by_role("button").click()
        await page.wait_for_url(re.compile("/audit"))
    assert {name: violations for name, violations in found.items() if violations} == {}
