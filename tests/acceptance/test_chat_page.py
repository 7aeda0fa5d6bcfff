"""The chat page and the widget in a real browser, as a visitor meets them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from connectors.contract import Button, InboundKind
from responder.clock import SystemClock
from responder.live import InProcessLive
from responder.web.chat import LineAuthor
from responder.web.chat.catalogue import texts
from tests.stubs.chat_desk import EchoDesk, chat_app, chat_site, served_in_thread

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("RESPONDER_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
    "--no-first-run",
]
RU = texts("ru")
expect.set_options(timeout=20_000)
SLOTS = (Button(label="Завтра, 11:00", payload="t11"), Button(label="Завтра, 14:30", payload="t14"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None or not os.path.exists(CHROMIUM):
        pytest.skip("no Chromium: put one in PATH or name it in RESPONDER_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Salon:
    """A served chat: its desk, its address, and a way to act on the server's side."""

    desk: EchoDesk
    url: str
    loop: asyncio.AbstractEventLoop

    def do(self, action: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(action, self.loop).result(10)

    def say(self, text: str, **options: Any) -> None:
        """To the visitor who wrote last."""
        self.do(self.desk.say(self.desk.received[-1].thread_key, text, **options))

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.desk.received]


@pytest.fixture
def salon() -> Iterator[Salon]:
    desk = EchoDesk(clock=SystemClock(), live=InProcessLive())
    with served_in_thread(chat_app(desk)) as (url, loop):
        yield Salon(desk=desk, url=url, loop=loop)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A Russian visitor's phone."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="ru-RU", color_scheme="light")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def open_chat(context: BrowserContext, salon: Salon) -> Iterator[Callable[..., Page]]:
    """Opens tabs with the chat; at the end no script may have failed and no policy been broken."""
    problems: list[str] = []

    def open_tab(path: str = "/chat/demo", *, before: Callable[[Page], None] | None = None) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda entry: problems.append(entry.text) if "Content Security" in entry.text else None)
        page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
        if before:
            before(page)
        page.goto(salon.url + path)
        expect(page.locator("#log")).to_have_attribute("aria-live", "polite")
        return page

    yield open_tab
    assert problems == []


def write(page: Page, text: str) -> None:
    page.get_by_label(RU["input_label"]).fill(text)
    page.get_by_role("button", name=RU["send"]).click()


def bubbles(page: Page) -> list[str]:
    return [text.removeprefix(f"{RU['you']}: ") for text in page.locator(".bubble").all_text_contents()]


def test_a_conversation_survives_a_reload(open_chat: Callable[..., Page]) -> None:
    """A visitor writes, is answered, and finds everything again after a reload."""
    page = open_chat()
    write(page, "Сколько стоит стрижка?")
    expect(page.locator(".from-bot")).to_have_text(re.compile("You wrote: Сколько стоит стрижка"))

    page.reload()

    expect(page.locator(".bubble")).to_have_count(2)
    assert bubbles(page) == ["Сколько стоит стрижка?", "You wrote: Сколько стоит стрижка?"]
    expect(page.locator(".day")).to_have_text(RU["today"])


def test_the_visitor_knows_who_answers_and_can_ask_for_a_person(open_chat: Callable[..., Page], salon: Salon) -> None:
    """Before anything is said the page tells that a machine answers; one press asks for a person."""
    page = open_chat()
    expect(page.locator(".disclosure")).to_contain_text(RU["automated"])

    page.get_by_role("button", name=RU["call_person"]).click()
    expect(page.locator(".from-bot")).to_be_visible()
    salon.say("Здравствуйте, я Мария", author=LineAuthor.PERSON, author_name="Мария")

    expect(page.locator(".from-person .who")).to_have_text("Мария")
    assert salon.texts == [RU["call_person_message"]]


