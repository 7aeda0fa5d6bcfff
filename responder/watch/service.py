"""The timers of enquiries: claimed when due, evaluated from the stamps, told once, in any number of processes.

A timer is no row: `enquiry.next_check_at` says when to look, and looking decides (docs/decisions/0009). What is told
and when to look next are written in the transaction that holds the enquiry, so a process that is killed leaves
everything as it was, to be found by the next look of another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from responder import metrics
from responder.alerts.service import AlertKind, NewAlert, Role, Severity, raise_alerts, resolve_alerts
from responder.clock import Clock
from responder.db.engine import Connection, Database
from responder.live import Live
from responder.logs import get_logger
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.timing.load import load_readable
from responder.timing.timeline import Timeline
from responder.watch import statements as sql
from responder.watch.rules import (
    BREACH,
    ESCALATE,
    FAILED,
    WARN,
    Booking,
    Fired,
    GivenUp,
    Look,
    Step,
    Waiting,
    due_steps,
    waits_of,
)
from responder.watch.targets import Selected, targets_for

log = get_logger(__name__)
BATCH = 200
AFTER_A_FAULT = timedelta(minutes=5)


@dataclass(slots=True)
class _Round:
    """What looking at one batch has found, to be written together."""

    alerts: list[NewAlert] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    moments: dict[int, datetime | None] = field(default_factory=dict)
    over: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    late_s: list[tuple[str, float]] = field(default_factory=list)


class Watch:
    def __init__(self, database: Database, *, clock: Clock, salons: SalonCache, live: Live) -> None:
        self._database = database
        self._clock = clock
        self._salons = salons
        self._live = live

    async def fire_due(self) -> int:
        """Look at every enquiry whose time has come; gives how many steps were told."""
        if not await self._is_due():
            return 0
        salons = {salon.id: salon for salon in await self._salons.all()}
        told = 0
        while True:
            async with self._database.transaction() as connection:
                now = self._clock.now()
                claimed = await (await connection.execute(sql.CLAIM, {"now": now, "limit": BATCH})).fetchall()
                found = await self._look(connection, claimed, salons, now)
                await self._write(connection, found, now)
            await self._tell(found)
            told += len(found.events)
            if len(claimed) < BATCH:
                return told

    async def next_due_at(self) -> datetime | None:
        """When something is to be looked at next; it may lie in the past, in another process's hands."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(sql.NEXT)).fetchone()
        return row["at"] if row else None

    async def _is_due(self) -> bool:
        at = await self.next_due_at()
        return at is not None and at <= self._clock.now()

    async def _look(
        self,
        connection: Connection,
        claimed: Sequence[Mapping[str, Any]],
        salons: Mapping[int, SalonProfile],
        now: datetime,
    ) -> _Round:
        found = _Round()
        if not claimed:
            return found
        ids = [row["id"] for row in claimed]
        timelines, unreadable = await load_readable(connection, ids)
        for enquiry_id in unreadable:
            log.error("timers_not_looked_at", enquiry_id=enquiry_id, error="a stamp that cannot be read")
            found.moments[enquiry_id] = now + AFTER_A_FAULT
        fired: defaultdict[int, set[Fired]] = defaultdict(set)
        for event in await (await connection.execute(sql.FIRED, {"ids": ids})).fetchall():
            fired[event["enquiry_id"]].add((event["measure"], event["number"], event["step"]))
        bookings: defaultdict[int, list[Booking]] = defaultdict(list)
        values = {"ids": ids, "threads": [row["thread_id"] for row in claimed]}
        for visit in await (await connection.execute(sql.BOOKINGS, values)).fetchall():
            bookings[visit.pop("enquiry_id")].append(Booking(**visit))
        given_up: defaultdict[int, list[GivenUp]] = defaultdict(list)
        for turn in await (await connection.execute(sql.GIVEN_UP, {"ids": ids})).fetchall():
            given_up[turn.pop("enquiry_id")].append(GivenUp(**turn))
        for row in claimed:
            if row["id"] not in timelines:
                continue
            known = timelines[row["id"]], bookings[row["id"]], given_up[row["id"]], fired[row["id"]]
            try:
                look = _look_at(row, salons[row["salon_id"]], *known, now=now)
            except Exception:  # one enquiry that cannot be measured must not hold up the timers of all others
                log.exception("timers_not_looked_at", enquiry_id=row["id"])
                found.moments[row["id"]] = now + AFTER_A_FAULT
                continue
            _take(found, row, look, now)
        return found

    async def _write(self, connection: Connection, found: _Round, now: datetime) -> None:
        if found.events:
            await connection.execute(sql.NOTE, {"rows": Jsonb(found.events), "now": now})
        await raise_alerts(connection, found.alerts, now=now)
        for salon_id, subjects in found.over.items():
            await resolve_alerts(connection, salon_id, subjects, now=now)
        if found.moments:
            values = {"ids": list(found.moments), "moments": list(found.moments.values())}
            await connection.execute(sql.SCHEDULE, values)

    async def _tell(self, found: _Round) -> None:
        for step, late_s in found.late_s:
            metrics.TIMERS.labels(step).inc()
            metrics.TIMER_LATE.observe(late_s)
        for salon_id in {alert.salon_id for alert in found.alerts} | set(found.over):
            await self._live.publish(f"salon:{salon_id}", {"type": "alert"})


