"""The embedded PostgreSQL: started again while the last process that used it is still stopping it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from responder.db.embedded import start_server


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="responder-", ignore_cleanup_errors=True) as name:
        yield Path(name) / "postgres"


async def test_a_server_that_is_stopping_is_started_anew(folder: Path) -> None:
    """Whoever stops `responder serve` and starts it at once again gets a database that answers."""
    server = start_server(folder)
    last = await psycopg.AsyncConnection.connect(server.get_uri())
    process = server.get_postmaster_info().process
    process.terminate()  # "smart": no new connections, and the end when the last one is gone
    while True:
        try:
            await (await psycopg.AsyncConnection.connect(server.get_uri())).close()
        except psycopg.OperationalError:
            break

    starting = asyncio.create_task(asyncio.to_thread(start_server, folder))
    await last.close()

    async with await psycopg.AsyncConnection.connect((await starting).get_uri()) as connection:
        assert await (await connection.execute("SELECT 1")).fetchone() == (1,)
    server.stop()
