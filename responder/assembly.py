"""Puts the parts together: the only file that knows which connectors, stores and readers a process really has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from connectors.contract import (
    ChannelKind,
    ConnectorError,
    Crm,
    Inbound,
    Messenger,
    Polling,
    Subscribing,
)
from connectors.crm.bitrix24 import Bitrix24Crm
from connectors.crm.webhook import WebhookCrm
from connectors.messengers.telegram import TelegramMessenger
from connectors.messengers.webchat import WebChatMessenger
from responder import jobs, metrics
from responder.booking.service import expire_holds
from responder.clock import Clock, SystemClock
from responder.db.embedded import start_server
from responder.db.engine import Database
from responder.db.migrate import migrate
from responder.delivery.service import Delivery
from responder.desk.service import Desk
from responder.errors import BadSetting
from responder.intake.rules import Pace
from responder.intake.service import Account, Intake, Stored
from responder.leads.service import PUSH_LEAD, LeadPusher
from responder.live import InProcessLive, Live, RedisLive
from responder.llm.reader import LlmReader
from responder.logs import get_logger
from responder.salon.loader import SalonCache
from responder.salon.profile import ChannelAccount, CrmAccount, SalonProfile
from responder.secrets_file import kept_secret
from responder.settings import Settings, environment_value
from responder.turns.engine import Limits, TurnEngine
from responder.turns.scheduler import TurnScheduler
from responder.web.chat.desk import live_topic

log = get_logger(__name__)
SWEEP_EVERY_S = 1.0
HOUSEKEEPING_EVERY_S = 30.0
CANCEL_AGAIN_AFTER_S = 5.0  # longer than the jobs' own grace


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """A channel account that is switched on. `mode` is how its messages come in."""

    slug: str
    key: str
    account: Account
    messenger: Messenger


@dataclass(kw_only=True)
class Responder:
    """A running process: every part, by name."""

    settings: Settings
    clock: Clock
    database: Database
    live: Live
    salons: SalonCache
    intake: Intake
    delivery: Delivery
    engine: TurnEngine
    scheduler: TurnScheduler
    desk: Desk
    llm: LlmReader | None
    secret_key: str
    access_token: str
    doors: dict[int, OpenDoor] = field(default_factory=dict)
    crms: dict[int, dict[str, Crm]] = field(default_factory=dict)
    _revisions: dict[int, int] = field(default_factory=dict)

    def messenger_of(self, account_id: int) -> Messenger | None:
        door = self.doors.get(account_id)
        return None if door is None else door.messenger

    def door_of(self, account_id: int) -> OpenDoor | None:
        return self.doors.get(account_id)

    def find_door(self, slug: str, key: str) -> OpenDoor | None:
        """The account behind a public webhook address; the web chat has none, its own routes vouch for visitors."""
        for door in self.doors.values():
            if door.slug == slug and door.key == key and door.account.kind is not ChannelKind.WEBCHAT:
                return door
        return None

    async def accept(self, account: Account, items: Sequence[Inbound], received_at: datetime) -> list[Stored]:
        """Store what came in, then have it answered; returns once it is stored."""
        stored = await self.intake.store(account, items, received_at=received_at)
        for item, outcome in zip(items, stored, strict=True):
            if outcome.thread_id is not None and outcome.turn_due_at is not None:
                self.scheduler.wake(outcome.thread_id, outcome.turn_due_at)
            if item.press_id is not None and not outcome.is_duplicate:
                self._acknowledge(account, item.press_id)
            if outcome.thread_id is not None and not outcome.is_duplicate:
                await self.live.publish(
                    f"salon:{account.salon_id}", {"type": "message", "thread_id": outcome.thread_id}
                )
        return stored

    def _acknowledge(self, account: Account, press_id: str) -> None:
        messenger = self.messenger_of(account.id)
        if messenger is not None:
            task = asyncio.ensure_future(messenger.acknowledge_press(press_id))
            _background.add(task)
            task.add_done_callback(_background.discard)

    async def refresh_accounts(self) -> None:
        """Open the accounts of new and changed salons; those of an unchanged salon stay as they are."""
        for salon in await self.salons.all():
            if self._revisions.get(salon.id) == salon.revision:
                continue
            await self._close_accounts(salon.id)
            for account in salon.channels:
                messenger = make_messenger(account, live=self.live)
                if messenger is not None:
                    await messenger.open()
                    place = Account(id=account.id, salon_id=salon.id, kind=ChannelKind(account.kind))
                    self.doors[account.id] = OpenDoor(salon.slug, account.key, place, messenger)
            crms = {account.key: crm for account in salon.crm if (crm := make_crm(account)) is not None}
            for crm in crms.values():
                await crm.open()
            self.crms[salon.id] = crms
            self._revisions[salon.id] = salon.revision

    async def crm_accounts(self, salon_id: int) -> Mapping[str, Crm]:
        return self.crms.get(salon_id, {})

    async def warm_up(self) -> None:
        """Do once what the first message would otherwise wait for: dictionaries, phrase books, salons' readers."""
        for salon in await self.salons.all():
            await asyncio.to_thread(self.engine.warm_up, salon)

    async def close_accounts(self) -> None:
        for salon_id in tuple(self._revisions):
            await self._close_accounts(salon_id)

    async def _close_accounts(self, salon_id: int) -> None:
        for account_id, door in tuple(self.doors.items()):
            if door.account.salon_id == salon_id:
                del self.doors[account_id]
                await door.messenger.close()
        for crm in self.crms.pop(salon_id, {}).values():
            await crm.close()


