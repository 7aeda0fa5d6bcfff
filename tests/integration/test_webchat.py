"""The web chat over real HTTP, against a desk in memory: who may do what, what is stored, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from connectors.contract import Button, InboundKind, Messenger, Outbound, RejectedRequest, Unauthentic
from connectors.messengers.webchat import VISITOR_HEADER, WebChatMessenger, visitor_request
from responder.clock import FixedClock
from responder.live import InProcessLive
from responder.salon.profile import Localised
from responder.web.assets import asset_url
from responder.web.chat import AcceptedMessage, LineAuthor
from responder.web.chat.catalogue import catalogue_languages, texts
from responder.web.chat.tokens import Purpose, Visitor, VisitorTokens
from tests.stubs.chat_desk import EchoDesk, chat_app, chat_site, served

NAUGHTY = (
    "<script>alert(1)</script>",
    "'; DROP TABLE message; --",
    "{{7*7}} ${7*7} %s %n {0}",
    "👩‍👩‍👧‍👦 e\u0301 \u202eabc\u202c \u200b\ufeff",
    "ｆｕｌｌ　ｗｉｄｔｈ",
    "строка\nв две\r\nстроки\tи таб",
    "\\u0000 is written out here",
    "﷽" * 40,
)


@dataclass
class Chat:
    """A visitor's program: the server's address, an HTTP client, and what the visitor was given."""

    http: aiohttp.ClientSession
    desk: EchoDesk
    url: str
    token: str = ""
    visitor_id: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    async def open(self, **body: object) -> dict[str, object]:
        async with self.http.post("/web/v1/sessions", json={"site": "demo", **body}) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, object] = await response.json()
        self.token, self.visitor_id = str(answer["token"]), str(answer["visitor_id"])
        return answer

    async def post(self, body: object, **headers: str) -> tuple[int, dict[str, object]]:
        """`body` is sent as JSON, bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post("/web/v1/messages", data=data, headers={**self.headers, **headers}) as response:
            return response.status, await response.json()

    async def lines(self, after: int = 0) -> list[dict[str, object]]:
        async with self.http.get(f"/web/v1/messages?after={after}", headers=self.headers) as response:
            messages: list[dict[str, object]] = (await response.json())["messages"]
            return messages

    async def ticket(self) -> str:
        async with self.http.post("/web/v1/ticket", headers=self.headers) as response:
            return str((await response.json())["ticket"])

    @asynccontextmanager
    async def events(self, *, after: int = 0, **headers: str) -> AsyncIterator[Events]:
        parameters = {"ticket": await self.ticket(), "after": str(after)}
        async with self.http.get("/web/v1/events", params=parameters, headers=headers) as response:
            assert response.status == 200, await response.text()
            events = Events(response.content)
            assert (await events.next())["event"] == "ready"
            yield events


class Events:
    """Server-sent events, read from the wire."""

    def __init__(self, stream: aiohttp.StreamReader) -> None:
        self._stream = stream
        self.comments: list[str] = []

    async def next(self) -> dict[str, str]:
        async with asyncio.timeout(10):
            event: dict[str, str] = {}
            while not self._stream.at_eof():
                line = (await self._stream.readline()).decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if line and not name:
                    self.comments.append(value)
                elif line:
                    event[name] = value
                elif "data" in event:
                    return event
            raise AssertionError("the stream ended")

    async def line(self) -> dict[str, object]:
        """The next message."""
        async with asyncio.timeout(10):
            while (event := await self.next())["event"] != "message":
                pass
        line: dict[str, object] = json.loads(event["data"])
        assert event["id"] == str(line["id"])
        return line


@pytest.fixture
async def desk(clock: FixedClock) -> EchoDesk:
    return EchoDesk(clock=clock, live=InProcessLive())


@pytest.fixture
async def stranger(desk: EchoDesk) -> AsyncIterator[Chat]:
    """A visitor who has no session yet."""
    async with served(chat_app(desk, ping_s=0.05)) as url, aiohttp.ClientSession(url) as http:
        yield Chat(http=http, desk=desk, url=url)


@pytest.fixture
async def chat(stranger: Chat) -> Chat:
    """A visitor with a session."""
    await stranger.open()
    return stranger