def test_answers_can_be_chosen_with_the_keyboard(open_chat: Callable[..., Page], salon: Salon) -> None:
    """Offered answers are buttons in a list; choosing one sends its payload and takes the list away."""
    salon.desk.answers.append(("Когда удобно?", SLOTS))
    page = open_chat()
    write(page, "Хочу записаться")
    choices = page.get_by_role("list", name=RU["choices"])
    expect(choices.get_by_role("listitem")).to_have_count(2)

    choices.get_by_role("button", name="Завтра, 14:30").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".from-me").last).to_contain_text("Завтра, 14:30")
    expect(choices).to_be_hidden()
    expect(page.locator(".from-bot")).to_have_count(2)
    assert (salon.desk.received[-1].kind, salon.desk.received[-1].payload) == (InboundKind.PRESSED, "t14")


def test_enter_sends_and_shift_enter_makes_a_line(open_chat: Callable[..., Page], salon: Salon) -> None:
    """The keyboard alone is enough to write."""
    page = open_chat()
    page.get_by_label(RU["input_label"]).focus()
    page.keyboard.type("раз")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("два")
    page.keyboard.press("Enter")

    expect(page.locator(".from-bot")).to_be_visible()
    assert salon.texts == ["раз\nдва"]


def test_a_message_written_without_connection_is_sent_later(
    open_chat: Callable[..., Page], context: BrowserContext, salon: Salon
) -> None:
    """What is written offline is shown as waiting, and goes out once when the connection is back."""
    page = open_chat()
    context.set_offline(True)
    write(page, "Я в метро")
    expect(page.locator(".is-pending .state")).to_have_text(RU["waiting"])
    expect(page.get_by_text(RU["offline"])).to_be_visible()

    context.set_offline(False)

    expect(page.locator(".from-bot")).to_be_visible()
    expect(page.locator(".is-pending")).to_have_count(0)
    assert salon.texts == ["Я в метро"]


def test_an_unsent_message_survives_a_reload(open_chat: Callable[..., Page], salon: Salon) -> None:
    """A message that never got through is still there after a reload, and is sent then."""
    page = open_chat()
    page.route("**/web/v1/messages", lambda route: route.abort())
    write(page, "Не потеряйте меня")
    expect(page.locator(".is-pending .state")).to_have_text(RU["waiting"])

    page.unroute("**/web/v1/messages")
    page.reload()

    expect(page.locator(".from-bot")).to_be_visible()
    assert bubbles(page) == ["Не потеряйте меня", "You wrote: Не потеряйте меня"]
    assert salon.texts == ["Не потеряйте меня"]


def test_a_lost_answer_makes_no_second_message(open_chat: Callable[..., Page], salon: Salon) -> None:
    """When the server stored a message and its answer was lost, the repeat is the same message."""
    posted: list[str] = []

    def lose_first_answer(route: Route) -> None:
        if route.request.method == "POST":
            posted.append(json.loads(route.request.post_data or "{}")["client_message_id"])
            if len(posted) == 1:
                route.fetch()
                return route.abort()
        return route.continue_()

    page = open_chat(before=lambda page: page.route("**/web/v1/messages*", lose_first_answer))
    write(page, "Один раз")
    expect(page.locator(".from-bot")).to_be_visible()
    expect(page.locator(".is-pending")).to_have_count(0)

    expect(page.locator(".from-me")).to_have_count(1)
    page.wait_for_function("() => Object.keys(localStorage).every((key) => !key.includes('outbox'))")
    assert len(posted) == 2
    assert len(set(posted)) == 1
    assert salon.texts == ["Один раз"]


def test_a_refused_message_can_be_repeated_or_deleted(open_chat: Callable[..., Page], salon: Salon) -> None:
    """A message the server will not take keeps its text and offers both ways out."""
    page = open_chat()
    refusal = {"error": "malformed", "message": "no"}
    page.route("**/web/v1/messages", lambda route: route.fulfill(status=400, json=refusal))
    write(page, "первое")
    write(page, "второе")
    failed = page.locator(".is-failed")
    expect(failed).to_have_count(2)

    failed.first.get_by_role("button", name=RU["discard"]).click()
    page.unroute("**/web/v1/messages")
    failed.first.get_by_role("button", name=RU["retry"]).click()

    expect(page.locator(".from-bot")).to_be_visible()
    assert salon.texts == ["второе"]


