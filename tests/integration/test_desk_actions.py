"""What staff do to a dialogue through the API that the desk uses: what it changes, records and refuses."""

from __future__ import annotations

from typing import Any

import aiohttp

from responder.clock import FixedClock
from tests.logging_in import LoggedIn, join
from tests.running import SLUG, TUESDAY, Running, running
from tests.stubs.telegram_api import TelegramStub

KATYA = 7788
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


async def call(app: Running, who: LoggedIn, method: str, path: str, **body: Any) -> tuple[int, Any]:
    async with aiohttp.ClientSession(app.url, cookie_jar=aiohttp.DummyCookieJar()) as http:
        async with http.request(method, f"/api/v1/{SLUG}{path}", json=body, headers=who.headers) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None


async def says(app: Running, telegram: TelegramStub, text: str, chat: int = KATYA) -> str:
    """A customer writes and is answered, if by anybody; gives the path of the dialogue."""
    await telegram.customer_says(chat, text).confirmed()
    await app.responder.scheduler.idle()
    (thread,) = await app.rows("SELECT id FROM thread WHERE thread_key = %(key)s", key=str(chat))
    return f"/dialogues/{thread['id']}"


async def test_the_waits_that_the_desk_makes_are_those_of_the_report(database_url: str) -> None:
    """Called at noon, assigned a minute later, answered after 150 s by somebody else: the wait began with the call, the
    answer is put to whoever answered, and the bot's time stays its own."""
    clock = FixedClock(TUESDAY)
    async with (
        TelegramStub() as telegram,
        running(database_url, telegram=telegram, clock=clock, with_background=False) as app,
    ):
        leyla, nina = await join(app, "front_desk"), await join(app, "owner")
        path = await says(app, telegram, "позовите администратора пожалуйста")
        clock.advance(60)
        assert (await call(app, leyla, "POST", f"{path}/assign", operator="evening_desk"))[0] == 204
        clock.advance(90)
        assert (await call(app, leyla, "POST", f"{path}/messages", text="Здравствуйте, чем помочь?", key="k"))[0] == 202
        await app.responder.scheduler.idle()
        waits = {measure: await listed(app, nina, measure) for measure in ("human_wait_s", "human_frt_s", "bot_frt_s")}
    assert [(row["seconds"], row["operator"]) for row in waits["human_wait_s"]] == [(150.0, "front_desk")]
    assert [150 <= row["seconds"] < 151 for row in waits["human_frt_s"]] == [True]
    assert [row["ending"] for row in waits["bot_frt_s"]] == ["released"]  # it only passed on: no time of its own


async def listed(app: Running, who: LoggedIn, measure: str) -> list[dict[str, Any]]:
    """The enquiries behind a figure of the report."""
    address = f"{app.url}/api/v1/{SLUG}/report/enquiries"
    async with app.http.get(address, params={"measure": measure}, headers={"cookie": who.cookie}) as answer:
        rows: list[dict[str, Any]] = (await answer.json())["enquiries"]
    return rows


async def test_assigning_silences_the_bot_and_the_wait_goes_on(database_url: str) -> None:
    """Given to a colleague, the dialogue waits for that person; given to nobody, it still waits; taken by oneself,
    nobody waits any more."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "сколько стоит маникюр?")
        count = len(telegram.sent(KATYA))
        assert (await call(app, leyla, "POST", f"{path}/assign", operator="evening_desk"))[0] == 204
        await says(app, telegram, "а педикюр?")
        assert len(telegram.sent(KATYA)) == count
        assert await waiting(app, leyla) == [("evening_desk", True)]
        assert (await call(app, leyla, "POST", f"{path}/assign", operator=None))[0] == 204
        assert await waiting(app, leyla) == [(None, True)]
        assert (await call(app, leyla, "POST", f"{path}/assign", operator="front_desk"))[0] == 204
        (handoff,) = await app.rows("SELECT reason, taken_at IS NOT NULL AS is_taken FROM handoff")
        assert (await call(app, leyla, "POST", f"{path}/assign", operator="nobody"))[0] == 404
    assert handoff == {"reason": "assigned", "is_taken": True}


async def waiting(app: Running, who: LoggedIn) -> list[tuple[str | None, bool]]:
    _, rows = await call(app, who, "GET", "/dialogues")
    return [(row["operator"], row["is_waiting"]) for row in rows]


async def test_whoever_is_barred_is_kept_and_neither_answered_nor_counted_anew(database_url: str) -> None:
    """What a barred customer writes is stored and opens no enquiry; what was open before still counts; let in again,
    they are answered."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "позовите администратора")
        count = len(telegram.sent(KATYA))
        assert (await call(app, leyla, "POST", f"{path}/bar"))[0] == 204
        await says(app, telegram, "вы дураки")
        await says(app, telegram, "сколько стоит маникюр?")
        assert len(telegram.sent(KATYA)) == count
        enquiries = await app.rows("SELECT close_reason, excluded FROM enquiry")
        kept = await app.rows("SELECT text, enquiry_id FROM message WHERE author = 'customer' ORDER BY id")
        assert await waiting(app, leyla) == [(None, False)]
        assert (await call(app, leyla, "POST", f"{path}/unbar"))[0] == 204
        await says(app, telegram, "сколько стоит маникюр?")
        assert len(telegram.sent(KATYA)) == count + 1
    assert enquiries == [{"close_reason": "blocked", "excluded": None}]
    assert [row["text"] for row in kept] == ["позовите администратора", "вы дураки", "сколько стоит маникюр?"]
    assert [row["enquiry_id"] is None for row in kept] == [False, True, True]