def _look_at(
    row: Mapping[str, Any],
    salon: SalonProfile,
    timeline: Timeline,
    bookings: Sequence[Booking],
    given_up: Sequence[GivenUp],
    fired: set[Fired],
    *,
    now: datetime,
) -> Look:
    about = Selected(channel_kind=row["channel_kind"], category=row["category"], priority=row["priority"])
    return due_steps(
        waits_of(timeline, bookings, given_up=given_up, is_settled=row["is_settled"], now=now),
        targets_for(salon.targets, about),
        ladder=salon.escalation,
        hours=salon.hours,
        fired=fired,
        now=now,
    )


def _take(found: _Round, row: Mapping[str, Any], look: Look, now: datetime) -> None:
    found.moments[row["id"]] = look.next_at
    for step in look.due:
        found.alerts.append(_alert(row, step))
        found.events.append(
            {
                "salon_id": row["salon_id"],
                "enquiry_id": row["id"],
                "measure": step.waiting.measure,
                "number": step.waiting.number,
                "step": step.name,
                "target_s": step.target.seconds,
                "due_at": step.due_at.isoformat(),
            }
        )
        found.late_s.append((step.kind, (now - step.due_at).total_seconds()))
    if look.over:
        found.over[row["salon_id"]] += [_subject(row["id"], waiting) for waiting in look.over]


KINDS = {
    WARN: AlertKind.WARN,
    BREACH: AlertKind.BREACH,
    ESCALATE: AlertKind.ESCALATE,
    FAILED: AlertKind.FAILED,
}


def _alert(row: Mapping[str, Any], step: Step) -> NewAlert:
    facts: dict[str, Any] = {
        "measure": str(step.waiting.measure),
        "since": step.waiting.start.isoformat(),
        "account": row["account"],
        "channel": row["channel_kind"],
    }
    if step.target.seconds:
        facts |= {"target_s": step.target.seconds, "working": step.target.working}
    if step.waiting.message_id is not None:
        facts["message"] = step.waiting.message_id
    return NewAlert(
        salon_id=row["salon_id"],
        subject=_subject(row["id"], step.waiting),
        step=step.name,
        kind=KINDS[step.kind],
        severity=Severity.NOTICE if step.kind == WARN else Severity.WARNING,
        roles=(Role.OPERATOR, Role.ADMINISTRATOR) if step.kind == FAILED else (Role(step.role or Role.OPERATOR),),
        thread_id=row["thread_id"],
        enquiry_id=row["id"],
        facts=facts if step.role is None else facts | {"role": step.role},
    )


def _subject(enquiry_id: int, waiting: Waiting) -> str:
    return f"wait:{enquiry_id}:{waiting.measure}:{waiting.number}"
