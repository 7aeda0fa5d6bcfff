"""The staff pages as a browser uses them: access, what they show, what their forms do, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from urllib.parse import quote

import aiohttp
import pytest
import yaml

from responder.clock import FixedClock
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.web.staff.texts import staff_language, staff_languages, staff_texts
from responder.web.staff.wording import Wording
from tests.running import ACCESS, SLUG, Running, running
from tests.stubs.telegram_api import TelegramStub

TEMPLATES = Path("responder/web/templates")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
ANNA = 4455


@asynccontextmanager
async def browser(app: Running, **headers: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that opened the staff link; plain cookies work on 127.0.0.1 only with an unsafe jar."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(app.url, cookie_jar=jar, headers={"accept": "text/html", **headers}) as session:
        async with session.get("/enter", params={"key": ACCESS}) as entered:
            assert entered.status == 200, await entered.text()
        yield session


async def page(session: aiohttp.ClientSession, path: str, *, status: int = 200) -> str:
    async with session.get(path) as answer:
        text = await answer.text()
        assert answer.status == status, text
        return text


async def press(session: aiohttp.ClientSession, path: str, action: str, **fields: str) -> tuple[int, str]:
    """Send a form as our own page does; gives the status of the last answer and its text."""
    form = {"action": action, **fields}
    async with session.post(path, data=form, headers={"sec-fetch-site": "same-origin"}) as answer:
        return answer.status, await answer.text()


async def written(app: Running, telegram: TelegramStub, text: str, chat: int = ANNA) -> int:
    """The id of a dialogue in which a customer wrote `text` and the bot has answered."""
    await telegram.customer_says(chat, text).confirmed()
    await app.responder.scheduler.idle()
    (thread,) = await app.rows("SELECT id FROM thread WHERE thread_key = %(key)s", key=str(chat))
    return int(thread["id"])


async def mode(app: Running, thread_id: int) -> str:
    (thread,) = await app.rows("SELECT mode FROM thread WHERE id = %(id)s", id=thread_id)
    return str(thread["mode"])


@pytest.mark.parametrize("path", ["/dialogues", "/dialogues/1", "/leads", "/alerts"])
async def test_pages_are_for_staff_only(database_url: str, path: str) -> None:
    """Without a cookie there is nothing but the way to log in; a script is told 401."""
    async with running(database_url, with_background=False) as app:
        page = {"accept": "text/html"}
        answer = await app.http.get(app.url + path, headers=page, allow_redirects=False)
        fetched = await app.http.get(app.url + path, headers={**page, "x-requested-with": "fetch"})
    assert (answer.status, answer.headers["location"]) == (303, f"/login?next={quote(path, safe='')}")
    assert (fetched.status, await fetched.json()) == (401, ANY)


async def test_a_wrong_key_opens_nothing(database_url: str) -> None:
    """`/enter` with another key gives no cookie."""
    async with running(database_url, with_background=False) as app:
        answer = await app.http.get(f"{app.url}/enter", params={"key": "wrong"})
    assert answer.status == 401
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("path", "text"), [("/dialogues", "no_dialogues"), ("/leads", "no_leads"), ("/alerts", "no_alerts")]
)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_an_empty_page_says_what_to_do(database_url: str, path: str, text: str, language: str) -> None:
    """Where there is nothing yet, the page says so and how it will come, in the browser's language."""
    speaking = {"accept-language": language}
    async with running(database_url, with_background=False) as app, browser(app, **speaking) as staff:
        shown = await page(staff, path)
    assert staff_texts(language)[text] in shown
    assert staff_texts(language)[f"{text}_hint"] in shown.replace("&#39;", "'")
    assert f'<html lang="{language}"' in shown


async def test_who_waits_stands_first_with_their_own_words(database_url: str) -> None:
    """A dialogue that needs a person comes before a newer one, with what the customer said last."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        waiting = await written(app, telegram, "Позовите администратора")
        newer = await written(app, telegram, "Сколько стоит маникюр?", chat=7788)
        async with browser(app, **{"accept-language": "ru"}) as staff:
            shown = await page(staff, "/dialogues")
    assert shown.index(f"/dialogues/{waiting}?") < shown.index(f"/dialogues/{newer}?")
    assert "Позовите администратора" in shown
    assert staff_texts("ru")["reason_asked"] in shown


async def test_a_wait_that_nobody_ended_is_no_wait_any_more(database_url: str) -> None:
    """When the enquiry went quiet and was closed, its dialogue leaves the waiting ones and is marked as unanswered."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Позовите администратора")
        await app.rows(
            "UPDATE enquiry SET closed_at = now(), close_reason = 'quiet' WHERE thread_id = %(id)s RETURNING id",
            id=thread_id,
        )
        async with browser(app, **{"accept-language": "ru"}) as staff:
            shown = await page(staff, "/dialogues")
    assert "data-waiting" not in shown
    assert staff_texts("ru")["not_answered"] in shown