async def test_a_customer_marked_as_vip_is_one_from_the_next_enquiry_on(database_url: str) -> None:
    """The mark shortens no wait that has begun; taken off, the next enquiry is like everybody's."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "позовите администратора")
        for is_vip in (True, False):
            assert (await call(app, leyla, "PUT", f"{path}/vip", is_vip=is_vip))[0] == 204
            assert (await call(app, leyla, "POST", f"{path}/close", reason="resolved"))[0] == 204
            await says(app, telegram, "сколько стоит маникюр?")
        priorities = await app.rows("SELECT priority FROM enquiry ORDER BY id")
        records = await app.rows("SELECT details FROM audit_entry WHERE action = 'customer.vip' ORDER BY id")
    assert [row["priority"] for row in priorities] == ["normal", "vip", "normal"]
    assert [row["details"] for row in records] == [{"is_vip": True}, {"is_vip": False}]


async def test_a_hint_goes_with_the_dialogue_to_the_bot(database_url: str) -> None:
    """Given back with a hint, the bot goes on from what the hint says, once, and never shows it; staff find it as a
    note."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "позовите администратора")
        assert (await call(app, leyla, "POST", f"{path}/take-over"))[0] == 204
        hint = "мужская стрижка к Тимуру завтра после 16"
        assert (await call(app, leyla, "POST", f"{path}/give-back", hint=hint))[0] == 204
        await says(app, telegram, "да, запишите меня")
        answer = telegram.sent(KATYA)[-1].text
        (row,) = await app.rows("SELECT state FROM thread")
        (note,) = await app.rows("SELECT text, is_hint FROM note")
        assert (await call(app, leyla, "POST", f"{path}/give-back", hint="x" * 301))[0] == 400
    assert row["state"]["service"] == "mens_haircut"
    assert row["state"]["specialist"] == "timur"
    assert "hint" not in row["state"]
    assert "Тимур" in answer
    assert hint not in answer
    assert note == {"text": hint, "is_hint": True}


async def test_only_what_failed_is_sent_again(database_url: str) -> None:
    """A reply that was refused goes out once more; one that arrived does not; an unknown outcome asks first."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "позовите администратора")
        assert (await call(app, leyla, "POST", f"{path}/messages", text="Слушаю"))[0] == 202
        (message,) = await app.rows("SELECT id FROM message WHERE author = 'human'")
        again = f"{path}/messages/{message['id']}/retry"
        status, refused = await call(app, leyla, "POST", again)
        assert (status, refused["code"]) == (400, "not_failed")
        count = len(telegram.sent(KATYA))
        await app.rows("UPDATE message SET send_state = 'unknown' WHERE author = 'human' RETURNING id")
        status, refused = await call(app, leyla, "POST", again)
        assert (status, refused["code"]) == (400, "may_arrive_twice")
        await app.rows("UPDATE message SET send_state = 'failed', failure = 'x' WHERE author = 'human' RETURNING id")
        assert (await call(app, leyla, "POST", again))[0] == 204
        assert len(telegram.sent(KATYA)) == count + 1
        assert (await call(app, leyla, "POST", f"{path}/messages/99999/retry"))[0] == 404


async def test_a_person_takes_over_while_the_bots_reply_is_on_its_way_out(database_url: str) -> None:
    """A reply that was decided and not yet sent never reaches the customer once a person has come."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "сколько стоит маникюр?")
        count = len(telegram.sent(KATYA))
        await app.rows(
            "INSERT INTO message (salon_id, thread_id, channel_account_id, direction, author, auto_reply, text, "
            "composed_at, send_state, next_attempt_at, idempotency_key) SELECT salon_id, id, channel_account_id, "
            "'out', 'bot', true, 'решено и не отправлено', now(), 'queued', now(), 'q' FROM thread RETURNING id"
        )
        assert (await call(app, leyla, "POST", f"{path}/take-over"))[0] == 204
        await app.responder.delivery.sweep()
        (row,) = await app.rows("SELECT send_state FROM message WHERE idempotency_key = 'q'")
        assert len(telegram.sent(KATYA)) == count
    assert row["send_state"] == "withdrawn"


