"""Alerts as staff see them: what stands and what is over, with the customer's first name and last words.

Names and words are read here, at the moment of looking: an alert itself holds none, because it leaves the product.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from responder.alerts.service import mark_seen
from responder.alerts.wording import details, headline
from responder.clock import Clock
from responder.db.engine import Database
from responder.live import Live
from responder.staff.audit import Actor, record

LINE_LENGTH = 80

# One row for each thing that is told, in the latest step of it.
LATEST = """
SELECT a.id, a.subject, a.step, a.kind, a.severity, a.roles, a.thread_id, a.enquiry_id, a.facts, a.raised_at,
    a.seen_at, a.resolved_at, split_part(COALESCE(c.name, t.display_name, ''), ' ', 1) AS first_name,
    last.text AS last_text
FROM (
    SELECT DISTINCT ON (subject, resolved_at) * FROM (
        SELECT * FROM alert WHERE salon_id = %(salon)s AND (resolved_at IS NULL) = %(is_standing)s
        ORDER BY id DESC LIMIT %(limit)s * 4
    ) recent ORDER BY subject, resolved_at, id DESC
) a
LEFT JOIN thread t ON t.id = a.thread_id
LEFT JOIN customer c ON c.id = t.customer_id
LEFT JOIN LATERAL (
    SELECT text FROM message WHERE thread_id = a.thread_id AND direction = 'in' AND text <> ''
        AND id <= COALESCE((a.facts ->> 'message')::bigint, id)
    ORDER BY id DESC LIMIT 1
) last ON true
ORDER BY a.id DESC LIMIT %(limit)s
"""

UNSEEN = "SELECT count(*) AS n FROM alert WHERE salon_id = %(salon)s AND seen_at IS NULL AND resolved_at IS NULL"


async def list_alerts(
    database: Database, salon_id: int, *, is_standing: bool, language: str, now: datetime, limit: int = 100
) -> list[dict[str, Any]]:
    """The newest alerts that stand, or that are over, newest first, with what they say in `language`."""
    values = {"salon": salon_id, "is_standing": is_standing, "limit": limit}
    async with database.connection() as connection:
        rows = await (await connection.execute(LATEST, values)).fetchall()
    return [
        {
            **row,
            "headline": headline(row, language),
            "details": details(row, language, now=now),
            "last_text": _shortened(row["last_text"]),
        }
        for row in rows
    ]


async def count_unseen(database: Database, salon_id: int) -> int:
    """Alerts that stand and nobody has marked as seen."""
    async with database.connection() as connection:
        row = await (await connection.execute(UNSEEN, {"salon": salon_id})).fetchone()
    return int(row["n"]) if row else 0


async def see_alerts(
    database: Database, salon_id: int, ids: list[int] | None, *, actor: Actor, clock: Clock, live: Live | None = None
) -> int:
    """Mark alerts as seen (None: all of the salon); gives of how many that is news."""
    now = clock.now()
    async with database.transaction() as connection:
        seen = await mark_seen(connection, salon_id, ids, now=now)
        if seen:
            about = {"count": seen}
            await record(connection, actor, salon_id=salon_id, action="alert.seen", details=about, now=now)
    if seen and live is not None:
        await live.publish(f"salon:{salon_id}", {"type": "alert"})
    return seen


def _shortened(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}…"
