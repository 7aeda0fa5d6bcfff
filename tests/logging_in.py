"""Operators who log in as people do: by an invitation, a login and a password, over real HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from responder.staff.audit import Actor
from responder.staff.people import invite
from responder.staff.rules import Role
from tests.running import SLUG, Running

PASSWORD = "correct horse battery staple"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedIn:
    """A browser of an operator: its cookie and the token that its pages carry."""

    cookie: str
    form_token: str

    @property
    def headers(self) -> Mapping[str, str]:
        return {"cookie": self.cookie, "x-csrf-token": self.form_token, **SAME_ORIGIN}


async def invitation(app: Running, key: str, *, slug: str = SLUG) -> str:
    """The path of an invitation for an operator of the salon file."""
    salon = next(salon for salon in await app.responder.salons.all() if salon.slug == slug)
    async with app.responder.database.transaction() as connection:
        now = app.responder.clock.now()
        token = await invite(connection, salon.id, key, by=Role.OWNER, actor=Actor(), now=now)
    return f"/join/{token}"


async def join(app: Running, key: str = "front_desk", *, slug: str = SLUG, login: str | None = None) -> LoggedIn:
    """Accept an invitation with a new account."""
    path = await invitation(app, key, slug=slug)
    form = {"name": f"Person of {key}", "login": login or key, "password": PASSWORD}
    return await _logged_in(app, path, form, slug)


async def log_in(app: Running, login: str, *, password: str = PASSWORD, code: str = "", slug: str = SLUG) -> LoggedIn:
    """Log in once more, as in another browser."""
    return await _logged_in(app, "/login", {"login": login, "password": password, "code": code}, slug)


async def _logged_in(app: Running, path: str, form: Mapping[str, str], slug: str) -> LoggedIn:
    async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.post(path, data=form, headers=SAME_ORIGIN, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            cookie = f"responder_session={answer.cookies['responder_session'].value}"
        async with http.get(f"/account?salon={slug}", headers={"cookie": cookie, "accept": "text/html"}) as page:
            text = await page.text()
            assert page.status == 200, text
    found = re.search(r'name="csrf-token" content="(\w+)"', text)
    assert found, "the page carries no token for its forms"
    return LoggedIn(cookie=cookie, form_token=found[1])
