"""`responder serve` and `responder worker`: the long-running processes."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import redis.asyncio as redis
import uvicorn
from fastapi import FastAPI

from responder.assembly import Responder, background, database_url, fire_timers, responder, run_jobs
from responder.clock import Clock
from responder.commands.announcement import announce
from responder.db.engine import Database
from responder.errors import BadSetting
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.salon.schema import SalonFile
from responder.settings import Settings
from responder.web.access import Access
from responder.web.app import make_app
from responder.web.chat_desk import SalonChatDesk
from responder.web.health import Check
from responder.web.protocol import BoundedHttp
from responder.web.staff.rendering import compile_templates

LISTEN_BACKLOG = 1024


def serve(settings: Settings, *, with_jobs: bool, reload_salon: Path | None = None) -> None:
    """Serve until stopped; raises `BadSetting` or `BadFile` when something the start needs is missing."""
    file = read_salon_file(reload_salon) if reload_salon is not None else None
    listener = listen(settings)
    url = database_url(settings)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, url, listener, with_jobs=with_jobs, file=file))


def work(settings: Settings) -> None:
    """Run background jobs and timers until stopped."""
    url = database_url(settings)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_work(settings, url))


async def ensure_salon(database: Database, *, clock: Clock) -> bool:
    """Import the demo salon into an installation that has none; True when it did."""
    async with database.connection() as connection:
        if await (await connection.execute("SELECT 1 FROM salon LIMIT 1")).fetchone() is not None:
            return False
    await import_salon(database, read_salon_file(DEMO_SALON), now=clock.now())
    return True


def build_app(running: Responder) -> FastAPI:
    """The web application over a running process."""
    settings = running.settings
    return make_app(
        find_door=running.find_door,
        accept=running.accept,
        chat_desk=SalonChatDesk(
            database=running.database,
            clock=running.clock,
            salons=running.salons,
            door_of=running.door_of,
            accept=running.accept,
            live=running.live,
        ),
        desk=running.desk,
        database=running.database,
        salons=running.salons,
        clock=running.clock,
        live=running.live,
        access=Access(
            running.access_token,
            secret_key=running.secret_key,
            is_https=(settings.public_url or "").startswith("https://"),
            has_key_login=settings.staff_key_login == "on",
            idle=timedelta(hours=settings.staff_idle_hours),
            database=running.database,
            salons=running.salons,
            clock=running.clock,
        ),
        secret_key=running.secret_key,
        public_url=settings.public_url,
        checks=checks_of(running),
    )


def checks_of(running: Responder) -> Mapping[str, Check]:
    """What readiness means, part by part; parts outside (messengers, LLM, CRM) are `responder doctor`'s."""

    async def database() -> None:
        async with running.database.connection() as connection:
            await connection.execute("SELECT 1")

    async def salons() -> None:
        if not await running.salons.all():
            raise LookupError("no salon has been imported")

    checks: dict[str, Check] = {"database": database, "salons": salons}
    if running.settings.redis_url is not None:
        client = redis.Redis.from_url(running.settings.redis_url.get_secret_value())

        async def redis_part() -> None:
            await client.ping()

        checks["redis"] = redis_part
    return checks


async def _serve(
    settings: Settings, url: str, listener: socket.socket, *, with_jobs: bool, file: SalonFile | None
) -> None:
    async with responder(settings, url=url) as running:
        if file is not None:
            await import_salon(running.database, file, now=running.clock.now())
        is_example = await ensure_salon(running.database, clock=running.clock)
        await running.refresh_accounts()
        headline = "Responder is ready" + (" with the example salon." if is_example else ".")
        await serve_until_stopped(running, listener, with_jobs=with_jobs, headline=headline)


async def serve_until_stopped(running: Responder, listener: socket.socket, *, with_jobs: bool, headline: str) -> None:
    """Run the background loops and print the addresses, until a signal stops the process."""
    await running.warm_up()
    _spare_the_collector()
    server = uvicorn.Server(server_config(build_app(running), running.settings))
    _survive_the_signal_that_stops_us()
    async with background(running, with_jobs=with_jobs):
        await announce(running, headline=headline)
        compiling = asyncio.create_task(asyncio.to_thread(compile_templates))
        await server.serve(sockets=[listener])
        await compiling


def _spare_the_collector() -> None:
    """Dictionaries and code live as long as the process: to look through them for garbage takes a tenth of a second
    each time, in which nobody is answered."""
    gc.collect()
    gc.freeze()


def _survive_the_signal_that_stops_us() -> None:
    """uvicorn raises the signal once more when it has stopped serving; left alone that ends the process before jobs are
    given back, connections closed and the embedded PostgreSQL stopped."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        lifespan="off",
    )


async def _work(settings: Settings, url: str) -> None:
    async with responder(settings, url=url) as running:
        task = asyncio.gather(run_jobs(running), fire_timers(running))
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, task.cancel)
        print("Responder worker is ready.", flush=True)
        try:
            await task
        except asyncio.CancelledError:
            return


def listen(settings: Settings) -> socket.socket:
    """The listening socket: bound before anything is announced, so that the first visitor only waits. Raises
    `BadSetting` when the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named TCP: asyncio then sends at once
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise _unusable(settings, error) from None
    listener.listen(LISTEN_BACKLOG)
    return listener


def _unusable(settings: Settings, error: OSError) -> BadSetting:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        problem = f"{settings.host} is no address of this machine"
        return BadSetting("HOST", problem, "127.0.0.1 serves this machine alone, 0.0.0.0 every network it is in")
    if error.errno == errno.EADDRINUSE:
        problem = f"{settings.port} is used by another program already, perhaps by Responder itself"
        return BadSetting("PORT", problem, f"Stop it, or set another one: PORT={settings.port + 1}")
    return BadSetting(
        "PORT", f"{settings.port} on {settings.host} cannot be used ({error.strerror})", "Set another PORT"
    )


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop
