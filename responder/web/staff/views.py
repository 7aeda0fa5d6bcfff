"""What the staff pages and API show, read from the tables in one query each; every query is scoped by salon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.db.engine import Database
from responder.errors import NotFound

RECENT = """
SELECT t.id, t.thread_key, t.mode, t.display_name, t.is_blocked, t.last_message_at, c.name, c.phone, a.kind AS channel,
    e.id AS enquiry_id, e.clock_start_at, e.closed_at, e.close_reason, e.excluded, o.name AS operator,
    h.needed_at, h.reason AS handoff_reason, h.taken_at,
    last.text AS last_text, last.author AS last_author,
    useful.accepted_at AS first_useful_at, human.accepted_at AS first_human_at
FROM thread t
JOIN customer c ON c.id = t.customer_id
JOIN channel_account a ON a.id = t.channel_account_id
LEFT JOIN operator o ON o.id = t.operator_id
LEFT JOIN LATERAL (SELECT * FROM enquiry WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) e ON true
LEFT JOIN LATERAL (SELECT * FROM handoff WHERE thread_id = t.id AND returned_at IS NULL ORDER BY id DESC LIMIT 1) h
    ON true
LEFT JOIN LATERAL (SELECT text, author FROM message WHERE thread_id = t.id AND text <> '' ORDER BY id DESC LIMIT 1) last
    ON true
LEFT JOIN LATERAL (
    SELECT accepted_at FROM message WHERE enquiry_id = e.id AND direction = 'out' AND substance = 'substantive'
      AND accepted_at IS NOT NULL ORDER BY accepted_at LIMIT 1) useful ON true
LEFT JOIN LATERAL (
    SELECT accepted_at FROM message WHERE enquiry_id = e.id AND author IN ('human', 'human_device')
      AND accepted_at IS NOT NULL ORDER BY accepted_at LIMIT 1) human ON true
WHERE t.salon_id = %(salon)s AND t.last_message_at IS NOT NULL
ORDER BY (h.needed_at IS NOT NULL AND h.taken_at IS NULL) DESC, t.last_message_at DESC
LIMIT %(limit)s
"""

HEAD = """
SELECT t.id, t.thread_key, t.mode, t.display_name, t.is_blocked, t.source, c.name, c.phone, a.kind AS channel, o.name AS operator
FROM thread t JOIN customer c ON c.id = t.customer_id JOIN channel_account a ON a.id = t.channel_account_id
LEFT JOIN operator o ON o.id = t.operator_id
WHERE t.id = %(thread)s AND t.salon_id = %(salon)s
"""

MESSAGES = """
SELECT m.*, turn.decision, turn.understood_by, turn.llm_outcome, turn.meaning, turn.stages_ms, o.name AS operator
FROM message m LEFT JOIN turn ON turn.id = m.turn_id LEFT JOIN operator o ON o.id = m.operator_id
WHERE m.thread_id = %(thread)s AND m.kind <> 'unknown'
ORDER BY m.id DESC LIMIT 500
"""

APPOINTMENTS = """
SELECT p.id, p.state, p.starts_at, p.ends_at, s.name AS service, w.name AS specialist
FROM appointment p JOIN service s ON s.id = p.service_id JOIN specialist w ON w.id = p.specialist_id
WHERE p.thread_id = %(thread)s AND p.state IN ('held', 'booked', 'came', 'no_show') ORDER BY p.starts_at
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """One dialogue as a page shows it: the person, the messages oldest first, the visits."""

    head: dict[str, Any]
    messages: list[dict[str, Any]]
    appointments: list[dict[str, Any]]


async def recent_dialogues(database: Database, salon_id: int, *, limit: int = 100) -> list[dict[str, Any]]:
    """Dialogues, those waiting for a person first, then the latest."""
    async with database.connection() as connection:
        rows = await (await connection.execute(RECENT, {"salon": salon_id, "limit": limit})).fetchall()
    return [row | {"wait_s": _seconds(row["clock_start_at"], row["first_useful_at"])} for row in rows]


async def one_dialogue(database: Database, salon_id: int, thread_id: int) -> Dialogue:
    """A dialogue of this salon; raises `NotFound`."""
    async with database.connection() as connection:
        values = {"salon": salon_id, "thread": thread_id}
        head = await (await connection.execute(HEAD, values)).fetchone()
        if head is None:
            raise NotFound(f"There is no dialogue {thread_id}.")
        messages = await (await connection.execute(MESSAGES, values)).fetchall()
        appointments = await (await connection.execute(APPOINTMENTS, values)).fetchall()
    return Dialogue(head=head, messages=list(reversed(messages)), appointments=appointments)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()
