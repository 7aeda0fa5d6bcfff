"""The SQL of delivery. Rows of one thread leave in the order of their ids, one at a time: whatever follows a row whose
outcome is unknown waits until that row is settled, since it may be sent once more.
"""

from __future__ import annotations

_COLUMNS = """m.id, m.thread_id, m.salon_id, m.channel_account_id, t.thread_key, m.author, m.text, m.payload,
    m.idempotency_key, m.composed_at, m.attempts, m.send_state, m.failure,
    (SELECT e.clock_start_at FROM enquiry e WHERE e.id = m.enquiry_id) AS clock_start_at"""

# No attempt and no pause lasts this long: a time beyond it was written before the clock was put back.
FAR = "interval '2 minutes'"


def _is_time(row: str) -> str:
    """A queued row may be tried; `Retry-After` may be long, so "far" counts only with a row from the future."""
    return f"""(COALESCE({row}.next_attempt_at, %(now)s) <= %(now)s
       OR {row}.next_attempt_at > %(now)s + {FAR} AND {row}.composed_at > %(now)s)"""


# After take-over no queued row of the bot is left (they were withdrawn), so none can be begun.
BEGIN_ATTEMPT = f"""
UPDATE message m SET send_state = 'sending', attempts = attempts + 1, next_attempt_at = %(until)s
FROM thread t
WHERE t.id = m.thread_id AND m.id = (
    SELECT first.id FROM message first
    WHERE first.thread_id = %(thread)s AND first.send_state IN ('queued', 'sending', 'unknown')
    ORDER BY first.id LIMIT 1 FOR UPDATE)
  AND m.send_state = 'queued' AND {_is_time("m")}
RETURNING {_COLUMNS}
"""

FIND_LOST = f"""
SELECT {_COLUMNS} FROM message m JOIN thread t ON t.id = m.thread_id
WHERE m.send_state IN ('sending', 'unknown') AND m.id <> ALL(%(ours)s)
  AND (m.next_attempt_at <= %(now)s OR m.next_attempt_at > %(now)s + {FAR})
ORDER BY m.id LIMIT %(limit)s
"""

# The longest due first, and of each account only so many: one that is down must not crowd out the others.
FIND_DUE_THREADS = f"""
SELECT due.thread_id FROM (
    SELECT head.thread_id, head.next_attempt_at,
        row_number() OVER (PARTITION BY head.channel_account_id ORDER BY head.next_attempt_at NULLS FIRST) AS place
    FROM (
        SELECT DISTINCT ON (thread_id) thread_id, id, channel_account_id, send_state, next_attempt_at, composed_at
        FROM message WHERE send_state IN ('queued', 'sending', 'unknown') ORDER BY thread_id, id
    ) head
    WHERE head.send_state = 'queued' AND head.thread_id <> ALL(%(ours)s)
      AND {_is_time("head")}
) due
WHERE due.place <= %(of_account)s
ORDER BY due.next_attempt_at NULLS FIRST LIMIT %(limit)s
"""

# A row that was withdrawn meanwhile is stamped all the same: the messenger did accept it.
STAMP_ACCEPTED = """
UPDATE message SET send_state = 'accepted', accepted_at = %(accepted_at)s,
    provider_message_id = %(provider_message_id)s, next_attempt_at = NULL, failure = NULL
WHERE id = %(id)s AND accepted_at IS NULL
"""

# For a row that waited: the thread moves up when it is accepted.
STAMP_ACCEPTED_LATER = f"""
WITH stamped AS ({STAMP_ACCEPTED} RETURNING thread_id)
UPDATE thread SET last_message_at = GREATEST(last_message_at, %(accepted_at)s) FROM stamped WHERE id = stamped.thread_id
"""

# `attempts` fences out whoever looked at the row before somebody else began the next attempt. After take-over the bot
# says nothing more, so what would wait for another attempt is withdrawn.
LEAVE_ATTEMPT = """
UPDATE message m SET
    send_state = CASE WHEN %(state)s::varchar IN ('queued', 'unknown') AND m.author = 'bot' AND EXISTS (
        SELECT 1 FROM handoff h WHERE h.thread_id = m.thread_id AND h.taken_at IS NOT NULL AND h.returned_at IS NULL
    ) THEN 'withdrawn' ELSE %(state)s::varchar END,
    next_attempt_at = %(at)s, failure = %(failure)s, failed_at = %(failed_at)s
WHERE m.id = %(id)s AND m.send_state IN ('sending', 'unknown') AND m.attempts = %(attempts)s
"""

MARK_BLOCKED = "UPDATE thread SET is_blocked = true WHERE id = %(thread)s"
