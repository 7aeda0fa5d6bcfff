"""What a serving process does besides answering requests: sweeps, housekeeping, polling of channels, jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager

import psycopg

from connectors.contract import (
    ConnectorError,
    Inbound,
    Polling,
    Subscribing,
)
from responder import jobs, metrics
from responder.alerts.service import SEND_ALERTS
from responder.assembly.parts import OpenDoor, Responder
from responder.assembly.watching import (
    LOOK_AT_CHANNELS_EVERY_S,
    LOOK_AT_WINDOW_EVERY_S,
    account_fails,
    account_works,
    alert_sender,
    channel_watch,
    fire_timers,
    window_alarm,
)
from responder.booking.service import expire_holds
from responder.leads.service import PUSH_LEAD, LeadPusher, retry_refused
from responder.logs import get_logger
from responder.reports.keeping import bring_up_to_date, has_stale_days, salons_due
from responder.salon.profile import SalonProfile

log = get_logger(__name__)
SWEEP_EVERY_S = 1.0
MEASURE_EVERY_S = 1.0
COUNT_EVERY_S = 60.0
HOUSEKEEPING_EVERY_S = 30.0
CONNECT_EVERY_S = 1.0
POLLED_WELL_S = 60.0  # a poll that lasted this long ended an earlier trouble
POLLING_WORKS_AFTER_S = 15.0
CANCEL_AT_MOST = 5
CANCEL_AGAIN_AFTER_S = 5.0  # a library that swallows one cancellation must not keep the process from stopping


@asynccontextmanager
async def background(running: Responder, *, with_jobs: bool = True) -> AsyncIterator[None]:
    """The loops of a serving process: sweeps, housekeeping, polling of channels, and jobs unless a worker runs them."""
    tasks = [
        asyncio.create_task(_every(SWEEP_EVERY_S, running.scheduler.sweep, "sweep_turns"), name="sweep_turns"),
        asyncio.create_task(_every(SWEEP_EVERY_S, running.delivery.sweep, "sweep_delivery"), name="sweep_delivery"),
        asyncio.create_task(_every(HOUSEKEEPING_EVERY_S, lambda: keep_house(running), "keep_house")),
        asyncio.create_task(_connect_channels(running), name="connect_channels"),
        asyncio.create_task(fire_timers(running), name="timers"),
        asyncio.create_task(_every(LOOK_AT_CHANNELS_EVERY_S, channel_watch(running).look, "watch_channels")),
        asyncio.create_task(_every(LOOK_AT_WINDOW_EVERY_S, window_alarm(running).look, "watch_window")),
    ]
    if with_jobs:
        tasks.append(asyncio.create_task(run_jobs(running), name="jobs"))
    try:
        yield
    finally:
        await _end(tasks)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until they end; what does not end all the same is left to the end of the process, and said."""
    pending = {task for task in tasks if not task.done()}
    for _ in range(CANCEL_AT_MOST):
        for task in pending:
            task.cancel()
        if not pending:
            return
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_AFTER_S)
    if not pending:
        return
    log.error("did_not_stop", tasks=sorted(task.get_name() for task in pending))


async def run_jobs(running: Responder) -> None:
    """Run background jobs until cancelled."""
    app = jobs.make_app(running.database.url)
    pusher = lead_pusher(running)
    jobs.register(app, PUSH_LEAD, pusher.push)
    jobs.register(app, SEND_ALERTS, alert_sender(running).send)
    await _retry_refused_leads(running)
    figures = [
        asyncio.create_task(_every(MEASURE_EVERY_S, lambda: measure_changes(running), "measure_changes")),
        asyncio.create_task(_every(COUNT_EVERY_S, lambda: count_days(running), "count_days")),
    ]
    try:
        await jobs.run_worker(app)
    finally:
        await _end(figures)


async def measure_changes(running: Responder) -> None:
    """Measure enquiries whose stamps changed, so that a report has little left to measure."""
    for salon_id, revision in (await salons_due(running.database)).items():
        salon = await running.salons.get(salon_id, revision)
        await bring_up_to_date(running.database, salon, now=running.clock.now())


async def count_days(running: Responder) -> None:
    """Count days that are over, so that a report of a month reads thirty of them and not every enquiry."""
    for salon in await running.salons.all():
        if await has_stale_days(running.database, salon, now=running.clock.now()):
            from responder.reports.rollups import count_stale_days  # numpy: only where there is something to count

            await count_stale_days(running.database, salon, now=running.clock.now())


