"""The outermost edge: bodies that never come, that are too large or in no known form, addresses that name nothing, and
what a reader is told about it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from yarl import URL

from responder.web.edge import BODY_LIMIT, Edge
from responder.web.problems import FOLDER, problem_texts
from tests.running import ACCESS, SLUG, WEBHOOK_SECRET, Running, running
from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_api import TelegramStub
from tests.stubs.telegram_updates import Customer

SECRET = {"x-telegram-bot-api-secret-token": WEBHOOK_SECRET}
BEARER = {"authorization": f"Bearer {ACCESS}"}
BROWSER = {**BEARER, "accept": "text/html"}
HOOK = f"/hooks/{SLUG}/telegram"
ANNA = Customer(id=4455)
UPDATE = json.dumps({"update_id": 1, **updates.said(ANNA, "Привет", message_id=1, date=1_790_000_000)}).encode()


@asynccontextmanager
async def salon(database_url: str) -> AsyncIterator[Running]:
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        telegram.customer(ANNA.id)
        yield app


async def status_without_body(app: Running, method: str, path: str, headers: Mapping[str, str]) -> int:
    """The status of an answer that is given though not a byte of the body was sent."""
    url = URL(app.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    lines = [f"{method} {path} HTTP/1.1", f"host: {url.host}", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(10):
        line = await reader.readline()
    writer.close()
    return int(line.split()[1])


# --- bodies


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (HOOK, {"content-length": "1000000"}, 401),
        (HOOK, {"content-length": "1000000", "x-telegram-bot-api-secret-token": "wrong"}, 401),
        (HOOK, {"transfer-encoding": "chunked"}, 401),
        (HOOK, {"content-length": str(BODY_LIMIT + 1), **SECRET}, 413),
        (HOOK, {"content-length": "9" * 18, **SECRET}, 413),
        (HOOK, {"content-length": "10", "content-encoding": "gzip", **SECRET}, 415),
        ("/hooks/nobody/telegram", {"content-length": "1000000"}, 404),
        (f"/api/v1/{SLUG}/dialogues/1/messages", {"content-length": "1000000"}, 401),
        (f"/api/v1/{SLUG}/dialogues/1/messages", {"content-length": str(BODY_LIMIT + 1), **BEARER}, 413),
        ("/dialogues/1", {"content-length": "1000000"}, 401),
        ("/dialogues/1", {"transfer-encoding": "chunked"}, 401),
        ("/web/v1/messages", {"content-length": "1000000"}, 401),
        ("/web/v1/sessions", {"content-length": str(BODY_LIMIT + 1)}, 413),
        ("/web/v1/sessions", {"content-length": "10", "content-encoding": "br"}, 415),
    ],
)
async def test_what_headers_show_is_answered_before_the_body(
    path: str, headers: dict[str, str], status: int, database_url: str
) -> None:
    """Who proves nothing, sends too much or sends it encoded is refused without a byte of the body being awaited."""
    async with salon(database_url) as app:
        assert await status_without_body(app, "POST", path, headers) == status


async def _app_answers(receive: Any) -> list[dict[str, Any]]:
    """What an application behind an edge of 100 bytes answers to a body that comes by `receive`."""

    async def refuse(request: Request, error: HTTPException) -> Response:
        return JSONResponse({"message": error.detail}, error.status_code, headers=error.headers)

    async def reader(scope: Any, receive: Any, send: Any) -> None:
        try:
            await Request(scope, receive).body()
        except HTTPException as error:
            await (await refuse(Request(scope), error))(scope, receive, send)

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    await Edge(reader, refuse=refuse, body_limit=100)(scope, receive, send)
    return sent


async def test_a_body_without_a_length_is_counted() -> None:
    """Chunks that say nothing of their sum are refused as soon as it is too much, and no further one is read."""
    read: list[int] = []

    async def endless() -> Any:
        read.append(1)
        return {"type": "http.request", "body": b"x" * 40, "more_body": True}

    start, _ = await _app_answers(endless)

    assert start["status"] == 413
    assert len(read) == 3


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (UPDATE, {}, 200),
        (UPDATE, {"content-type": "text/plain"}, 200),
        (UPDATE, {"content-type": "application/json; charset=utf-16"}, 200),
        (b"\xef\xbb\xbf" + UPDATE, {}, 200),
        (UPDATE[:-1] + b', "update_id": 2}', {}, 200),
        (UPDATE.decode().encode("utf-16"), {}, 400),
        (UPDATE.decode().encode("utf-32"), {}, 400),
        (UPDATE.replace(b"Hi", b"\xff"), {"content-encoding": "identity"}, 200),
        (b'{"update_id": 1, "a": "\xff"}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"a":' * 100_000, {}, 400),
        (b'{"update_id": 1, "a":' + b"[" * 600 + b"]" * 600 + b"}", {}, 400),
        (b'{"update_id": 1, "a": 1e99999}', {}, 200),
        (b'{"update_id": 1, "a": NaN}', {}, 400),
        (b"text=1&update_id=5", {"content-type": "application/x-www-form-urlencoded"}, 400),
    ],
)
async def test_a_hook_reads_json_in_utf8_whatever_it_is_called(
    body: bytes, headers: dict[str, str], status: int, database_url: str
) -> None:
    """The body is JSON in UTF-8 or it is refused with a sentence; what the headers call it decides nothing."""
    async with salon(database_url) as app:
        async with app.http.post(app.telegram_hook, data=body, headers={**SECRET, **headers}) as answer:
            assert answer.status == status, await answer.text()


async def test_a_chunked_update_is_taken(database_url: str) -> None:
    """A body without a length is read as any other."""

    async def chunks() -> AsyncIterator[bytes]:
        for place in range(0, len(UPDATE), 7):
            yield UPDATE[place : place + 7]

    async with salon(database_url) as app:
        async with app.http.post(app.telegram_hook, data=chunks(), headers=SECRET) as answer:
            assert answer.status == 200
        assert len(await app.rows("SELECT 1 FROM message WHERE direction = 'in'")) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", HOOK, 400),
        ("HEAD", HOOK, 400),
        ("PUT", HOOK, 405),
        ("OPTIONS", HOOK, 405),
        ("DELETE", HOOK, 405),
        ("POST", f"{HOOK}/", 307),
        ("POST", f"{HOOK}//", 307),
        ("POST", f"{HOOK}%00", 400),
        ("POST", f"{HOOK}?a=%00", 400),
        ("POST", f"/hooks/{SLUG}%2Ftelegram", 400),
        ("POST", "/hooks/%FF%FE/telegram", 404),
        ("POST", "/hooks/../hooks/x/y", 404),
        ("GET", "/dialogues/%00", 400),
        ("GET", "/dialogues?salon=%00", 400),
        ("GET", "/chat/nowhere%00", 400),
        ("GET", "/chat/%ED%A0%80", 404),
        ("GET", "/static/x/%00.css", 400),
        ("GET", "/enter?key=%00", 400),
        ("GET", "/enter?key=%ED%A0%80", 401),
        ("GET", "/web/v1/events?ticket=%00", 400),
        ("GET", "/nothing", 404),
    ],
)
async def test_an_odd_address_or_method_has_a_clear_status(
    method: str, path: str, status: int, database_url: str
) -> None:
    """Whatever is asked of whatever address, the answer is no 5xx, and it is no stack trace."""
    async with salon(database_url) as app:
        url = URL(app.url + path, encoded=True)
        async with app.http.request(method, url, headers=SECRET, allow_redirects=False) as answer:
            text = await answer.text()
    assert answer.status == status, text
    assert "Traceback" not in text


# --- fields

HALF = "\ud83d"
MULTIPART = {"content-type": "multipart/form-data; boundary=b; charset=unicode_escape"}


def multipart(**fields: str) -> bytes:
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    return ("".join(parts) + "--b--\r\n").encode()


async def _thread(app: Running) -> int:
    async with app.http.post(app.telegram_hook, data=UPDATE, headers=SECRET) as answer:
        assert answer.status == 200
    await app.responder.scheduler.idle()
    (thread,) = await app.rows("SELECT id FROM thread")
    return int(thread["id"])


@pytest.mark.parametrize(
    ("body", "status", "stored"),
    [
        ({"text": "a\x00b"}, 202, "a\ufffdb"),
        ({"text": f"a{HALF}b"}, 202, "a\ufffdb"),
        ({"text": "a", "key": f"k\x00{HALF}"}, 202, "a"),
        ({"text": "a", "operator": "\x00"}, 404, None),
        ({"text": "a", "operator": HALF}, 404, None),
        ({"text": "a", f"x{HALF}": 10**400}, 202, "a"),
        ({"text": HALF * 20_001}, 422, None),
        ({"text": 5}, 422, None),
        ({"text": None}, 422, None),
        ({}, 422, None),
        ([], 400, None),
        (b"", 422, None),
        (b"{", 400, None),
        (b"[" * 100_000, 400, None),
        (b"\xff\xfe{\x00}\x00", 400, None),
        (b'{"text": "\xff"}', 400, None),
        (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", 400, None),
    ],
)
async def test_a_field_of_the_api_is_cleaned_or_refused(
    body: Any, status: int, stored: str | None, database_url: str
) -> None:
    """NUL and half a surrogate pair arrive as U+FFFD; anything wrong is named with a code and a sentence."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with salon(database_url) as app:
        path = f"/api/v1/{SLUG}/dialogues/{await _thread(app)}/messages"
        headers = {**BEARER, "content-type": "application/json"}
        async with app.http.post(app.url + path, data=data, headers=headers) as answer:
            content = await answer.json()
        replies = await app.rows("SELECT text FROM message WHERE author = 'human'")
    assert answer.status == status, content
    assert [row["text"] for row in replies] == ([] if stored is None else [stored])
    if status >= 400:
        assert set(content) == {"error", "code", "message"}
        assert content["message"].endswith(".")