def message(text: str = "Сколько стоит стрижка?", **fields: object) -> dict[str, object]:
    return {"client_message_id": "m-1", "text": text, **fields}


# --- sessions ----------------------------------------------------------------------------------------------------


async def test_a_first_session_makes_a_visitor_without_history(stranger: Chat) -> None:
    """Who comes for the first time gets an id, a token and no messages."""
    answer = await stranger.open()

    assert str(answer["visitor_id"]).startswith("v_")
    assert answer["token"]
    assert answer["messages"] == []


async def test_an_earlier_token_brings_the_conversation_back(chat: Chat) -> None:
    """A visitor who shows an earlier token is the same visitor and sees what was said."""
    earlier, visitor_id = chat.token, chat.visitor_id
    await chat.post(message("Здравствуйте"))

    answer = await chat.open(token=earlier)

    assert answer["visitor_id"] == visitor_id
    assert [line["text"] for line in answer["messages"]] == ["Здравствуйте", "You wrote: Здравствуйте"]  # type: ignore[attr-defined]


async def test_knowing_a_visitors_id_opens_nothing(chat: Chat) -> None:
    """The id alone, without the token, never gives access to a conversation."""
    visitor_id = chat.visitor_id
    await chat.post(message())

    answer = await chat.open(visitor_id=visitor_id, token=visitor_id)

    assert answer["visitor_id"] != visitor_id
    assert answer["messages"] == []


async def test_a_token_of_one_salon_is_worthless_at_another(chat: Chat) -> None:
    """A visitor of one site is a stranger at every other site of the installation."""
    chat.desk.sites["other"] = chat_site(key="other", channel_account_id=8)
    visitor_id = chat.visitor_id

    answer = await chat.open(site="other", token=chat.token)

    assert answer["visitor_id"] != visitor_id


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"site": "nowhere"}, 404),
        ({}, 404),
        ({"site": 5}, 400),
        ({"site": "demo", "token": ["x"]}, 400),
        ([], 400),
    ],
)
async def test_a_wrong_session_request_is_named(stranger: Chat, body: object, status: int) -> None:
    """Unknown sites and wrong types get a 4xx with a code and a sentence."""
    async with stranger.http.post("/web/v1/sessions", json=body) as response:
        answer = await response.json()

    assert response.status == status
    assert set(answer) == {"error", "message"}


# --- tokens ------------------------------------------------------------------------------------------------------


async def test_a_forged_token_is_refused(chat: Chat) -> None:
    """Changing any part of a token makes it worthless."""
    claims, _, signature = chat.token.partition(".")
    other = VisitorTokens("another secret of thirty-two characters!", chat.desk.clock)
    forged = [
        "",
        "nonsense",
        claims,
        f"{claims}.",
        f"{claims}A.{signature}",
        f"{claims}.{signature[::-1]}",
        f"{claims}.{signature}é",
        other.issue(Purpose.VISITOR, Visitor(site_key="demo", id=chat.visitor_id)).text,
        "a" * 5000,
    ]
    for token in forged:
        chat.token = token
        status, answer = await chat.post(message())
        assert (status, answer["error"]) == (401, "unauthentic"), token
    assert chat.desk.received == []


async def test_a_token_ends_after_thirty_days_and_is_renewed_by_a_visit(chat: Chat, clock: FixedClock) -> None:
    """An unused token expires; every visit before that starts its thirty days anew."""
    visitor_id = chat.visitor_id
    clock.advance(29 * 86_400)
    await chat.open(token=chat.token)
    clock.advance(29 * 86_400)
    assert (await chat.post(message()))[0] == 202
    assert chat.visitor_id == visitor_id

    clock.advance(2 * 86_400)

    assert (await chat.post(message()))[0] == 401


async def test_a_ticket_opens_only_the_stream_and_only_for_a_minute(chat: Chat, clock: FixedClock) -> None:
    """A ticket, which may end up in a log, neither writes nor lasts; a token is no ticket."""
    ticket = await chat.ticket()
    async with chat.http.get("/web/v1/messages", headers={"authorization": f"Bearer {ticket}"}) as as_token:
        assert as_token.status == 401
    async with chat.http.get("/web/v1/events", params={"ticket": chat.token}) as as_ticket:
        assert as_ticket.status == 401

    clock.advance(60)

    async with chat.http.get("/web/v1/events", params={"ticket": ticket}) as late:
        assert late.status == 401


