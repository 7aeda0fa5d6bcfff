"""Alerts out of the product: to whom each goes, many in one message, again when it failed, silent at night.

The work of the job `send_alerts`, harmless to repeat: what was sent is noted right after the destination took it, so
that only a crash in between repeats a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import ConnectorError, Notifier
from responder import metrics
from responder.alerts.service import AlertKind, NewAlert, Severity, defer_sending, raise_alert, resolve_alerts
from responder.alerts.wording import alert_words, message
from responder.clock import Clock
from responder.db.engine import Connection, Database
from responder.logs import get_logger
from responder.salon.profile import AlertDestination, SalonProfile

log = get_logger(__name__)
SPACING = timedelta(seconds=30)  # between messages to one destination: a storm is one message
FIRST_BACKOFF_S, BACKOFF_LIMIT_S = 10.0, 900.0
GIVE_UP_AFTER = timedelta(hours=24)  # news of yesterday
BATCH = 10_000

UNROUTED = """
SELECT id, kind, roles, subject FROM alert WHERE salon_id = %(salon)s AND routed_at IS NULL
ORDER BY id FOR UPDATE SKIP LOCKED
"""

ROUTE = """
INSERT INTO alert_delivery (salon_id, alert_id, destination, next_attempt_at)
SELECT %(salon)s, id, destination, %(now)s
FROM unnest(%(ids)s::bigint[], %(destinations)s::text[]) AS route (id, destination)
ON CONFLICT DO NOTHING
"""

MARK_ROUTED = "UPDATE alert SET routed_at = %(now)s WHERE id = ANY(%(ids)s)"

# What is over before anybody was told needs no telling.
DROP = """
UPDATE alert_delivery d SET dropped_at = %(now)s FROM alert a
WHERE a.id = d.alert_id AND d.salon_id = %(salon)s AND d.sent_at IS NULL AND d.dropped_at IS NULL
  AND (a.resolved_at IS NOT NULL OR a.raised_at < %(stale)s OR d.destination <> ALL(%(destinations)s))
"""

PENDING = """
SELECT d.id AS delivery_id, d.attempts, d.next_attempt_at, a.id, a.kind, a.severity, a.thread_id, a.facts,
    a.resolved_at, a.raised_at
