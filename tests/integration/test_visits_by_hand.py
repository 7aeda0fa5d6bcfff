"""The appointment book in staff's hands: the bot's own guarantee, and everything that hangs on a visit follows it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import yaml

from responder.booking.service import book, hold_slot
from responder.booking.slots import Slot
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from tests.logging_in import LoggedIn, join
from tests.running import SLUG, Running, running, until
from tests.stubs.bitrix24_api import Bitrix24Stub
from tests.stubs.telegram_api import TelegramStub

ZONE = ZoneInfo("Asia/Yekaterinburg")
ANNA = 4455
HAIRCUT, TIMUR = "mens_haircut", "timur"  # 45 minutes; on Wednesdays from 11 to 15 and from 15:30 to 21


def at(hour: int, minute: int = 0, *, day: int = 25) -> datetime:
    """A time of Wednesday, the day after the one the tests live in."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


async def call(app: Running, method: str, path: str, who: LoggedIn | None = None, **body: Any) -> tuple[int, Any]:
    if who is None:
        answer = await app.staff(method, path, **body)
        return answer.status, await answer.json() if answer.content_type == "application/json" else None
    async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.request(method, f"/api/v1/{SLUG}{path}", json=body, headers=who.headers) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None


async def booked(app: Running, starts_at: datetime, **more: Any) -> tuple[int, Any]:
    body = {"service": HAIRCUT, "specialist": TIMUR, "starts_at": starts_at.isoformat(), "name": "Света"} | more
    return await call(app, "POST", "/visits", **body)


async def test_a_visit_is_booked_moved_marked_and_cancelled(database_url: str) -> None:
    """Each step is an entry of the audit log; who booked it stands on it and it needs no confirmation."""
    async with running(database_url, with_background=False) as app:
        leyla = await join(app, "front_desk")
        body = {"service": HAIRCUT, "specialist": TIMUR, "starts_at": at(12).isoformat()}
        status, made = await call(
            app, "POST", "/visits", leyla, **body, name="Света", phone="8 912 345-67-89", note="первый раз"
        )
        assert status == 201
        path = f"/visits/{made['id']}"
        moved = {"specialist": TIMUR, "starts_at": at(12, 30).isoformat()}
        assert (await call(app, "PATCH", path, leyla, **moved))[0] == 204  # over its own old place
        assert (await call(app, "POST", f"{path}/mark", leyla, state="came"))[0] == 400  # not yet
        assert (await call(app, "POST", f"{path}/cancel", leyla))[0] == 204
        assert (await call(app, "POST", f"{path}/cancel", leyla))[0] == 400
        (row,) = await app.rows(
            "SELECT p.*, o.key AS by, c.phone, c.name FROM appointment p JOIN operator o ON o.id = p.created_by_id "
            "JOIN customer c ON c.id = p.customer_id"
        )
        entries = await app.rows("SELECT action, subject FROM audit_entry WHERE action LIKE 'visit.%%' ORDER BY id")
    assert (row["by"], row["phone"], row["name"], row["note"]) == ("front_desk", "+79123456789", "Света", "первый раз")
    assert (row["state"], row["starts_at"]) == ("cancelled", at(12, 30))
    assert row["confirmed_at"] is not None
    assert [entry["action"] for entry in entries] == ["visit.create", "visit.move", "visit.cancel"]
    assert {entry["subject"] for entry in entries} == {f"visit:{made['id']}"}


async def test_an_overlap_is_refused_and_named(database_url: str) -> None:
    """Neither booking nor moving gets into another visit or its buffer; the refusal says who is busy and until when."""
    async with running(database_url, with_background=False) as app:
        assert (await booked(app, at(12)))[0] == 201
        status, refused = await booked(app, at(12, 15), name="Юля")
        assert (status, refused["code"]) == (400, "visit_overlaps")
        assert "12:00" in refused["message"]
        status, other = await booked(app, at(16), name="Юля")
        assert status == 201
        move = {"specialist": TIMUR, "starts_at": at(12, 15).isoformat(), "is_meant": True}
        status, refused = await call(app, "PATCH", f"/visits/{other['id']}", **move)
        assert (status, refused["code"]) == (400, "visit_overlaps")
        rows = await app.rows("SELECT starts_at FROM appointment ORDER BY id")
    assert [row["starts_at"] for row in rows] == [at(12), at(16)]