@pytest.mark.parametrize(
    ("form", "headers", "status", "stored"),
    [
        ({"action": "reply", "text": "a\x00b", "key": "\x00"}, {}, 303, "a\ufffdb"),
        (b"action=reply&text=a%ED%A0%80b&key=%00", {}, 303, None),
        (multipart(action="reply", text="a\\ud83db\\x00"), MULTIPART, 303, "a\ufffdb\ufffd"),
        (multipart(action="reply", text="a", operator="\\ud83d"), MULTIPART, 404, None),
        ({"action": "\x00"}, {}, 400, None),
        ({"action": "give-back", "operator": "Мария\r\nset-cookie: x=1"}, {}, 404, None),
        ({"action": "give-back", "operator": "\x7f\x00"}, {}, 404, None),
        ({"text": "no action"}, {}, 422, None),
        (b"--b\r\nbroken", MULTIPART, 422, None),
        (b"x" * 100, {"content-type": "multipart/form-data"}, 400, None),
        (b"&".join(b"f%d=1" % number for number in range(2000)), {}, 400, None),
    ],
)
async def test_a_field_of_a_form_is_cleaned_or_refused(
    form: Any, headers: dict[str, str], status: int, stored: str | None, database_url: str
) -> None:
    """The same for the forms of the pages, in whatever encoding a form is sent; and no field gets into a header."""
    headers = {"content-type": "application/x-www-form-urlencoded", **headers} if isinstance(form, bytes) else headers
    async with salon(database_url) as app:
        path = f"{app.url}/dialogues/{await _thread(app)}"
        async with app.http.post(path, data=form, headers={**BROWSER, **headers}, allow_redirects=False) as answer:
            text = await answer.text()
        replies = await app.rows("SELECT text FROM message WHERE author = 'human'")
    assert answer.status == status, text
    assert "set-cookie" not in answer.headers
    if stored is not None:
        assert [row["text"] for row in replies] == [stored]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dialogues?before=0001-01-01T00:00:00%2B14:00", 400),
        ("/dialogues?before=9999-12-31T23:59:59-14:00", 400),
        ("/dialogues?before=2026-01-01T00:00:00%2B23:59", 200),
        ("/dialogues?before=2026-01-01T00:00:00", 400),
        ("/dialogues?before=" + "9" * 5000, 400),
        ("/dialogues?lang=" + "x" * 5000, 200),
        ("/dialogues/9223372036854775808", 404),
        ("/dialogues/" + "9" * 4000, 404),
        ("/dialogues/" + "9" * 5000, 404),
        ("/dialogues/abc", 404),
        (f"/api/v1/{SLUG}/dialogues?limit=0", 422),
        (f"/api/v1/{SLUG}/dialogues?limit=1e9", 422),
        (f"/api/v1/{SLUG}/dialogues?limit=" + "9" * 5000, 422),
        (f"/api/v1/{SLUG}/dialogues/-1", 404),
        (f"/api/v1/{SLUG}/dialogues/" + "9" * 4000, 404),
    ],
)
async def test_a_parameter_that_no_column_holds_is_refused(path: str, status: int, database_url: str) -> None:
    """Instants, numbers and languages of an address: shown, not found or refused, never a 5xx."""
    async with salon(database_url) as app:
        async with app.http.get(URL(app.url + path, encoded=True), headers=BROWSER) as answer:
            assert answer.status == status, await answer.text()