async def test_the_visitor_is_whom_the_token_names(chat: Chat) -> None:
    """A header of the caller's own never decides whose message it is."""
    await chat.post(message(), **{VISITOR_HEADER: "v_somebody_else"})

    assert chat.desk.received[0].thread_key == chat.visitor_id


# --- messages ----------------------------------------------------------------------------------------------------


async def test_a_message_is_stored_once_however_often_it_is_sent(chat: Chat) -> None:
    """A repeat with the same client_message_id is answered alike, says so, and changes nothing."""
    first = await chat.post(message())
    second = await chat.post(message())

    assert first[0] == second[0] == 202
    assert first[1] == {"id": 1, "received_at": "2026-11-23T05:00:00Z", "duplicate": False}
    assert second[1] == {**first[1], "duplicate": True}
    assert len(chat.desk.received) == 1


async def test_the_visitors_clock_is_kept_and_not_believed(chat: Chat) -> None:
    """The time a page claims is in the raw message and nowhere else."""
    await chat.post(message(sent_at="1999-01-01T00:00:00Z"))

    item = chat.desk.received[0]
    assert item.sent_at is None
    assert item.raw["sent_at"] == "1999-01-01T00:00:00Z"
    assert item.provider_key == f"{chat.visitor_id}:m-1"


async def test_where_the_visitor_came_from_arrives_unchanged(chat: Chat) -> None:
    """Utm marks and click ids keep their case; marks of a wrong type are left out and refuse nothing."""
    source = {
        "ref": "autumn",
        "referrer": "https://ya.ru/",
        "utm": {"source": "VK", "campaign": "Осень", "term": 5},
        "click_ids": {"yclid": "AbC123"},
    }
    await chat.post(message(page_url="https://salon.example/price", source=source, lang="ru-RU"))

    item = chat.desk.received[0]
    assert item.source is not None
    assert item.source.utm == {"source": "VK", "campaign": "Осень"}
    assert item.source.click_ids == {"yclid": "AbC123"}
    assert (item.source.ref, item.source.referrer) == ("autumn", "https://ya.ru/")
    assert item.source.page_url == "https://salon.example/price"
    assert item.language == "ru"


async def test_a_pressed_button_carries_its_payload_and_its_label(chat: Chat) -> None:
    """A press is told apart from words, and reads well in a transcript."""
    await chat.post({"client_message_id": "p", "kind": "pressed", "label": "Завтра, 11:00", "payload": "slot:7"})

    item = chat.desk.received[0]
    assert (item.kind, item.payload, item.text) == (InboundKind.PRESSED, "slot:7", "Завтра, 11:00")


async def test_a_contact_is_not_vouched_for(chat: Chat) -> None:
    """A number from a page may be anybody's."""
    await chat.post({"client_message_id": "c", "contact": {"phone": "+79120000000", "name": "Ольга"}})

    contact = chat.desk.received[0].contact
    assert contact is not None
    assert (contact.phone, contact.name, contact.is_own) == ("+79120000000", "Ольга", False)


@pytest.mark.parametrize("text", NAUGHTY)
async def test_strange_texts_are_stored_and_given_back_intact(chat: Chat, text: str) -> None:
    """What the visitor typed is what is stored and what comes back, character for character."""
    await chat.post(message(text))

    assert chat.desk.received[0].text == text
    assert (await chat.lines())[0]["text"] == text


