"""What somebody may try at the doors of the desk with half a key in hand: a list of logins, a password alone, an old
link, a browser left open, a stream that is still running, the other owner at the same moment."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import aiohttp
import pyotp
import pytest
import yaml

from responder.clock import FixedClock
from responder.errors import Refused
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.staff.audit import Actor
from responder.staff.people import revoke
from responder.staff.rules import Role
from responder.web.access import COOKIE
from responder.web.problems import problem_texts
from responder.web.staff import stream
from tests.integration.test_access import account, ask, begin_second_factor, is_in, try_login
from tests.logging_in import PASSWORD, SAME_ORIGIN, LoggedIn, invitation, join, log_in
from tests.running import ACCESS, SLUG, TUESDAY, Running, running, until

PEOPLE = f"/people?salon={SLUG}"
ACCOUNT = f"/account?salon={SLUG}"
MESSAGES, OF_VISITOR, FIRST_AFTER = 100, 18, 10  # below what one visitor and one address may write
JOINING = {"name": "Аделина", "login": "adelina", "password": PASSWORD}


async def new_link(app: Running, who: LoggedIn, *, role: str = "operator") -> str:
    """The path of the link that the page shows for somebody new, whose key is `adelina`."""
    form = {"action": "add", "name": "Adelina", "role": role}
    _, page = await ask(app, "POST", PEOPLE, who=who, form=form)
    found = re.search(r"/join/[\w-]+", page)
    assert found, page
    return found[0]


async def second_factor(app: Running, who: LoggedIn, clock: FixedClock) -> pyotp.TOTP:
    """Switch it on; a later code is good after half a minute."""
    totp = pyotp.TOTP(await begin_second_factor(app, who))
    assert (await account(app, who, action="confirm-code", code=totp.at(clock.now())))[0] == 200
    clock.advance(60)
    return totp


async def test_a_lock_does_not_tell_which_logins_exist(database_url: str) -> None:
    """Seven failures are answered alike, word for word, for a login that exists and for one that does not."""
    async with running(database_url, with_background=False) as app:
        await join(app, "front_desk")
        known = [await try_login(app, "front_desk", "wrong password") for _ in range(7)]
        unknown = [await try_login(app, "nobody_here", "wrong password") for _ in range(7)]
    assert [(status, page.replace("front_desk", "nobody_here")) for status, page in known] == unknown


async def test_a_password_is_not_written_into_a_page(database_url: str) -> None:
    """Between password and code the page holds a ticket: it replaces the password, for five minutes and no code."""
    clock = FixedClock(TUESDAY)
    async with running(database_url, clock=clock, with_background=False) as app:
        totp = await second_factor(app, await join(app, "front_desk"), clock)

        async def with_ticket(ticket: str, code: str, login: str = "front_desk") -> tuple[int, str]:
            return await ask(app, "POST", "/login", form={"login": login, "ticket": ticket, "code": code})

        _, page = await try_login(app, "front_desk", PASSWORD)
        assert PASSWORD not in page
        ticket = ticket_in(page)
        status, page = await with_ticket(ticket, "000000")
        assert (status, ticket_in(page)) == (400, ticket)  # asked for the code again, not for the password
        await join(app, "evening_desk")
        assert (await with_ticket(ticket, "", login="evening_desk"))[0] == 400
        assert (await with_ticket(ticket, totp.at(clock.now())))[0] == 303
        clock.advance(timedelta(minutes=6).total_seconds())
        status, page = await with_ticket(ticket, totp.at(clock.now()))
    assert (status, 'name="ticket"' in page) == (400, False)


def ticket_in(page: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found, page
    return found[1]


async def test_a_ticket_ends_with_the_password_it_stood_for(database_url: str) -> None:
    """Who changes a password that was found out shuts out whoever had got as far as the code."""
    clock = FixedClock(TUESDAY)
    async with running(database_url, clock=clock, with_background=False) as app:
        me = await join(app, "front_desk")
        totp = await second_factor(app, me, clock)
        ticket = ticket_in((await try_login(app, "front_desk", PASSWORD))[1])
        assert (await account(app, me, action="password", old=PASSWORD, new="another long phrase"))[0] == 303
        form = {"login": "front_desk", "ticket": ticket, "code": totp.at(clock.now())}
        assert (await ask(app, "POST", "/login", form=form))[0] == 400


async def test_a_second_factor_that_is_on_is_not_begun_anew(database_url: str) -> None:
    """Beginning once more would switch it off and leave no record: it stays on and says why."""
    clock = FixedClock(TUESDAY)
    async with running(database_url, clock=clock, with_background=False) as app:
        me = await join(app, "front_desk")
        await second_factor(app, me, clock)
        status, page = await account(app, me, action="begin-code", password=PASSWORD)
        assert (status, problem_texts("ru")["code_is_on"] in page) == (400, True)
        assert (await try_login(app, "front_desk", PASSWORD))[0] == 200  # a code is still asked for


async def test_passwords_cannot_be_guessed_on_ones_own_page(database_url: str) -> None:
    """Somebody at a browser that was left open is stopped after ten guesses, by whichever form, right or wrong."""
    async with running(database_url, with_background=False) as app:
        me = await join(app, "front_desk")
        for number in range(10):
            guess = {"action": "drop-code", "password": f"guess {number}"}
            assert (await account(app, me, **guess))[0] == 400
        assert (await account(app, me, action="password", old=PASSWORD, new="another long phrase"))[0] == 429
        assert (await account(app, me, action="language", language="en"))[0] == 303
        assert (await try_login(app, "front_desk", PASSWORD))[0] == 303


@pytest.mark.parametrize("change", [{"role": "owner", "is_active": "true"}, {"role": "operator", "is_active": "false"}])
async def test_a_link_ends_when_its_operator_changes(database_url: str, change: Mapping[str, str]) -> None:
    """A link that an administrator made for an operator makes nobody an owner after a promotion, nor lies waiting for
    an operator to be switched on again."""
    async with running(database_url, with_background=False) as app:
        leyla, nina = await join(app, "front_desk"), await join(app, "owner")
        link = await new_link(app, leyla)
        for form in (change, {**change, "is_active": "true"}):
            assert (await ask(app, "POST", PEOPLE, who=nina, form={"action": "change", "key": "adelina", **form}))[
                0
            ] == 303
        assert (await ask(app, "POST", link, form=JOINING))[0] == 404


async def test_a_link_ends_when_the_file_gives_another_role(database_url: str, tmp_path: Path) -> None:
    """A promotion in the salon file takes the link of the lower role with it, and no other link."""
    document = yaml.safe_load(DEMO_SALON.read_text("utf-8"))
    for operator in document["operators"]:
        if operator["key"] == "evening_desk":
            operator["role"] = "owner"
    file = tmp_path / "salon.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    async with running(database_url, with_background=False) as app:
        risen, as_before = await invitation(app, "evening_desk"), await invitation(app, "front_desk")
        await import_salon(app.responder.database, read_salon_file(file), now=app.responder.clock.now())
        assert (await ask(app, "GET", risen))[0] == 404
        assert (await ask(app, "GET", as_before))[0] == 200


async def test_two_owners_cannot_remove_each_other(database_url: str) -> None:
    """Two removals at one moment take turns, so that the second sees that one owner is left."""
    async with running(database_url, with_background=False) as app:
        nina = await join(app, "owner")
        assert (await ask(app, "POST", await new_link(app, nina, role="owner"), form=JOINING))[0] == 303
        (salon,) = await app.responder.salons.all()
        now, database = app.responder.clock.now(), app.responder.database

        async def remove(key: str) -> None:
            async with database.transaction() as connection:
                await revoke(connection, salon.id, key, by=Role.OWNER, actor=Actor(), now=now)

        async with database.transaction() as connection:
            await revoke(connection, salon.id, "owner", by=Role.OWNER, actor=Actor(), now=now)
            second = asyncio.create_task(remove("adelina"))
            await until(lambda: second_waits(app, second))
        with pytest.raises(Refused, match="last owner"):
            await second


async def second_waits(app: Running, second: asyncio.Task[None]) -> bool:
    """Whether it is over, or waits for another's lock."""
    query = "SELECT 1 AS one FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return second.done() or bool(await app.rows(query))