async def test_nobody_acts_in_another_operators_name(database_url: str) -> None:
    """An operator who names a colleague is refused; the installation's own token may name anybody of the salon."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "позовите администратора")
        assert (await call(app, leyla, "POST", f"{path}/take-over", operator="owner"))[0] == 403
        assert (await call(app, leyla, "POST", f"{path}/take-over", operator="front_desk"))[0] == 204
        assert (await app.staff("POST", f"{path}/take-over", operator="owner")).status == 204
        rows = await app.rows(
            "SELECT o.key FROM audit_entry e JOIN operator o ON o.id = e.operator_id "
            "WHERE e.action = 'dialogue.take_over' ORDER BY e.id"
        )
    assert [row["key"] for row in rows] == ["front_desk", "owner"]


async def test_tags_are_tidied_and_bounded(database_url: str) -> None:
    """Trimmed, each once whatever its case; too many or too long ones are refused in words."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "здравствуйте")
        tags = [" постоянная ", "Постоянная", "#аллергия", "", "VIP гость"]
        assert (await call(app, leyla, "PUT", f"{path}/tags", tags=tags))[0] == 204
        (row,) = await app.rows("SELECT tags FROM thread")
        assert (await call(app, leyla, "PUT", f"{path}/tags", tags=["x" * 31]))[1]["code"] == "tag_too_long"
        assert (await call(app, leyla, "PUT", f"{path}/tags", tags=[str(n) for n in range(11)]))[1][
            "code"
        ] == "too_many_tags"
    assert row["tags"] == ["постоянная", "аллергия", "VIP гость"]


async def test_a_note_sent_twice_is_one_and_calls_whom_it_names(database_url: str) -> None:
    """The longest name wins, an unknown one calls nobody, and nothing of it reaches the customer or a message."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "здравствуйте")
        count = len(telegram.sent(KATYA))
        for _ in range(2):
            note = {"text": "@вера и @owner, гляньте; @никто", "key": "same"}
            assert (await call(app, leyla, "POST", f"{path}/notes", **note))[0] == 204
        rows = await app.rows(
            "SELECT o.key FROM note n, unnest(n.mentions) m JOIN operator o ON o.id = m ORDER BY o.key"
        )
        assert (await call(app, leyla, "POST", f"{path}/notes", text="  "))[0] == 400
        messages = await app.rows("SELECT text FROM message WHERE text LIKE '%%гляньте%%'")
        assert len(telegram.sent(KATYA)) == count
    assert [row["key"] for row in rows] == ["evening_desk", "owner"]
    assert messages == []


async def test_what_was_read_is_read_and_never_less(database_url: str) -> None:
    """How far an operator has read only grows, and is theirs alone."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla, vera = await join(app, "front_desk"), await join(app, "evening_desk")
        path = await says(app, telegram, "здравствуйте")
        await says(app, telegram, "вы тут?")
        first, last = (row["id"] for row in await app.rows("SELECT id FROM message WHERE direction = 'in' ORDER BY id"))
        for message in (last, first, last + 1000):
            assert (await call(app, leyla, "PUT", f"{path}/seen", message_id=message))[0] == 204
        _, (mine,) = await call(app, leyla, "GET", "/dialogues")
        _, (hers,) = await call(app, vera, "GET", "/dialogues")
    assert mine["seen_id"] >= last
    assert hers["seen_id"] == 0


async def test_a_file_is_shown_as_a_picture_only_when_it_is_one(database_url: str) -> None:
    """A PNG comes inline; HTML that calls itself a photo is only ever saved, and nothing in it may run."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        leyla = await join(app, "front_desk")
        path = await says(app, telegram, "здравствуйте")
        contents = {"p1": PNG, "p2": b"<html><script>alert(1)</script>"}
        (row,) = await app.rows("SELECT id, channel_account_id FROM message WHERE direction = 'in'")

        async def fetch(attachment_id: str) -> bytes:
            return contents[attachment_id]

        app.responder.messenger_of(row["channel_account_id"]).fetch = fetch  # type: ignore[union-attr, method-assign]
        await app.rows(
            """UPDATE message SET payload = '{"attachments": [{"kind": "photo", "id": "p1", "name": "ы\\"\\r\\n.png"},
            {"kind": "photo", "id": "p2", "name": "x.html"}]}' WHERE id = %(id)s RETURNING id""",
            id=row["id"],
        )
        answers = []
        for number in (0, 1, 2):
            address = f"{app.url}{path}/messages/{row['id']}/files/{number}"
            async with app.http.get(address, headers={"cookie": leyla.cookie}) as answer:
                answers.append((answer.status, answer.content_type, dict(answer.headers), await answer.read()))
    assert [(status, kind) for status, kind, _, _ in answers[:2]] == [
        (200, "image/png"),
        (200, "application/octet-stream"),
    ]
    assert answers[0][3] == PNG
    assert answers[1][2]["Content-Disposition"].startswith("attachment;")
    assert answers[1][2]["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answers[2][0] == 404