@pytest.mark.parametrize(
    "body", [b'{"client_message_id":"n","text":"a\\u0000b"}', rb'{"client_message_id":"n","text":"a\ud83db"}']
)
async def test_what_postgresql_cannot_hold_is_replaced(chat: Chat, body: bytes) -> None:
    """NUL and half of an emoji become the replacement character, in the text and in the raw message."""
    status, _ = await chat.post(body)

    assert status == 202
    assert chat.desk.received[0].text == "a\ufffdb"
    assert chat.desk.received[0].raw["text"] == "a\ufffdb"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"null",
        b'"text"',
        b"NaN",
        b"[" * 20_000,
        b'{"client_message_id":"d","text":"x","raw":' + b"[" * 900 + b"]" * 900 + b"}",
        {"text": "no id"},
        {"client_message_id": "m", "text": ""},
        {"client_message_id": "m", "text": " \n "},
        {"client_message_id": "m", "text": 7},
        {"client_message_id": "m", "text": "я" * 4001},
        {"client_message_id": "m:1", "text": "x"},
        {"client_message_id": "m" * 65, "text": "x"},
        {"client_message_id": "m", "text": "x", "kind": "echo"},
        {"client_message_id": "m", "text": "x", "kind": []},
        {"client_message_id": "m", "kind": "pressed", "text": "no payload"},
        {"client_message_id": "m", "kind": "pressed", "payload": "p" * 257},
        {"client_message_id": "m", "contact": "+7"},
        {"client_message_id": "m", "contact": {}},
    ],
)
async def test_a_malformed_message_is_refused_in_words(chat: Chat, body: object) -> None:
    """Whatever is wrong with a body, the answer is 400 with a code and a sentence, and nothing is stored."""
    status, answer = await chat.post(body)

    assert (status, answer["error"]) == (400, "malformed")
    assert answer["message"]
    assert chat.desk.received == []


async def test_the_longest_message_is_accepted(chat: Chat) -> None:
    """Four thousand characters are counted as characters, not as bytes."""
    assert (await chat.post(message("👍" * 4000)))[0] == 202


async def test_a_body_over_the_limit_is_refused_unread(chat: Chat) -> None:
    """More than 64 KiB is 413, whatever it holds."""
    status, answer = await chat.post(message("x", padding="y" * 65_536))

    assert (status, answer["error"]) == (413, "too_large")
    assert chat.desk.received == []


async def test_catching_up_gives_what_came_after(chat: Chat) -> None:
    """`after` is the id of the last line one has."""
    chat.desk.answers.append(("На какое время?", (Button(label="11:00", payload="t11"),)))
    await chat.post(message())

    assert [line["id"] for line in await chat.lines()] == [1, 2]
    (reply,) = await chat.lines(after=1)
    assert reply == {
        "id": 2,
        "from": "bot",
        "name": None,
        "text": "На какое время?",
        "buttons": [{"label": "11:00", "payload": "t11"}],
        "at": "2026-11-23T05:00:00Z",
        "client_message_id": None,
    }


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "١", "9223372036854775808", "1" * 400])
async def test_an_after_that_is_no_id_is_refused(chat: Chat, after: str) -> None:
    """A cursor that the database could not compare is the caller's mistake, not ours."""
    async with chat.http.get("/web/v1/messages", params={"after": after}, headers=chat.headers) as response:
        assert response.status == 400


# --- the stream --------------------------------------------------------------------------------------------------


async def test_a_reply_arrives_by_itself(chat: Chat) -> None:
    """Who listens is told of every line, their own included, without asking."""
    async with chat.events() as events:
        await chat.post(message("Привет"))

        mine, reply = await events.line(), await events.line()

    assert (mine["from"], mine["client_message_id"]) == ("me", "m-1")
    assert (reply["from"], reply["text"]) == ("bot", "You wrote: Привет")


async def test_two_tabs_hear_the_same(chat: Chat) -> None:
    """Every open stream of a visitor gets every line."""
    async with chat.events() as one, chat.events() as other:
        await chat.post(message("Привет"))

        assert [await one.line(), await one.line()] == [await other.line(), await other.line()]


async def test_a_stream_continues_where_it_broke_off(chat: Chat) -> None:
    """`Last-Event-ID` brings what was said meanwhile, once, and wins over `after`."""
    await chat.post(message("раз"))
    await chat.post(message("два", client_message_id="m-2"))

    async with chat.events(after=0, **{"last-event-id": "2"}) as events:
        caught_up = [await events.line(), await events.line()]
        await chat.desk.say(chat.visitor_id, "три")
        fresh = await events.line()

    assert [line["id"] for line in [*caught_up, fresh]] == [3, 4, 5]


