"""The doctor finds what is wrong in each state an installation can be in; what the start says is true in each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import PermanentError
from connectors.fake import FakeCrm
from responder.assembly import responder
from responder.clock import FixedClock
from responder.commands.announcement import announce
from responder.commands.doctor import examine
from responder.commands.findings import Finding, State, is_well, to_lines
from responder.commands.serve import ensure_salon
from responder.db.engine import Database
from responder.salon.importer import import_salon
from responder.settings import Settings
from tests.factories import salon_file
from tests.integration.lead_world import World, make_pusher, make_world, note_lead
from tests.stubs.bitrix24_api import Bitrix24Stub
from tests.stubs.telegram_api import TelegramStub

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
async def settings(database: Database, database_url: str, tmp_path: Path) -> Settings:
    """An installation with the example salon, and nothing switched on."""
    await ensure_salon(database, clock=FixedClock(datetime.now(UTC)))
    return Settings(_env_file=None, database_url=database_url, var_dir=tmp_path)


@pytest.fixture
async def old_world(database: Database) -> World:
    """A customer who wrote an hour ago, in a salon without accounts."""
    world = await make_world(database, now=datetime.now(UTC) - timedelta(hours=1))
    channels = [{"key": "telegram", "type": "telegram", "name": "Telegram", "token_env": "NOT_SET"}]
    await import_salon(database, salon_file(channels=channels, targets=[]), now=world.now)
    return world


async def found(settings: Settings, **changes: object) -> Mapping[str, Finding]:
    return {finding.part: finding for finding in await examine(settings.model_copy(update=changes))}


def on(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)


async def test_what_is_not_set_up_is_no_fault(settings: Settings) -> None:
    """A fresh installation is well: accounts are off, each with the variables that would switch it on."""
    findings = await examine(settings)
    by_part = {finding.part: finding for finding in findings}

    assert is_well(findings)
    assert by_part["malakhitovaya-shkatulka: channel telegram"].detail == "set TELEGRAM_BOT_TOKEN"
    assert by_part["llm"].state is by_part["redis"].state is State.OFF
    assert to_lines(findings)[-1] == "everything that is on works"


async def test_accounts_that_work_say_who_they_are(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each account is asked by one cheap call, and its own name for itself is shown."""
    async with TelegramStub() as telegram, Bitrix24Stub() as bitrix:
        on(monkeypatch, TELEGRAM_BOT_TOKEN=telegram.token, TELEGRAM_API_BASE=telegram.url)
        on(monkeypatch, BITRIX24_WEBHOOK_URL=bitrix.url)
        parts = await found(settings)

    assert parts["malakhitovaya-shkatulka: channel telegram"].state is State.OK
    assert parts["malakhitovaya-shkatulka: crm bitrix24"].state is State.OK
    assert "127.0.0.1" in parts["malakhitovaya-shkatulka: crm bitrix24"].detail


