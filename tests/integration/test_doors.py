"""The webhook doors: whatever is sent, a clear status, nothing lost, no 5xx."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.running import SLUG, WEBHOOK_SECRET, Running, running, until
from tests.stubs import telegram_updates as updates
from tests.stubs.telegram_api import TelegramStub
from tests.stubs.telegram_updates import Customer

NAUGHTY = Path(__file__).parents[3] / "shared" / "data" / "naughty_strings.json"
HEADERS = {"x-telegram-bot-api-secret-token": WEBHOOK_SECRET, "content-type": "application/json"}
ANNA = Customer(id=4455)


async def post(app: Running, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, str]:
    async with app.http.post(app.telegram_hook, data=body, headers=HEADERS if headers is None else headers) as answer:
        return answer.status, await answer.text()


def update(number: int, text: str, *, date: int = 1_790_000_000) -> bytes:
    return json.dumps({"update_id": number, **updates.said(ANNA, text, message_id=number, date=date)}).encode()


async def test_a_duplicate_changes_nothing(database_url: str) -> None:
    """The same update again is 2xx and stored once, also when both arrive at the same time."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram) as app:
        telegram.customer(ANNA.id)
        body = update(1, "Сколько стоит стрижка?")
        answers = await asyncio.gather(*(post(app, body) for _ in range(8)))
        await app.responder.scheduler.idle()
        rows = await app.rows("SELECT count(*) AS n FROM message WHERE direction = 'in'")
        enquiries = await app.rows("SELECT count(*) AS n FROM enquiry")
    assert {status for status, _ in answers} == {200}
    assert rows[0]["n"] == 1
    assert enquiries[0]["n"] == 1
    assert len(telegram.sent(ANNA.id)) == 1


async def test_reordered_messages_are_read_in_the_messengers_order(database_url: str) -> None:
    """A burst that arrives in the wrong order is put right, and its clock starts at the earliest message."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, burst_quiet_s=0.3) as app:
        telegram.customer(ANNA.id)
        await post(app, update(12, "на завтра", date=1_790_000_005))
        await post(app, update(11, "хочу маникюр", date=1_790_000_001))
        await telegram.until_sent(ANNA.id, count=1)
        await app.responder.scheduler.idle()
        (enquiry,) = await app.rows("SELECT extract(epoch FROM clock_start_at)::int AS at FROM enquiry")
    assert enquiry["at"] == 1_790_000_001


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (update(1, "hi"), {}, 401),
        (update(1, "hi"), {"x-telegram-bot-api-secret-token": "wrong"}, 401),
        (b"", HEADERS, 400),
        (b"not json", HEADERS, 400),
        (b"[]", HEADERS, 400),
        (b"null", HEADERS, 400),
        (b'{"update_id": "x"}', HEADERS, 400),
        (b"\xff\xfe" * 100, HEADERS, 400),
        (b'{"update_id": 9, "message": {"text": "' + b"x" * (1024 * 1024) + b'"}}', HEADERS, 413),
        (b'{"update_id": 10, "tomorrow_kind": {"a": 1}}', HEADERS, 200),
        (b'{"update_id": 11, "poll": {"id": "1"}}', HEADERS, 200),
    ],
)
async def test_a_bad_body_has_a_clear_status(
    body: bytes, headers: dict[str, str], status: int, database_url: str
) -> None:
    """Refused bodies say why with a 4xx and store no message of a customer; unknown kinds are kept raw with 2xx."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        got, text = await post(app, body, headers)
        stored = await app.rows("SELECT kind FROM message")
    assert got == status, text
    assert [row["kind"] for row in stored] == (["unknown"] if status == 200 else [])


async def test_an_unknown_account_is_not_found(database_url: str) -> None:
    """A hook of no account is 404, and so is the web chat's: only its own routes vouch for visitors."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        for path in (
            f"/hooks/{SLUG}/nothing",
            "/hooks/nobody/telegram",
            f"/hooks/{SLUG}/website",
            f"/hooks/{SLUG}/web",
        ):
            async with app.http.post(app.url + path, data=b"{}") as answer:
                assert answer.status == 404, path


async def test_naughty_strings_are_stored_intact_and_answered(database_url: str) -> None:
    """Every naughty string is a 2xx, is stored as it was sent (but for U+0000) and never makes a turn fail."""
    if not NAUGHTY.exists():
        pytest.skip("the development data is not beside the repository")
    strings = [text for text in json.loads(NAUGHTY.read_text("utf-8")) if text.strip()]
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, burst_quiet_s=0) as app:
        for number, text in enumerate(strings, start=1):
            customer = Customer(id=number)
            telegram.customer(number)
            said = updates.said(customer, text, message_id=1, date=1_790_000_000)
            status, answer = await post(app, json.dumps({"update_id": number, **said}).encode())
            assert status == 200, (text, answer)
        await until(lambda: _nothing_due(app), within_s=60)
        stored = await app.rows("SELECT provider_key, text FROM message WHERE direction = 'in'")
        failed = await app.rows("SELECT count(*) AS n FROM thread WHERE turn_failures > 0")
        lost = await app.rows("SELECT count(*) AS n FROM handoff WHERE reason = 'failed'")
    by_key = {row["provider_key"]: row["text"] for row in stored}
    for number, text in enumerate(strings, start=1):
        assert by_key[str(number)] == text.replace("\x00", "\ufffd")
    assert failed[0]["n"] == lost[0]["n"] == 0


async def _nothing_due(app: Running) -> bool:
    rows = await app.rows("SELECT count(*) AS n FROM thread WHERE turn_due_at IS NOT NULL")
    return rows[0]["n"] == 0