async def test_a_hundred_hands_and_the_bot_want_one_hour(database_url: str) -> None:
    """At the same moment, by hand and by the bot's hold: one has it, all others are told so."""
    async with running(database_url, with_background=False) as app:
        (salon,) = await app.responder.salons.all()
        (thread,) = await app.rows(THREAD)

        async def by_bot() -> int:
            slot = Slot(specialist=TIMUR, starts_at=at(14), ends_at=at(15))
            who = {"customer_id": thread["customer_id"], "thread_id": thread["id"], "enquiry_id": thread["enquiry_id"]}
            now = app.responder.clock.now()
            try:
                async with app.responder.database.transaction() as connection:
                    number = await hold_slot(
                        connection, salon, slot, service=HAIRCUT, now=now, hold_until=now + timedelta(minutes=10), **who
                    )
                    await book(connection, number, now=now)
            except Exception:
                return 400
            return 201

        outcomes = await asyncio.gather(
            *(_status(booked(app, at(14), name=f"Клиент {number}")) for number in range(40)),
            *(by_bot() for _ in range(3)),
        )
        rows = await app.rows("SELECT count(*) AS n FROM appointment WHERE state = 'booked'")
        customers = await app.rows("SELECT count(*) AS n FROM customer WHERE name LIKE 'Клиент %%'")
    assert sorted(outcomes).count(201) == 1
    assert rows == [{"n": 1}]
    assert customers[0]["n"] in (0, 1)


async def _status(asked: Any) -> int:
    return int((await asked)[0])


async def test_the_unusual_asks_whether_it_is_meant(database_url: str) -> None:
    """At night, in the past, or with somebody who does not do it, a booking has to be meant; then it is made."""
    async with running(database_url, with_background=False) as app:
        (salon,) = await app.responder.salons.all()
        other = next(one.key for one in salon.services if one.key not in salon.specialist(TIMUR).skills)
        for starts_at, more, code in [
            (at(3), {}, "visit_not_working"),
            (at(12, day=20), {}, "visit_in_past"),
            (at(12), {"service": other}, "visit_not_skilled"),
        ]:
            status, refused = await booked(app, starts_at, **more)
            assert (status, refused["code"]) == (400, code)
            assert (await booked(app, starts_at, **more, is_meant=True))[0] == 201


async def test_what_somebody_else_has_changed_is_not_overwritten(database_url: str) -> None:
    """A move says where it saw the visit; when it is elsewhere, nothing happens and the page learns it."""
    async with running(database_url, with_background=False) as app:
        _, made = await booked(app, at(12))
        path, seen = f"/visits/{made['id']}", {"seen_at": at(12).isoformat(), "seen_specialist": TIMUR}
        to = {"specialist": TIMUR, "starts_at": at(13).isoformat()}
        assert (await call(app, "PATCH", path, **to, **seen))[0] == 204
        status, refused = await call(app, "PATCH", path, specialist=TIMUR, starts_at=at(15).isoformat(), **seen)
        (row,) = await app.rows("SELECT starts_at FROM appointment")
    assert (status, refused["code"]) == (400, "visit_changed")
    assert row["starts_at"] == at(13)


async def test_a_no_show_gives_its_time_away_and_may_not_take_it_back(database_url: str) -> None:
    """Marked as not come, the hour is free for others; taking the mark back is refused once somebody has it."""
    async with running(database_url, with_background=False) as app:
        _, made = await booked(app, at(9, day=24), is_meant=True)
        path = f"/visits/{made['id']}/mark"
        assert (await call(app, "POST", path, state="came"))[0] == 204
        assert (await booked(app, at(9, day=24), is_meant=True, name="Юля"))[0] == 400
        assert (await call(app, "POST", path, state="no_show"))[0] == 204
        assert (await booked(app, at(9, day=24), is_meant=True, name="Юля"))[0] == 201
        status, refused = await call(app, "POST", path, state="booked")
        assert (status, refused["code"]) == (400, "visit_overlaps")


