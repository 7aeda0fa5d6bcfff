"""`responder demo`: simulated customers and operators through the real HTTP doors, then the pages to look at.

It has a database of its own (`demo_home`) and speaks to nobody outside: database, Redis, messenger, CRM and LLM of the
environment are set aside, and stand-ins on this machine answer instead, also while the pages are served afterwards.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import uvicorn

from connectors.contract import ChannelKind
from responder.assembly import Responder, keep_house, responder, run_jobs
from responder.clock import SystemClock
from responder.commands.demo_home import alone, demo_folder, demo_url, remove_demo
from responder.commands.serve import (
    build_app,
    listen,
    loop_factory,
    serve_until_stopped,
    server_config,
)
from responder.demo.clock import DemoClock
from responder.demo.doors import Door, Salon, TelegramDoor, WebDoor
from responder.demo.operators import Operators, Shift
from responder.demo.people import LAST_MINUTES, Person, invite
from responder.demo.simulation import Progress, Simulation, settle
from responder.demo.stand_ins import SECRET, TOKEN, StandIns
from responder.errors import BadSetting
from responder.logs import configure_logs
from responder.reports.report import response_report
from responder.reports.text import to_text
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.importer import import_salon
from responder.salon.profile import SalonProfile
from responder.settings import Settings

TELL_EVERY = 25  # customers
PORTS_TO_TRY = 20  # from the installation's own on, which may well be serving
JOBS_PATIENCE_S = 20.0
SUMMARY = """
SELECT count(*) FILTER (WHERE excluded IS NULL) AS enquiries, count(*) FILTER (WHERE excluded = 'spam') AS spam,
    (SELECT count(*) FROM appointment WHERE salon_id = %(salon)s AND state IN ('booked', 'came', 'no_show')
        AND created_at >= %(since)s) AS bookings,
    (SELECT count(*) FROM handoff WHERE salon_id = %(salon)s AND needed_at >= %(since)s) AS handoffs,
    (SELECT count(*) FROM handoff WHERE salon_id = %(salon)s AND needed_at >= %(since)s
        AND taken_at IS NULL) AS waiting,
    (SELECT count(*) FROM lead WHERE salon_id = %(salon)s AND created_at >= %(since)s) AS leads
FROM enquiry WHERE salon_id = %(salon)s AND clock_start_at >= %(since)s
"""
AFTERWARDS = """  figures again   responder report --demo
  pages again     responder demo --customers 0
  remove it       responder demo --clear"""
JOBS_LEFT = "SELECT count(*) AS n FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What the simulated days brought; `report` is the text an owner would read."""

    customers: int
    messages: int
    enquiries: int
    bookings: int
    leads: int
    handoffs: int
    answers_of_people: int
    waiting: int
    spam: int
    report: str


def demo(settings: Settings, *, customers: int, days: int, seed: int, keep_serving: bool) -> None:
    """Play `customers` customers over the `days` past days, say what came of it, then serve unless told not to. With
    no customers it only shows what earlier ones left."""
    folder = demo_folder(settings)
    print(
        f"The demo has a database of its own in {folder}: your salons, messengers and CRM are not touched.", flush=True
    )
    settings = _at_home(settings)
    configure_logs(level="error", style=settings.log_format)  # what the stand-ins refuse is part of the show
    url = demo_url(settings)
    with alone(url), asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_demo(settings, url, customers=customers, days=days, seed=seed, keep_serving=keep_serving))


def clear_demo(settings: Settings) -> None:
    """Remove what every demo left behind."""
    print(f"Removed the demo in {remove_demo(settings)}; nothing else was touched.")


async def simulate(
    settings: Settings, url: str, *, stand_ins: StandIns, customers: int, days: int, seed: int, talks: bool = True
) -> Outcome:
    """Play the demo against the database at `url`; `talks` prints how it goes."""
    now = datetime.now(UTC)
    since = now - timedelta(days=days)
    clock = DemoClock(since)
    async with responder(settings, url=url, clock=clock) as running:
        salon = await _demo_salon(running)
        await running.warm_up()
        people = invite(count=customers, days=days, seed=seed, until=now, zone=salon.zone)
        async with served(running) as place, aiohttp.ClientSession() as http:
            simulation = Simulation(
                clock=clock,
                settle=lambda: settle(clock, running.scheduler.idle),
                keep_house=lambda: keep_house(running),
                outage_begins=_outage(people, seed),
            )
            doors = _salon_doors(salon, place)
            simulation.operators = Operators(
                http=http,
                api=f"{place}/api/v1/{salon.slug}",
                access_token=running.access_token,
                shift=Shift(
                    names={person.key: person.name for person in salon.operators if person.role != "owner"},
                    ends_at=now - timedelta(minutes=LAST_MINUTES),
                    hours=salon.hours,
                    zone=salon.zone,
                ),
                seed=seed,
                plan=simulation.plan_for_operator,
            )
            for person in people:
                simulation.expect(person, _door(person, http, doors, stand_ins))
            await simulation.run(now, tell=_teller(customers, salon) if talks else lambda _: None)
        await _finish_jobs(running)
        return await _outcome(running, salon, simulation, since=since, days=days, customers=customers)


