"""Inbound items that are no customer message: edits, deletions, blocks, delivery states, replies typed on a phone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.contract import DeliveryStatus, Inbound, InboundKind
from responder.db.engine import Connection
from responder.dialogue.handoffs import take_over_thread
from responder.timing.substance import classify_message

# An edit of what no turn has answered yet, or of the customer's latest word, is to be read; an older one only corrects
# the record.
EDIT_MESSAGE = """
UPDATE message m SET text = %(text)s, edited_at = %(at)s,
    payload = m.payload || jsonb_build_object('before_edit', m.text)
FROM thread t
WHERE t.channel_account_id = %(account)s AND t.thread_key = %(thread_key)s AND m.thread_id = t.id
  AND m.direction = 'in' AND m.provider_message_id = %(provider_message_id)s AND m.kind = 'message'
RETURNING m.id, t.id AS thread_id, t.mode, m.text,
    m.id > COALESCE(t.answered_to_id, 0) OR NOT EXISTS (
        SELECT 1 FROM message later
        WHERE later.thread_id = t.id AND later.id > m.id AND later.direction = 'in'
          AND later.kind IN ('message', 'pressed', 'started')) AS is_to_be_read
"""

# The edit counts as the customer's newest word: a turn that is running now has read the old text, and its commit, which
# compares `last_inbound_id` with what it has seen, reads anew or leaves the thread due.
READ_EDIT = """
UPDATE thread SET turn_due_at = COALESCE(turn_due_at, %(at)s), unanswered_since = COALESCE(unanswered_since, %(at)s),
    last_inbound_id = %(event)s, last_message_at = %(at)s
WHERE id = %(thread)s AND mode = 'bot' AND barred_at IS NULL
RETURNING turn_due_at
"""

DELETE_MESSAGE = """
UPDATE message m SET deleted_at = %(at)s FROM thread t
WHERE t.channel_account_id = %(account)s AND t.thread_key = %(thread_key)s AND m.thread_id = t.id
  AND m.direction = 'in' AND m.provider_message_id = %(provider_message_id)s
  AND m.kind IN ('message', 'edited')
RETURNING t.id AS thread_id, m.id > COALESCE(t.answered_to_id, 0) AS is_unread
"""

# Words that were taken back are not answered: a running turn that has read them loses its lease and so its commit.
VOID_TURN = """
UPDATE thread SET lease_token = NULL, lease_until = NULL
WHERE id = %(thread)s AND mode = 'bot' AND turn_due_at IS NOT NULL
RETURNING turn_due_at
"""

MARK_BLOCKED = """
UPDATE thread SET is_blocked = %(blocked)s
WHERE channel_account_id = %(account)s AND thread_key = %(thread_key)s
"""

STATUS_STAMPS = {
    DeliveryStatus.DELIVERED: "UPDATE message SET delivered_at = COALESCE(delivered_at, %(at)s)",
    DeliveryStatus.READ: (
        "UPDATE message SET read_at = COALESCE(read_at, %(at)s), delivered_at = COALESCE(delivered_at, %(at)s)"
    ),
    DeliveryStatus.FAILED: (
        "UPDATE message SET failed_at = COALESCE(failed_at, %(at)s), failure = %(failure)s, "
        "send_state = CASE WHEN delivered_at IS NULL AND read_at IS NULL THEN 'failed' ELSE send_state END"
    ),
}

STORE_ECHO = """
INSERT INTO message (
    salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, kind, provider_key,
    provider_message_id, order_key, text, payload, raw, received_at, stored_at, composed_at, accepted_at, substance,
    send_state)
SELECT t.salon_id, t.id, e.id, t.channel_account_id, 'out', 'human_device', false, 'message', %(provider_key)s,
    %(provider_message_id)s::varchar, m.order_key, m.text, m.payload, m.raw, m.received_at, m.stored_at,
    COALESCE(m.sent_at, m.received_at), COALESCE(m.sent_at, m.received_at), %(substance)s, 'accepted'
FROM message m
JOIN thread t ON t.id = m.thread_id
LEFT JOIN enquiry e ON e.thread_id = t.id AND e.closed_at IS NULL
WHERE m.id = %(event)s AND NOT EXISTS (
    SELECT 1 FROM message ours
    WHERE ours.channel_account_id = m.channel_account_id AND ours.direction = 'out'
      AND ours.provider_message_id = %(provider_message_id)s::varchar)
ON CONFLICT (channel_account_id, provider_key) WHERE provider_key IS NOT NULL DO NOTHING
RETURNING thread_id
"""


async def apply_event(
    connection: Connection, item: Inbound, *, account_id: int, event_id: int, received_at: datetime
) -> datetime | None:
    """Carry out what a stored event says; gives when a turn is due because of it, if at all."""
    at = item.sent_at or received_at
    values: dict[str, Any] = {
        "account": account_id,
        "thread_key": item.thread_key,
        "provider_message_id": item.provider_message_id,
        "at": min(at, received_at),
        "event": event_id,
        "text": item.text,
        "failure": item.failure,
    }
    match item.kind:
        case InboundKind.EDITED:
            return await _edit(connection, values)
        case InboundKind.DELETED:
            return await _delete(connection, values)
        case InboundKind.BLOCKED | InboundKind.UNBLOCKED:
            values["blocked"] = item.kind is InboundKind.BLOCKED
            await connection.execute(MARK_BLOCKED, values)
        case InboundKind.STATUS if item.status in STATUS_STAMPS:
            where = " WHERE channel_account_id = %(account)s AND provider_message_id = %(provider_message_id)s"
            await connection.execute(STATUS_STAMPS[item.status] + where + " AND direction = 'out'", values)
        case InboundKind.ECHO:
            await _echo(connection, item, values, received_at)
        case _:  # kept raw; nothing to do
            pass
    return None


async def _edit(connection: Connection, values: dict[str, Any]) -> datetime | None:
    row = await (await connection.execute(EDIT_MESSAGE, values)).fetchone()
    if row is None or row["mode"] != "bot" or not row["is_to_be_read"]:
        return None
    due = await (await connection.execute(READ_EDIT, values | {"thread": row["thread_id"]})).fetchone()
    return due["turn_due_at"] if due else None


async def _delete(connection: Connection, values: dict[str, Any]) -> datetime | None:
    rows = await (await connection.execute(DELETE_MESSAGE, values)).fetchall()
    if not any(row["is_unread"] for row in rows):
        return None
    due = await (await connection.execute(VOID_TURN, {"thread": rows[0]["thread_id"]})).fetchone()
    return due["turn_due_at"] if due else None


async def _echo(connection: Connection, item: Inbound, values: dict[str, Any], received_at: datetime) -> None:
    """Staff answered on their own phone: that is a person's reply, and the bot falls silent."""
    values["substance"] = classify_message(item.text, has_attachment=bool(item.attachments)).value
    values["provider_key"] = f"echo:{values['provider_message_id']}"
    row = await (await connection.execute(STORE_ECHO, values)).fetchone()
    if row is not None:
        await take_over_thread(connection, thread_id=row["thread_id"], operator_id=None, now=received_at)
