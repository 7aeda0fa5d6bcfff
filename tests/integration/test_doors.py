"""The webhook doors: whatever is sent, a clear status, nothing lost, no 5xx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import psycopg
import psycopg_pool
import pytest

from connectors.contract import Inbound
from responder.intake.service import Stored
from tests.running import ACCESS, SLUG, WEBHOOK_SECRET, Running, running, until
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


def altered(**fields: object) -> bytes:
    """A text message with parts of it replaced by name, wherever they stand."""
    document = json.loads(update(20, "Сколько стоит стрижка?"))

    def replaced(value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: fields[name] if name in fields else replaced(inner) for name, inner in value.items()}

    return json.dumps(replaced(document)).encode()


DIGITS = "9" * 12_000
NESTED: object = json.loads("[" * 150 + "]" * 150)


@pytest.mark.parametrize(
    ("body", "status", "kinds"),
    [
        (altered(update_id=10**3999), 400, []),
        (altered(update_id=2**63), 400, []),
        (altered(update_id=-5), 200, ["message"]),
        (b'{"update_id": ' + DIGITS.encode() + b"}", 400, []),
        (altered(update_id=DIGITS), 400, []),
        (altered(id=10**3999), 200, ["unknown"]),
        (altered(id=2**63), 200, ["unknown"]),
        (altered(id=DIGITS), 200, ["unknown"]),
        (altered(message_id=10**3999), 200, ["unknown"]),
        (altered(message_id=-(2**63) - 1), 200, ["unknown"]),
        (altered(message_id=1e300), 200, ["unknown"]),
        (altered(first_name=DIGITS), 200, ["message"]),
        (altered(first_name="a\x00b\ud83d"), 200, ["message"]),
        (altered(username=DIGITS), 200, ["message"]),
        (altered(language_code=DIGITS), 200, ["message"]),
        (altered(text=DIGITS * 30), 200, ["message"]),
        (altered(text=NESTED), 200, ["unknown"]),
        (altered(text="/start " + "x" * 5000), 200, ["started"]),
        (altered(date=253_402_300_799), 200, ["message"]),
        (altered(date=10**3999), 200, ["message"]),
        (altered(date=-(10**18)), 200, ["message"]),
        (altered(date=-1), 200, ["message"]),
        (altered(date=0), 200, ["message"]),
        (altered(date=True), 200, ["message"]),
        (altered(date=1.5), 200, ["message"]),
        (altered(date="tomorrow"), 200, ["message"]),
    ],
)
async def test_no_value_makes_a_messenger_repeat_for_ever(
    body: bytes, status: int, kinds: list[str], database_url: str
) -> None:
    """Whatever stands where a value was documented, it is stored or refused at once, never answered with a 5xx; and
    every page of it can be shown."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        telegram.customer(ANNA.id)
        answers = [await post(app, body) for _ in range(2)]
        await app.responder.scheduler.idle()
        stored = await app.rows("SELECT kind, raw FROM message WHERE direction = 'in'")
        threads = await app.rows("SELECT id FROM thread")
        staff = [f"/api/v1/{SLUG}/dialogues", "/dialogues", *(f"/dialogues/{thread['id']}" for thread in threads)]
        shown = [await _status(app, path) for path in staff]
    assert [got for got, _ in answers] == [status, status], answers
    assert [row["kind"] for row in stored] == kinds
    assert all("update_id" in row["raw"] for row in stored)
    assert set(shown) == {200}


async def _status(app: Running, path: str) -> int:
    async with app.http.get(app.url + path, headers={"authorization": f"Bearer {ACCESS}"}) as answer:
        return answer.status


@pytest.mark.parametrize("date", [253_402_300_799, -1, 0, 1_000_000_000])
async def test_a_time_that_cannot_be_is_none_given(date: int, database_url: str) -> None:
    """A messenger's time in the far future or before there were messengers starts no clock: our receipt does."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        telegram.customer(ANNA.id)
        assert (await post(app, altered(date=date)))[0] == 200
        (row,) = await app.rows(
            "SELECT m.sent_at, m.raw, e.clock_start_at = m.received_at AS is_ours, e.skew_s "
            "FROM message m JOIN enquiry e ON e.id = m.enquiry_id WHERE m.direction = 'in'"
        )
    assert (row["sent_at"], row["is_ours"], row["skew_s"]) == (None, True, 0.0)
    assert row["raw"]["message"]["date"] == date


async def test_a_clock_that_runs_ahead_is_clamped_and_its_skew_recorded(database_url: str) -> None:
    """A time some hours after our receipt stays on record; the clock starts at our receipt."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        telegram.customer(ANNA.id)
        ahead = int(app.responder.clock.now().timestamp()) + 7200
        assert (await post(app, altered(date=ahead)))[0] == 200
        (row,) = await app.rows(
            "SELECT extract(epoch FROM m.sent_at)::int AS sent_at, e.clock_start_at = m.received_at AS is_ours, "
            "e.skew_s FROM message m JOIN enquiry e ON e.id = m.enquiry_id WHERE m.direction = 'in'"
        )
    assert (row["sent_at"], row["is_ours"]) == (ahead, True)
    assert 7000 < row["skew_s"] <= 7200


class _Refusing:
    """An intake whose database refuses some values: what the second line of defence is for."""

    def __init__(self, error: Exception, *, kinds: set[str]) -> None:
        self.error, self.kinds = error, kinds
        self.stored: list[Inbound] = []

    async def store(self, account: object, items: Sequence[Inbound], *, received_at: object) -> list[Stored]:
        if any(item.kind in self.kinds for item in items):
            raise self.error
        self.stored.extend(items)
        return [Stored(message_id=1, thread_id=None, is_duplicate=False, turn_due_at=None) for _ in items]


@pytest.mark.parametrize(
    ("error", "kinds", "status", "stored"),
    [
        (psycopg.errors.ProgramLimitExceeded("index row size"), {"message"}, 200, ["unknown"]),
        (psycopg.DataError("U+0000"), {"message"}, 200, ["unknown"]),
        (psycopg.errors.NumericValueOutOfRange("bigint"), {"message", "unknown"}, 400, []),
        (psycopg.OperationalError("the connection is lost"), {"message", "unknown"}, 503, []),
        (psycopg.errors.DiskFull("no room"), {"message", "unknown"}, 503, []),
        (psycopg.errors.AdminShutdown("restarting"), {"message", "unknown"}, 503, []),
        (psycopg_pool.PoolTimeout("busy"), {"message", "unknown"}, 503, []),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_only_an_outage_asks_the_messenger_to_come_again(
    error: Exception, kinds: set[str], status: int, stored: list[str], database_url: str
) -> None:
    """What the database will never take is set aside with a 2xx or refused with a 4xx; 503 is for what passes."""
    async with TelegramStub() as telegram, running(database_url, telegram=telegram, with_background=False) as app:
        intake = _Refusing(error, kinds=kinds)
        app.responder.intake = intake  # type: ignore[assignment]
        got, text = await post(app, update(30, "Привет"))
    assert got == status, text
    assert [item.kind.value for item in intake.stored] == stored


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
