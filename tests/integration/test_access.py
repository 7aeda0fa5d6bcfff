"""Logging in to the desk: who gets in, who is kept out, what each role may, and that every step is on record."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import pyotp
import pytest

from responder.clock import FixedClock
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.staff import accounts, passwords
from responder.web.staff.texts import staff_texts
from tests.logging_in import PASSWORD, SAME_ORIGIN, LoggedIn, invitation, join, log_in
from tests.running import SLUG, TUESDAY, Running, running

HTML = {"accept": "text/html"}


async def ask(
    app: Running,
    method: str,
    path: str,
    *,
    who: LoggedIn | None = None,
    form: Mapping[str, Any] | None = None,
    **headers: str,
) -> tuple[int, str]:
    """The status and the text of an answer, redirects not followed."""
    sent = {**(who.headers if who else SAME_ORIGIN), **HTML, **headers}
    async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.request(method, path, data=form, headers=sent, allow_redirects=False) as answer:
            return answer.status, await answer.text()


async def try_login(app: Running, login: str, password: str, code: str = "") -> tuple[int, str]:
    return await ask(app, "POST", "/login", form={"login": login, "password": password, "code": code})


async def actions(app: Running) -> list[str]:
    return [row["action"] for row in await app.rows("SELECT action FROM audit_entry ORDER BY id")]


async def test_an_invited_person_gets_in_and_is_who_they_are(database_url: str) -> None:
    """The link makes an account and a session; they then act as their operator, whatever they say."""
    async with running(database_url, with_background=False) as app:
        leyla = await join(app, "front_desk")
        status, page = await ask(app, "GET", "/dialogues", who=leyla)
        assert (status, "Лейла" in page) == (200, True)
        assert 'id="operator"' not in page
        assert "account.login" not in await actions(app)
        again = await log_in(app, "FRONT_DESK")
        assert (await ask(app, "GET", "/dialogues", who=again))[0] == 200
        assert await actions(app) == ["operator.invite", "operator.join", "account.login"]


async def test_an_invitation_works_once(database_url: str) -> None:
    """Used, taken back, replaced by a newer one or a week old, a link opens nothing and tells nothing."""
    clock = FixedClock(TUESDAY)
    async with running(database_url, clock=clock, with_background=False) as app:
        first = await invitation(app, "front_desk")
        second = await invitation(app, "front_desk")
        assert (await ask(app, "GET", first))[0] == 404
        assert (await ask(app, "GET", second))[0] == 200
        form = {"name": "Лейла", "login": "leyla", "password": PASSWORD}
        assert (await ask(app, "POST", second, form=form))[0] == 303
        assert (await ask(app, "POST", second, form={**form, "login": "thief"}))[0] == 404
        late = await invitation(app, "evening_desk")
        clock.advance(timedelta(days=7).total_seconds())
        assert (await ask(app, "POST", late, form={**form, "login": "vera"}))[0] == 404
        assert await app.rows("SELECT login FROM account") == [{"login": "leyla"}]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("password", "short", "password_short"),
        ("password", "1234567890", "password_common"),
        ("password", "aaaaaaaaaaaa", "password_common"),
        ("password", "x" * 201, "password_long"),
        ("login", "a b", "bad_login"),
        ("login", "", "bad_login"),
        ("name", "  ", "no_name"),
    ],
)
async def test_what_cannot_be_an_account_is_refused_in_words(
    database_url: str, field: str, value: str, code: str
) -> None:
    """The page comes again with the reason; the invitation is not used up."""
    from responder.web.problems import problem_texts

    form = {"name": "Лейла", "login": "leyla", "password": PASSWORD, field: value}
    async with running(database_url, with_background=False) as app:
        path = await invitation(app, "front_desk")
        status, page = await ask(app, "POST", path, form=form, **{"accept-language": "en"})
        assert status == 400
        assert problem_texts("en")[code].split("{")[0].replace("'", "&#39;") in page
        assert (await ask(app, "GET", path))[0] == 200
        assert await app.rows("SELECT id FROM account") == []


async def test_five_failures_lock_an_account_for_longer_and_longer(database_url: str) -> None:
    """Locked, the right password is as good as a wrong one; after the minute, one more failure locks for two."""
    clock = FixedClock(TUESDAY)
    async with running(database_url, clock=clock, with_background=False) as app:
        await join(app, "front_desk")
        for _ in range(5):
            assert (await try_login(app, "front_desk", "wrong password"))[0] == 400
        assert (await try_login(app, "front_desk", PASSWORD))[0] == 400
        clock.advance(61)
        assert (await try_login(app, "front_desk", "wrong password"))[0] == 400
        clock.advance(61)
        assert (await try_login(app, "front_desk", PASSWORD))[0] == 400
        clock.advance(60)
        assert (await try_login(app, "front_desk", PASSWORD))[0] == 303
        assert (await try_login(app, "front_desk", "wrong password"))[0] == 400
        assert (await try_login(app, "front_desk", PASSWORD))[0] == 303
        assert "account.locked" in await actions(app)


async def test_an_unknown_login_costs_as_much_as_a_wrong_password(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both verify a hash and say the same, so that nobody learns which logins exist."""
    verified: list[str] = []
    verify = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda kept, given: verified.append(kept) or verify(kept, given))
    async with running(database_url, with_background=False) as app:
        await join(app, "front_desk")
        known = await try_login(app, "front_desk", "wrong password")
        unknown = await try_login(app, "nobody_here", "wrong password")
    assert len(verified) == 2
    assert known[0] == unknown[0] == 400
    assert known[1].replace("front_desk", "") == unknown[1].replace("nobody_here", "")


