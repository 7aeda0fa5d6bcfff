"""Background jobs on a real PostgreSQL: they exist with the decision that needs them, and are not lost after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from procrastinate import App
from procrastinate.exceptions import ConnectorException

from connectors.contract import PermanentError, TransientError
from responder.db.engine import Database
from responder.errors import TransientFailure
from responder.jobs import UNEXPECTED_ATTEMPTS, defer, make_app, register, rescue_stalled, run_due, run_worker

PATIENCE_S = 30  # a bound on hanging, not on speed


@pytest.fixture
def app(database_url: str) -> App:
    return make_app(database_url)


async def _jobs(database: Database, task: str = "note") -> list[dict[str, Any]]:
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT id, status::text, args, scheduled_at, attempts FROM procrastinate_jobs WHERE task_name = %s"
            " ORDER BY id",
            (task,),
        )
        return await cursor.fetchall()


def _recorder(app: App) -> list[int]:
    """Registers the task `note`; returns the list of the numbers its jobs were given."""
    seen: list[int] = []

    async def note(number: int) -> None:
        seen.append(number)

    register(app, "note", note)
    return seen


@asynccontextmanager
async def _working(app: App, **options: float) -> AsyncIterator[asyncio.Task[None]]:
    """A worker for the time of the block, stopped the way `responder serve` stops it."""
    worker = asyncio.create_task(run_worker(app, **{"poll_s": 0.05, **options}))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield worker
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def test_a_job_of_a_rolled_back_transaction_does_not_exist(database: Database, app: App) -> None:
    """What was decided and then undone leaves no work behind."""
    seen = _recorder(app)
    with suppress(RuntimeError):
        async with database.transaction() as connection:
            await defer(connection, "note", args={"number": 1})
            raise RuntimeError

    await run_due(app)

    assert (seen, await _jobs(database)) == ([], [])


async def test_a_job_runs_and_is_gone(database: Database, app: App) -> None:
    """A committed job runs once, with its arguments, and leaves no row."""
    seen = _recorder(app)
    async with database.transaction() as connection:
        await defer(connection, "note", args={"number": 7})

    await run_due(app)
    await run_due(app)

    assert (seen, await _jobs(database)) == ([7], [])


async def test_a_running_worker_hears_of_a_new_job(database: Database, app: App) -> None:
    """A worker that waits is told of a job by its commit and does not have to look for it."""
    done = asyncio.Event()

    async def note() -> None:
        done.set()

    register(app, "note", note)
    async with _working(app, poll_s=3600):
        while not done.is_set():  # the worker may still be on its way to listening
            async with database.transaction() as connection:
                await defer(connection, "note", args={})
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), 0.5)

    assert done.is_set()


async def test_a_job_waits_for_its_time(database: Database, app: App) -> None:
    """A job deferred for later does not run before."""
    seen = _recorder(app)
    async with database.transaction() as connection:
        await defer(connection, "note", args={"number": 1}, run_at=datetime.now(UTC) + timedelta(hours=1))

    await run_due(app)

    assert seen == []


@pytest.mark.parametrize("first_is_later", [True, False])
async def test_jobs_of_one_queueing_lock_become_one(database: Database, app: App, first_is_later: bool) -> None:
    """A second job of a queueing lock takes over the waiting one: newest arguments, earliest time, and the caller's
    transaction goes on."""
    later = datetime.now(UTC) + timedelta(hours=1)
    times = [later, None] if first_is_later else [None, later]
    seen = _recorder(app)

    async with database.transaction() as connection:
        for number, run_at in enumerate(times):
            await defer(connection, "note", args={"number": number}, queueing_lock="a", lock="a", run_at=run_at)
        await connection.execute("SELECT 1")
    await run_due(app)

    assert seen == [1]


async def test_the_earlier_of_two_times_counts(database: Database, app: App) -> None:
    """Of two jobs of one queueing lock that both wait, the earlier time is kept, whichever came first."""
    soon, late = (datetime(2126, 1, day, tzinfo=UTC) for day in (1, 2))
    for lock, times in (("a", (soon, late)), ("b", (late, soon))):
        async with database.transaction() as connection:
            for run_at in times:
                await defer(connection, "note", args={}, queueing_lock=lock, run_at=run_at)

    assert [job["scheduled_at"] for job in await _jobs(database)] == [soon, soon]


async def test_a_job_taken_over_waits_for_the_commit(database: Database, app: App) -> None:
    """A worker does not start a waiting job while a transaction that deferred it again is still open, and so cannot
    miss what that transaction writes."""
    seen = _recorder(app)
    async with database.transaction() as connection:
        await defer(connection, "note", args={"number": 1}, queueing_lock="a")

    async with database.transaction() as connection:
        await defer(connection, "note", args={"number": 2}, queueing_lock="a")
        await run_due(app)
        during = list(seen)
    await run_due(app)

    assert (during, seen) == ([], [2])


@pytest.mark.parametrize("error", [TransientError("x", retry_after_s=3600), TransientFailure("x", retry_after_s=3600)])
async def test_a_named_wait_is_kept(database: Database, app: App, error: Exception) -> None:
    """A job that may succeed later is run again after the wait that was asked for."""

    async def note() -> None:
        raise error

    register(app, "note", note)
    async with database.transaction() as connection:
        await defer(connection, "note", args={})
    before = datetime.now(UTC)
    await run_due(app)
    after = datetime.now(UTC)

    (job,) = await _jobs(database)
    hour = timedelta(hours=1)
    assert job["status"] == "todo"
    assert before + hour <= job["scheduled_at"] <= after + hour


async def test_without_a_named_wait_the_pauses_grow(database: Database, app: App) -> None:
    """Each failure in a row is followed by a longer pause, up to a quarter of an hour and a bit."""

    async def note() -> None:
        raise TransientError("down")

    register(app, "note", note)
    async with database.transaction() as connection:
        await defer(connection, "note", args={})
    pauses = []
    for _ in range(14):
        await run_due(app)
        (job,) = await _jobs(database)
        pauses.append((job["scheduled_at"] - datetime.now(UTC)).total_seconds())
        async with database.connection() as connection:
            await connection.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")

    assert pauses[:9] == sorted(pauses[:9])
    assert pauses[0] < 3
    assert 800 < pauses[-1] < 1200


async def test_a_permanent_error_is_not_repeated(database: Database, app: App) -> None:
    """A job that cannot succeed is kept as failed, for staff."""

    async def note() -> None:
        raise PermanentError("never")

    register(app, "note", note)
    async with database.transaction() as connection:
        await defer(connection, "note", args={})

    await run_due(app)

    assert [(job["status"], job["attempts"]) for job in await _jobs(database)] == [("failed", 1)]


@pytest.mark.parametrize(("attempts", "status"), [(0, "todo"), (UNEXPECTED_ATTEMPTS, "failed")])
async def test_an_unforeseen_error_is_repeated_for_a_while(
    database: Database, app: App, attempts: int, status: str
) -> None:
    """A bug is tried again a limited number of times."""

    async def note() -> None:
        raise KeyError

    register(app, "note", note)
    async with database.transaction() as connection:
        await defer(connection, "note", args={})
        await connection.execute("UPDATE procrastinate_jobs SET attempts = %s", (attempts,))

    await run_due(app)

    assert [job["status"] for job in await _jobs(database)] == [status]


async def test_a_retry_gives_way_to_a_waiting_twin(database: Database, app: App) -> None:
    """A failing job whose queueing lock was taken by a newer one ends instead of blocking it for ever."""
    seen: list[int] = []

    async def note(number: int) -> None:
        seen.append(number)
        if number == 1:
            async with database.transaction() as connection:
                await defer(connection, "note", args={"number": 2}, lock="a", queueing_lock="a")
            raise TransientError("down")

    register(app, "note", note)
    async with database.transaction() as connection:
        await defer(connection, "note", args={"number": 1}, lock="a", queueing_lock="a")

    await run_due(app)
    await run_due(app)

    assert (seen, await _jobs(database)) == ([1, 2], [])


async def test_jobs_of_one_lock_never_run_together(database: Database, app: App) -> None:
    """A lock serialises its jobs, in their order, however many hands a worker has."""
    running = 0
    seen: list[tuple[int, int]] = []
    all_done = asyncio.Event()

    async def note(number: int) -> None:
        nonlocal running
        running += 1
        await asyncio.sleep(0)
        seen.append((number, running))
        running -= 1
        if len(seen) == 5:
            all_done.set()

    register(app, "note", note)
    async with database.transaction() as connection:
        for number in range(5):
            await defer(connection, "note", args={"number": number}, lock="a")
    async with _working(app):
        await all_done.wait()

    assert seen == [(number, 1) for number in range(5)]


async def test_stopping_lets_a_running_job_finish(database: Database, app: App) -> None:
    """A worker that is told to stop finishes what it has begun."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def note() -> None:
        begun.set()
        await may_end.wait()

    register(app, "note", note)
    async with database.transaction() as connection:
        await defer(connection, "note", args={})
    async with _working(app) as worker:
        await begun.wait()
        worker.cancel()
        may_end.set()

    assert await _jobs(database) == []


