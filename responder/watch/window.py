"""The window alarm: the share within target over the last hour fell below its goal.

It is told once a fall: while it lasts its alert stands, and ends when the share has recovered or the hour has nothing
left to judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from responder.alerts.service import AlertKind, NewAlert, Severity, raise_alerts, resolve_alerts
from responder.clock import Clock
from responder.db.engine import Connection, Database
from responder.hours import OpeningHours
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile, Target
from responder.timing.load import load_readable
from responder.timing.measures import Measure, Measures, measure
from responder.timing.statistics import Wait, share_within, waits
from responder.watch.rules import WATCHED
from responder.watch.targets import Selected, target_for

WINDOW = timedelta(hours=1)
ENOUGH = 10  # arrivals; of fewer a share says little
BITE = 100  # enquiries measured in one go: turns and timers of this process come in between
LOCK_SPACE = 7_248  # advisory locks (LOCK_SPACE, salon): one process at a time works a salon's hour out

ARRIVED = """
SELECT e.id, e.category, e.priority, a.kind AS channel_kind
FROM enquiry e JOIN channel_account a ON a.id = e.channel_account_id
WHERE e.salon_id = %(salon)s AND e.clock_start_at > %(since)s AND e.clock_start_at <= %(now)s
"""

STANDING = """
SELECT subject FROM alert WHERE salon_id = %(salon)s AND kind = 'window' AND resolved_at IS NULL
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One target over the window: `share` of `n` waits that can be judged."""

    target: Target
    n: int
    share: float

    @property
    def subject(self) -> str:
        chosen = (self.target.channel_kind, self.target.category, self.target.priority)
        return ":".join(("window", str(self.target.measure), *(part or "" for part in chosen)))

    @property
    def is_fallen(self) -> bool:
        return self.n >= ENOUGH and self.share < self.target.goal_share

    @property
    def is_well(self) -> bool:
        return self.share >= self.target.goal_share


def judge(
    arrived: Iterable[tuple[Selected, Measures]], own: Sequence[Target], *, hours: OpeningHours, now: datetime
) -> list[Judged]:
    """Every target that bound an arrival which can be judged by now."""
    found: defaultdict[Target, list[Wait]] = defaultdict(list)
    for about, measures in arrived:
        for name in WATCHED:
            target = target_for(own, name, about)
            if target is not None:
                found[target] += waits([measures], name, now=now, hours=hours if target.working else None)
    judged = []
    for target, waited in found.items():
        share = share_within(waited, target.seconds)
        if share is not None:
            judged.append(Judged(target=target, n=share.of, share=share.value))
    return judged


class WindowAlarm:
    def __init__(self, database: Database, *, clock: Clock, salons: SalonCache) -> None:
        self._database = database
        self._clock = clock
        self._salons = salons

    async def look(self) -> int:
        """Judge the last hour of every salon; gives how many falls were told."""
        return sum([await self._look_at(salon) for salon in await self._salons.all()])

    async def _look_at(self, salon: SalonProfile) -> int:
        now = self._clock.now()
        async with self._database.transaction() as connection:
            lock = await connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s) AS got", (LOCK_SPACE, salon.id))
            row = await lock.fetchone()
            if row is None or not row["got"]:
                return 0
            arrived = await _arrived(connection, salon, now)
            judged = judge(arrived, salon.targets, hours=salon.hours, now=now)
            standing = await (await connection.execute(STANDING, {"salon": salon.id})).fetchall()
            unwell = {found.subject for found in judged if not found.is_well}
            over = [row["subject"] for row in standing if row["subject"] not in unwell]
            await resolve_alerts(connection, salon.id, over, now=now)
            alerts = [_alert(salon.id, found) for found in judged if found.is_fallen]
            return await raise_alerts(connection, alerts, now=now)


async def _arrived(connection: Connection, salon: SalonProfile, now: datetime) -> list[tuple[Selected, Measures]]:
    values = {"salon": salon.id, "since": now - WINDOW, "now": now}
    rows = await (await connection.execute(ARRIVED, values)).fetchall()
    arrived: list[tuple[Selected, Measures]] = []
    for start in range(0, len(rows), BITE):
        bite = rows[start : start + BITE]
        timelines, _ = await load_readable(connection, [row["id"] for row in bite])
        arrived += [(_selected(row), measure(timelines[row["id"]])) for row in bite if row["id"] in timelines]
    return arrived


def _selected(row: dict[str, Any]) -> Selected:
    return Selected(channel_kind=row["channel_kind"], category=row["category"], priority=row["priority"])


def _alert(salon_id: int, found: Judged) -> NewAlert:
    target = found.target
    return NewAlert(
        salon_id=salon_id,
        subject=found.subject,
        kind=AlertKind.WINDOW,
        severity=Severity.WARNING,
        facts={
            "measure": str(Measure(target.measure)),
            "share": found.share,
            "goal": target.goal_share,
            "n": found.n,
            "target_s": target.seconds,
            "working": target.working,
        },
    )