async def _demo(settings: Settings, url: str, *, customers: int, days: int, seed: int, keep_serving: bool) -> None:
    async with StandIns() as stand_ins:
        with own_environment(stand_ins):
            if customers:
                about_s = max(customers // 12, 5)
                print(f"{customers} customers write over {days} days; this takes about {about_s} s.", flush=True)
                outcome = await simulate(settings, url, stand_ins=stand_ins, customers=customers, days=days, seed=seed)
                _tell_outcome(outcome)
            print(AFTERWARDS, flush=True)
            if keep_serving:
                await _show(settings, url)


async def _show(settings: Settings, url: str) -> None:
    listener, settings = _free_port(settings)
    async with responder(settings, url=url, clock=SystemClock()) as running:
        await _demo_salon(running)
        await serve_until_stopped(running, listener, with_jobs=True, headline="The demo is ready to look at.")


def _free_port(settings: Settings) -> tuple[socket.socket, Settings]:
    """A listening socket beside whatever serves already, and the settings that say where; raises `BadSetting`."""
    last = min(settings.port + PORTS_TO_TRY, 65535)
    for port in range(settings.port, last):
        with suppress(BadSetting):
            chosen = settings.model_copy(update={"port": port})
            return listen(chosen), chosen
    return listen(settings), settings


def _at_home(settings: Settings) -> Settings:
    """The same settings without anybody outside: no database or Redis of the installation, no LLM, no public
    address."""
    names = ("database_url", "redis_url", "llm_base_url", "llm_api_key", "openai_api_key", "public_url")
    return settings.model_copy(update=dict.fromkeys(names))


@contextmanager
def own_environment(stand_ins: StandIns) -> Iterator[None]:
    """Accounts of the demo salon lead to the stand-ins, whatever the environment says."""
    names = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_BASE": stand_ins.telegram_url,
        "LEAD_WEBHOOK_URL": stand_ins.crm_url,
        "LEAD_WEBHOOK_SECRET": SECRET,
        "BITRIX24_WEBHOOK_URL": "",  # empty is unset: an account that is off
    }
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _QuietServer(uvicorn.Server):
    """Ctrl-C ends the demo, not only its server."""

    def capture_signals(self) -> Any:
        return nullcontext()


@asynccontextmanager
async def served(running: Responder) -> AsyncIterator[str]:
    """The web application on a port of its own, behind a proxy that is the simulation itself; gives its address."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    server = _QuietServer(server_config(build_app(running), running.settings))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await task


async def _demo_salon(running: Responder) -> SalonProfile:
    """The demo salon, imported when it is not there yet and left alone when it is."""
    file = read_salon_file(DEMO_SALON)
    if all(salon.slug != file.slug for salon in await running.salons.all()):
        await import_salon(running.database, file, now=running.clock.now())
    await running.refresh_accounts()
    return next(salon for salon in await running.salons.all() if salon.slug == file.slug)


def _salon_doors(salon: SalonProfile, place: str) -> Salon:
    web = next(account for account in salon.channels if account.kind == ChannelKind.WEBCHAT)
    telegram = next((account.key for account in salon.channels if account.kind == ChannelKind.TELEGRAM), None)
    return Salon(url=place, slug=salon.slug, site_key=str(web.settings["site_key"]), telegram_key=telegram)


def _door(person: Person, http: aiohttp.ClientSession, salon: Salon, stand_ins: StandIns) -> Door:
    if person.channel == ChannelKind.TELEGRAM:
        return TelegramDoor(person, http=http, salon=salon, stand_ins=stand_ins, chat_id=stand_ins.next_id())
    return WebDoor(person, http=http, salon=salon)


def _outage(people: list[Person], seed: int) -> datetime | None:
    """An hour in which Telegram could not reach us begins with one of its customers."""
    in_telegram = [person.writes_at for person in people if person.channel == ChannelKind.TELEGRAM]
    return random.Random(f"outage {seed}").choice(in_telegram) if in_telegram else None  # noqa: S311


async def _finish_jobs(running: Responder) -> None:
    """Bring the leads into the CRM that stands in."""
    worker = asyncio.create_task(run_jobs(running))
    deadline = asyncio.get_running_loop().time() + JOBS_PATIENCE_S
    while asyncio.get_running_loop().time() < deadline:
        async with running.database.connection() as connection:
            left = await (await connection.execute(JOBS_LEFT)).fetchone()
        if left is None or left["n"] == 0:
            break
        await asyncio.sleep(0.1)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def _outcome(
    running: Responder,
    salon: SalonProfile,
    simulation: Simulation,
    *,
    since: datetime,
    days: int,
    customers: int,
) -> Outcome:
    async with running.database.connection() as connection:
        row = await (await connection.execute(SUMMARY, {"salon": salon.id, "since": since})).fetchone()
    assert row is not None
    report = await response_report(running.database, salon=salon, now=running.clock.now(), days=days)
    answers = simulation.operators.answers if simulation.operators is not None else 0
    return Outcome(
        **row,
        customers=customers,
        messages=simulation.progress.messages,
        answers_of_people=answers,
        report=to_text(report, language=salon.language),
    )


def _teller(customers: int, salon: SalonProfile) -> Any:
    """Prints a line for every `TELL_EVERY` customers, not for every message."""
    told = 0

    def tell(progress: Progress) -> None:
        nonlocal told
        if progress.started >= told + TELL_EVERY:
            told = progress.started - progress.started % TELL_EVERY
            day = progress.at.astimezone(salon.zone)
            print(f"  {day:%d.%m %H:%M}  {told:>5} of {customers} customers, {progress.messages} messages", flush=True)

    return tell


def _tell_outcome(outcome: Outcome) -> None:
    print(
        f"\n{outcome.enquiries} enquiries and {outcome.spam} spam, {outcome.bookings} bookings, {outcome.leads} leads, "
        f"{outcome.handoffs} hand-offs: people wrote {outcome.answers_of_people} times, "
        f"{outcome.waiting} hand-offs were never taken.\n\n{outcome.report}",
        flush=True,
    )
