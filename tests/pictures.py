"""Takes the pictures of docs/images: the pages as they are, in a real browser, after a demo. `make pictures`.

python -m tests.pictures [FOLDER] [--dark]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from responder.assembly import Responder, background, responder
from responder.clock import SystemClock
from responder.commands.demo import own_environment, served, simulate
from responder.commands.demo_home import demo_url
from responder.demo.stand_ins import StandIns
from responder.logs import configure_logs
from responder.settings import Settings
from responder.staff.audit import Actor
from responder.staff.people import invite
from responder.staff.rules import Role
from responder.web.chat.catalogue import texts
from tests.acceptance.test_chat_page import ARGUMENTS, CHROMIUM

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
SITE_PAGE = """<!doctype html><html lang="ru"><meta charset="utf-8"><title>Салон</title>
<style>
  body {{ font: 18px/1.6 Georgia, serif; margin: 3.5rem; color: #28251f; background: #f9f8f4 }}
  h1 {{ font-size: 3rem; font-weight: 400; line-height: 1.15; max-width: 14em }} p {{ max-width: 34em }}
</style>
<h1>Малахитовая шкатулка, салон красоты</h1>
<p>Стрижки, окрашивание, маникюр и брови без спешки. Каждый день с 10 до 21, по воскресеньям с 11 до 19.</p>
<script async src="{url}/widget.js" data-site="demo"></script></html>"""


async def take(folder: Path, *, is_dark: bool) -> None:
    """Play a demo in a folder of its own, then photograph what a customer and the staff see."""
    with tempfile.TemporaryDirectory(prefix="responder-", ignore_cleanup_errors=True) as var:
        async with _shown(Settings(_env_file=None, var_dir=Path(var))) as (url, running):
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                await _desk(browser, url, running, folder)
                await _chat(await _context(browser, PHONE, is_dark=is_dark), url, folder)
                await _widget(await _context(browser, DESKTOP, is_dark=is_dark), url, folder)
                await browser.close()


@asynccontextmanager
async def _shown(settings: Settings) -> AsyncIterator[tuple[str, Responder]]:
    url = demo_url(settings)
    async with StandIns() as stand_ins:
        with own_environment(stand_ins):
            await simulate(settings, url, stand_ins=stand_ins, customers=120, days=4, seed=1)
            async with (
                responder(settings, url=url, clock=SystemClock()) as running,
                served(running) as place,
                background(running),
            ):
                yield place, running


async def _context(browser: Browser, size: dict[str, int], *, is_dark: bool) -> BrowserContext:
    return await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        device_scale_factor=2 if size is PHONE else 1,
        locale="ru-RU",
        timezone_id="Asia/Yekaterinburg",
        color_scheme="dark" if is_dark else "light",
    )


async def _chat(context: BrowserContext, url: str, folder: Path) -> None:
    page = await context.new_page()
    await page.goto(f"{url}/chat/demo")
    await _talk(page)
    await page.screenshot(path=folder / "chat-phone.png")


async def _widget(context: BrowserContext, url: str, folder: Path) -> None:
    page = await context.new_page()
    async with _site(url) as site:
        await page.goto(site)
        await page.get_by_role("button", name="Открыть чат").click()
        frame = page.frame_locator("iframe")
        box = frame.get_by_label(texts("ru")["input_label"])
        await box.fill("Хочу на маникюр послезавтра")
        await box.press("Enter")
        await expect(frame.get_by_role("log")).to_contain_text("мастер", timeout=20_000)
        await page.wait_for_timeout(800)  # what slides in has arrived
        await page.screenshot(path=folder / "widget.png")


@asynccontextmanager
async def _site(url: str) -> AsyncIterator[str]:
    """A salon's own site, with the widget of the Responder at `url` on it."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=SITE_PAGE.format(url=url), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _desk(browser: Browser, url: str, running: Responder, folder: Path) -> None:
    """The desk and the calendar as an operator sees them, light and dark, wide and on a phone."""
    (salon, *_) = await running.salons.all()
    async with running.database.transaction() as connection:
        token = await invite(connection, salon.id, "front_desk", by=Role.OWNER, actor=Actor(), now=running.clock.now())
    address = f"{url}/join/{token}"
    for is_dark in (False, True):
        for size in (DESKTOP, PHONE):
            page = await (await _context(browser, size, is_dark=is_dark)).new_page()
            await page.goto(address)
            await _log_in(page)
            address = f"{url}/login"
            name = ("-phone" if size is PHONE else "") + ("-dark" if is_dark else "")
            await page.locator("[data-row]").first.wait_for()
            if size is PHONE:
                await page.screenshot(path=folder / f"desk-queue{name}.png")
            await page.locator("[data-row] a").first.click()
            await page.locator("#who").wait_for()
            await page.wait_for_timeout(400)  # the stream is open and the clocks have counted
            await page.screenshot(path=folder / f"desk{name}.png")
            await page.goto(f"{url}/report?period=7")
            await page.screenshot(path=folder / f"report{name}.png")
            await page.goto(f"{url}/calendar")
            await page.locator("[data-grid]").wait_for()
            await page.screenshot(path=folder / f"calendar{name}.png")


async def _log_in(page: Page) -> None:
    """By the form that is shown: of an invitation the first time, of a login afterwards."""
    form = page.locator("form").first
    await form.locator('[name="login"]').fill("leyla")
    await form.locator('[name="password"]').fill("a phrase for pictures")
    await form.locator("button").click()
    await page.wait_for_url("**/dialogues*")


async def _talk(page: Page) -> None:
    box, log = page.get_by_label(texts("ru")["input_label"]), page.get_by_role("log")
    for said, answered in (("Сколько стоит маникюр?", "₽"), ("Да, запишите", "Ближайшее")):
        await box.fill(said)
        await box.press("Enter")
        await expect(log).to_contain_text(answered, timeout=20_000)
    await page.wait_for_timeout(800)


if __name__ == "__main__":
    configure_logs(level="error")
    where = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    asyncio.run(take(Path(where[0] if where else "docs/images"), is_dark="--dark" in sys.argv))