async def _retry_refused_leads(running: Responder) -> None:
    """Secrets are read at the start, so this start may be what a refused account was waiting for."""
    try:
        async with running.database.transaction() as connection:
            count = await retry_refused(connection)
    except psycopg.OperationalError as error:  # they come by themselves, a little later
        log.warning("refused_leads_not_retried", error=type(error).__name__)
    else:
        if count:
            log.info("refused_leads_retried", count=count)


def lead_pusher(running: Responder) -> LeadPusher:
    async def salon_of(salon_id: int) -> SalonProfile:
        return await running.salons.get(salon_id)

    def transcript_url(thread_id: int) -> str | None:
        base = running.settings.public_url
        return None if base is None else f"{base}/dialogues/{thread_id}"

    return LeadPusher(
        database=running.database,
        clock=running.clock,
        crm_accounts=running.crm_accounts,
        salon_of=salon_of,
        transcript_url=transcript_url,
    )


async def keep_house(running: Responder) -> None:
    """What has to be done now and then: close what went quiet, free what was held too long, open new accounts."""
    await running.intake.close_quiet()
    async with running.database.connection() as connection:
        await expire_holds(connection, now=running.clock.now())
    await running.refresh_accounts()


async def _connect_channels(running: Responder) -> None:
    """Tell messengers where we are, or ask them for updates where we have no public address; follows the accounts as
    salons are imported anew."""
    connected: dict[int, tuple[OpenDoor, asyncio.Task[None]]] = {}
    try:
        while True:
            for account_id, (door, task) in tuple(connected.items()):
                if running.doors.get(account_id) is not door:
                    task.cancel()
                    del connected[account_id]
            for account_id, door in tuple(running.doors.items()):
                if account_id not in connected and (work := _connection(running, door)) is not None:
                    connected[account_id] = (door, asyncio.create_task(work, name=f"connect-{door.key}"))
            await asyncio.sleep(CONNECT_EVERY_S)
    finally:
        await _end([task for _, task in connected.values()])


def _connection(running: Responder, door: OpenDoor) -> Coroutine[None, None, None] | None:
    if running.settings.public_url is not None and door.takes_webhooks and isinstance(door.messenger, Subscribing):
        return _subscribe(running, door, door.messenger)
    if isinstance(door.messenger, Polling):
        return _poll(running, door, door.messenger)
    return None


async def _subscribe(running: Responder, door: OpenDoor, messenger: Subscribing) -> None:
    url = f"{running.settings.public_url}/hooks/{door.slug}/{door.key}"
    pause_s = 1.0
    while True:
        try:
            await messenger.subscribe(url)
        except ConnectorError as error:
            log.error("subscribe_failed", salon=door.slug, account=door.key, error=str(error))
            await account_fails(running, door, str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 300.0)
        else:
            log.info("subscribed", salon=door.slug, account=door.key)
            await account_works(running, door)
            return


async def _poll(running: Responder, door: OpenDoor, messenger: Polling) -> None:
    async def handle(items: Sequence[Inbound]) -> None:
        await running.accept(door.account, items, running.clock.now())

    async def say_it_works() -> None:
        """Polling ends only when it fails: what goes on for a while works."""
        await asyncio.sleep(POLLING_WORKS_AFTER_S)
        await account_works(running, door)

    pause_s = 1.0
    while True:
        began = running.clock.monotonic()
        working = asyncio.create_task(say_it_works())
        try:
            await messenger.poll(handle)
        except ConnectorError as error:
            log.error("polling_failed", salon=door.slug, account=door.key, error=str(error))
            await account_fails(running, door, str(error))
        except psycopg.Error as error:
            log.error("polling_not_stored", account=door.key, error=type(error).__name__)
        finally:
            working.cancel()
        if running.clock.monotonic() - began > POLLED_WELL_S:
            pause_s = 1.0
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, 60.0)


async def _every(seconds: float, work: Callable[[], Awaitable[object]], name: str) -> None:
    """Repeat for ever; the next round tries again what failed. A failure is logged when it begins and when it ends."""
    failures = 0
    while True:
        try:
            await work()
        except Exception as error:  # the outer edge of a loop that must not end
            metrics.READY.labels(name).set(0)
            failures += 1
            if failures == 1:
                log.error("loop_failed", loop=name, error=type(error).__name__, exc_info=not _is_absence(error))
        else:
            metrics.READY.labels(name).set(1)
            if failures:
                log.info("loop_recovered", loop=name, failures=failures)
            failures = 0
        await asyncio.sleep(seconds)


def _is_absence(error: Exception) -> bool:
    """A database that is away says all there is to say by its name."""
    return isinstance(error, psycopg.OperationalError)
