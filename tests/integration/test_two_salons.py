"""Every address of the application, walked with another salon's ids, tokens and secrets: nothing is shown, nothing is
changed. An address that this file does not know fails the test, so that nobody adds one without asking the question.

The holder of the installation's access token may open every salon; what is walked for them is the scope: an address
that names one salon never reaches into another. An owner of one salon who has logged in is told the same of another
salon as of one that does not exist. No credential of one door opens another door.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from fastapi import APIRouter
from starlette.routing import BaseRoute, Route

from responder.commands.serve import build_app
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.web.access import COOKIE
from tests.logging_in import PASSWORD, join
from tests.running import ACCESS, SLUG, WEBHOOK_SECRET, Running, running
from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_api import TelegramStub
from tests.stubs.telegram_updates import Customer

ANNA = Customer(id=445566, first_name="Анфиса")
SECRET_WORDS = ("совершенно-секретно", "Анфиса", "445566", "79123456789", "912 345-67-89", "912 345 67 89")
OTHER = "other"
OTHER_WEBHOOK_SECRET = "other-secret_1"
TELEGRAM_SECRET = "x-telegram-bot-api-secret-token"
TABLES = (
    *("thread", "message", "enquiry", "handoff", "appointment", "lead", "customer", "operator", "channel_account"),
    *("note", "saved_reply", "invitation", "audit_entry"),
)
CLOSED = frozenset({401, 403, 404})
OPEN = frozenset({200, 204, 303, 307})


@dataclass(frozen=True, kw_only=True)
class World:
    """Two salons of one installation: the demo salon holds the secret, the other one the keys that must not fit."""

    app: Running
    thread: int  # of the demo salon
    other_thread: int
    visitor_token: str  # of a visitor of the demo salon's chat
    other_visitor_token: str
    other_owner: Mapping[str, str]  # headers of a browser in which an owner of the other salon is logged in

    @property
    def mixed_token(self) -> str:
        """Who the demo's visitor is, signed as the other's visitor."""
        claims, signature = self.visitor_token.partition(".")[0], self.other_visitor_token.partition(".")[2]
        return f"{claims}.{signature}"


@dataclass(frozen=True, kw_only=True)
class Try:
    """One request with what should not fit, and the statuses that are right for it."""

    path: str
    right: frozenset[int] = CLOSED
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] | None = None


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


STAFF = bearer(ACCESS)
FORM = {**STAFF, "sec-fetch-site": "same-origin"}


def hook(world: World) -> Sequence[Try]:
    update = {"update_id": 900, **updates.said(ANNA, "чужое", message_id=900, date=1_790_000_000)}
    return [
        Try(path=f"/hooks/{slug}/{account}", headers=headers, body=update)
        for slug, account, headers in [
            (SLUG, "telegram", {TELEGRAM_SECRET: OTHER_WEBHOOK_SECRET}),
            (OTHER, "telegram", {TELEGRAM_SECRET: WEBHOOK_SECRET}),
            (SLUG, "telegram", STAFF),
            (SLUG, "telegram", bearer(world.visitor_token)),
            (SLUG, "web", {TELEGRAM_SECRET: WEBHOOK_SECRET, "x-responder-visitor": "v_1"}),
            (OTHER, "web", {TELEGRAM_SECRET: OTHER_WEBHOOK_SECRET, "x-responder-visitor": "v_1"}),
        ]
    ]


def staff(path: str, *, right: frozenset[int] = CLOSED, **request: Any) -> Any:
    """A staff address: no other door's credential opens it, and for the other salon it holds nothing of this one."""

    def tries(world: World) -> Sequence[Try]:
        address = path.format(salon=OTHER, thread=world.thread)
        ours = path.format(salon=SLUG, thread=world.thread)
        wrong = [
            {},
            bearer(world.visitor_token),
            bearer(WEBHOOK_SECRET),
            bearer(OTHER_WEBHOOK_SECRET),
            bearer(ACCESS[:-1]),
            bearer(ACCESS + "x"),
            {"cookie": f"{COOKIE}={ACCESS}"},
            {"cookie": f"{COOKIE}={_foreign_cookie()}"},
            {TELEGRAM_SECRET: WEBHOOK_SECRET},
        ]
        return [
            *(Try(path=ours, headers=headers, **request) for headers in wrong),
            Try(path=ours, headers=world.other_owner, right=frozenset({404}), **request),
            Try(path=address, headers=FORM, right=right, **request),
        ]

    return tries