# --- what a reader is told


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/api/v1/x/dialogues", {}, "needs_access"),
        ("/enter?key=wrong", {}, "bad_key"),
        ("/dialogues?salon=nowhere", BEARER, "no_salon"),
        ("/dialogues/77", BEARER, "no_dialogue"),
        ("/dialogues?before=yesterday", BEARER, "not_an_instant"),
        ("/nothing", {}, "status_404"),
    ],
)
async def test_a_refusal_is_a_page_in_the_readers_language(
    path: str, headers: dict[str, str], code: str, language: str, database_url: str
) -> None:
    """A browser gets a page with the sentence in its language and none of another; a program gets the code."""
    start = problem_texts(language)[code].split("{")[0]
    async with salon(database_url) as app:
        speaking = {**headers, "accept": "text/html", "accept-language": language}
        async with app.http.get(app.url + path, headers=speaking) as answer:
            page = await answer.text()
        async with app.http.get(app.url + path, headers=headers) as for_programs:
            content = await for_programs.json()
    assert f'<html lang="{language}"' in page
    assert start in page
    assert (answer.status, content["error"], content["code"]) == (for_programs.status, for_programs.status, code)


async def test_a_refused_reply_is_explained_in_the_readers_language(database_url: str) -> None:
    """What the rooms within refuse is said on the page in its language, with the figures."""
    async with salon(database_url) as app:
        path = f"{app.url}/dialogues/{await _thread(app)}"
        form = {"action": "reply", "text": "я" * 5000}
        async with app.http.post(path, data=form, headers={**BROWSER, "accept-language": "ru"}) as answer:
            page = await answer.text()
    assert answer.status == 400
    assert "В ответе 5000 символов, а этот канал передаёт не больше 4096." in page


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (psycopg.OperationalError("gone"), 503, "unavailable"),
        (psycopg.errors.ProgramLimitExceeded("too long"), 400, "unstorable"),
        (psycopg.errors.UndefinedTable("our mistake"), 500, "status_500"),
        (ZeroDivisionError("our mistake"), 500, "status_500"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_a_failure_is_told_without_its_insides(
    error: Exception, status: int, code: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage, a value no column holds and a mistake of ours: each with its status, none with a word of the error."""

    async def fail(*_: object, **__: object) -> None:
        raise error

    async with salon(database_url) as app:
        monkeypatch.setattr(app.responder.salons, "all", fail)
        async with app.http.get(f"{app.url}/dialogues", headers=BEARER) as answer:
            content = await answer.json()
        async with app.http.get(f"{app.url}/dialogues", headers={**BROWSER, "accept-language": "ru"}) as answer:
            page = await answer.text()
    assert (answer.status, content["code"]) == (status, code)
    assert problem_texts("ru")[code] in page
    assert str(error) not in page + content["message"]


def test_every_language_has_every_sentence_with_its_places() -> None:
    """A sentence added to one catalogue is added to all, and names only facts that the English one names."""
    import string

    places = {
        file.name: {
            code: {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for code, text in problem_texts(file.name.split(".")[1]).items()
        }
        for file in FOLDER.glob("problems.*.yaml")
    }
    english = places["problems.en.yaml"]
    for known in places.values():
        assert known.keys() == english.keys()
        assert all(names <= english[code] for code, names in known.items())


async def test_a_sentence_never_repeats_a_flood(database_url: str) -> None:
    """What the caller sent is repeated in part, and without what no screen shows."""
    async with salon(database_url) as app:
        wanted = "x\u202e\n" + "y" * 5000
        async with app.http.get(f"{app.url}/dialogues", params={"salon": wanted}, headers=BEARER) as answer:
            content = await answer.json()
    assert answer.status == 404
    assert len(content["message"]) < 200
    assert content["message"].isprintable()


async def test_the_chat_speaks_its_own_form_at_the_edge_too(database_url: str) -> None:
    """What the edge refuses for the chat has the chat's codes, so that its page knows what to do."""
    async with salon(database_url) as app:
        session = {"site": "demo", "padding": "x" * BODY_LIMIT}
        async with app.http.post(f"{app.url}/web/v1/sessions", json=session) as answer:
            large = (answer.status, (await answer.json())["error"])
        gzip = {"content-encoding": "gzip"}
        async with app.http.post(f"{app.url}/web/v1/sessions", data=b"{}", headers=gzip) as answer:
            encoded = (answer.status, (await answer.json())["error"])
    assert large == (413, "too_large")
    assert encoded == (415, "encoded")
