"""What the staff pages and API show, read from the tables in a few queries each; every query is scoped by salon.

Waits are measured by `responder.timing`, as everywhere: no figure is worked out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.db.engine import Connection, Database
from responder.errors import NotFound
from responder.timing.load import load_readable
from responder.timing.measures import measure

# Who waits comes first, the longest wait at the top, with the customer's words: what somebody has to answer;
# the rest is the newest page, or one before an instant.
RECENT = """
WITH waiting AS (
    SELECT h.thread_id AS id FROM handoff h JOIN enquiry e ON e.id = h.enquiry_id
    WHERE h.salon_id = %(salon)s AND h.taken_at IS NULL AND h.returned_at IS NULL AND e.closed_at IS NULL
      AND %(before)s::timestamptz IS NULL
    ORDER BY h.needed_at LIMIT %(limit)s
), latest AS (
    SELECT id FROM thread
    WHERE salon_id = %(salon)s AND last_message_at IS NOT NULL
      AND (%(before)s::timestamptz IS NULL OR last_message_at < %(before)s::timestamptz)
    ORDER BY last_message_at DESC LIMIT %(limit)s
)
SELECT t.id, t.thread_key, t.mode, t.display_name, t.is_blocked, t.last_message_at, c.name, c.phone, a.kind AS channel,
    e.id AS enquiry_id, e.clock_start_at, e.closed_at, e.close_reason, e.excluded, o.name AS operator,
    h.needed_at, h.reason AS handoff_reason, h.taken_at,
    last.text AS last_text, last.author AS last_author, last.kind AS last_kind,
    waiting.id IS NOT NULL AS is_waiting
FROM (SELECT id FROM waiting UNION SELECT id FROM latest) shown
JOIN thread t ON t.id = shown.id
JOIN customer c ON c.id = t.customer_id
JOIN channel_account a ON a.id = t.channel_account_id
LEFT JOIN waiting ON waiting.id = t.id
LEFT JOIN operator o ON o.id = t.operator_id
LEFT JOIN LATERAL (SELECT * FROM enquiry WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) e ON true
LEFT JOIN LATERAL (SELECT * FROM handoff WHERE thread_id = t.id AND returned_at IS NULL ORDER BY id DESC LIMIT 1) h
    ON true
LEFT JOIN LATERAL (
    SELECT text, author, kind FROM message
    WHERE thread_id = t.id AND kind <> 'unknown' AND (waiting.id IS NULL OR author = 'customer')
    ORDER BY id DESC LIMIT 1) last ON true
ORDER BY waiting.id IS NULL, CASE WHEN waiting.id IS NOT NULL THEN h.needed_at END, t.last_message_at DESC
LIMIT %(limit)s
"""

HEAD = """
SELECT t.id, t.thread_key, t.mode, t.display_name, t.is_blocked, t.source, c.name, c.phone, a.kind AS channel,
    o.name AS operator, e.id AS enquiry_id, e.clock_start_at, e.closed_at, e.close_reason, e.excluded,
    h.needed_at, h.reason AS handoff_reason, h.taken_at
FROM thread t JOIN customer c ON c.id = t.customer_id JOIN channel_account a ON a.id = t.channel_account_id
LEFT JOIN operator o ON o.id = t.operator_id
LEFT JOIN LATERAL (SELECT * FROM enquiry WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) e ON true
LEFT JOIN LATERAL (SELECT * FROM handoff WHERE thread_id = t.id AND returned_at IS NULL ORDER BY id DESC LIMIT 1) h
    ON true
WHERE t.id = %(thread)s AND t.salon_id = %(salon)s
"""

# a reply stands where the customer saw it: when it was accepted
MESSAGES = """
SELECT * FROM (
    SELECT m.*, turn.decision, turn.understood_by, turn.llm_outcome, turn.meaning, turn.stages_ms, o.name AS operator,
        m.direction = 'in' AND EXISTS (
            SELECT 1 FROM turn failed WHERE failed.thread_id = m.thread_id AND failed.decision = 'handoff_failed'
                AND m.id BETWEEN failed.first_message_id AND failed.last_message_id) AS is_given_up,
        COALESCE(m.accepted_at, m.received_at, m.composed_at) AS at
    FROM message m LEFT JOIN turn ON turn.id = m.turn_id LEFT JOIN operator o ON o.id = m.operator_id
    WHERE m.thread_id = %(thread)s AND m.kind <> 'unknown'
    ORDER BY m.id DESC LIMIT 500
) latest ORDER BY at, id
"""

APPOINTMENTS = """
SELECT p.id, p.state, p.starts_at, p.ends_at, p.confirmed_at, s.key AS service, p.also_services, w.key AS specialist
FROM appointment p JOIN service s ON s.id = p.service_id JOIN specialist w ON w.id = p.specialist_id
WHERE p.thread_id = %(thread)s AND p.state IN ('held', 'booked', 'came', 'no_show', 'cancelled') ORDER BY p.starts_at
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """One dialogue as a page shows it: the person, the messages oldest first, the visits."""

    head: dict[str, Any]
    messages: list[dict[str, Any]]
    appointments: list[dict[str, Any]]


async def recent_dialogues(
    database: Database, salon_id: int, *, limit: int = 100, before: datetime | None = None
) -> list[dict[str, Any]]:
    """Dialogues, those waiting for a person first, then the latest; with `before` only older ones, and nobody first."""
    async with database.connection() as connection:
        values = {"salon": salon_id, "limit": limit, "before": before}
        rows = await (await connection.execute(RECENT, values)).fetchall()
        return await _with_waits(connection, rows)


async def one_dialogue(database: Database, salon_id: int, thread_id: int) -> Dialogue:
    """A dialogue of this salon; raises `NotFound`."""
    async with database.connection() as connection:
        values = {"salon": salon_id, "thread": thread_id}
        head = await (await connection.execute(HEAD, values)).fetchone()
        if head is None:
            raise NotFound(f"There is no dialogue {thread_id}.", code="no_dialogue", dialogue=thread_id)
        messages = await (await connection.execute(MESSAGES, values)).fetchall()
        appointments = await (await connection.execute(APPOINTMENTS, values)).fetchall()
        head = (await _with_waits(connection, [head]))[0]
    return Dialogue(head=head, messages=messages, appointments=appointments)


async def _with_waits(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the waits of their latest enquiry: `first_useful_s`, `bot_frt_s`, `human_frt_s`."""
    ids = [row["enquiry_id"] for row in rows if row["enquiry_id"] is not None]
    timelines, _ = await load_readable(connection, ids)
    waits = {found: measure(timeline).calendar for found, timeline in timelines.items()}
    names = ("first_useful_s", "bot_frt_s", "human_frt_s")
    return [{**row, **{name: getattr(waits.get(row["enquiry_id"]), name, None) for name in names}} for row in rows]