def _foreign_cookie() -> str:
    """The staff cookie of an installation with the same access token and another secret key."""
    secret = b"another installation's secret key!"
    return hmac.new(secret, f"access:{ACCESS}".encode(), hashlib.sha256).hexdigest()


def public(*paths: str) -> Any:
    """Open to everybody, and so showing nothing of anybody."""

    def tries(world: World) -> Sequence[Try]:
        return [Try(path=path, right=OPEN, headers=headers) for path in paths for headers in ({}, STAFF)]

    return tries


def chat(path: str, *, body: Any = None, own: frozenset[int] = OPEN) -> Any:
    """An address of the chat: no other credential opens it, and the other visitor's own shows what is theirs."""

    def tries(world: World) -> Sequence[Try]:
        wrong = [world.mixed_token, ACCESS, WEBHOOK_SECRET, world.visitor_token + "x", world.visitor_token[:-1], ""]
        evil = {"origin": "https://evil.example", **bearer(world.visitor_token)}
        return [
            *(Try(path=path, headers=bearer(token), body=body) for token in wrong),
            Try(path=path, headers=evil, body=body),
            Try(path=f"{path}?site=demo", headers=bearer(world.other_visitor_token), body=body, right=own),
        ]

    return tries


def sessions(world: World) -> Sequence[Try]:
    return [
        Try(path="/web/v1/sessions", body={"site": site, "token": token}, right=frozenset({200}))
        for site, token in [
            ("demo", world.other_visitor_token),
            ("demo", world.mixed_token),
            ("demo", ACCESS),
            (OTHER, world.visitor_token),
        ]
    ]


def events(world: World) -> Sequence[Try]:
    tokens = [world.visitor_token, world.other_visitor_token, world.mixed_token, ACCESS]
    return [Try(path=f"/web/v1/events?ticket={token}") for token in tokens]


def preflight(world: World) -> Sequence[Try]:
    asks = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    return [
        *(Try(path=f"/web/v1/messages?site={site}", headers=asks) for site in ("demo", OTHER, "nowhere")),
        Try(path="/web/v1/messages", headers=asks),
    ]


def entering(world: World) -> Sequence[Try]:
    return [Try(path=f"/enter?key={key}") for key in (world.visitor_token, WEBHOOK_SECRET, OTHER_WEBHOOK_SECRET, "")]


ACTIONS = (
    *("take-over", "reply", "give-back", "close:resolved", "close:spam", "assign", "tags", "bar", "unbar", "retry:1"),
    *("vip:on", "vip:off"),
    *("confirm:1", "substance:1:acknowledgement"),
)


def act(world: World) -> Sequence[Try]:
    return [
        one
        for action in ACTIONS
        for one in staff("/dialogues/{thread}?salon={salon}", form={"action": action, "text": "чужое"})(world)
    ]


def with_foreign_operator(path: str, body: Any) -> Any:
    """Acting in the other salon's own dialogue in the name of the demo salon's operator."""

    def tries(world: World) -> Sequence[Try]:
        named = Try(
            path=path.format(salon=OTHER, thread=world.other_thread),
            headers=STAFF,
            body={**body, "operator": "front_desk"},
        )
        return [*staff(path, body=body)(world), named]

    return tries


def stream(world: World) -> Sequence[Try]:
    """Open for as long as the desk is; so only with what should not open it."""
    wrong = [{}, bearer(world.visitor_token), bearer(WEBHOOK_SECRET), {"cookie": f"{COOKIE}={_foreign_cookie()}"}]
    path = f"/desk/events?salon={SLUG}"
    return [*(Try(path=path, headers=headers) for headers in wrong), Try(path=path, headers=world.other_owner)]


def logging_in(world: World) -> Sequence[Try]:
    own = {"sec-fetch-site": "same-origin"}
    guesses = [("front_desk", ""), ("front_desk", ACCESS), ("' OR 1=1 --", "x"), ("owner_of_other", "wrong password")]
    return [
        *(
            Try(path="/login", form={"login": login, "password": password}, headers=own, right=frozenset({400}))
            for login, password in guesses
        ),
        Try(path="/login", form={"login": "owner_of_other", "password": PASSWORD}),  # another site's form
    ]


def logging_out(world: World) -> Sequence[Try]:
    return [Try(path="/logout", headers={**world.other_owner, "sec-fetch-site": "cross-site"})]