async def test_too_many_tries_from_one_address_are_stopped(database_url: str) -> None:
    """Guessing many logins runs into a limit of its own."""
    async with running(database_url, with_background=False) as app:
        outcomes = [(await try_login(app, f"login{number}", "x"))[0] for number in range(32)]
    assert outcomes[:30] == [400] * 30
    assert outcomes[30:] == [429] * 2


async def test_a_second_factor_is_asked_for_and_no_code_works_twice(database_url: str) -> None:
    """Set up by scanning, confirmed by a code, then needed; a used code is refused, a recovery code works once."""
    clock = FixedClock(TUESDAY)
    async with running(database_url, clock=clock, with_background=False) as app:
        me = await join(app, "front_desk")
        secret = await begin_second_factor(app, me)
        assert (await ask(app, "GET", f"/account/qr.svg?salon={SLUG}", who=me))[1].startswith("<svg")

        def code() -> str:
            return pyotp.TOTP(secret).at(clock.now())

        status, page = await account(app, me, action="confirm-code", code=code())
        assert status == 200
        recovery = re.findall(r"<code>(\w{5}-\w{5})</code>", page)
        assert len(set(recovery)) == 10
        assert (await ask(app, "GET", f"/account/qr.svg?salon={SLUG}", who=me))[0] == 404

        status, page = await try_login(app, "front_desk", PASSWORD)
        assert (status, 'name="code"' in page) == (200, True)
        assert (await try_login(app, "front_desk", PASSWORD, code()))[0] == 400  # of the step that confirmed
        clock.advance(30)
        assert (await try_login(app, "front_desk", PASSWORD, code()))[0] == 303
        assert (await try_login(app, "front_desk", PASSWORD, code()))[0] == 400
        assert (await try_login(app, "front_desk", PASSWORD, recovery[0].upper()))[0] == 303
        assert (await try_login(app, "front_desk", PASSWORD, recovery[0]))[0] == 400
        assert (await account(app, me, action="drop-code", password=PASSWORD))[0] == 303
        assert (await try_login(app, "front_desk", PASSWORD))[0] == 303
        (row,) = await app.rows("SELECT totp_secret, recovery_digests FROM account")
    assert row == {"totp_secret": None, "recovery_digests": []}


async def begin_second_factor(app: Running, who: LoggedIn) -> str:
    """The secret as the page spells it out; the database holds it sealed."""
    assert (await account(app, who, action="begin-code", password="not it at all"))[0] == 400
    assert (await account(app, who, action="begin-code", password=PASSWORD))[0] == 303
    _, page = await ask(app, "GET", f"/account?salon={SLUG}", who=who)
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert found
    (row,) = await app.rows("SELECT totp_secret FROM account")
    assert found[1] not in row["totp_secret"]
    return found[1]


async def account(app: Running, who: LoggedIn, **form: str) -> tuple[int, str]:
    return await ask(app, "POST", f"/account?salon={SLUG}", who=who, form=form)


async def test_sessions_end_by_hand_by_password_and_by_time(database_url: str) -> None:
    """Ended elsewhere, logged out, or unused for a month, a cookie is worth nothing; a new password ends all others."""
    clock = FixedClock(TUESDAY)
    async with running(database_url, clock=clock, with_background=False) as app:
        till = await join(app, "front_desk")
        phone, tablet = await log_in(app, "front_desk"), await log_in(app, "front_desk")
        sessions = await app.rows("SELECT id FROM staff_session ORDER BY id")
        assert (await account(app, till, action="end", session=str(sessions[1]["id"])))[0] == 303
        assert await is_in(app, till, phone, tablet) == [True, False, True]
        assert (await account(app, till, action="password", old=PASSWORD, new="another long phrase"))[0] == 303
        assert await is_in(app, till, tablet) == [True, False]
        assert (await ask(app, "POST", "/logout", who=till))[0] == 303
        assert await is_in(app, till) == [False]
        assert (await try_login(app, "front_desk", PASSWORD))[0] == 400
        late = await log_in(app, "front_desk", password="another long phrase")
        clock.advance(timedelta(days=29).total_seconds())
        assert await is_in(app, late) == [True]
        clock.advance(timedelta(days=31).total_seconds())
        assert await is_in(app, late) == [False]