def test_a_flood_is_slowed_and_nothing_is_lost(open_chat: Callable[..., Page], salon: Salon) -> None:
    """When the server asks for patience, the page says so and sends the message a little later."""
    calls = 0

    def busy_once(route: Route) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            return route.fulfill(status=429, headers={"retry-after": "1"}, json={"error": "rate_limited"})
        return route.continue_()

    page = open_chat()
    page.route("**/web/v1/messages", busy_once)
    write(page, "Терпение")

    expect(page.locator(".state")).to_have_text(RU["limited_retry"])
    expect(page.locator(".from-bot")).to_be_visible()
    assert salon.texts == ["Терпение"]


def test_what_people_write_is_text(open_chat: Callable[..., Page], salon: Salon) -> None:
    """Markup is shown and never run; only http and https become links, which give nothing away."""
    page = open_chat()
    write(page, "<img src=x onerror=alert(1)> javascript:alert(2)")
    expect(page.locator(".from-bot")).to_be_visible()
    salon.say("Смотрите https://salon.example/a_(b)?q=1. И http://x.example/), но не ftp://x.example")

    expect(page.locator(".bubble a")).to_have_count(2)
    links = page.locator(".bubble a").evaluate_all("all => all.map((a) => [a.href, a.rel, a.target])")
    assert links == [
        ["https://salon.example/a_(b)?q=1", "noopener nofollow", "_blank"],
        ["http://x.example/", "noopener nofollow", "_blank"],
    ]
    assert page.locator(".bubble img").count() == 0
    assert bubbles(page)[0] == "<img src=x onerror=alert(1)> javascript:alert(2)"


def test_two_tabs_stay_in_step(open_chat: Callable[..., Page], salon: Salon) -> None:
    """What is said in one tab appears in the other, once, with its answer."""
    one = open_chat()
    write(one, "Начало")
    expect(one.locator(".from-bot")).to_have_count(1)
    other = open_chat()

    write(one, "из первой")
    expect(other.locator(".bubble")).to_have_count(4)
    write(other, "из второй")
    expect(one.locator(".bubble")).to_have_count(6)

    expect(other.locator(".bubble")).to_have_count(6)
    assert bubbles(one) == bubbles(other)
    assert len({item.thread_key for item in salon.desk.received}) == 1


def test_answers_come_without_a_stream_too(open_chat: Callable[..., Page], salon: Salon) -> None:
    """Where a proxy swallows the stream, the page asks instead."""
    page = open_chat(before=lambda page: page.route("**/web/v1/events*", lambda route: route.abort()))

    write(page, "Есть кто?")

    expect(page.locator(".from-bot")).to_be_visible()


