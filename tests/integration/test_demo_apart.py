"""The demo beside a real installation: its operators, customers and jobs meet nothing that is real."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from responder.commands.demo_home import alone, demo_url
from responder.db.engine import Database
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.settings import Settings
from tests.integration.lead_world import make_world, note_lead
from tests.stubs.bitrix24_api import Bitrix24Stub
from tests.stubs.telegram_api import TelegramStub

ROOT = Path(__file__).parents[2]
REPORT = ("report", "--json")
CUSTOMERS = 8


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A real salon with a customer who waits for a person, and its command line."""

    database_url: str
    environment: Mapping[str, str]
    settings: Settings

    async def run(self, *command: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error of `responder ...`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "responder.cli",
            *command,
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await process.communicate()
        return process.returncode or 0, out.decode(), errors.decode()

    async def play(self) -> str:
        code, out, errors = await self.run("demo", "--no-serve", "--customers", str(CUSTOMERS), "--days", "2")
        assert (code, errors) == (0, ""), errors
        return out

    def everything(self) -> dict[str, Any]:
        """Every row of every table of the installation's database."""
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        with psycopg.connect(self.database_url) as connection:
            return {
                name: connection.execute(
                    sql.SQL("SELECT to_jsonb(t)::text FROM {} t ORDER BY 1").format(sql.Identifier(name))
                ).fetchall()
                for (name,) in connection.execute(tables).fetchall()
            }


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStub]:
    async with TelegramStub() as telegram:
        yield telegram


@pytest.fixture
async def bitrix() -> AsyncIterator[Bitrix24Stub]:
    async with Bitrix24Stub() as bitrix:
        yield bitrix


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own folder: as root the embedded server is another user, from whom a second run of pytest on the
    machine takes the way to it."""
    with tempfile.TemporaryDirectory(prefix="responder-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
async def installation(
    database: Database, database_url: str, folder: Path, telegram: TelegramStub, bitrix: Bitrix24Stub
) -> Installation:
    """Everything an environment can name is named: what the demo would use of it, it would touch."""
    file, now = read_salon_file(DEMO_SALON), datetime.now(UTC)
    world = await make_world(database, now=now, slug=file.slug)
    await import_salon(database, file, now=now)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO handoff (salon_id, thread_id, enquiry_id, needed_at, reason) VALUES (%s, %s, %s, %s, 'asked')",
            (world.salon_id, world.thread_id, world.enquiry_id, world.now),
        )
        await note_lead(connection, world)
    environment = {
        "DATABASE_URL": database_url,
        "VAR_DIR": str(folder / "var"),
        "REDIS_URL": "redis://127.0.0.1:1",
        "LLM_BASE_URL": "http://127.0.0.1:1/v1",
        "PUBLIC_URL": "https://salon.example",
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "TELEGRAM_API_BASE": telegram.url,
        "BITRIX24_WEBHOOK_URL": bitrix.url,
    }
    settings = Settings(_env_file=None, var_dir=folder / "var")
    return Installation(database_url=database_url, environment=environment, settings=settings)


async def test_nothing_simulated_touches_what_is_real(
    installation: Installation, telegram: TelegramStub, bitrix: Bitrix24Stub
) -> None:
    """A waiting dialogue, a lead on its way and every other row stay as they are; messenger and CRM hear nothing."""
    before = installation.everything()

    said = await installation.play()

    assert "not touched" in said.splitlines()[0]
    assert installation.everything() == before
    assert before["handoff"] != []
    assert (telegram.calls, bitrix.calls) == ([], [])


async def test_the_report_of_the_demo_is_its_own(installation: Installation) -> None:
    """What was simulated is reported when asked for, is not in the salon's own figures, and can be removed."""
    await installation.play()

    _, of_demo, _ = await installation.run(*REPORT, "--demo")
    _, own, _ = await installation.run(*REPORT)
    assert json.loads(of_demo)["total"]["arrivals"] >= CUSTOMERS - 2  # spam is left out
    assert json.loads(own)["total"]["arrivals"] == 1
    code, _, errors = await installation.run("demo", "--clear")
    assert (code, errors) == (0, "")
    assert not (installation.settings.var_dir / "demo").exists()
    code, _, errors = await installation.run(*REPORT, "--demo")
    assert (code, errors) == (2, "responder: there is no demo yet; `responder demo` plays one\n")


async def test_a_demo_that_is_shown_is_not_played_or_removed(installation: Installation) -> None:
    """One demo at a time, and the second one says so instead of mixing its days with the first one's."""
    with alone(demo_url(installation.settings)):
        again = await installation.run("demo", "--no-serve", "--customers", "5")
        clear = await installation.run("demo", "--clear")

    for code, _, errors in (again, clear):
        assert code == 2
        assert errors.startswith("responder: a demo is running already")
    assert (installation.settings.var_dir / "demo").is_dir()