async def is_in(app: Running, *browsers: LoggedIn) -> list[bool]:
    return [(await ask(app, "GET", "/dialogues", who=who))[0] == 200 for who in browsers]


async def test_another_persons_session_cannot_be_ended(database_url: str) -> None:
    """Ids of other people's sessions are not found."""
    async with running(database_url, with_background=False) as app:
        leyla, vera = await join(app, "front_desk"), await join(app, "evening_desk")
        (session,) = await app.rows(
            "SELECT s.id FROM staff_session s JOIN account a ON a.id = s.account_id WHERE a.login = 'evening_desk'"
        )
        assert (await account(app, leyla, action="end", session=str(session["id"])))[0] == 404
        assert await is_in(app, vera) == [True]


async def test_the_menu_offers_what_opens(database_url: str) -> None:
    """A page that a role may not open is not in its menu."""
    least = {"/saved-replies": 1, "/people": 1, "/audit": 2}
    async with running(database_url, with_background=False) as app:
        for rank, key in enumerate(("evening_desk", "front_desk", "owner")):
            _, menu = await ask(app, "GET", "/account", who=await join(app, key))
            assert {path: f'href="{path}?' in menu for path in least} == {path: rank >= least[path] for path in least}


async def test_people_are_managed_from_above(database_url: str) -> None:
    """An administrator adds operators and nobody above; nobody changes themselves; the last owner stays."""
    async with running(database_url, with_background=False) as app:
        leyla, nina = await join(app, "front_desk"), await join(app, "owner")

        async def change(who: LoggedIn, **form: str) -> int:
            return (await ask(app, "POST", f"/people?salon={SLUG}", who=who, form=form))[0]

        assert await change(leyla, action="add", name="Аделина", role="owner") == 400
        assert await change(leyla, action="invite", key="owner") == 400
        assert await change(leyla, action="revoke", key="owner") == 400
        status, page = await ask(
            app,
            "POST",
            f"/people?salon={SLUG}",
            who=leyla,
            form={"action": "add", "name": "Adelina", "role": "operator"},
        )
        link = re.search(r"/join/[\w-]+", page)
        assert (status, link is not None) == (200, True)
        form = {"name": "Adelina", "login": "adelina", "password": PASSWORD}
        assert (await ask(app, "POST", link[0] if link else "", form=form))[0] == 303
        assert await change(nina, action="change", key="front_desk", role="operator") == 400  # stands in the file
        assert await change(nina, action="change", key="adelina", role="owner", is_active="true") == 303
        assert await change(nina, action="revoke", key="owner") == 303  # there is another owner now
        assert await is_in(app, nina) == [False]
        adelina = await log_in(app, "adelina")
        assert await change(adelina, action="change", key="adelina", role="operator", is_active="true") == 400
        assert await change(adelina, action="revoke", key="adelina") == 400
        assert await change(adelina, action="explode") == 400


async def test_who_was_added_in_the_desk_stays_when_the_file_comes_again(database_url: str) -> None:
    """An import switches off operators that left the file, and leaves those alone that never stood in it."""
    async with running(database_url, with_background=False) as app:
        nina = await join(app, "owner")
        form = {"action": "add", "name": "Аделина", "role": "operator"}
        await ask(app, "POST", f"/people?salon={SLUG}", who=nina, form=form)
        await import_salon(app.responder.database, read_salon_file(DEMO_SALON), now=app.responder.clock.now())
        (salon,) = await app.responder.salons.all()
        _, page = await ask(app, "GET", "/people", who=nina)
    assert "adelina" in {operator.key for operator in salon.operators}
    assert "Аделина" in page


async def test_who_is_switched_off_is_out_at_once(database_url: str) -> None:
    """A session of an operator who is switched off, or whose access was taken away, opens no salon any more."""
    async with running(database_url, with_background=False) as app:
        nina, vera = await join(app, "owner"), await join(app, "evening_desk")
        assert await is_in(app, vera) == [True]
        form = {"action": "revoke", "key": "evening_desk"}
        assert (await ask(app, "POST", f"/people?salon={SLUG}", who=nina, form=form))[0] == 303
        assert await is_in(app, vera) == [False]
        assert (await ask(app, "GET", f"/dialogues?salon={SLUG}", who=vera))[0] == 404