def test_the_chat_works_without_storage(open_chat: Callable[..., Page]) -> None:
    """A browser that forbids storage still gets its answer."""
    forbid = (
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    page = open_chat(before=lambda page: page.add_init_script(forbid))

    write(page, "Инкогнито")

    expect(page.locator(".from-bot")).to_be_visible()


def test_a_draft_is_kept(open_chat: Callable[..., Page]) -> None:
    """What was being typed is still in the field after a reload."""
    page = open_chat()
    page.get_by_label(RU["input_label"]).fill("Я ещё дума")

    page.reload()

    expect(page.get_by_label(RU["input_label"])).to_have_value("Я ещё дума")


def test_too_long_a_text_is_not_lost(open_chat: Callable[..., Page], salon: Salon) -> None:
    """Over the limit the page says by how much, keeps the text and sends nothing."""
    page = open_chat()
    write(page, "я" * 4001)

    expect(page.get_by_role("alert")).to_contain_text("4001")
    expect(page.get_by_label(RU["input_label"])).to_have_value("я" * 4001)
    assert salon.texts == []


def test_a_reader_further_up_is_left_alone(open_chat: Callable[..., Page], salon: Salon) -> None:
    """While one reads earlier lines a new one does not move the page, but is counted on the way down."""
    page = open_chat()
    write(page, "Расскажите подробно")
    expect(page.locator(".from-bot")).to_be_visible()
    for number in range(12):
        salon.say(f"Строка {number}\n" * 4)
    expect(page.locator(".from-bot")).to_have_count(13)
    page.locator("#scroller").evaluate("node => node.scrollTo({ top: 0, behavior: 'instant' })")
    expect(page.get_by_role("button", name=RU["to_latest"])).to_be_visible()

    salon.say("Ещё одно")

    expect(page.locator("#unseen")).to_have_text("1")
    assert page.locator("#scroller").evaluate("node => node.scrollTop") == 0
    page.get_by_role("button", name=RU["to_latest"]).click()
    expect(page.get_by_text("Ещё одно")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_small_phone_and_can_be_read(browser: Browser, salon: Salon, scheme: Any) -> None:
    """At 360 px nothing is cut off, everything to press is at least 44 px high, and text has a contrast of 4.5:1."""
    salon.desk.answers.append(("Когда удобно? " + "Оченьдлинноеслово" * 10, SLOTS))
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="ru-RU", color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{salon.url}/chat/demo")
    write(page, "Хочу записаться")
    expect(page.locator("#replies button")).to_have_count(2)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#scroller").evaluate("node => node.scrollWidth <= node.clientWidth")
    heights = page.locator("#replies button, #send").evaluate_all("all => all.map((b) => b.offsetHeight)")
    assert min(heights) >= 44
    for selector in (".from-me .bubble", ".from-bot .bubble", ".who", ".meta", ".day", ".disclosure p", ".reply"):
        assert page.locator(selector).last.evaluate(CONTRAST) >= 4.5, selector
    context.close()


def test_the_conversation_can_be_followed_by_ear(open_chat: Callable[..., Page], salon: Salon) -> None:
    """The log is announced, each own line says whose it is, and the field has a name and a description."""
    page = open_chat()
    write(page, "Алло")
    expect(page.locator(".from-bot")).to_be_visible()

    log = page.get_by_role("log", name=RU["conversation"])
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_contain_text(f"{RU['you']}: Алло")
    expect(page.get_by_label(RU["input_label"])).to_have_attribute("aria-describedby", "problem")
    assert page.locator("html").get_attribute("lang") == "ru"


# --- the widget --------------------------------------------------------------------------------------------------


@dataclass
class HostSite:
    """Somebody's own page with the widget on it, at another origin than the chat."""

    url: str
    app: FastAPI


@pytest.fixture
def host_site(salon: Salon) -> Iterator[HostSite]:
    app = FastAPI()
    widget = salon.url.replace("127.0.0.1", "localhost")  # another site, so that browsers treat the frame as foreign

    @app.get("/{path:path}")
    async def page(path: str) -> HTMLResponse:
        policy = f"default-src 'none'; script-src {widget}; frame-src {widget}; style-src 'none'"
        script = f'<script async src="{widget}/widget.js" data-site="demo" data-lang="ru"></script>'
        return HTMLResponse(
            f"<!doctype html><html lang=ru><title>Салон</title><h1>Салон</h1>{script}",
            headers={"content-security-policy": policy},
        )

    with served_in_thread(app) as (url, _):
        salon.desk.sites["demo"] = chat_site(allowed_origins=(url,))
        yield HostSite(url=url, app=app)


def test_the_widget_opens_talks_and_closes_by_keyboard(
    context: BrowserContext, host_site: HostSite, salon: Salon
) -> None:
    """Enter opens the panel and moves the focus in; Escape closes it and gives the focus back to the button."""
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{host_site.url}/?utm_source=vk&utm_campaign=Autumn&yclid=AbC")
    launcher = page.get_by_role("button", name="Открыть чат")
    expect(launcher).to_have_attribute("aria-expanded", "false")
    launcher.focus()
    page.keyboard.press("Enter")
    field = page.frame_locator("iframe").get_by_label(RU["input_label"])
    expect(field).to_be_focused()

    page.keyboard.type("Есть время в субботу?")
    page.keyboard.press("Enter")
    expect(page.frame_locator("iframe").locator(".from-bot")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Открыть чат")).to_be_focused()
    source = salon.desk.received[0].source
    assert source is not None
    assert source.utm == {"source": "vk", "campaign": "Autumn"}
    assert source.click_ids == {"yclid": "AbC"}
    assert source.page_url == f"{host_site.url}/?utm_source=vk&utm_campaign=Autumn&yclid=AbC"


def test_the_widget_resumes_on_the_next_page(context: BrowserContext, host_site: HostSite, salon: Salon) -> None:
    """The conversation goes on when the visitor moves on in the site, though browsers give the frame no storage."""
    page = context.new_page()
    page.goto(f"{host_site.url}/?utm_source=vk")
    page.get_by_role("button", name="Открыть чат").click()
    frame = page.frame_locator("iframe")
    frame.get_by_label(RU["input_label"]).fill("Первая страница")
    frame.get_by_role("button", name=RU["send"]).click()
    expect(frame.locator(".from-bot")).to_be_visible()

    page.goto(f"{host_site.url}/price")
    page.get_by_role("button", name=re.compile("Открыть чат")).click()
    expect(frame.locator(".bubble")).to_have_count(2)
    frame.get_by_label(RU["input_label"]).fill("Вторая страница")
    frame.get_by_role("button", name=RU["send"]).click()
    expect(frame.locator(".from-bot")).to_have_count(2)

    one, other = salon.desk.received
    assert one.thread_key == other.thread_key
    assert other.source is not None
    assert other.source.page_url == f"{host_site.url}/price"
    assert other.source.utm == {"source": "vk"}


def test_an_answer_to_a_closed_widget_is_counted(context: BrowserContext, host_site: HostSite, salon: Salon) -> None:
    """A reply that comes while the panel is closed shows on the button, and opening the panel clears it."""
    page = context.new_page()
    page.goto(host_site.url)
    page.get_by_role("button", name="Открыть чат").click()
    frame = page.frame_locator("iframe")
    frame.get_by_label(RU["input_label"]).fill("Вопрос")
    frame.get_by_role("button", name=RU["send"]).click()
    expect(frame.locator(".from-bot")).to_be_visible()
    frame.get_by_role("button", name=RU["close"]).click()

    salon.say("Ответ")

    expect(page.locator(".badge")).to_have_text("1")
    page.locator(".launcher").click()
    expect(page.locator(".badge")).to_be_hidden()
    expect(frame.get_by_text("Ответ", exact=True)).to_be_visible()


def test_the_widget_covers_a_phone_as_a_modal(context: BrowserContext, host_site: HostSite) -> None:
    """On a phone the open panel is the whole screen, is modal, and the page behind does not scroll."""
    page = context.new_page()
    page.emulate_media(reduced_motion="reduce")  # measured where it comes to rest
    page.goto(host_site.url)
    page.get_by_role("button", name="Открыть чат").click()
    expect(page.frame_locator("iframe").get_by_label(RU["input_label"])).to_be_visible()

    dialog = page.get_by_role("dialog", name="Чат")
    expect(dialog).to_have_attribute("aria-modal", "true")
    assert dialog.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 740}
    assert page.evaluate("document.documentElement.style.overflow") == "hidden"


def test_an_unlisted_site_cannot_show_the_chat(context: BrowserContext, host_site: HostSite, salon: Salon) -> None:
    """A page that the salon did not list gets an empty frame."""
    salon.desk.sites["demo"] = chat_site(allowed_origins=("https://salon.example",))
    page = context.new_page()
    refusals: list[str] = []
    page.on("console", lambda entry: refusals.append(entry.text))
    page.goto(host_site.url)
    with page.expect_console_message(lambda entry: "frame-ancestors" in entry.text):
        page.get_by_role("button", name="Открыть чат").click()

    assert page.frame_locator("iframe").get_by_label(RU["input_label"]).count() == 0


CONTRAST = """node => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [lighter, darker] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
  return (lighter + 0.05) / (darker + 0.05);
}"""
