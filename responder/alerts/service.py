"""Raise an alert, note that it is over, note that it was seen; on the caller's connection, in its transaction.

So an alert exists exactly when what it tells was committed, and the job that sends it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from psycopg.types.json import Jsonb

from responder import jobs, metrics
from responder.db.engine import Connection

SEND_ALERTS = "send_alerts"
GATHER = timedelta(seconds=2)  # what is raised together is told together

RAISE = """
INSERT INTO alert (salon_id, subject, step, kind, severity, roles, thread_id, enquiry_id, facts, raised_at)
SELECT salon_id, subject, step, kind, severity, roles, thread_id, enquiry_id, facts, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS new (salon_id bigint, subject text, step text, kind text, severity text,
    roles text[], thread_id bigint, enquiry_id bigint, facts jsonb)
ON CONFLICT (salon_id, subject, step) WHERE resolved_at IS NULL DO NOTHING
RETURNING id, salon_id, kind
"""

RESOLVE = """
UPDATE alert SET resolved_at = %(now)s
WHERE salon_id = %(salon)s AND subject = ANY(%(subjects)s) AND resolved_at IS NULL
RETURNING id
"""

MARK_SEEN = """
UPDATE alert SET seen_at = %(now)s
WHERE salon_id = %(salon)s AND id = ANY(%(ids)s) AND seen_at IS NULL
RETURNING id
"""

MARK_ALL_SEEN = "UPDATE alert SET seen_at = %(now)s WHERE salon_id = %(salon)s AND seen_at IS NULL RETURNING id"


class AlertKind(StrEnum):
    WARN = "warn"  # a target is about to be missed
    BREACH = "breach"
    ESCALATE = "escalate"
    FAILED = "failed"  # the bot could not answer a message; a person has to
    WINDOW = "window"  # the share within target has fallen below its goal
    CHANNEL = "channel"  # a channel account does not work
    CRM = "crm"
    DESTINATION = "destination"  # alerts themselves do not arrive


class Severity(StrEnum):
    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"  # breaks the quiet hours


class Role(StrEnum):
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    OWNER = "owner"


IN_CHARGE = (Role.ADMINISTRATOR, Role.OWNER)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAlert:
    """What to tell; see `tables.Alert` for the fields. `facts` are plain JSON values without customer data."""

    salon_id: int
    subject: str
    kind: AlertKind
    severity: Severity
    step: str = ""
    roles: Sequence[Role] = IN_CHARGE
    thread_id: int | None = None
    enquiry_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return row | {"roles": list(self.roles), "facts": dict(self.facts)}


async def raise_alert(connection: Connection, alert: NewAlert, *, now: datetime) -> bool:
    """Tell whom it concerns; False when the same is told already and not over."""
    return bool(await raise_alerts(connection, [alert], now=now))


async def raise_alerts(connection: Connection, alerts: Sequence[NewAlert], *, now: datetime) -> int:
    """The same for many, in two statements and one a salon; gives how many were new."""
    if not alerts:
        return 0
    values = {"rows": Jsonb([alert.row() for alert in alerts]), "now": now}
    raised = await (await connection.execute(RAISE, values)).fetchall()
    for row in raised:
        metrics.ALERTS.labels(row["kind"]).inc()
    for salon_id in sorted({row["salon_id"] for row in raised}):
        await defer_sending(connection, salon_id, at=now + GATHER)
    return len(raised)


async def resolve_alerts(connection: Connection, salon_id: int, subjects: Sequence[str], *, now: datetime) -> int:
    """What these were about is over; gives how many alerts that ended."""
    if not subjects:
        return 0
    values = {"salon": salon_id, "subjects": list(subjects), "now": now}
    return len(await (await connection.execute(RESOLVE, values)).fetchall())


async def mark_seen(connection: Connection, salon_id: int, ids: Sequence[int] | None, *, now: datetime) -> int:
    """Somebody has seen these alerts (None: all of the salon); gives of how many that is news."""
    values = {"salon": salon_id, "ids": list(ids or ()), "now": now}
    statement = MARK_ALL_SEEN if ids is None else MARK_SEEN
    return len(await (await connection.execute(statement, values)).fetchall())


async def defer_sending(connection: Connection, salon_id: int, *, at: datetime) -> None:
    """One job a salon waits; it takes whatever is to be told when it runs."""
    lock = f"{SEND_ALERTS}:{salon_id}"
    await jobs.defer(connection, SEND_ALERTS, args={"salon_id": salon_id}, lock=lock, queueing_lock=lock, run_at=at)
