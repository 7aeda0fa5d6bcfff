"""Background work that must not be lost and need not be instant: a job is a task's name and a few ids.

A job is deferred on the caller's own connection, so it exists exactly when the decision that needs it was committed. It
runs at least once: a worker may die after the work and before the note that it is done, so every task must be harmless
when repeated. Built on procrastinate 3.10; wherever this file does not simply use it, it says why.

Job arguments are ids, never names, phones or texts: they appear in logs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import psycopg
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT, JobManager
from psycopg.types.json import Jsonb

from connectors.contract import ConnectorError, TransientError
from responder.db.engine import Connection
from responder.errors import ResponderError, TransientFailure
from responder.logs import get_logger

LONGEST_PAUSE_S = 900.0
UNEXPECTED_ATTEMPTS = 10  # an error of no known kind is a bug of ours: mended by a release within the day, or parked
KEEP_FAILED_HOURS = 30 * 24
RECONNECT_S = 2.0
INTERRUPTED_PAUSE_S = 60.0  # whoever was being called may be at it still

log = get_logger("jobs")

JobArgs = Mapping[str, int | str | None]


async def defer(
    connection: Connection,
    task: str,
    *,
    args: JobArgs,
    lock: str | None = None,
    queueing_lock: str | None = None,
    run_at: datetime | None = None,
    queue: str = "default",
) -> None:
    """Note a job on `connection`, inside whatever transaction it is in.

    `lock`: jobs of one lock run one at a time, in the order of their deferring; one that waits for its time holds up
    the later ones, so give a `queueing_lock` with it. `queueing_lock`: at most one job of it waits. Deferring another
    takes over the waiting one: the arguments become these, the time the earlier of the two, and the worker cannot
    start it before this transaction ends, so it sees what the transaction wrote. `run_at` is read by the database's
    clock; None is at once.
    """
    await connection.execute(
        DEFER,
        {
            "queue": queue,
            "task": task,
            "lock": lock,
            "queueing_lock": queueing_lock,
            "args": Jsonb(dict(args)),
            "run_at": run_at,
        },
    )


def make_app(database_url: str, *, pool_size: int = 4) -> App:
    """The procrastinate application of a process; it opens no connection until it is run."""
    app = App(
        connector=PsycopgConnector(conninfo=database_url, min_size=1, max_size=pool_size, name="responder-jobs"),
        worker_defaults={"install_signal_handlers": False, "delete_jobs": "successful"},
    )
    app.job_manager = _PatientJobManager(app.connector)

    # Also what keeps a worker honest: procrastinate 3.10 without any periodic task never notices that its heartbeat
    # has stopped, and goes on fetching jobs that others take for abandoned.
    @app.periodic(cron="17 4 * * *")
    @app.task(name="forget_old_jobs", queueing_lock="forget_old_jobs")
    async def forget_old_jobs(timestamp: int) -> None:
        await app.job_manager.delete_old_jobs(KEEP_FAILED_HOURS, include_failed=True, include_aborted=True)

    return app


def register(app: App, name: str, work: Callable[..., Awaitable[None]]) -> None:
    """Make `work` (an async function of keyword arguments) what jobs called `name` run. It may raise
    `TransientError` or `TransientFailure` to be run again, after `retry_after_s` when that is set."""
    app.task(name=name, retry=_Patience())(work)


async def run_worker(
    app: App,
    *,
    concurrency: int = 10,
    poll_s: float = 1.0,
    heartbeat_s: float = 10.0,
    stalled_after_s: float = 30.0,
    grace_s: float = 20.0,
) -> None:
    """Run jobs until cancelled; then let running ones finish for `grace_s` and give the rest back.

    Jobs of a worker that was killed (no heartbeat for `stalled_after_s`) are run again. A lost database is waited for.
    """
    while True:
        try:
            async with app.open_async(), asyncio.TaskGroup() as group:
                rescuer = group.create_task(_rescue_forever(app, stalled_after_s=stalled_after_s))
                try:
                    await app.run_worker_async(
                        concurrency=concurrency,
                        fetch_job_polling_interval=poll_s,
                        update_heartbeat_interval=heartbeat_s,
                        stalled_worker_timeout=stalled_after_s,
                        shutdown_graceful_timeout=grace_s,
                    )
                finally:
                    rescuer.cancel()
        except* ConnectorException:
            pass
        _stop_if_cancelled()
        # A worker that ends without being cancelled has lost the database.
        log.warning("worker_lost_database", again_in_s=RECONNECT_S)
        await asyncio.sleep(RECONNECT_S)


async def run_due(app: App, *, concurrency: int = 10) -> None:
    """Run what is due now and return when it is done; for tests, trials and the demo."""
    async with app.open_async():
        await app.run_worker_async(wait=False, listen_notify=False, concurrency=concurrency)


async def rescue_stalled(app: App, *, stalled_after_s: float = 30.0) -> int:
    """Let the jobs of dead workers be run again; returns how many. Safe from many processes at once: a job is given
    back once."""
    rows = await app.connector.execute_query_all_async(RESCUE, stalled_after_s=stalled_after_s)
    if rows:
        log.warning("stalled_jobs_rescued", jobs=[row["id"] for row in rows])
    return len(rows)


class _Patience(BaseRetryStrategy):
    """Again and again what may succeed later; a few times what nobody foresaw; never what cannot."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):  # the worker stops; somebody else shall go on
            pause_s = INTERRUPTED_PAUSE_S
        elif isinstance(exception, (TransientError, TransientFailure)):
            pause_s = exception.retry_after_s or _pause_s(job)
        elif isinstance(exception, (ConnectorError, ResponderError)) or job.attempts >= UNEXPECTED_ATTEMPTS:
            return None
        else:
            pause_s = _pause_s(job)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=pause_s))