async def test_everything_outside_is_down(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part that is on and does not answer fails with a hint, and no secret is shown."""
    on(monkeypatch, TELEGRAM_BOT_TOKEN="1:geheim", TELEGRAM_API_BASE=NOWHERE)
    on(monkeypatch, BITRIX24_WEBHOOK_URL=f"{NOWHERE}/rest/1/geheim")
    outside = Settings(
        _env_file=None, redis_url="redis://:geheim@127.0.0.1:1", llm_base_url=f"{NOWHERE}/v1", llm_api_key="geheim"
    )
    parts = await found(
        settings, redis_url=outside.redis_url, llm_base_url=outside.llm_base_url, llm_api_key=outside.llm_api_key
    )

    failed = {part for part, finding in parts.items() if finding.state is State.FAIL}
    slug = "malakhitovaya-shkatulka"
    assert failed == {"redis", "llm", f"{slug}: channel telegram", f"{slug}: crm bitrix24"}
    assert all(parts[part].hint for part in failed)
    assert "geheim" not in "\n".join(to_lines(list(parts.values())))


async def test_without_its_database_the_rest_is_still_examined(settings: Settings) -> None:
    """The doctor is for the day on which nothing starts."""
    nowhere = Settings(_env_file=None, database_url="postgresql://olga:geheim@127.0.0.1:1/d").database_url

    parts = await found(settings, database_url=nowhere)

    assert parts["database"].state is State.FAIL
    assert "geheim" not in parts["database"].detail
    assert {"folder", "redis"} <= parts.keys()


async def test_a_folder_that_cannot_be_used_is_told(settings: Settings, tmp_path: Path) -> None:
    """A file where the folder should be is found before anything tries to write there."""
    (tmp_path / "taken").touch()

    parts = await found(settings, var_dir=tmp_path / "taken")

    assert parts["folder"].state is State.FAIL


async def test_clocks_apart_are_told(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are differences between two clocks, so a skew of seconds falsifies every figure."""

    class Ahead(FixedClock):
        def __init__(self) -> None:
            super().__init__(datetime.now(UTC) + timedelta(seconds=90))

    monkeypatch.setattr("responder.assembly.opening.SystemClock", Ahead)

    parts = await found(settings)

    assert parts["database"].state is State.FAIL
    assert "NTP" in parts["database"].hint


async def test_what_waits_too_long_is_told(database: Database, settings: Settings, old_world: World) -> None:
    """An answer, a message and a lead of an hour ago that nobody attends to are three findings with their times."""
    async with database.transaction() as connection:
        due = {"at": old_world.now, "thread": old_world.thread_id}
        await connection.execute("UPDATE thread SET turn_due_at = %(at)s WHERE id = %(thread)s", due)
        await connection.execute("UPDATE message SET send_state = 'queued' WHERE direction = 'out'")
        await note_lead(connection, old_world)
        await connection.execute("UPDATE procrastinate_jobs SET scheduled_at = %(at)s", due)

    parts = await found(settings)

    assert [parts[part].state for part in ("answers", "messages", "jobs", "leads")] == [State.FAIL] * 3 + [State.OK]
    assert f"since {old_world.now:%Y-%m-%d %H:%M} UTC" in parts["answers"].detail


async def test_a_job_for_later_is_not_late(database: Database, settings: Settings, old_world: World) -> None:
    """A lead that waits for its booking is no backlog."""
    async with database.transaction() as connection:
        await note_lead(connection, old_world, push_after_s=7200)

    jobs = (await found(settings))["jobs"]

    assert (jobs.state, jobs.detail) == (State.OK, "1 waiting for their time")


async def test_a_lead_that_a_crm_refused_is_told_with_its_reason(
    database: Database, settings: Settings, old_world: World
) -> None:
    """Nothing else shows an owner that the CRM lacks a lead."""
    crm = FakeCrm()
    await crm.open()
    crm.fail_next(PermanentError("the pipeline was deleted"))
    async with database.transaction() as connection:
        lead = await note_lead(connection, old_world)
    await make_pusher(database, FixedClock(old_world.now), fake=crm).push(lead)

    leads = (await found(settings))["leads"]

    assert leads.state is State.FAIL
    assert leads.detail.startswith("1 refused by a CRM")
    assert leads.detail.endswith("the pipeline was deleted")


@pytest.mark.parametrize(
    ("names", "public_url", "line"),
    [
        ({}, None, "off: set TELEGRAM_BOT_TOKEN to switch it on"),
        ({"TELEGRAM_BOT_TOKEN": "1:a"}, None, "on, by long polling"),
        ({"TELEGRAM_BOT_TOKEN": "1:a", "TELEGRAM_WEBHOOK_SECRET": "abc"}, None, "on, by long polling"),
        (
            {"TELEGRAM_BOT_TOKEN": "1:a"},
            "https://salon.example",
            "on, by long polling: a webhook needs TELEGRAM_WEBHOOK_SECRET",
        ),
        ({"TELEGRAM_BOT_TOKEN": "1:a", "TELEGRAM_WEBHOOK_SECRET": "abc"}, "https://salon.example", "on, by webhook"),
    ],
)
async def test_the_start_says_how_telegram_comes_in(
    settings: Settings,
    database_url: str,
    names: Mapping[str, str],
    public_url: str | None,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The token alone suffices; the line names what a webhook needs only where there is an address for one."""
    on(monkeypatch, **names)
    async with responder(settings.model_copy(update={"public_url": public_url}), url=database_url) as running:
        await announce(running, headline="Responder is ready.")

    assert f"  telegram     {line}\n" in capsys.readouterr().out


async def test_the_start_says_what_does_not_answer_and_goes_on(
    settings: Settings, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line each for Redis and the LLM, without their secrets."""
    outside = Settings(_env_file=None, redis_url="redis://:geheim@127.0.0.1:1", llm_base_url=f"{NOWHERE}/v1")
    update = {"redis_url": outside.redis_url, "llm_base_url": outside.llm_base_url}
    async with responder(settings.model_copy(update=update), url=database_url) as running:
        await announce(running, headline="Responder is ready.")

    said = capsys.readouterr().out
    assert "understands  by rules: nobody answers at 127.0.0.1:1 now; gpt-4o-mini helps as soon as it does\n" in said
    assert "Redis        does not answer (ConnectionError)" in said
    assert "geheim" not in said


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """Accepts connections and says nothing."""

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_silent_redis_does_not_hold_up_the_start(
    settings: Settings, database_url: str, silent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Waiting for somebody outside ends after less than a second."""
    update = {"redis_url": Settings(_env_file=None, redis_url=silent).redis_url}
    async with responder(settings.model_copy(update=update), url=database_url) as running:
        await announce(running, headline="Responder is ready.")

    assert "Redis        does not answer (nothing within 0.8 s)" in capsys.readouterr().out
