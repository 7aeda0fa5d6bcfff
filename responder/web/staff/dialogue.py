"""One dialogue as the desk shows it: the person, everything that happened in order, the visits, the response times.

Waits are measured by `responder.timing`, as everywhere: no figure is worked out here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from responder.db.engine import Connection, Database
from responder.errors import NotFound
from responder.timing.load import load_readable
from responder.timing.measures import measure

MOST_MESSAGES = 300

HEAD = """
SELECT t.id, t.thread_key, t.customer_id, t.mode, t.display_name, t.is_blocked, t.barred_at, t.source, t.tags,
    t.last_inbound_id, t.unanswered_since, c.name, c.phone, c.is_vip, a.kind AS channel, a.name AS account_name,
    o.key AS operator, o.name AS operator_name, e.id AS enquiry_id, e.clock_start_at, e.closed_at, e.close_reason,
    e.excluded, h.needed_at, h.reason AS handoff_reason, h.detail AS handoff_detail, h.taken_at
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
    SELECT m.id, m.direction, m.author, m.kind, m.text, m.payload, m.sent_at, m.received_at, m.stored_at, m.edited_at,
        m.deleted_at, m.composed_at, m.accepted_at, m.delivered_at, m.read_at, m.failed_at, m.substance,
        m.substance_corrected_at, m.send_state, m.failure, m.attempts, m.idempotency_key,
        turn.decision, turn.understood_by, turn.llm_outcome, turn.meaning, turn.stages_ms, o.name AS operator,
        m.direction = 'in' AND EXISTS (
            SELECT 1 FROM turn failed WHERE failed.thread_id = m.thread_id AND failed.decision = 'handoff_failed'
                AND m.id BETWEEN failed.first_message_id AND failed.last_message_id) AS is_given_up,
        COALESCE(m.accepted_at, m.received_at, m.composed_at) AS at
    FROM message m LEFT JOIN turn ON turn.id = m.turn_id LEFT JOIN operator o ON o.id = m.operator_id
    WHERE m.thread_id = %(thread)s AND m.kind <> 'unknown'
    ORDER BY m.id DESC LIMIT %(limit)s
) latest ORDER BY at, id
"""

NOTES = """
SELECT n.id, n.text, n.at, n.mentions, o.name AS operator
FROM note n LEFT JOIN operator o ON o.id = n.operator_id WHERE n.thread_id = %(thread)s ORDER BY n.at, n.id
"""

HANDOFFS = """
SELECT h.id, h.needed_at, h.reason, h.taken_at, h.returned_at, o.name AS operator
FROM handoff h LEFT JOIN operator o ON o.id = h.operator_id WHERE h.thread_id = %(thread)s ORDER BY h.id
"""

APPOINTMENTS = """
SELECT p.id, p.state, p.starts_at, p.ends_at, p.confirmed_at, p.note, s.key AS service, p.also_services,
    w.key AS specialist
FROM appointment p JOIN service s ON s.id = p.service_id JOIN specialist w ON w.id = p.specialist_id
WHERE p.thread_id = %(thread)s AND p.state IN ('held', 'booked', 'came', 'no_show', 'cancelled') ORDER BY p.starts_at
"""

LEADS = """
SELECT l.id, l.service, l.visit_state, l.wish, d.crm_key, d.crm_id, d.crm_url, d.last_error,
    d.revision >= l.revision AS is_current, d.parked_at IS NOT NULL AS is_parked
FROM lead l LEFT JOIN lead_delivery d ON d.lead_id = l.id
WHERE l.enquiry_id IN (SELECT id FROM enquiry WHERE thread_id = %(thread)s)
ORDER BY l.id DESC LIMIT 5
"""

# the same person in other dialogues, and earlier enquiries of this one: by row of the customer, or by phone
HISTORY = """
SELECT e.id, e.thread_id, e.clock_start_at AS at, e.close_reason, a.kind AS channel, p.state AS visit_state,
    p.starts_at AS visit_at, s.key AS service
