"""A dialogue passes from the bot to people and back; every room that may cause it uses these statements."""

from __future__ import annotations

from datetime import datetime

from responder.db.engine import Connection
from responder.dialogue.states import HandoffReason

# whoever changes what an enquiry waits for has its timers looked at: `next_check_at`
OPEN_HANDOFF = """
WITH opened AS (
    INSERT INTO handoff (salon_id, thread_id, enquiry_id, needed_at, reason, detail)
    SELECT t.salon_id, t.id, e.id, %(now)s, %(reason)s, %(detail)s
    FROM thread t LEFT JOIN enquiry e ON e.thread_id = t.id AND e.closed_at IS NULL
    WHERE t.id = %(thread)s
      AND NOT EXISTS (SELECT 1 FROM handoff h WHERE h.thread_id = t.id AND h.returned_at IS NULL
                      AND h.enquiry_id IS NOT DISTINCT FROM e.id)
    RETURNING id, enquiry_id
), watched AS (
    UPDATE enquiry SET next_check_at = LEAST(next_check_at, %(now)s) FROM opened WHERE enquiry.id = opened.enquiry_id
)
SELECT id FROM opened
"""

# One person answers one dialogue: a graver reason replaces the one that nobody has come for yet, and its wait goes on.
RAISE_REASON = """
UPDATE handoff SET reason = %(reason)s, detail = %(detail)s
WHERE thread_id = %(thread)s AND returned_at IS NULL AND taken_at IS NULL
  AND array_position(%(by_gravity)s::varchar[], reason) < array_position(%(by_gravity)s::varchar[], %(reason)s::varchar)
"""

BY_GRAVITY = (
    HandoffReason.ASSIGNED,
    HandoffReason.ATTACHMENT,
    HandoffReason.NOT_UNDERSTOOD,
    HandoffReason.FAILED,
    HandoffReason.ASKED,
    HandoffReason.ANGER,
    HandoffReason.RISK,
)

TAKE_OVER = """
UPDATE thread SET mode = 'human', operator_id = COALESCE(%(operator)s, operator_id), turn_due_at = NULL,
    lease_token = NULL, lease_until = NULL
WHERE id = %(thread)s
RETURNING id
"""

MARK_TAKEN = """
UPDATE handoff SET taken_at = %(now)s, operator_id = %(operator)s
WHERE thread_id = %(thread)s AND returned_at IS NULL AND taken_at IS NULL
"""

WITHDRAW_UNSENT = """
UPDATE message SET send_state = 'withdrawn', next_attempt_at = NULL
WHERE thread_id = %(thread)s AND send_state IN ('queued', 'unknown') AND author = 'bot'
"""

GIVE_BACK = """
UPDATE thread SET mode = 'bot', operator_id = NULL, lease_token = NULL, lease_until = NULL,
    turn_due_at = CASE WHEN unanswered_since IS NOT NULL THEN %(now)s::timestamptz END,
    state = state - 'handed_off' - 'reassured_at' - 'misunderstood'
WHERE id = %(thread)s AND (mode = 'human' OR state ? 'handed_off')
RETURNING id
"""

RETURN_HANDOFFS = """
WITH returned AS (
    UPDATE handoff SET returned_at = %(now)s WHERE thread_id = %(thread)s AND returned_at IS NULL RETURNING enquiry_id
)
UPDATE enquiry SET next_check_at = LEAST(next_check_at, %(now)s) FROM returned WHERE enquiry.id = returned.enquiry_id
"""


async def open_handoff(
    connection: Connection, *, thread_id: int, reason: HandoffReason, detail: str, now: datetime
) -> bool:
    """A person is needed from `now` on; False when one already was, then at most the reason is made graver."""
    values = {"thread": thread_id, "reason": reason.value, "detail": detail, "now": now}
    if await (await connection.execute(OPEN_HANDOFF, values)).fetchone() is not None:
        return True
    gravity = [known.value for known in BY_GRAVITY]
    await connection.execute(RAISE_REASON, values | {"by_gravity": gravity})
    return False


async def take_over_thread(connection: Connection, *, thread_id: int, operator_id: int | None, now: datetime) -> bool:
    """The bot falls silent at once: its lease is void, what it had not sent is withdrawn. False: no such thread."""
    values = {"thread": thread_id, "operator": operator_id, "now": now}
    if await (await connection.execute(TAKE_OVER, values)).fetchone() is None:
        return False
    await open_handoff(connection, thread_id=thread_id, reason=HandoffReason.TAKEN_OVER, detail="", now=now)
    await connection.execute(MARK_TAKEN, values)
    await connection.execute(WITHDRAW_UNSENT, values)
    return True


async def give_back_thread(connection: Connection, *, thread_id: int, now: datetime) -> bool:
    """The bot answers again, at once what nobody has answered, and nobody waits for a person; False when nothing of
    it changed."""
    values = {"thread": thread_id, "now": now}
    is_given_back = await (await connection.execute(GIVE_BACK, values)).fetchone() is not None
    await connection.execute(RETURN_HANDOFFS, values)
    return is_given_back