async def test_an_invitation_names_the_public_address(database_url: str) -> None:
    """Whatever host a request claims to have come to, its link leads to the installation's own address."""
    headers = {"authorization": f"Bearer {ACCESS}", "host": "evil.example", "accept": "text/html"}
    async with running(database_url, with_background=False) as app, aiohttp.ClientSession(app.url) as http:
        form = {"action": "invite", "key": "front_desk"}
        async with http.post(PEOPLE, data=form, headers={**headers, **SAME_ORIGIN}) as answer:
            page = await answer.text()
    assert f'value="{app.url}/join/' in page
    assert "evil.example" not in page


async def test_of_two_places_in_a_salon_the_higher_counts(database_url: str) -> None:
    """Who was an administrator and accepts the owner's link with the same login may do what an owner may."""
    async with running(database_url, with_background=False) as app:
        leyla = await join(app, "front_desk", login="leyla")
        form = {"has_account": "true", "login": "leyla", "password": PASSWORD}
        assert (await ask(app, "GET", "/audit", who=leyla))[0] == 403
        assert (await ask(app, "POST", await invitation(app, "owner"), form=form))[0] == 303
        assert (await ask(app, "GET", "/audit", who=leyla))[0] == 200


@pytest.mark.parametrize("how", ["logged out", "removed", "ended elsewhere", "new password"])
async def test_a_stream_ends_with_its_session(database_url: str, how: str) -> None:
    """Nothing happens in the salon, and the open desk of somebody who is out hears the end long before the next time
    its session would be asked for."""
    async with running(database_url, with_background=False) as app:
        nina, vera = await join(app, "owner"), await join(app, "evening_desk")
        phone = await log_in(app, "evening_desk")
        (session,) = await app.rows("SELECT max(id) - 1 AS id FROM staff_session")
        path, who, form = {
            "logged out": ("/logout", vera, None),
            "removed": (PEOPLE, nina, {"action": "revoke", "key": "evening_desk"}),
            "ended elsewhere": (ACCOUNT, phone, {"action": "end", "session": str(session["id"])}),
            "new password": (ACCOUNT, phone, {"action": "password", "old": PASSWORD, "new": "another long phrase"}),
        }[how]
        async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
            async with http.get(f"/desk/events?salon={SLUG}", headers={"cookie": vera.cookie}) as events:
                while b"event: ready" not in await events.content.readuntil(b"\n\n"):
                    pass
                assert (await ask(app, "POST", path, who=who, form=form))[0] == 303
                async with asyncio.timeout(stream.PING_S / 2):
                    while not (await events.content.readuntil(b"\n\n")).startswith(b"event: ended"):
                        pass
        assert await is_in(app, vera) == [False]


