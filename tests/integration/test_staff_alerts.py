"""Alerts inside the product: the page, its button, the API, and confirming a visit."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from responder.alerts.service import AlertKind, NewAlert, Role, Severity, raise_alert, resolve_alerts
from responder.assembly.watching import account_fails, account_works
from responder.db.engine import Database
from responder.web.staff.texts import staff_texts
from tests.factories import stored_salon
from tests.integration.test_staff_pages import HOSTILE, browser, page, press, written
from tests.running import SLUG, Running, running
from tests.stubs.alert_sink import AlertSink
from tests.stubs.telegram_api import TelegramStub


async def tell(app: Running, subject: str, **values: Any) -> None:
    salon = (await app.responder.salons.all())[0]
    alert = {
        "salon_id": salon.id,
        "subject": subject,
        "kind": AlertKind.CHANNEL,
        "severity": Severity.CRITICAL,
        "facts": {"account": subject, "reason": "token refused"},
    }
    async with app.responder.database.transaction() as connection:
        await raise_alert(connection, NewAlert(**(alert | values)), now=app.responder.clock.now())


async def wait_of(app: Running, thread_id: int, step: str = "breach") -> None:
    since = app.responder.clock.now().isoformat()
    facts = {"measure": "human_wait_s", "since": since, "target_s": 180.0, "working": True, "account": "Telegram"}
    kind = AlertKind.BREACH if step == "breach" else AlertKind.ESCALATE
    await tell(
        app, "wait:1", step=step, kind=kind, severity=Severity.WARNING, roles=(Role.OPERATOR,),
        thread_id=thread_id, facts=facts | {"role": "owner"},
    )  # fmt: skip


async def test_who_waits_is_shown_with_words_and_a_way_there(database_url: str) -> None:
    """An alert of a wait names the customer's last words, shortened and as text, and leads to the dialogue; steps of
    one wait are one row, the latest."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, f"Позовите администратора {HOSTILE} " + "очень " * 40)
        await wait_of(app, thread_id)
        await wait_of(app, thread_id, "escalate:owner")
        async with browser(app, **{"accept-language": "ru"}) as staff:
            shown = await page(staff, "/alerts")
    assert f'/dialogues/{thread_id}?salon={SLUG}"' in shown
    assert "сообщаем дальше (владелец)" in shown
    assert "срок истёк" in shown
    assert shown.count('class="row') - shown.count('class="row-') - shown.count('class="rows') == 1
    assert "Позовите администратора" in shown
    assert "очень " * 30 not in shown
    assert "<script>alert" not in shown


async def test_seen_alerts_lose_their_mark_and_over_ones_their_place(database_url: str) -> None:
    """The button marks what stands as seen; what is over moves below."""
    async with running(database_url, with_background=False) as app, browser(app, **{"accept-language": "en"}) as staff:
        await tell(app, "Telegram")
        before = await page(staff, "/alerts")
        status, after_press = await press(staff, "/alerts", "")
        salon = (await app.responder.salons.all())[0]
        async with app.responder.database.connection() as connection:
            await resolve_alerts(connection, salon.id, ["Telegram"], now=app.responder.clock.now())
        over = await page(staff, "/alerts")
    assert status == 200
    assert ("is-waiting" in before, "is-waiting" in after_press) == (True, False)
    assert staff_texts("en")["mark_seen"] in before
    assert staff_texts("en")["mark_seen"] not in after_press
    assert staff_texts("en")["nothing_stands"] in over
    assert "Telegram does not work" in over


async def test_the_api_lists_and_marks(database_url: str) -> None:
    """Programs read alerts with what they say, and mark them by id; another site's page cannot."""
    async with running(database_url, with_background=False) as app:
        await tell(app, "Telegram")
        await tell(app, "VK")
        listed = await (await app.staff("GET", "/alerts?language=ru")).json()
        marked = await (await app.staff("POST", "/alerts/seen", ids=[listed[0]["id"]])).json()
        rest = await (await app.staff("POST", "/alerts/seen")).json()
        over = await (await app.staff("GET", "/alerts?standing=false")).json()
        refused = await app.http.post(f"{app.url}/api/v1/{SLUG}/alerts/seen", json={})
    assert [alert["headline"] for alert in listed] == ["VK: канал не работает", "Telegram: канал не работает"]
    assert listed[0]["details"] == "token refused"
    assert (marked, rest, over) == ({"seen": 1}, {"seen": 1}, [])
    assert refused.status == 401