_background: set[asyncio.Future[None]] = set()


def database_url(settings: Settings) -> str:
    """The address of the database, starting the embedded one where none is set; migrated."""
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        _check_database(url)
    else:
        url = start_server(settings.var_dir / "postgres").get_uri()
    migrate(url)
    return url


def make_messenger(account: ChannelAccount, *, live: Live) -> Messenger | None:
    """The connector of an account; None when its secrets are not in the environment: then it is switched off."""
    match ChannelKind(account.kind):
        case ChannelKind.TELEGRAM:
            token = environment_value(account.secrets["token"])
            if token is None:
                return None
            secret_name = account.secrets.get("webhook_secret")
            base = _base_url(account) or "https://api.telegram.org"
            return TelegramMessenger(
                token=token,
                webhook_secret=environment_value(secret_name) if secret_name else None,
                base_url=base,
            )
        case ChannelKind.WEBCHAT:

            async def publish(thread_key: str, event: Mapping[str, object]) -> None:
                await live.publish(live_topic(account.id, thread_key), dict(event))

            return WebChatMessenger(publish=publish)
        case _:
            return None


def make_crm(account: CrmAccount) -> Crm | None:
    """The connector of a CRM account; None when its secrets are not in the environment. Raises `BadSetting` naming
    the variable whose value cannot be used."""
    secrets = {option: environment_value(name) for option, name in account.secrets.items()}
    if not secrets or None in secrets.values():
        return None
    try:
        return _crm_of(account, {option: value or "" for option, value in secrets.items()})
    except ValueError as error:
        raise BadSetting(account.secrets["url"], str(error), "Copy the address from the CRM as it is") from None


def _crm_of(account: CrmAccount, secrets: Mapping[str, str]) -> Crm:
    if account.kind == "bitrix24":
        source, assigned = account.settings.get("source_id"), account.settings.get("assigned_by_id")
        return Bitrix24Crm(
            webhook_url=secrets["url"],
            source_id=str(source) if source is not None else "WEB",
            assigned_by_id=int(str(assigned)) if assigned is not None else None,
            entity_type_id=int(str(account.settings.get("entity_type_id", 1))),
            own_fields=account.settings.get("own_fields") is not False,
        )
    return WebhookCrm(url=secrets["url"], secret=secrets["secret"])


@asynccontextmanager
async def responder(
    settings: Settings,
    *,
    url: str,
    clock: Clock | None = None,
) -> AsyncIterator[Responder]:
    """Every part of a process, opened; `url` is a migrated database. Background loops are separate: `background`."""
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        database = Database(url, pool_size=settings.database_pool)
        await database.open()
        stack.push_async_callback(database.close)
        live: Live = (
            RedisLive(settings.redis_url.get_secret_value()) if settings.redis_url is not None else InProcessLive()
        )
        stack.push_async_callback(live.close)
        llm = await _open_llm(settings, clock, stack)
        salons = SalonCache(database)
        parts: dict[str, Responder] = {}

        def messenger_of(account_id: int) -> Messenger | None:
            return parts["self"].messenger_of(account_id)

        def can_ask_contact(account_id: int) -> bool:
            messenger = messenger_of(account_id)
            return messenger is not None and messenger.capabilities.can_ask_contact

        pace = Pace.within(settings.reply_budget_s, quiet_s=settings.burst_quiet_s)
        delivery = Delivery(database, clock=clock, messenger_of=messenger_of, live=live)
        engine = TurnEngine(
            database=database,
            clock=clock,
            salons=salons,
            delivery=delivery,
            live=live,
            limits=Limits(
                reply_budget_s=settings.reply_budget_s,
                llm_deadline_s=settings.llm_deadline_s,
                hold_for=timedelta(minutes=settings.hold_minutes),
                burst_cap_s=pace.cap_s,
            ),
            llm=llm,
            can_ask_contact=can_ask_contact,
        )
        scheduler = TurnScheduler(engine, database=database, clock=clock)
        running = parts["self"] = Responder(
            settings=settings,
            clock=clock,
            database=database,
            live=live,
            salons=salons,
            intake=Intake(
                database, clock=clock, pace=pace, enquiry_quiet=timedelta(hours=settings.enquiry_quiet_hours)
            ),
            delivery=delivery,
            engine=engine,
            scheduler=scheduler,
            desk=Desk(database, clock=clock, delivery=delivery, live=live, messenger_of=messenger_of),
            llm=llm,
            secret_key=_secret(settings, "secret_key"),
            access_token=_secret(settings, "access_token"),
        )
        stack.push_async_callback(running.close_accounts)
        stack.push_async_callback(scheduler.close)
        await running.refresh_accounts()
        yield running


