"""Opens every part in order and closes them in reverse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from connectors.contract import (
    Messenger,
)
from responder.assembly.parts import Responder
from responder.clock import Clock, SystemClock
from responder.db.engine import Database
from responder.delivery.service import Delivery
from responder.desk.service import Desk
from responder.dialogue.meaning import Context, Meaning
from responder.intake.rules import Pace
from responder.intake.service import Intake
from responder.live import InProcessLive, Live
from responder.live_redis import RedisLive
from responder.salon.loader import SalonCache
from responder.secrets_file import kept_secret
from responder.settings import Settings
from responder.turns.engine import Limits, TurnEngine
from responder.turns.scheduler import TurnScheduler
from responder.understanding.readers import Readers
from responder.watch.service import Watch

if TYPE_CHECKING:
    from responder.llm.reader import LlmReader
    from responder.llm.transcriber import Transcriber


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
        llm, transcriber = await _open_models(settings, clock, stack)
        salons = SalonCache(database)
        parts: dict[str, Responder] = {}

        def messenger_of(account_id: int) -> Messenger | None:
            return parts["self"].messenger_of(account_id)

        pace = Pace.within(settings.reply_budget_s, quiet_s=settings.burst_quiet_s)
        delivery = Delivery(database, clock=clock, messenger_of=messenger_of, live=live)
        readers = Readers()
        engine = TurnEngine(
            database=database,
            clock=clock,
            salons=salons,
            delivery=delivery,
            live=live,
            readers=readers,
            limits=Limits(
                reply_budget_s=settings.reply_budget_s,
                llm_deadline_s=settings.llm_deadline_s,
                hold_for=timedelta(minutes=settings.hold_minutes),
                burst_cap_s=pace.cap_s,
            ),
            llm=llm,
            transcriber=transcriber,
            messenger_of=messenger_of,
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
            desk=Desk(
                database,
                clock=clock,
                delivery=delivery,
                live=live,
                messenger_of=messenger_of,
                read_hint=partial(_read_hint, salons, readers, clock),
            ),
            watch=Watch(database, clock=clock, salons=salons, live=live),
            llm=llm,
            transcriber=transcriber,
            secret_key=_secret(settings, "secret_key"),
            access_token=_secret(settings, "access_token"),
        )
        stack.push_async_callback(running.close_accounts)
        stack.push_async_callback(delivery.close)
        stack.push_async_callback(scheduler.close)
        stack.push_async_callback(engine.late.close)
        await running.refresh_accounts()
        yield running


async def _read_hint(
    salons: SalonCache, readers: Readers, clock: Clock, salon_id: int, hint: str, context: Context
) -> Meaning:
    """What staff tell the bot, as the rules read it."""
    return readers.of(await salons.get(salon_id)).read([hint], now=clock.now(), context=context)


async def _open_models(
    settings: Settings, clock: Clock, stack: AsyncExitStack
) -> tuple[LlmReader | None, Transcriber | None]:
    if not settings.has_llm and settings.llm_transcribe_model is None:
        return None, None
    from responder.assembly.models import open_llm, open_transcriber  # a quarter of all code: not without a model

    return await open_llm(settings, clock, stack), await open_transcriber(settings, clock, stack)


def _secret(settings: Settings, name: str) -> str:
    given = getattr(settings, name)
    return given.get_secret_value() if given is not None else kept_secret(settings.var_dir, name)