async def test_no_form_of_a_session_works_without_its_token(database_url: str) -> None:
    """Whatever changes something is refused when the token is missing or another session's, though the browser sends
    its cookie and says that the page is our own."""
    from responder.commands.serve import build_app
    from tests.integration.test_two_salons import addresses

    async with running(database_url, with_background=False) as app:
        leyla, other = await join(app, "owner"), await join(app, "front_desk")
        unsafe = [
            (method, path)
            for method, path in addresses(build_app(app.responder).routes)
            if method in ("POST", "PUT", "PATCH", "DELETE")
            and not path.startswith(("/hooks", "/web", "/login", "/logout", "/join"))
        ]
        assert len(unsafe) > 15
        for method, path in unsafe:
            address = re.sub(r"\{salon\}", SLUG, path)
            address = re.sub(r"\{\w+\}", "1", address)
            for token in ({}, {"x-csrf-token": ""}, {"x-csrf-token": other.form_token}):
                sent = {"cookie": leyla.cookie, **SAME_ORIGIN, **token}
                async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
                    async with http.request(method, address, headers=sent, json={}) as answer:
                        assert answer.status == 403, (method, path, token, await answer.text())
            cross = {**leyla.headers, "sec-fetch-site": "cross-site"}
            async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
                async with http.request(method, address, headers=cross, json={}) as answer:
                    assert answer.status == 403, (method, path, "cross-site")


async def test_a_login_leads_on_to_our_own_pages_only(database_url: str) -> None:
    """`next` is followed within the desk and nowhere else."""
    async with running(database_url, with_background=False) as app:
        await join(app, "front_desk")
        for wanted, given in [
            ("/leads?salon=x", "/leads?salon=x"),
            ("//evil.example", "/dialogues"),
            ("https://evil.example", "/dialogues"),
            ("/\\evil.example", "/dialogues"),
        ]:
            async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
                form = {"login": "front_desk", "password": PASSWORD, "next": wanted}
                async with http.post("/login", data=form, headers=SAME_ORIGIN, allow_redirects=False) as answer:
                    assert answer.headers["location"] == given


async def test_one_person_may_work_in_two_salons(database_url: str) -> None:
    """An invitation accepted with a login that exists adds a place to it; its password is needed."""
    async with running(database_url, with_background=False) as app:
        leyla = await join(app, "front_desk", login="leyla")
        path = await invitation(app, "evening_desk")
        wrong = {"has_account": "true", "login": "leyla", "password": "not it at all"}
        assert (await ask(app, "POST", path, form=wrong))[0] == 400
        assert (await ask(app, "POST", path, form={**wrong, "password": PASSWORD}))[0] == 303
        rows = await app.rows("SELECT key FROM operator WHERE account_id IS NOT NULL ORDER BY key")
        assert await is_in(app, leyla) == [True]
    assert [row["key"] for row in rows] == ["evening_desk", "front_desk"]


async def test_the_audit_log_says_it_in_words_and_filters(database_url: str) -> None:
    """Every entry has a sentence in both languages; one kind or one person can be looked at alone."""
    async with running(database_url, with_background=False) as app:
        nina = await join(app, "owner")
        await try_login(app, "owner", "wrong password")
        _, page = await ask(app, "GET", "/audit", who=nina, **{"accept-language": "en"})
        _, people = await ask(app, "GET", "/audit?kind=operator", who=nina, **{"accept-language": "en"})
    assert "failed to log in" in page
    assert "failed to log in" not in people
    assert "joined" in people


def test_every_action_on_record_has_its_words() -> None:
    """Whatever the code records is said in a sentence; a new action without words fails here."""
    import subprocess

    sources = subprocess.run(
        [
            "grep",
            "-rhoE",
            r'"(alert|dialogue|visit|message|note|customer|saved_reply|operator|account)\.(take_over|[a-z_]{3,})"',
            "responder/desk",
            "responder/staff",
            "responder/web/staff",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    recorded = {line.strip('"') for line in sources.split()}
    assert len(recorded) > 20
    for language in ("ru", "en"):
        assert [action for action in recorded if f"did_{action.replace('.', '_')}" not in staff_texts(language)] == []


async def test_hashing_holds_up_nobody(database_url: str) -> None:
    """While passwords are being verified, pages are still answered: the hash is another thread's work."""
    async with running(database_url, with_background=False) as app:
        await join(app, "front_desk")
        tries = [asyncio.create_task(try_login(app, f"nobody{number}", "x")) for number in range(6)]
        assert (await ask(app, "GET", "/health/live"))[0] == 200
        assert {status for status, _ in await asyncio.gather(*tries)} == {400}


@pytest.mark.parametrize(("failures", "minutes"), [(5, 1), (6, 2), (7, 4), (11, 60), (40, 60)])
def test_the_lock_doubles_up_to_an_hour(failures: int, minutes: int) -> None:
    """One minute at the fifth failure, twice as long each further time, an hour at most."""
    over = failures - accounts.FREE_FAILURES
    assert min(accounts.FIRST_LOCK * 2**over, accounts.LONGEST_LOCK) == timedelta(minutes=minutes)