@asynccontextmanager
async def background(running: Responder, *, with_jobs: bool = True) -> AsyncIterator[None]:
    """The loops of a serving process: sweeps, housekeeping, polling of channels, and jobs unless a worker runs them."""
    tasks = [
        asyncio.create_task(_every(SWEEP_EVERY_S, running.scheduler.sweep, "sweep_turns"), name="sweep_turns"),
        asyncio.create_task(_every(SWEEP_EVERY_S, running.delivery.sweep, "sweep_delivery"), name="sweep_delivery"),
        asyncio.create_task(_every(HOUSEKEEPING_EVERY_S, lambda: keep_house(running), "keep_house")),
        asyncio.create_task(_connect_channels(running), name="connect_channels"),
    ]
    if with_jobs:
        tasks.append(asyncio.create_task(run_jobs(running), name="jobs"))
    try:
        yield
    finally:
        await _end(tasks)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until they end: a library that swallows one cancellation must not keep the process from stopping."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_AFTER_S)
        if pending:
            log.warning("still_stopping", tasks=sorted(task.get_name() for task in pending))


async def run_jobs(running: Responder) -> None:
    """Run background jobs until cancelled."""
    app = jobs.make_app(running.database.url)
    pusher = lead_pusher(running)
    jobs.register(app, PUSH_LEAD, pusher.push)
    await jobs.run_worker(app)


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
    """Tell messengers where we are, or ask them for updates where we have no public address."""
    async with asyncio.TaskGroup() as group:
        for door in tuple(running.doors.values()):
            if running.settings.public_url is not None and isinstance(door.messenger, Subscribing):
                group.create_task(_subscribe(running, door, door.messenger))
            elif isinstance(door.messenger, Polling):
                group.create_task(_poll(running, door, door.messenger))


async def _subscribe(running: Responder, door: OpenDoor, messenger: Subscribing) -> None:
    url = f"{running.settings.public_url}/hooks/{door.slug}/{door.key}"
    pause_s = 1.0
    while True:
        try:
            await messenger.subscribe(url)
        except ConnectorError as error:
            log.error("subscribe_failed", salon=door.slug, account=door.key, error=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 300.0)
        else:
            log.info("subscribed", salon=door.slug, account=door.key)
            return


async def _poll(running: Responder, door: OpenDoor, messenger: Polling) -> None:
    async def handle(items: Sequence[Inbound]) -> None:
        await running.accept(door.account, items, running.clock.now())

    pause_s = 1.0
    while True:
        try:
            await messenger.poll(handle)
        except ConnectorError as error:
            log.error("polling_failed", salon=door.slug, account=door.key, error=str(error))
        except psycopg.Error as error:
            log.error("polling_not_stored", account=door.key, error=type(error).__name__)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, 60.0)


async def _every(seconds: float, work: Callable[[], Awaitable[object]], name: str) -> None:
    """Repeat for ever; a failure is logged once and the next round tries again."""
    while True:
        try:
            await work()
            metrics.READY.labels(name).set(1)
        except Exception:  # the outer edge of a loop that must not end
            metrics.READY.labels(name).set(0)
            log.exception("loop_failed", loop=name)
        await asyncio.sleep(seconds)


async def _open_llm(settings: Settings, clock: Clock, stack: AsyncExitStack) -> LlmReader | None:
    if not settings.has_llm:
        return None
    llm = LlmReader(
        base_url=settings.llm_base_url or "https://api.openai.com/v1",
        api_key=settings.llm_key,
        model=settings.llm_model,
        clock=clock,
    )
    await llm.open()
    stack.push_async_callback(llm.close)
    return llm


def _secret(settings: Settings, name: str) -> str:
    given = getattr(settings, name)
    return given.get_secret_value() if given is not None else kept_secret(settings.var_dir, name)


def _base_url(account: ChannelAccount) -> str | None:
    """Where the messenger's API is: a variable wins over the file, for tests and self-hosted servers."""
    variable = account.settings.get("base_url_env")
    given = environment_value(str(variable)) if variable else None
    fixed = account.settings.get("base_url")
    return given or (str(fixed) if fixed else None)


def _check_database(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0]
        raise BadSetting(
            "DATABASE_URL", f"no connection ({reason})", "Check host, user, password and database"
        ) from None
    if version < 150000:
        raise BadSetting("DATABASE_URL", f"PostgreSQL {version // 10000} is too old", "15 or newer is needed")