def joining(world: World) -> Sequence[Try]:
    form = {"name": "x", "login": "thief", "password": PASSWORD}
    return [
        Try(path=f"/join/{token}", form=form, headers={"sec-fetch-site": "same-origin"}, right=frozenset({404}))
        for token in ("x", ACCESS, WEBHOOK_SECRET, world.visitor_token)
    ]


API = "/api/v1/{salon}/dialogues/{thread}"
SHOWN = frozenset({200})
WALK: Mapping[tuple[str, str], Any] = {
    ("GET", "/hooks/{salon}/{account}"): hook,
    ("HEAD", "/hooks/{salon}/{account}"): hook,
    ("POST", "/hooks/{salon}/{account}"): hook,
    ("GET", "/chat/{site_key}"): public("/chat/other", "/chat/demo"),
    ("GET", "/widget.js"): public("/widget.js"),
    ("POST", "/web/v1/sessions"): sessions,
    ("POST", "/web/v1/messages"): chat(
        "/web/v1/messages", body={"client_message_id": "m", "text": "чужое"}, own=frozenset({202})
    ),
    ("GET", "/web/v1/messages"): chat("/web/v1/messages"),
    ("POST", "/web/v1/typing"): chat("/web/v1/typing", own=frozenset({202})),
    ("POST", "/web/v1/ticket"): chat("/web/v1/ticket"),
    ("GET", "/web/v1/events"): events,
    ("OPTIONS", "/web/v1/{endpoint}"): preflight,
    ("GET", "/static/{version}/{path:path}"): public("/static/x/chat.js"),
    ("GET", "/enter"): entering,
    ("GET", "/dialogues"): staff("/dialogues?salon={salon}", right=SHOWN),
    ("GET", "/dialogues/{thread_id}"): staff("/dialogues/{thread}?salon={salon}"),
    ("POST", "/dialogues/{thread_id}"): act,
    ("GET", "/leads"): staff("/leads?salon={salon}", right=SHOWN),
    ("GET", "/api/v1/{salon}/dialogues"): staff("/api/v1/{salon}/dialogues", right=SHOWN),
    ("GET", "/api/v1/{salon}/dialogues/{thread_id}"): staff(API),
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/take-over"): with_foreign_operator(f"{API}/take-over", {}),
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/messages"): with_foreign_operator(
        f"{API}/messages", {"text": "чужое"}
    ),
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/give-back"): staff(f"{API}/give-back", body={}),
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/close"): staff(f"{API}/close", body={}),
    ("GET", "/api/v1/{salon}/leads"): staff("/api/v1/{salon}/leads", right=SHOWN),
    ("PUT", "/api/v1/{salon}/dialogues/{thread_id}/messages/{message_id}/substance"): staff(
        f"{API}/messages/1/substance", body={"substance": "acknowledgement"}
    ),
    ("GET", "/dialogues/{thread_id}/panes"): staff("/dialogues/{thread}/panes?salon={salon}"),
    ("GET", "/dialogues/{thread_id}/card"): staff("/dialogues/{thread}/card?salon={salon}"),
    ("GET", "/dialogues/{thread_id}/messages/{message_id}/files/{number}"): staff(
        "/dialogues/{thread}/messages/1/files/0?salon={salon}"
    ),
    ("GET", "/desk/queue"): staff("/desk/queue?salon={salon}", right=SHOWN),
    ("GET", "/desk/events"): stream,
    **{
        (method, f"/api/v1/{{salon}}/dialogues/{{thread_id}}/{action}"): with_foreign_operator(f"{API}/{action}", body)
        for method, action, body in (
            ("POST", "notes", {"text": "чужое"}),
            ("PUT", "tags", {"tags": ["чужое"]}),
            ("PUT", "vip", {"is_vip": True}),
            ("POST", "bar", {}),
            ("POST", "unbar", {}),
        )
    },
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/assign"): staff(f"{API}/assign", body={"operator": None}),
    ("PUT", "/api/v1/{salon}/dialogues/{thread_id}/seen"): staff(f"{API}/seen", body={"message_id": 1}),
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/typing"): staff(f"{API}/typing", body={}),
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/presence"): staff(f"{API}/presence", body={}),
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/messages/{message_id}/retry"): staff(
        f"{API}/messages/1/retry", body={"confirm": True}
    ),
    ("GET", "/api/v1/{salon}/dialogues/{thread_id}/saved-replies"): staff(f"{API}/saved-replies"),
    ("GET", "/api/v1/{salon}/saved-replies"): staff("/api/v1/{salon}/saved-replies", right=SHOWN),
    ("PUT", "/api/v1/{salon}/saved-replies/{shortcut}"): staff(
        "/api/v1/{salon}/saved-replies/x", body={"text": "чужое"}, right=frozenset({204})
    ),
    ("DELETE", "/api/v1/{salon}/saved-replies/{shortcut}"): staff(
        "/api/v1/{salon}/saved-replies/x", right=frozenset({204})
    ),
    ("GET", "/saved-replies"): staff("/saved-replies?salon={salon}", right=SHOWN),
    ("POST", "/saved-replies"): staff(
        "/saved-replies?salon={salon}", form={"action": "put", "shortcut": "x", "text": "y"}, right=OPEN
    ),
    ("GET", "/calendar"): staff("/calendar?salon={salon}", right=SHOWN),
    ("GET", "/calendar/new"): staff("/calendar/new?salon={salon}&thread={thread}"),
    ("POST", "/calendar/new"): staff(
        "/calendar/new?salon={salon}",
        form={"service": "x", "specialist": "y", "day": "2026-11-25", "at": "12:00"},
        right=frozenset({400}),
    ),
    ("GET", "/calendar/visits/{appointment_id}"): staff("/calendar/visits/1?salon={salon}"),
    ("POST", "/calendar/visits/{appointment_id}"): staff(
        "/calendar/visits/1?salon={salon}", form={"action": "cancel", "tell": "true"}
    ),
    ("GET", "/calendar/customers"): staff("/calendar/customers?salon={salon}&q=Анфиса", right=SHOWN),
    ("GET", "/api/v1/{salon}/visits"): staff("/api/v1/{salon}/visits?first=2026-11-20&last=2026-11-30", right=SHOWN),
    ("POST", "/api/v1/{salon}/visits"): staff(
        "/api/v1/{salon}/visits",
        body={
            "service": "mens_haircut",
            "specialist": "timur",
            "starts_at": "2026-11-25T07:00:00Z",
            "customer_id": 1,
        },
    ),
    ("PATCH", "/api/v1/{salon}/visits/{appointment_id}"): staff(
        "/api/v1/{salon}/visits/1", body={"specialist": "timur", "starts_at": "2026-11-25T07:00:00Z", "tell": True}
    ),
    ("POST", "/api/v1/{salon}/visits/{appointment_id}/cancel"): staff(
        "/api/v1/{salon}/visits/1/cancel", body={"tell": True}
    ),
    ("POST", "/api/v1/{salon}/visits/{appointment_id}/mark"): staff(
        "/api/v1/{salon}/visits/1/mark", body={"state": "came"}
    ),
    ("GET", "/people"): staff("/people?salon={salon}", right=SHOWN),
    ("POST", "/people"): staff("/people?salon={salon}", form={"action": "revoke", "key": "front_desk"}),
    ("GET", "/audit"): staff("/audit?salon={salon}", right=SHOWN),
    ("GET", "/report"): staff("/report?salon={salon}", right=SHOWN),
    ("GET", "/report/enquiries"): staff("/report/enquiries?salon={salon}&part=arrivals", right=SHOWN),
    ("GET", "/report/report.xlsx"): staff("/report/report.xlsx?salon={salon}", right=SHOWN),
    ("GET", "/report/table.csv"): staff("/report/table.csv?salon={salon}&table=channel", right=SHOWN),
    ("GET", "/account"): staff("/account?salon={salon}"),
    ("POST", "/account"): staff("/account?salon={salon}", form={"action": "language", "language": "en"}),
    ("GET", "/account/qr.svg"): staff("/account/qr.svg?salon={salon}"),
    ("GET", "/login"): public("/login", "/login?next=//evil.example"),
    ("POST", "/login"): logging_in,
    ("POST", "/logout"): logging_out,
    ("GET", "/join/{token}"): joining,
    ("POST", "/join/{token}"): joining,
    **{
        ("GET", f"/api/v1/{{salon}}/report/{report}"): staff(f"/api/v1/{{salon}}/report/{report}{asked}", right=SHOWN)
        for report, asked in {
            "summary": "",
            "breakdown": "?by=channel",
            "series": "?by=day",
            "heatmap": "",
            "histogram": "",
            "enquiries": "",
            "definitions": "",
            "spending": "",
        }.items()
    },
    ("GET", "/alerts"): staff("/alerts?salon={salon}", right=SHOWN),
    ("POST", "/alerts"): staff("/alerts?salon={salon}", form={"ids": "1"}, right=frozenset({200, 303})),
    ("GET", "/api/v1/{salon}/alerts"): staff("/api/v1/{salon}/alerts", right=SHOWN),
    ("POST", "/api/v1/{salon}/alerts/seen"): staff("/api/v1/{salon}/alerts/seen", body={"ids": [1]}, right=SHOWN),
    ("POST", "/api/v1/{salon}/dialogues/{thread_id}/visits/{appointment_id}/confirm"): staff(
        f"{API}/visits/1/confirm", body={}
    ),
    ("GET", "/health/live"): public("/health/live"),
    ("GET", "/health/ready"): public("/health/ready"),
    ("GET", "/metrics"): public("/metrics"),
    ("GET", "/"): public("/"),
    ("GET", "/api/openapi.json"): public("/api/openapi.json"),
    ("HEAD", "/api/openapi.json"): public("/api/openapi.json"),
    ("GET", "/api/docs"): public("/api/docs"),
    ("HEAD", "/api/docs"): public("/api/docs"),
}


