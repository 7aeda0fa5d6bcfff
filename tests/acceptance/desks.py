"""Desks in a real browser: an operator who came by an invitation, on a page that must run without a complaint."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.acceptance.test_chat_page import ARGUMENTS, CHROMIUM
from tests.logging_in import PASSWORD, invitation
from tests.running import Running

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
WITHIN_MS = 20_000


@dataclass(kw_only=True)
class Browsers:
    """One Chromium and what its pages complained of."""

    browser: Browser
    problems: list[str] = field(default_factory=list)
    may_fail: set[str] = field(default_factory=set)  # parts of complaints that a test brings about on purpose

    async def context(self, **options: Any) -> BrowserContext:
        chosen = {"viewport": WIDE, "locale": "ru-RU", "color_scheme": "light"} | options
        context = await self.browser.new_context(**chosen)  # type: ignore[arg-type]
        context.set_default_timeout(WITHIN_MS)
        context.on("page", self._watch)
        return context

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda entry: self.problems.append(entry.text) if entry.type == "error" else None)

    def complaints(self) -> list[str]:
        return [text for text in self.problems if not any(part in text for part in self.may_fail)]


@asynccontextmanager
async def browsers() -> AsyncIterator[Browsers]:
    """At the end no script may have failed and no policy been broken."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: put one in PATH or name it in RESPONDER_CHROMIUM")
    expect.set_options(timeout=WITHIN_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        found = Browsers(browser=browser)
        yield found
        await browser.close()
    assert found.complaints() == []


async def desk_of(app: Running, opened: Browsers, key: str = "front_desk", **options: Any) -> Page:
    """The desk of an operator in a browser of their own, joined and logged in by its real pages."""
    context = await opened.context(**options)
    page = await context.new_page()
    await page.goto(app.url + await invitation(app, key))
    form = page.locator("form").first
    await form.get_by_label(re.compile("Логин|Login")).fill(key)
    await form.get_by_label(re.compile("Пароль|Password")).fill(PASSWORD)
    await form.get_by_role("button").click()
    await page.wait_for_url("**/dialogues*")
    await ready(page)
    return page


async def ready(page: Page) -> None:
    """The scripts run and the stream is open."""
    await expect(page.locator("html.has-script")).to_have_count(1)
    await expect(page.locator("[data-connection]")).to_have_text("")


def row(page: Page, thread_id: int) -> Any:
    return page.locator(f'[data-row="{thread_id}"]')


async def axe(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA: the rule and where."""
    from axe_playwright_python.async_playwright import Axe

    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    results = await Axe().run(page, options=options)
    return [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]