async def test_older_dialogues_are_a_page_away(database_url: str) -> None:
    """`before` shows only what is older; beyond the last one the page says so."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Сколько стоит маникюр?")
        later = datetime.now(UTC) + timedelta(minutes=1)
        async with browser(app, **{"accept-language": "ru"}) as staff:
            shown = await page(staff, f"/dialogues?before={later.isoformat().replace('+', '%2B')}")
            beyond = await page(staff, "/dialogues?before=2020-01-01T00:00:00%2B00:00")
            await page(staff, "/dialogues?before=yesterday", status=400)
    assert f"/dialogues/{thread_id}?" in shown
    assert staff_texts("ru")["no_older"] in beyond


async def test_hostile_words_stay_words(database_url: str) -> None:
    """What a customer writes, and what they call themselves, is text on every page and never markup."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, HOSTILE)
        values = {"id": thread_id, "name": HOSTILE}
        await app.rows("UPDATE thread SET display_name = %(name)s WHERE id = %(id)s RETURNING id", **values)
        marks = "jsonb_build_object('ref', %(name)s::text)"
        await app.rows(f"UPDATE thread SET source = {marks} WHERE id = %(id)s RETURNING id", **values)
        async with browser(app) as staff:
            pages = [await page(staff, "/dialogues"), await page(staff, f"/dialogues/{thread_id}")]
    for shown in pages:
        assert HOSTILE not in shown
        assert "&lt;script&gt;alert(1)" in shown
        assert "<img" not in shown


async def test_a_policy_lets_no_foreign_or_inline_script_run(database_url: str) -> None:
    """Pages carry a strict policy and are kept by nobody."""
    async with running(database_url, with_background=False) as app, browser(app) as staff:
        answer = await staff.get("/dialogues")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("staff_*.html")), ids=lambda path: path.stem)
def test_templates_hold_nothing_the_policy_would_stop(template: Path) -> None:
    """No inline style, no event attribute, no script without an address, nothing marked as safe."""
    text = template.read_text("utf-8")

    assert re.findall(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)|\|\s*safe", text) == []


async def test_a_dialogue_of_another_salon_is_not_found(database_url: str, tmp_path: Path) -> None:
    """Every page and action is about one salon; a dialogue of another one does not exist there."""
    web = {"key": "web", "type": "webchat", "name": "Chat", "site_key": "other", "origins": ["http://127.0.0.1:*"]}
    document = yaml.safe_load(DEMO_SALON.read_text("utf-8")) | {"slug": "other", "channels": [web], "crm": []}
    file = tmp_path / "other.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        await import_salon(app.responder.database, read_salon_file(file), now=app.responder.clock.now())
        thread_id = await written(app, telegram, "Сколько стоит маникюр?")
        path = f"/dialogues/{thread_id}?salon=other"
        async with browser(app) as staff:
            await page(staff, f"/dialogues/{thread_id}?salon={SLUG}")
            await page(staff, path, status=404)
            assert (await press(staff, path, "take-over"))[0] == 404
            assert (await press(staff, path, "reply", text="чужой"))[0] == 404
            assert f"/dialogues/{thread_id}?" not in await page(staff, "/dialogues?salon=other")
            await page(staff, "/dialogues?salon=nowhere", status=404)
        assert await mode(app, thread_id) == "bot"


async def test_a_reply_goes_out_as_a_person_and_silences_the_bot(database_url: str) -> None:
    """The form sends the text in the operator's name, takes the dialogue over, and remembers who answers."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Сколько стоит маникюр?")
        async with browser(app) as staff:
            status, shown = await press(
                staff, f"/dialogues/{thread_id}", "reply", text="Ждём вас!", operator="front_desk", key="k1"
            )
        sent = [message.text for message in telegram.sent(ANNA)]
        assert status == 200
        assert sent[-1] == "Ждём вас!"
        assert await mode(app, thread_id) == "human"
    assert '<option value="front_desk" selected>' in shown
    assert "Ждём вас!" in shown


async def test_a_form_sent_twice_sends_once(database_url: str) -> None:
    """The same form key means the same reply, however often the button was pressed."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Сколько стоит маникюр?")
        before = len(telegram.sent(ANNA))
        async with browser(app) as staff:
            for _ in range(2):
                await press(staff, f"/dialogues/{thread_id}", "reply", text="Ждём вас!", key="same")
        assert len(telegram.sent(ANNA)) == before + 1


async def test_a_refused_reply_keeps_what_was_typed(database_url: str) -> None:
    """A reply longer than the channel carries is refused with the reason, and the draft is still there."""
    draft = "я" * 5000
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Сколько стоит маникюр?")
        async with browser(app) as staff:
            status, shown = await press(staff, f"/dialogues/{thread_id}", "reply", text=draft)
    assert status == 400
    assert 'role="alert"' in shown
    assert draft in shown