async def test_a_visit_is_confirmed_once_by_whoever_it_was(database_url: str) -> None:
    """Confirming notes when and who; repeating changes nothing; a visit of another dialogue is not found."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        thread_id = await written(app, telegram, "Здравствуйте")
        (visit,) = await app.rows(
            "INSERT INTO appointment (salon_id, specialist_id, service_id, thread_id, enquiry_id, state, starts_at,"
            " ends_at, busy, booked_at)"
            " SELECT t.salon_id, s.id, v.id, t.id, e.id, 'booked', x.at, x.at + interval '1 hour',"
            " tstzrange(x.at, x.at + interval '1 hour'), now() FROM thread t JOIN enquiry e ON e.thread_id = t.id,"
            " (SELECT id FROM specialist LIMIT 1) s, (SELECT id FROM service LIMIT 1) v,"
            " (SELECT now() + interval '9 days' AS at) x WHERE t.id = %(thread)s RETURNING id",
            thread=thread_id,
        )
        path = f"/dialogues/{thread_id}/visits/{visit['id']}/confirm"
        answers = [
            (await app.staff("POST", path, operator="front_desk")).status,
            (await app.staff("POST", path)).status,
            (await app.staff("POST", f"/dialogues/{thread_id}/visits/{visit['id'] + 1}/confirm")).status,
        ]
        async with browser(app, **{"accept-language": "ru"}) as staff:
            shown = await page(staff, f"/dialogues/{thread_id}")
        (row,) = await app.rows(
            "SELECT o.key, e.next_check_at <= p.confirmed_at AS is_looked_at FROM appointment p"
            " JOIN operator o ON o.id = p.confirmed_by_id JOIN enquiry e ON e.id = p.enquiry_id"
        )
    assert answers == [204, 204, 404]
    assert staff_texts("ru")["confirmed"] in shown
    assert row == {"key": "front_desk", "is_looked_at": True}


async def test_an_account_that_lets_nothing_in_is_told_until_it_does(database_url: str) -> None:
    """A webhook that cannot be set, or polling that is refused, raises an alert with the reason; working ends it."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        (door,) = [door for door in app.responder.doors.values() if door.key == "telegram"]
        for _ in range(2):
            await account_fails(app.responder, door, "Unauthorized")
        (told,) = await (await app.staff("GET", "/alerts")).json()
        await account_works(app.responder, door)
        standing = await (await app.staff("GET", "/alerts")).json()
    assert (told["headline"], told["details"]) == ("Telegram does not work", "Unauthorized")
    assert standing == []


async def test_the_test_command_says_which_destination_took_it(database: Database, tmp_path: Path) -> None:
    """`responder alert test` sends to each destination that is on, names those that are off or fail, and by its exit
    code says whether all is well; a variable without an address is one line."""
    names = ("good", "off", "bad")
    alerts = [{"key": key, "url_env": f"ALERT_{key.upper()}"} for key in names]
    await stored_salon(database, alerts=alerts)

    async def run(**variables: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "responder.cli", "alert", "test"),
            cwd=Path(__file__).parents[2],
            env={"PATH": os.environ["PATH"], "DATABASE_URL": database.url, "VAR_DIR": str(tmp_path), **variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode, said.decode()

    async with AlertSink() as good, AlertSink() as bad:
        bad.status = 403
        mixed = await run(ALERT_GOOD=good.url, ALERT_BAD=bad.url)
        wrong = await run(ALERT_GOOD="nonsense://secret")
    assert mixed[0] == 1
    lines = mixed[1].splitlines()
    assert lines[0] == "ok   good"
    assert lines[1] == "off  off: set ALERT_OFF"
    assert lines[2].startswith("FAIL bad: ")
    assert "403" in lines[2]
    assert good.taken[0]["title"] == "Салон «Пример»: Проверка оповещений"
    assert wrong == (2, "responder: ALERT_GOOD: is no address that Apprise knows. docs/alerts.md has examples.\n")


async def test_an_opening_enquiry_has_its_first_look_and_its_priority(database_url: str) -> None:
    """Intake notes when the earliest timer may be due, and an important customer's next enquiry is `vip`."""
    look = "SELECT next_check_at - clock_start_at AS look, priority FROM enquiry ORDER BY id"
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        await written(app, telegram, "Здравствуйте")
        (first,) = await app.rows(look)
        await app.rows("UPDATE customer SET is_vip = true RETURNING id")
        await app.rows("UPDATE enquiry SET closed_at = now(), close_reason = 'resolved' RETURNING id")
        await written(app, telegram, "Это снова я")
        (_, second) = await app.rows(look)
    assert first == {"look": timedelta(seconds=40), "priority": "normal"}
    assert second == {"look": timedelta(seconds=40), "priority": "vip"}


async def test_a_customer_who_asks_for_a_person_has_the_timers_looked_at(database_url: str) -> None:
    """The turn that hands a dialogue over sets the look to now, in its own transaction."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        await written(app, telegram, "Позовите администратора")
        (row,) = await app.rows(
            "SELECT e.next_check_at = h.needed_at AS is_now FROM enquiry e JOIN handoff h ON h.enquiry_id = e.id"
        )
    assert row == {"is_now": True}