FROM (
    SELECT id FROM customer WHERE id = %(customer)s
    UNION SELECT c.id FROM customer me JOIN customer c ON c.salon_id = me.salon_id AND c.phone = me.phone
    WHERE me.id = %(customer)s
) same
JOIN thread t ON t.customer_id = same.id JOIN enquiry e ON e.thread_id = t.id
JOIN channel_account a ON a.id = e.channel_account_id
LEFT JOIN LATERAL (
    SELECT * FROM appointment WHERE thread_id = t.id AND enquiry_id = e.id ORDER BY id DESC LIMIT 1) p ON true
LEFT JOIN service s ON s.id = p.service_id
WHERE e.id IS DISTINCT FROM %(enquiry)s::bigint
ORDER BY e.clock_start_at DESC LIMIT 10
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """`items` are messages, notes and hand-offs in order of time, each with its `item` (what it is) and `at`."""

    head: dict[str, Any]
    items: list[dict[str, Any]]
    appointments: list[dict[str, Any]]
    leads: list[dict[str, Any]]
    history: list[dict[str, Any]]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [item for item in self.items if item["item"] == "message"]


async def one_dialogue(database: Database, salon_id: int, thread_id: int) -> Dialogue:
    """A dialogue of this salon; raises `NotFound`."""
    async with database.connection() as connection:
        head = await read_head(connection, salon_id, thread_id)
        values = {"thread": thread_id}
        messages = await read_messages(connection, thread_id)
        notes = await (await connection.execute(NOTES, values)).fetchall()
        handoffs = await (await connection.execute(HANDOFFS, values)).fetchall()
        appointments = await (await connection.execute(APPOINTMENTS, values)).fetchall()
        leads = await (await connection.execute(LEADS, values)).fetchall()
        before = {"customer": head["customer_id"], "enquiry": head["enquiry_id"]}
        history = await (await connection.execute(HISTORY, before)).fetchall()
        head |= await _waits(connection, head["enquiry_id"])
    items = [*messages, *({**note, "item": "note"} for note in notes), *_events(handoffs)]
    items.sort(key=lambda item: item["at"])
    return Dialogue(head=head, items=items, appointments=appointments, leads=leads, history=history)


async def read_head(connection: Connection, salon_id: int, thread_id: int) -> dict[str, Any]:
    """Who it is and how it stands; raises `NotFound`."""
    values = {"salon": salon_id, "thread": thread_id}
    head: dict[str, Any] | None = await (await connection.execute(HEAD, values)).fetchone()
    if head is None:
        raise NotFound(f"There is no dialogue {thread_id}.", code="no_dialogue", dialogue=thread_id)
    return head


async def read_messages(connection: Connection, thread_id: int, *, limit: int = MOST_MESSAGES) -> list[dict[str, Any]]:
    """The last messages of a dialogue with what the turn behind each thought, in order of time."""
    rows = await (await connection.execute(MESSAGES, {"thread": thread_id, "limit": limit})).fetchall()
    return [{**row, "item": "message"} for row in rows]


async def _waits(connection: Connection, enquiry_id: int | None) -> dict[str, float | None]:
    """The waits of an enquiry in calendar seconds: `first_useful_s`, `bot_frt_s`, `human_frt_s`, the latest
    `human_wait_s`."""
    timelines = {} if enquiry_id is None else (await load_readable(connection, [enquiry_id]))[0]
    waits = measure(timelines[enquiry_id]).calendar if enquiry_id in timelines else None
    names = ("first_useful_s", "bot_frt_s", "human_frt_s")
    found = {name: getattr(waits, name, None) for name in names}
    each = () if waits is None else waits.human_wait_s
    return found | {"human_wait_s": each[-1] if each else None}


def _events(handoffs: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Each hand-off as what happened: a person was called, came, gave the dialogue back."""
    for handoff in handoffs:
        moments: list[tuple[str, datetime | None]] = [
            ("called", None if handoff["reason"] == "taken_over" else handoff["needed_at"]),
            ("taken", handoff["taken_at"]),
            ("returned", handoff["returned_at"]),
        ]
        for what, at in moments:
            if at is not None:
                yield {**handoff, "id": f"{what}-{handoff['id']}", "item": "event", "what": what, "at": at}