async def test_a_reply_delivered_late_is_not_lost(chat: Chat) -> None:
    """A line whose id is smaller than one already sent still reaches an open stream."""
    chat.desk.is_mute = True
    chat.desk.first_id = 50
    async with chat.events() as events:
        await chat.post(message())
        assert (await events.line())["id"] == 50

        await chat.desk.say(chat.visitor_id, "Простите за задержку", line_id=49)

        assert (await events.line())["id"] == 49


async def test_typing_is_shown_and_is_no_line(chat: Chat) -> None:
    """That somebody types travels as an event of its own, without an id."""
    async with chat.events() as events:
        await chat.desk.messenger.show_typing(chat.visitor_id)

        async with asyncio.timeout(10):
            while (event := await events.next())["event"] == "ping":
                pass

    assert event == {"event": "typing", "data": "{}"}


async def test_a_silent_stream_gives_signs_of_life(chat: Chat) -> None:
    """While nothing happens, comments keep proxies from closing the stream, and lines still come afterwards."""
    async with chat.events() as events:
        assert (await events.next())["event"] == "ping"
        assert (await events.next())["event"] == "ping"
        await chat.desk.say(chat.visitor_id, "Вы ещё здесь?")

        assert (await events.line())["text"] == "Вы ещё здесь?"
    assert "ping" in events.comments


async def test_nobody_hears_another_visitors_chat(chat: Chat) -> None:
    """A stream carries the lines of its own visitor only."""
    async with chat.events() as events:
        await chat.desk.say("v_somebody_else", "тайна")
        await chat.desk.say(chat.visitor_id, "для вас")

        assert (await events.line())["text"] == "для вас"


# --- other people's pages ----------------------------------------------------------------------------------------


async def test_a_listed_site_may_call_the_api(chat: Chat) -> None:
    """An allow-listed origin is named in the answer, with Vary, and its preflight is granted."""
    origin = {"origin": "https://salon.example"}
    asks = {**origin, "access-control-request-method": "POST"}
    async with chat.http.options("/web/v1/messages?site=demo", headers=asks) as preflight:
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == "https://salon.example"
        assert "authorization" in preflight.headers["access-control-allow-headers"]
    async with chat.http.get("/web/v1/messages", headers={**chat.headers, **origin}) as response:
        assert response.status == 200
        assert response.headers["access-control-allow-origin"] == "https://salon.example"
        assert "Origin" in response.headers["vary"]
        assert "access-control-allow-credentials" not in response.headers


async def test_an_unlisted_site_is_refused_and_told_nothing(chat: Chat) -> None:
    """Any other origin gets 403 without CORS headers, even with a valid token, and stores nothing."""
    for origin in ("https://evil.example", "https://salon.example.evil.example", "http://salon.example", "null"):
        asks = {"origin": origin, "access-control-request-method": "POST"}
        async with chat.http.options("/web/v1/messages?site=demo", headers=asks) as preflight:
            assert preflight.status == 403
        data = json.dumps(message())
        async with chat.http.post(
            "/web/v1/messages", data=data, headers={**chat.headers, "origin": origin}
        ) as response:
            assert response.status == 403
            assert "access-control-allow-origin" not in response.headers
    assert chat.desk.received == []


async def test_any_port_of_a_host_can_be_listed(chat: Chat) -> None:
    """`http://localhost:*` is every port of that host and no other host."""
    chat.desk.sites["demo"] = chat_site(allowed_origins=("http://localhost:*",))

    assert (await chat.post(message(), origin="http://localhost:5173"))[0] == 202
    assert (await chat.post(message(), origin="http://localhost"))[0] == 202
    assert (await chat.post(message(), origin="https://localhost:5173"))[0] == 403
    assert (await chat.post(message(), origin="http://localhost.evil.example:80"))[0] == 403


