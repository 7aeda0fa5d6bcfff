"""The loops that watch: timers of enquiries to the second, the last hour, accounts that do not work."""

from __future__ import annotations

import asyncio

import psycopg

from responder import metrics
from responder.alerts.sending import AlertSender
from responder.alerts.service import raise_alert, resolve_alerts
from responder.assembly.parts import OpenDoor, Responder
from responder.logs import get_logger
from responder.salon.profile import SalonProfile
from responder.watch.channels import ChannelWatch, channel_fails, channel_subject
from responder.watch.window import WindowAlarm

log = get_logger(__name__)
LONGEST_SLEEP_S = 0.5  # what is due sooner than this and was noted meanwhile is late by no more
SHORTEST_SLEEP_S = 0.02
LOOK_AT_CHANNELS_EVERY_S = 5.0
LOOK_AT_WINDOW_EVERY_S = 30.0


async def fire_timers(running: Responder) -> None:
    """Fire what is due and sleep until the next is, for ever."""
    while True:
        sleep_s = LONGEST_SLEEP_S
        try:
            await running.watch.fire_due()
            next_at = await running.watch.next_due_at()
            if next_at is not None:
                sleep_s = min((next_at - running.clock.now()).total_seconds(), LONGEST_SLEEP_S)
            metrics.READY.labels("timers").set(1)
        except Exception:  # the outer edge of a loop that must not end
            metrics.READY.labels("timers").set(0)
            log.exception("loop_failed", loop="timers")
        await asyncio.sleep(max(sleep_s, SHORTEST_SLEEP_S))


def channel_watch(running: Responder) -> ChannelWatch:
    return ChannelWatch(running.database, clock=running.clock)


def window_alarm(running: Responder) -> WindowAlarm:
    return WindowAlarm(running.database, clock=running.clock, salons=running.salons)


def alert_sender(running: Responder) -> AlertSender:
    async def salon_of(salon_id: int) -> SalonProfile:
        return await running.salons.get(salon_id)

    return AlertSender(
        database=running.database,
        clock=running.clock,
        salon_of=salon_of,
        notifiers_of=running.notifiers_of,
        base_url=running.settings.public_url,
    )


async def account_fails(running: Responder, door: OpenDoor, reason: str) -> None:
    """Tell that messages of an account do not come in."""
    salon = await running.salons.get(door.account.salon_id)
    account = salon.channel(door.account.id)
    name = door.key if account is None else account.name
    alert = channel_fails(salon.id, door.account.id, name, reason, is_inbound=True)
    try:
        async with running.database.transaction() as connection:
            await raise_alert(connection, alert, now=running.clock.now())
    except psycopg.Error as error:
        log.error("alert_not_raised", account=door.key, error=type(error).__name__)


async def account_works(running: Responder, door: OpenDoor) -> None:
    """Messages of an account come in (again)."""
    subjects = [channel_subject(door.account.id, is_inbound=True)]
    try:
        async with running.database.connection() as connection:
            await resolve_alerts(connection, door.account.salon_id, subjects, now=running.clock.now())
    except psycopg.Error as error:
        log.error("alert_not_resolved", account=door.key, error=type(error).__name__)