async def test_a_job_longer_than_the_grace_is_given_back(database: Database, app: App) -> None:
    """A job that does not end in time when the worker stops waits for the next worker."""
    begun = asyncio.Event()

    async def note() -> None:
        begun.set()
        await asyncio.Event().wait()

    register(app, "note", note)
    async with database.transaction() as connection:
        await defer(connection, "note", args={})
    async with _working(app, grace_s=0.01):
        await begun.wait()

    assert [job["status"] for job in await _jobs(database)] == ["todo"]


async def test_a_worker_outlives_its_connections(database: Database, database_url: str, app: App) -> None:
    """After the database threw all its connections out a worker goes on, even with the job it was at."""
    begun, may_end, second_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def note(number: int) -> None:
        if number == 1:
            begun.set()
            await may_end.wait()
        else:
            second_done.set()

    register(app, "note", note)
    async with database.transaction() as connection:
        await defer(connection, "note", args={"number": 1}, lock="a")
    async with _working(app, heartbeat_s=0.2):
        await begun.wait()
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            other.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)"
                " VALUES ('default', 'note', 'a', '{\"number\": 2}')"
            )
        may_end.set()
        await second_done.wait()

    assert second_done.is_set()


async def test_the_end_of_a_job_is_noted_however_often_the_database_is_away(
    database: Database, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that ended while the database was away does not stay "running" under a living worker."""
    seen = _recorder(app)
    store, failures = app.connector.execute_query_async, iter(range(2))

    async def store_or_fail(query: str, **arguments: Any) -> None:
        if "procrastinate_finish_job" in query and next(failures, None) is not None:
            raise ConnectorException from psycopg.OperationalError("server closed the connection")
        await store(query, **arguments)

    monkeypatch.setattr(app.connector, "execute_query_async", store_or_fail)
    async with database.transaction() as connection:
        await defer(connection, "note", args={"number": 1})

    await run_due(app)

    assert (seen, await _jobs(database)) == ([1], [])


async def test_a_worker_taken_for_dead_registers_again(database: Database, app: App) -> None:
    """A worker whose registration was removed (a laptop that slept) goes on under a new one."""
    done: asyncio.Queue[int] = asyncio.Queue()

    async def note(number: int) -> None:
        done.put_nowait(number)

    register(app, "note", note)
    async with _working(app):
        for number in (1, 2):
            async with database.transaction() as connection:
                await defer(connection, "note", args={"number": number})
            assert await done.get() == number
            async with database.connection() as connection:
                await connection.execute("DELETE FROM procrastinate_workers")


async def _abandon(database: Database, *locks: tuple[str | None, str | None]) -> None:
    """Jobs in the state in which a killed worker leaves them."""
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
        )
        worker = await cursor.fetchone()
        assert worker is not None
        for number, (lock, queueing_lock) in enumerate(locks):
            await connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status, worker_id)"
                " VALUES ('default', 'note', %s, %s, jsonb_build_object('number', %s::int), 'doing', %s)",
                (lock, queueing_lock, number, worker["id"]),
            )


async def test_abandoned_jobs_are_given_back_once(database: Database, app: App) -> None:
    """However many processes look for the jobs of a dead worker, each job is given back by one of them."""
    await _abandon(database, ("a", "a"), (None, None), ("b", None))
    async with app.open_async():
        rescued = await asyncio.gather(*(rescue_stalled(app) for _ in range(4)))

    assert sum(rescued) == 3
    assert [(job["status"], job["attempts"]) for job in await _jobs(database)] == [("todo", 1)] * 3


async def test_an_abandoned_job_gives_way_to_its_twin(database: Database, app: App) -> None:
    """Of an abandoned job and a waiting one of the same queueing lock the waiting one is left, and of several
    abandoned ones the newest; the others are not held up by it."""
    await _abandon(database, (None, "a"), (None, "b"), (None, "b"), (None, "c"))
    async with database.transaction() as connection:
        await defer(connection, "note", args={"number": 9}, queueing_lock="a")

    async with app.open_async():
        await rescue_stalled(app)

    assert [(job["status"], job["args"]["number"]) for job in await _jobs(database)] == [
        ("todo", 2),
        ("todo", 3),
        ("todo", 9),
    ]


async def test_jobs_of_a_living_worker_are_left_alone(database: Database, app: App) -> None:
    """A long job of a worker with a heartbeat is not taken away from it."""
    await _abandon(database, (None, None))
    async with database.connection() as connection:
        await connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now()")

    async with app.open_async():
        rescued = await rescue_stalled(app)

    assert rescued == 0
