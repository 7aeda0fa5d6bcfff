"""The SQL of the timers; the present moment is a parameter."""

from __future__ import annotations

NEXT = "SELECT min(next_check_at) AS at FROM enquiry WHERE next_check_at IS NOT NULL"

# NO KEY: messages that come in meanwhile point at the enquiry and must not wait for us. What another process holds is
# that process's to do.
CLAIM = """
SELECT e.id, e.salon_id, e.thread_id, e.category, e.priority, a.kind AS channel_kind, a.name AS account,
    e.settled_at IS NOT NULL AND t.unanswered_since IS NULL AS is_settled
FROM enquiry e JOIN channel_account a ON a.id = e.channel_account_id JOIN thread t ON t.id = e.thread_id
WHERE e.next_check_at <= %(now)s
ORDER BY e.next_check_at LIMIT %(limit)s
FOR NO KEY UPDATE OF e SKIP LOCKED
"""

FIRED = "SELECT enquiry_id, measure, number, step FROM sla_event WHERE enquiry_id = ANY(%(ids)s)"

BOOKINGS = """
SELECT enquiry_id, id AS appointment_id, booked_at, starts_at, confirmed_at, cancelled_at FROM appointment
WHERE thread_id = ANY(%(threads)s) AND enquiry_id = ANY(%(ids)s) AND booked_at IS NOT NULL
"""

GIVEN_UP = """
SELECT enquiry_id, id AS turn_id, decided_at AS at, last_message_id AS message_id FROM turn
WHERE enquiry_id = ANY(%(ids)s) AND decision = 'handoff_failed'
"""

NOTE = """
INSERT INTO sla_event (salon_id, enquiry_id, measure, number, step, target_s, due_at, fired_at)
SELECT salon_id, enquiry_id, measure, number, step, target_s, due_at, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS new (salon_id bigint, enquiry_id bigint, measure text, number bigint, step text,
    target_s float, due_at timestamptz)
"""

SCHEDULE = """
UPDATE enquiry e SET next_check_at = looked.at
FROM unnest(%(ids)s::bigint[], %(moments)s::timestamptz[]) AS looked (id, at)
WHERE e.id = looked.id
"""