async def test_a_message_that_could_not_be_stored_says_so(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """When storing fails for a while the answer is neither a success nor the visitor's mistake."""

    async def away(*_: object) -> list[AcceptedMessage]:
        error = RejectedRequest("Please repeat.")
        error.status = 503
        raise error

    monkeypatch.setattr(chat.desk, "accept", away)

    status, answer = await chat.post(message())

    assert (status, answer) == (503, {"error": "unavailable", "message": "Please repeat."})


async def test_our_own_page_needs_no_listing(chat: Chat) -> None:
    """A page served by ourselves may call the API wherever it is shown."""
    status, _ = await chat.post(message(), origin=chat.url)

    assert status == 202


# --- limits ------------------------------------------------------------------------------------------------------


async def test_a_flood_of_one_visitor_is_slowed_softly(chat: Chat) -> None:
    """The twenty-first message in thirty seconds is 429 with Retry-After, in the visitor's language; others go on."""
    chat.desk.is_mute = True
    for number in range(20):
        assert (await chat.post(message(client_message_id=f"m-{number}")))[0] == 202

    data = json.dumps(message(client_message_id="one-too-many"))
    headers = {**chat.headers, "accept-language": "en-GB,en;q=0.9"}
    async with chat.http.post("/web/v1/messages", data=data, headers=headers) as response:
        assert response.status == 429
        assert int(response.headers["retry-after"]) > 0
        assert (await response.json()) == {"error": "rate_limited", "message": texts("en")["rate_limited"]}
    await chat.open()
    assert (await chat.post(message()))[0] == 202


async def test_one_address_cannot_make_visitors_without_end(stranger: Chat) -> None:
    """The thirty-first new visitor of an address within an hour has to wait; known visitors come in as before."""
    for _ in range(30):
        await stranger.open()
    async with stranger.http.post("/web/v1/sessions", json={"site": "demo"}) as response:
        assert response.status == 429
        assert "retry-after" in response.headers

    known = stranger.visitor_id
    assert (await stranger.open(token=stranger.token))["visitor_id"] == known


async def test_one_address_cannot_flood_as_many_visitors(chat: Chat) -> None:
    """All visitors of an address together may send a hundred and twenty messages in thirty seconds."""
    chat.desk.is_mute = True
    statuses = []
    for _ in range(7):
        await chat.open()
        statuses += [(await chat.post(message(client_message_id=f"m-{number}")))[0] for number in range(20)]

    assert statuses == [202] * 120 + [429] * 20


# --- the page ----------------------------------------------------------------------------------------------------


async def test_the_page_may_be_framed_by_listed_sites_only(stranger: Chat) -> None:
    """The policy names the salon's origins, drops what is no origin, and allows no inline code."""
    origins = ("https://Salon.example/", "https://x; script-src *", "javascript:alert(1)", "https://b.example:8443")
    stranger.desk.sites["demo"] = chat_site(allowed_origins=origins)

    async with stranger.http.get("/chat/demo") as response:
        policy, page = response.headers["content-security-policy"], await response.text()

    assert policy.endswith("frame-ancestors 'self' https://salon.example https://b.example:8443")
    assert "unsafe" not in policy
    assert "<style" not in page
    assert "style=" not in page
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"


async def test_a_salons_texts_are_never_markup(stranger: Chat) -> None:
    """Names and greetings are escaped, in attributes too."""
    evil = Localised({"ru": "<img src=x onerror=alert(1)>\"'"}, "ru")
    stranger.desk.sites["demo"] = chat_site(name=evil, greeting=evil, starters=(evil,))

    async with stranger.http.get("/chat/demo") as response:
        assert "<img" not in await response.text()


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "ru-RU,ru;q=0.9", "ru"),
        ("", "de,en;q=0.8", "en"),
        ("", "de", "ru"),
        ("?lang=en", "ru", "en"),
        ("?lang=xx", "", "ru"),
    ],
)
async def test_the_page_speaks_the_visitors_language(stranger: Chat, query: str, accepted: str, language: str) -> None:
    """The address decides, then the browser, then the salon; always among the languages the salon offers."""
    async with stranger.http.get(f"/chat/demo{query}", headers={"accept-language": accepted}) as response:
        page = await response.text()

    assert f'<html lang="{language}">' in page
    assert texts(language)["automated"] in page
    assert texts(language)["call_person"] in page


async def test_an_unknown_chat_is_a_page_that_says_so(stranger: Chat) -> None:
    """A mistyped address gets 404 and a readable page."""
    async with stranger.http.get("/chat/nowhere%00", headers={"accept-language": "en"}) as response:
        assert response.status == 404
        assert texts("en")["missing_title"] in await response.text()


