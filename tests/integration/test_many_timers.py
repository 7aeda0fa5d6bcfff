"""Five thousand timers of one minute, two real processes, one of them killed in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.timers import seed_enquiries
from responder.db.engine import Database
from tests.factories import stored_salon
from tests.running import until

MANY = 5_000
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def watching(
    url: str, folder: Path, *command: str, says: bytes = b"ready"
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that fires timers, ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *(command or ("tests.integration.watching", url, str(folder)))),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "DATABASE_URL": url, "VAR_DIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert says in await asyncio.wait_for(process.stdout.readline(), 60)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_each_timer_fires_once_though_a_process_is_killed(database: Database, tmp_path: Path) -> None:
    """Of 5,000 timers due within one minute on two processes each fires exactly once, also those that the killed
    process had in its hands; what was told is there with each, and nothing is left to look at."""
    salon = await stored_salon(database, targets=[{"measure": "first_useful_s", "within": "1h"}])

    async def count(query: str) -> int:
        async with database.connection() as connection:
            row = await (await connection.execute(query)).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return int(row["n"])

    async def fired(at_least: int) -> bool:
        return await count("SELECT count(*) AS n FROM sla_event") >= at_least

    async with watching(database.url, tmp_path) as doomed, watching(database.url, tmp_path):
        first_at = datetime.now(UTC) - timedelta(seconds=3660)
        async with database.transaction() as connection:
            await seed_enquiries(
                connection, salon, count=MANY, first_at=first_at, spread=timedelta(seconds=60), look_after_s=3600
            )
        await until(lambda: fired(200))
        doomed.send_signal(signal.SIGKILL)
        await doomed.wait()
        was_cut_off = not await fired(MANY)
        await until(lambda: fired(MANY), within_s=90)

    assert was_cut_off
    assert await count("SELECT count(DISTINCT enquiry_id) AS n FROM sla_event WHERE step = 'breach'") == MANY
    assert await count("SELECT count(*) AS n FROM sla_event") == MANY
    assert await count("SELECT count(DISTINCT enquiry_id) AS n FROM alert WHERE kind = 'breach'") == MANY
    assert await count("SELECT count(*) AS n FROM alert") == MANY
    assert await count("SELECT count(*) AS n FROM sla_event WHERE fired_at < due_at") == 0
    assert await count("SELECT count(*) AS n FROM enquiry WHERE next_check_at IS NULL") == 0


async def test_a_worker_fires_timers_too(database: Database, tmp_path: Path) -> None:
    """`responder worker` tells what is due and stops when it is asked to."""
    salon = await stored_salon(database, targets=[{"measure": "first_useful_s", "within": "1h"}])
    first_at = datetime.now(UTC) - timedelta(seconds=3660)
    async with database.transaction() as connection:
        await seed_enquiries(connection, salon, count=5, first_at=first_at, spread=timedelta(seconds=1), look_after_s=0)

    async def told() -> bool:
        async with database.connection() as connection:
            row = await (await connection.execute("SELECT count(*) AS n FROM alert")).fetchone()
        return row is not None and row["n"] == 5

    async with watching(database.url, tmp_path, "responder.cli", "worker", says=b"worker is ready") as worker:
        assert await until(told)
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.wait(), 30) == 0