async def test_who_waits_for_a_person_can_be_given_back_without_taking_over(database_url: str) -> None:
    """The bot goes on until somebody takes over, so both ways stand open; given back, nobody waits any more."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "позовите администратора пожалуйста")
        async with browser(app) as staff, staff.get(f"{app.url}/dialogues/{thread_id}") as page:
            waiting = await page.text()
        async with browser(app) as staff:
            await press(staff, f"/dialogues/{thread_id}", "give-back")
        (handoff,) = await app.rows("SELECT returned_at IS NOT NULL AS is_over FROM handoff")
    assert 'value="take-over"' in waiting
    assert 'value="give-back"' in waiting
    assert handoff["is_over"]


async def test_a_dialogue_is_taken_given_back_and_closed(database_url: str) -> None:
    """Each button does what it says."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Сколько стоит маникюр?")
        path = f"/dialogues/{thread_id}"
        async with browser(app) as staff:
            _, taken = await press(staff, path, "take-over", operator="front_desk")
            assert await mode(app, thread_id) == "human"
            _, given_back = await press(staff, path, "give-back")
            assert await mode(app, thread_id) == "bot"
            status, _ = await press(staff, path, "close:spam")
            assert (await press(staff, path, "explode"))[0] == 400
        (enquiry,) = await app.rows("SELECT close_reason, excluded FROM enquiry")
    assert 'value="give-back"' in taken
    assert 'value="take-over"' in given_back
    assert status == 200
    assert enquiry == {"close_reason": "spam", "excluded": "spam"}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
async def test_another_sites_form_is_refused(database_url: str, headers: dict[str, str]) -> None:
    """A form that does not come from our own page does nothing, though the browser sends the cookie along."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Сколько стоит маникюр?")
        async with browser(app) as staff:
            answer = await staff.post(f"/dialogues/{thread_id}", data={"action": "take-over"}, headers=headers)
            assert answer.status == 403
        assert await mode(app, thread_id) == "bot"


async def test_a_lead_shows_who_what_and_where_it_stands(database_url: str) -> None:
    """The list of leads names the customer, the service, the mark they came by, and the error of a CRM."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        await written(app, telegram, "Меня зовут Анна, 8 (912) 345-67-89, хочу на маникюр завтра в 15:00")
        (lead,) = await app.rows('UPDATE lead SET source = \'{"ref": "vk_ads"}\' RETURNING id')
        await app.rows(
            "INSERT INTO lead_delivery (lead_id, crm_key, revision, attempts, last_error, parked_at) "
            "VALUES (%(lead)s, 'bitrix24', 0, 1, 'the pipeline was deleted', now()) RETURNING id",
            lead=lead["id"],
        )
        async with browser(app, **{"accept-language": "ru"}) as staff:
            shown = await page(staff, "/leads")
    for part in ("Анна", "+7 912 345-67-89", "Маникюр с покрытием", "vk_ads", "the pipeline was deleted"):
        assert part in shown
    assert staff_texts("ru")["parked"] in shown


async def test_a_dialogue_shows_every_stamp_and_why(database_url: str) -> None:
    """The page of a dialogue carries the stamps of each message and the decision behind each reply."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Сколько стоит маникюр?")
        async with browser(app, **{"accept-language": "en"}) as staff:
            shown = await page(staff, f"/dialogues/{thread_id}")
    texts = staff_texts("en")
    for name in ("sent_at", "received_at", "stored_at", "composed_at", "accepted_at", "decision", "substantive"):
        assert f"<dt>{texts[name]}</dt>" in shown, name


def test_both_languages_have_the_same_texts() -> None:
    """No page meets a missing text in one of the languages."""
    keys = {language: set(staff_texts(language)) for language in staff_languages()}

    assert keys["ru"] == keys["en"]


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        (None, "", "ru"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "de,fr;q=0.5", "ru"),
        ("en", "ru", "en"),
        ("xx", "ru", "ru"),
    ],
)
def test_the_reader_chooses_the_language(wanted: str | None, accepted: str, language: str) -> None:
    """The address wins, then the browser, then the salon."""
    assert staff_language(wanted, accepted, default="ru") == language


async def test_times_are_the_salons_own(database_url: str, clock: FixedClock) -> None:
    """Today's times stand alone, older ones carry their day, in the salon's zone and the reader's language."""
    async with running(database_url, with_background=False) as app:
        (salon,) = await app.responder.salons.all()
    say = Wording(salon, "ru", now=clock.now())
    cases: list[tuple[Any, str]] = [
        (clock.now(), "10:00"),
        (clock.now() - timedelta(days=1), "вчера, 10:00"),
        (clock.now() - timedelta(days=5), "18 нояб., 10:00"),
        (None, "–"),
    ]

    assert [say.at(instant) for instant, _ in cases] == [text for _, text in cases]