async def test_assets_are_kept_for_ever_under_their_version(stranger: Chat) -> None:
    """The present version is immutable, another is checked each time, and nothing outside the folder is served."""
    async with stranger.http.get(asset_url("chat.js")) as current:
        assert current.status == 200
        assert "immutable" in current.headers["cache-control"]
        assert current.headers["content-type"].startswith("text/javascript")
    async with stranger.http.get("/static/000000000000/chat.js") as outdated:
        assert outdated.headers["cache-control"] == "no-cache"
    for path in ("../assets.py", "%2e%2e/assets.py", "..%2fassets.py", "chat", "nothing.css", "%00.css"):
        async with stranger.http.get(URL(f"/static/x/{path}", encoded=True)) as response:
            assert response.status == 404, path


async def test_the_widget_may_be_loaded_from_anywhere(stranger: Chat) -> None:
    """The loader is a script that any site can include; which sites may show the chat is decided by the page."""
    async with stranger.http.get("/widget.js") as response:
        assert response.status == 200
        assert response.headers["cross-origin-resource-policy"] == "cross-origin"


def test_every_language_has_every_text() -> None:
    """A text added to one catalogue is added to all."""
    assert {"en", "ru"} <= set(catalogue_languages())
    names = {language: set(texts(language)) for language in catalogue_languages()}
    assert all(names[language] == names["en"] for language in names)


# --- the connector -----------------------------------------------------------------------------------------------


@pytest.fixture
async def published() -> list[tuple[str, dict[str, object]]]:
    return []


@pytest.fixture
async def messenger(published: list[tuple[str, dict[str, object]]]) -> WebChatMessenger:
    async def publish(thread_key: str, event: object) -> None:
        published.append((thread_key, dict(event)))  # type: ignore[call-overload]

    return WebChatMessenger(publish=publish)


async def test_sending_nudges_whoever_looks_and_is_accepted_at_once(
    messenger: WebChatMessenger, published: list[tuple[str, dict[str, object]]]
) -> None:
    """The receipt names our own key, so a repeat is the same message; the nudge holds no text."""
    receipt = await messenger.send(Outbound(thread_key="v_1", text="тайна", idempotency_key="k-9"))

    assert isinstance(messenger, Messenger)
    assert receipt.provider_message_id == "k-9"
    assert published == [("v_1", {"kind": "message"})]


def test_a_request_without_a_verified_visitor_is_refused() -> None:
    """Whatever reaches the connector without our route's word for it is unauthentic."""
    with pytest.raises(Unauthentic):
        _silent_messenger().receive(visitor_request("", orjson.dumps(message())))


FIELDS = ("text", "payload", "label", "contact", "source", "page_url", "lang", "sent_at", "else")
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "client_message_id": st.just("m-1") | _json,
            "kind": st.sampled_from(["message", "pressed", "started"]) | _json,
            **dict.fromkeys(
                ("text", "payload", "label", "contact", "source", "page_url", "lang", "sent_at", "else"), _json
            ),
        },
    )
)
def test_any_json_is_either_refused_or_storable(body: dict[str, object]) -> None:
    """No object makes the connector fail, and nothing it lets through can fail in the database."""
    request = visitor_request("v_1", json.dumps(body).encode())
    try:
        (item,) = _silent_messenger().receive(request).items
    except RejectedRequest:
        return

    stored = orjson.dumps([item.raw, item.text, item.payload, item.source]).decode()
    assert "\\u0000" not in stored.replace("\\\\", "")


def _silent_messenger() -> WebChatMessenger:
    async def publish(thread_key: str, event: object) -> None:
        return None

    return WebChatMessenger(publish=publish)


async def test_people_and_the_bot_are_told_apart(chat: Chat) -> None:
    """A line of a person carries their name, so that a visitor always knows whom they talk to."""
    await chat.desk.say(chat.visitor_id, "Добрый день!", author=LineAuthor.PERSON, author_name="Мария")

    (line,) = await chat.lines()
    assert (line["from"], line["name"]) == ("person", "Мария")