async def test_a_booking_of_a_dialogue_reaches_the_customer_the_crm_and_the_bot(database_url: str) -> None:
    """The customer is told as the bot would tell, the lead goes out and follows a move, the bot knows the visit; and no
    human figure is touched by the message."""
    async with (
        TelegramStub() as telegram,
        Bitrix24Stub() as bitrix,
        running(database_url, telegram=telegram, bitrix=bitrix) as app,
    ):
        await telegram.customer_says(
            ANNA, "Меня зовут Анна, мой телефон 8 (912) 345-67-89. Позовите администратора"
        ).confirmed()
        await telegram.until_sent(ANNA, count=1)
        (thread,) = await app.rows("SELECT id FROM thread")
        status, made = await booked(app, at(12), thread_id=thread["id"], tell=True, name="")
        assert status == 201
        told = (await telegram.until_sent(ANNA, count=2))[-1].text
        assert "вы записаны" in told
        assert "12:00" in told
        await until(lambda: app.rows("SELECT 1 FROM lead_delivery WHERE delivered_at IS NOT NULL"))
        to = {"specialist": TIMUR, "starts_at": at(13).isoformat(), "tell": True}
        assert (await call(app, "PATCH", f"/visits/{made['id']}", **to))[0] == 204
        assert "13:00" in (await telegram.until_sent(ANNA, count=3))[-1].text
        (lead,) = await app.rows("SELECT visit_at, visit_state, appointment_id FROM lead")
        (row,) = await app.rows("SELECT state FROM thread")
        sent = await app.rows("SELECT author, substance, operator_id FROM message WHERE author = 'system'")
        await telegram.customer_says(ANNA, "на какое время я записана?").confirmed()
        assert "13:00" in (await telegram.until_sent(ANNA, count=4))[-1].text
        assert (await call(app, "POST", f"/visits/{made['id']}/cancel", tell=True))[0] == 204
        (after,) = await app.rows("SELECT state FROM thread")
    assert lead == {"visit_at": at(13), "visit_state": "booked", "appointment_id": made["id"]}
    assert row["state"]["visit"]["appointment_id"] == made["id"]
    assert "visit" not in after["state"]
    assert sent == [{"author": "system", "substance": "acknowledgement", "operator_id": None}] * 2
    assert len(bitrix.leads) == 1


async def test_ids_of_another_salon_are_not_found(database_url: str, tmp_path: Path) -> None:
    """A customer, a dialogue or a visit that this salon does not have is refused, and no row is written."""
    async with running(database_url, with_background=False) as app:
        document = yaml.safe_load(DEMO_SALON.read_text("utf-8")) | {"slug": "other", "channels": [], "crm": []}
        file = tmp_path / "other.yaml"
        file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
        await import_salon(app.responder.database, read_salon_file(file), now=app.responder.clock.now())
        (other,) = await app.rows("SELECT id FROM salon WHERE slug = 'other'")
        (stranger,) = await app.rows(
            "INSERT INTO customer (salon_id, name) VALUES (%(s)s, 'x') RETURNING id", s=other["id"]
        )
        assert (await booked(app, at(12), customer_id=stranger["id"]))[0] == 404
        assert (await booked(app, at(12), thread_id=999))[0] == 404
        assert (await call(app, "PATCH", "/visits/999", specialist="x", starts_at=at(12).isoformat()))[0] == 404
        assert (await booked(app, at(12), service="nothing"))[0] == 404
        assert (await booked(app, at(12), specialist="nobody"))[0] == 404
        assert (await booked(app, at(12), phone="12"))[0] == 400
        assert (await booked(app, at(12), name="  "))[0] == 400
        rows = await app.rows("SELECT count(*) AS n FROM appointment")
    assert rows == [{"n": 0}]


THREAD = """
WITH person AS (INSERT INTO customer (salon_id, name) SELECT id, 'Бот' FROM salon RETURNING id, salon_id),
t AS (
    INSERT INTO thread (salon_id, channel_account_id, thread_key, customer_id)
    SELECT p.salon_id, (SELECT min(id) FROM channel_account), 'k', p.id FROM person p
    RETURNING id, salon_id, customer_id, channel_account_id
), e AS (
    INSERT INTO enquiry (salon_id, thread_id, customer_id, channel_account_id, clock_start_at, received_at)
    SELECT salon_id, id, customer_id, channel_account_id, now(), now() FROM t RETURNING id, thread_id
)
SELECT t.id, t.customer_id, e.id AS enquiry_id FROM t JOIN e ON e.thread_id = t.id
"""