@pytest.mark.parametrize("how", ["logged out", "removed"])
async def test_a_busy_stream_ends_with_its_session(database_url: str, how: str) -> None:
    """An open desk of somebody who is out hears the end, also in a salon where customers write without a pause."""
    async with running(database_url, with_background=False) as app:
        nina, vera = await join(app, "owner"), await join(app, "evening_desk")

        async def end() -> None:
            removal = {"action": "revoke", "key": "evening_desk"}
            path, who, form = ("/logout", vera, None) if how == "logged out" else (PEOPLE, nina, removal)
            assert (await ask(app, "POST", path, who=who, form=form))[0] == 303

        async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
            async with http.get(f"/desk/events?salon={SLUG}", headers={"cookie": vera.cookie}) as events:
                assert events.status == 200
                assert FIRST_AFTER <= await heard_until_the_end(app, events.content, end) < MESSAGES
        assert await is_in(app, vera) == [False]


async def heard_until_the_end(app: Running, events: aiohttp.StreamReader, end: Callable[[], Awaitable[None]]) -> int:
    """After how many messages of customers, one on the heels of another, the stream says that it is over; before one of
    the first of them the session is ended."""
    for number in range(MESSAGES):
        if number == FIRST_AFTER:
            await end()
        if number % OF_VISITOR == 0:
            async with app.http.post(f"{app.url}/web/v1/sessions", json={"site": "demo"}) as answer:
                visitor = {"authorization": f"Bearer {(await answer.json())['token']}"}
        body = {"client_message_id": f"m-{number}", "text": f"слово-{number}-"}
        async with app.http.post(f"{app.url}/web/v1/messages", json=body, headers=visitor) as answer:
            assert answer.status == 202
        heard = b""
        while f"слово-{number}-".encode() not in heard:
            heard = await events.readuntil(b"\n\n")
            if heard.startswith(b"event: ended"):
                return number
    return MESSAGES