def addresses(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path the application answers, included routers too; fails at what it cannot look into."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if isinstance(route, Route):
            yield from ((method, prefix + route.path) for method in route.methods or ())
        elif isinstance(inner, APIRouter):
            yield from addresses(inner.routes, prefix + route.include_context.prefix)  # type: ignore[attr-defined]
        else:
            raise AssertionError(f"{route!r} is a kind of route that this walk does not know")


@asynccontextmanager
async def two_salons(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    telegram_account = {
        "key": "telegram",
        "type": "telegram",
        "name": "Telegram",
        "token_env": "OTHER_TELEGRAM_TOKEN",
        "webhook_secret_env": "OTHER_TELEGRAM_SECRET",
    }
    web = {"key": "web", "type": "webchat", "name": "Chat", "site_key": OTHER, "origins": ["http://127.0.0.1:*"]}
    document = yaml.safe_load(DEMO_SALON.read_text("utf-8"))
    document |= {"slug": OTHER, "channels": [web, telegram_account], "crm": []}
    document["operators"] = [{**one, "key": f"{one['key']}_of_other"} for one in document["operators"]]
    file = tmp_path / "other.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    environment = {"OTHER_TELEGRAM_TOKEN": "42:other", "OTHER_TELEGRAM_SECRET": OTHER_WEBHOOK_SECRET}
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, environment=environment, with_background=False) as app,
    ):
        await import_salon(app.responder.database, read_salon_file(file), now=app.responder.clock.now())
        await app.responder.refresh_accounts()
        words = f"{SECRET_WORDS[0]}: хочу на маникюр завтра в 15:00, 8 (912) 345-67-89"
        telegram.customer(ANNA.id)
        body = {"update_id": 1, **updates.said(ANNA, words, message_id=1, date=1_790_000_000)}
        async with app.http.post(app.telegram_hook, json=body, headers={TELEGRAM_SECRET: WEBHOOK_SECRET}) as answer:
            assert answer.status == 200
        tokens = [await _visitor(app, site, text) for site, text in (("demo", words), (OTHER, "Привет"))]
        await app.responder.scheduler.idle()
        query = "SELECT min(t.id) AS id FROM thread t JOIN salon s ON s.id = t.salon_id WHERE s.slug = %(slug)s"
        ids = [(await app.rows(query, slug=slug))[0]["id"] for slug in (SLUG, OTHER)]
        owner = await join(app, "owner_of_other", slug=OTHER)
        yield World(
            app=app,
            thread=ids[0],
            other_thread=ids[1],
            visitor_token=tokens[0],
            other_visitor_token=tokens[1],
            other_owner=owner.headers,
        )