def _pause_s(job: Job) -> float:
    """2, 4, 8 ... seconds, spread over a quarter so that the jobs of one outage do not come back in one second."""
    pause_s = min(2.0 ** min(job.attempts + 1, 20), LONGEST_PAUSE_S)
    return pause_s * (1 + (job.id or 0) % 100 / 400)


class _PatientJobManager(JobManager):
    """Notes the end of a job even when the database is away at that moment: otherwise the job, and its lock, would
    stay "doing" for as long as this worker lives."""

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await _until_stored(lambda: super(_PatientJobManager, self).finish_job(job, status, delete_job))

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        try:
            await _until_stored(lambda: super(_PatientJobManager, self).retry_job(job, retry_at, priority, queue, lock))
        except UniqueViolation as error:
            if error.constraint_name != QUEUEING_LOCK_CONSTRAINT:
                raise
            # another job of the same queueing lock was deferred meanwhile and does this one's work
            await self.finish_job(job, Status.ABORTED, delete_job=True)


async def _until_stored(store: Callable[[], Awaitable[None]], *, tries: int = 8) -> None:
    for attempt in range(tries):
        try:
            await store()
            return
        except ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.OperationalError) or attempt == tries - 1:
                raise
        await asyncio.sleep(min(0.2 * 2**attempt, 10))


async def _rescue_forever(app: App, *, stalled_after_s: float) -> None:
    while True:
        try:
            await rescue_stalled(app, stalled_after_s=stalled_after_s)
        except ConnectorException as error:
            log.warning("rescue_failed", error=type(error.__cause__ or error).__name__)
        _stop_if_cancelled()  # a pool that is closing may have swallowed the cancellation
        await asyncio.sleep(stalled_after_s / 2)


def _stop_if_cancelled() -> None:
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


# procrastinate's own statement would raise on a waiting twin, and with it end the caller's transaction; skipping the
# twin would let a worker start it before the caller's commit and miss what the caller wrote. The update holds it.
DEFER = """
INSERT INTO procrastinate_jobs AS waiting (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
VALUES (%(queue)s, %(task)s, %(lock)s, %(queueing_lock)s, %(args)s, %(run_at)s)
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE
SET args = excluded.args,
    scheduled_at = CASE
        WHEN waiting.scheduled_at IS NULL OR excluded.scheduled_at IS NULL THEN NULL
        ELSE least(waiting.scheduled_at, excluded.scheduled_at)
    END
"""

# now() and no injected clock: the heartbeats are written by the database's clock.
RESCUE = """
WITH stalled AS (
    SELECT job.id, job.queueing_lock
    FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
    WHERE job.status = 'doing'
      AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %(stalled_after_s)s))
    FOR UPDATE OF job SKIP LOCKED
), superseded AS (
    DELETE FROM procrastinate_jobs USING stalled
    WHERE procrastinate_jobs.id = stalled.id AND EXISTS (
        SELECT FROM procrastinate_jobs twin
        WHERE twin.queueing_lock = stalled.queueing_lock
          AND (twin.status = 'todo' OR twin.id IN (SELECT id FROM stalled) AND twin.id > stalled.id))
    RETURNING procrastinate_jobs.id
)
UPDATE procrastinate_jobs
SET status = 'todo', attempts = attempts + 1, scheduled_at = NULL, abort_requested = false
WHERE id IN (SELECT id FROM stalled EXCEPT SELECT id FROM superseded)
RETURNING id
"""