async def test_without_key_login_the_token_is_for_programs_alone(database_url: str) -> None:
    """Switched off, neither the printed link nor a cookie it once gave lets a browser in; programs come as before."""
    async with running(database_url, with_background=False) as app:
        async with aiohttp.ClientSession(app.url) as http:
            async with http.get(f"/enter?key={ACCESS}", allow_redirects=False) as answer:
                cookie = {"cookie": f"{COOKIE}={answer.cookies[COOKIE].value}"}
        assert (await ask(app, "GET", "/dialogues", **cookie))[0] == 200
    async with running(database_url, with_background=False, staff_key_login="off") as app:
        assert (await ask(app, "GET", "/dialogues", **cookie))[0] == 303
        assert (await ask(app, "GET", f"/enter?key={ACCESS}"))[0] == 403
        assert (await ask(app, "GET", "/enter?key=guessed"))[0] == 401
        assert (await ask(app, "GET", "/dialogues", authorization=f"Bearer {ACCESS}"))[0] == 200
        assert await is_in(app, await join(app, "owner")) == [True]


async def test_a_shared_computer_may_forget_sooner(database_url: str) -> None:
    """A session lasts as long without use as the installation says, and use prolongs it."""
    clock = FixedClock(TUESDAY)
    async with running(database_url, clock=clock, with_background=False, staff_idle_hours=12) as app:
        me = await join(app, "front_desk")
        for hours, is_still_in in ((11, True), (11, True), (12.1, False)):
            clock.advance(timedelta(hours=hours).total_seconds())
            assert await is_in(app, me) == [is_still_in]


async def test_a_wrong_password_on_the_account_page_is_on_record(database_url: str) -> None:
    """Whoever guesses at a browser that was left open is seen in the audit log, also among what that person did."""
    async with running(database_url, with_background=False) as app:
        nina, vera = await join(app, "owner"), await join(app, "evening_desk")
        for form in ({"action": "password", "old": "guess", "new": "another long phrase"}, {"action": "begin-code"}):
            assert (await ask(app, "POST", ACCOUNT, who=vera, form=form))[0] == 400
        (row,) = await app.rows("SELECT count(*) AS n FROM audit_entry WHERE action = 'account.password_failed'")
        assert row["n"] == 2
        english = {"accept-language": "en"}
        _, hers = await ask(app, "GET", f"/audit?salon={SLUG}&operator=evening_desk", who=nina, **english)
        _, others = await ask(app, "GET", f"/audit?salon={SLUG}&operator=front_desk", who=nina, **english)
    assert hers.count("gave a wrong password on the account page") == 2
    assert "gave a wrong password" not in others


async def test_tries_of_logins_that_do_not_exist_are_shown_where_there_is_one_salon(
    database_url: str, tmp_path: Path
) -> None:
    """They belong to no salon: of an installation with two nobody's owner sees them."""
    async with running(database_url, with_background=False) as app:
        nina = await join(app, "owner")
        await try_login(app, "nobody_here", "guess")
        _, alone = await ask(app, "GET", f"/audit?salon={SLUG}", who=nina, **{"accept-language": "en"})
        assert "A login that does not exist" in alone
        document = yaml.safe_load(DEMO_SALON.read_text("utf-8")) | {"slug": "other", "channels": []}
        file = tmp_path / "other.yaml"
        file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
        await import_salon(app.responder.database, read_salon_file(file), now=app.responder.clock.now())
        _, of_two = await ask(app, "GET", f"/audit?salon={SLUG}", who=nina, **{"accept-language": "en"})
    assert "A login that does not exist" not in of_two


async def test_an_invitation_used_up_meanwhile_leaves_no_account(database_url: str) -> None:
    """Two join by one link at once: one is in, of the other nothing is left."""
    async with running(database_url, with_background=False) as app:
        path = await invitation(app, "evening_desk")
        forms = [{"name": "A", "login": f"person{number}", "password": PASSWORD} for number in range(4)]
        answers = await asyncio.gather(*(ask(app, "POST", path, form=form) for form in forms))
        accounts = await app.rows("SELECT id FROM account")
    assert sorted(status for status, _ in answers) == [303, 404, 404, 404]
    assert len(accounts) == 1