async def _visitor(app: Running, site: str, text: str) -> str:
    async with app.http.post(f"{app.url}/web/v1/sessions", json={"site": site}) as answer:
        token = str((await answer.json())["token"])
    message = {"client_message_id": "m-1", "text": text}
    async with app.http.post(f"{app.url}/web/v1/messages", json=message, headers=bearer(token)) as answer:
        assert answer.status == 202
    return token


async def _everything(app: Running, slug: str) -> dict[str, Any]:
    """All that a salon has, as the database holds it."""
    query = (
        "SELECT to_jsonb(r) AS row FROM {} r JOIN salon s ON s.id = r.salon_id WHERE s.slug = %(slug)s ORDER BY r.id"
    )
    return {table: await app.rows(query.format(table), slug=slug) for table in TABLES}


def readable(body: bytes) -> str:
    """A workbook is a zip of files: what they say."""
    if not body.startswith(b"PK"):
        return body.decode()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


async def _answer(app: Running, method: str, one: Try) -> tuple[int, str]:
    data = {"data": one.form} if one.form is not None else {"json": one.body} if one.body is not None else {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.request(
            method, app.url + one.path, headers=one.headers, allow_redirects=False, **data
        ) as answer:
            shown = readable(await answer.read())
    return answer.status, "\n".join([shown, *answer.headers.values()])


async def test_no_address_shows_or_changes_another_salon(database_url: str, tmp_path: Path) -> None:
    """Each address is walked with all that should not fit: it is closed, or shows what is its own, and the other
    salon's rows are afterwards what they were."""
    async with two_salons(database_url, tmp_path) as world:
        app = world.app
        known = set(addresses(build_app(app.responder).routes))
        assert known == set(WALK), "an address is new or gone: say here what another salon's credentials get from it"
        before = await _everything(app, SLUG)
        assert all(before[table] for table in ("thread", "message", "lead", "customer"))
        for (method, path), tries in WALK.items():
            for one in tries(world):
                status, shown = await _answer(app, method, one)
                assert status in one.right, (method, path, one, status, shown)
                assert [word for word in SECRET_WORDS if word in shown] == [], (method, path, one)
                if path == "/web/v1/sessions":
                    assert json.loads(shown.partition("\n")[0])["messages"] == []
        await app.responder.scheduler.idle()
        after = await _everything(app, SLUG)
    assert after == before


async def test_the_walk_would_notice(database_url: str, tmp_path: Path) -> None:
    """With the right credentials the same addresses do show the secret: the walk looks where it is."""
    async with two_salons(database_url, tmp_path) as world:
        right = [
            Try(path=f"/dialogues?salon={SLUG}", headers=STAFF),
            Try(path=f"/dialogues/{world.thread}?salon={SLUG}", headers=STAFF),
            Try(path=f"/leads?salon={SLUG}", headers=STAFF),
            Try(path=f"/api/v1/{SLUG}/dialogues", headers=STAFF),
            Try(path=f"/api/v1/{SLUG}/dialogues/{world.thread}", headers=STAFF),
            Try(path=f"/api/v1/{SLUG}/leads", headers=STAFF),
            Try(path="/web/v1/messages", headers=bearer(world.visitor_token)),
        ]
        for one in right:
            status, shown = await _answer(world.app, "GET", one)
            assert status == 200, one
            assert any(word in shown for word in SECRET_WORDS), one


async def test_a_message_repeated_under_anothers_name_is_ones_own(database_url: str, tmp_path: Path) -> None:
    """A visitor who sends another's client_message_id is answered as the writer of a new message, and neither sees nor
    replaces the other's."""
    async with two_salons(database_url, tmp_path) as world:
        app = world.app
        async with app.http.post(f"{app.url}/web/v1/sessions", json={"site": "demo"}) as answer:
            thief = bearer((await answer.json())["token"])
        message = {"client_message_id": "m-1", "text": "подмена"}
        async with app.http.post(f"{app.url}/web/v1/messages", json=message, headers=thief) as answer:
            assert (await answer.json())["duplicate"] is False
        async with app.http.get(f"{app.url}/web/v1/messages", headers=thief) as answer:
            mine = await answer.text()
        async with app.http.get(f"{app.url}/web/v1/messages", headers=bearer(world.visitor_token)) as answer:
            theirs = await answer.text()
    assert SECRET_WORDS[0] not in mine
    assert SECRET_WORDS[0] in theirs
    assert "подмена" not in theirs


async def test_a_guessed_token_opens_nothing(database_url: str, tmp_path: Path) -> None:
    """A token that differs in one character from the right one is worth nothing, wherever the difference is."""
    async with two_salons(database_url, tmp_path) as world:
        token = world.visitor_token
        for place, character in enumerate(token):
            guess = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
            async with world.app.http.get(f"{world.app.url}/web/v1/messages", headers=bearer(guess)) as answer:
                assert answer.status == 401, place