FROM alert_delivery d JOIN alert a ON a.id = d.alert_id
WHERE d.salon_id = %(salon)s AND d.destination = %(destination)s AND d.sent_at IS NULL AND d.dropped_at IS NULL
ORDER BY a.severity = 'critical' DESC, a.id LIMIT %(limit)s
"""

LAST_SENT = """
SELECT max(sent_at) AS at FROM alert_delivery WHERE salon_id = %(salon)s AND destination = %(destination)s
"""

SENT = """
UPDATE alert_delivery SET sent_at = %(now)s, attempts = attempts + 1, last_error = NULL WHERE id = ANY(%(ids)s)
"""

NOT_SENT = """
UPDATE alert_delivery SET attempts = attempts + 1, next_attempt_at = %(at)s, last_error = %(error)s
WHERE id = ANY(%(ids)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """What a destination is to be sent now, and when to come back for the rest."""

    now: tuple[Mapping[str, Any], ...]
    again_at: datetime | None


class AlertSender:
    """`notifiers_of` gives the opened destinations of a salon by key; one that is missing there is switched off."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        salon_of: Callable[[int], Awaitable[SalonProfile]],
        notifiers_of: Callable[[int], Awaitable[Mapping[str, Notifier]]],
        base_url: str | None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._salon_of = salon_of
        self._notifiers_of = notifiers_of
        self._base_url = base_url

    async def send(self, salon_id: int) -> None:
        """Tell every destination of the salon what it has not been told, as far as it is time."""
        salon = await self._salon_of(salon_id)
        notifiers = await self._notifiers_of(salon_id)
        destinations = [destination for destination in salon.alerts if destination.key in notifiers]
        async with self._database.transaction() as connection:
            await self._route(connection, salon, destinations)
        # one destination's trouble is not another's
        moments = await asyncio.gather(
            *(self._tell(salon, destination, notifiers[destination.key]) for destination in destinations)
        )
        again_at = min((moment for moment in moments if moment is not None), default=None)
        if again_at is not None:
            async with self._database.connection() as connection:
                await defer_sending(connection, salon_id, at=again_at)

    async def _route(
        self, connection: Connection, salon: SalonProfile, destinations: Sequence[AlertDestination]
    ) -> None:
        now = self._clock.now()
        keys = [destination.key for destination in destinations]
        alerts = await (await connection.execute(UNROUTED, {"salon": salon.id})).fetchall()
        routes = [(alert["id"], found.key) for alert in alerts for found in destinations if is_for(found, alert)]
        values = {"salon": salon.id, "now": now, "ids": [alert_id for alert_id, _ in routes]}
        await connection.execute(ROUTE, {**values, "destinations": [key for _, key in routes]})
        await connection.execute(MARK_ROUTED, {"now": now, "ids": [alert["id"] for alert in alerts]})
        stale = now - GIVE_UP_AFTER
        await connection.execute(DROP, {"salon": salon.id, "now": now, "stale": stale, "destinations": keys})

    async def _tell(self, salon: SalonProfile, destination: AlertDestination, notifier: Notifier) -> datetime | None:
        """One message with all that is due; gives when to come back."""
        now = self._clock.now()
        about = {"salon": salon.id, "destination": destination.key, "limit": BATCH}
        async with self._database.connection() as connection:
            pending = await (await connection.execute(PENDING, about)).fetchall()
            last = await (await connection.execute(LAST_SENT, about)).fetchone()
        plan = plan_for(destination, pending, zone=salon.zone, last_sent_at=last["at"] if last else None, now=now)
        if not plan.now:
            return plan.again_at
        title, body = message(
            plan.now,
            salon.language,
            salon=salon.name.to(salon.language),
            slug=salon.slug,
            base_url=self._base_url,
            now=now,
        )
        is_critical = any(alert["severity"] == Severity.CRITICAL for alert in plan.now)
        try:
            await notifier.notify(title, body, is_critical=is_critical)
        except ConnectorError as error:
            retry_at = await self._not_sent(salon, destination, plan.now, str(error))
            return min(moment for moment in (plan.again_at, retry_at) if moment is not None)
        async with self._database.transaction() as connection:
            await connection.execute(SENT, {"now": now, "ids": [alert["delivery_id"] for alert in plan.now]})
            await resolve_alerts(connection, salon.id, [subject_of(destination.key)], now=now)
        metrics.ALERT_SENDS.labels("sent").inc()
        return plan.again_at

    async def _not_sent(
        self, salon: SalonProfile, destination: AlertDestination, alerts: Sequence[Mapping[str, Any]], error: str
    ) -> datetime:
        """Note the failure where staff see it: alerts that nobody gets are a trouble of their own."""
        now = self._clock.now()
        attempts = max(alert["attempts"] for alert in alerts)
        retry_at = now + timedelta(seconds=min(FIRST_BACKOFF_S * 2**attempts, BACKOFF_LIMIT_S))
        reason = error or alert_words(salon.language)["refused"]
        async with self._database.transaction() as connection:
            ids = [alert["delivery_id"] for alert in alerts]
            await connection.execute(NOT_SENT, {"at": retry_at, "error": reason, "ids": ids})
            await raise_alert(connection, destination_failed(salon.id, destination.key, reason), now=now)
        metrics.ALERT_SENDS.labels("failed").inc()
        log.warning("alerts_not_sent", salon=salon.slug, destination=destination.key, alerts=len(alerts), error=reason)
        return retry_at


def is_for(destination: AlertDestination, alert: Mapping[str, Any]) -> bool:
    """Whether a destination wants an alert; never one that tells of its own failure."""
    wants_kind = not destination.kinds or alert["kind"] in destination.kinds
    wants_role = not destination.roles or bool(set(destination.roles) & set(alert["roles"]))
    return wants_kind and wants_role and alert["subject"] != subject_of(destination.key)


def plan_for(
    destination: AlertDestination,
    pending: Sequence[Mapping[str, Any]],
    *,
    zone: ZoneInfo,
    last_sent_at: datetime | None,
    now: datetime,
) -> _Plan:
    """What to send at `now`: nothing too soon after the last message or before a retry, at night only what is
    critical; all that may go goes together."""
    quiet_ends_at = None if destination.quiet is None else quiet_until(destination.quiet, zone, now)
    due, moments = [], []
    for alert in pending:
        at = max(alert["next_attempt_at"], now)
        if quiet_ends_at is not None and alert["severity"] != Severity.CRITICAL:
            at = max(at, quiet_ends_at)
        if last_sent_at is not None:
            at = max(at, last_sent_at + SPACING)
        if at <= now:
            due.append(alert)
        else:
            moments.append(at)
    return _Plan(now=tuple(due), again_at=min(moments, default=None))


def quiet_until(quiet: tuple[time, time], zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet that `now` lies in ends; None when it lies in none."""
    begins, ends = quiet
    local = now.astimezone(zone)
    at = local.time()
    is_quiet = begins <= at < ends if begins < ends else at >= begins or at < ends
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if at >= ends else 0)
    return datetime.combine(day, ends, tzinfo=zone).astimezone(now.tzinfo)


def subject_of(key: str) -> str:
    return f"destination:{key}"


def destination_failed(salon_id: int, key: str, reason: str) -> NewAlert:
    return NewAlert(
        salon_id=salon_id,
        subject=subject_of(key),
        kind=AlertKind.DESTINATION,
        severity=Severity.WARNING,
        facts={"account": key, "reason": reason},
    )
