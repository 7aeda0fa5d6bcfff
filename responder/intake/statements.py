"""The SQL of the intake. Parameters named `now`, `received_at`, `stored_at` are the clock's, never the database's."""

from __future__ import annotations

from datetime import timedelta

SETTLED_QUIET = timedelta(minutes=30)  # a settled enquiry stays open this long for a "thank you"

# The known thread is locked first, so that messages of one thread are stored one after another. No row: the thread or
# a recent open enquiry is missing. A row without message_id: a duplicate. OFFSET 0: a young table without statistics
# would be read through all its open enquiries.
STORE_MESSAGE = """
WITH known AS (
    SELECT t.id AS thread_id, e.id AS enquiry_id
    FROM thread t
    CROSS JOIN LATERAL (
        SELECT id, received_at FROM enquiry WHERE thread_id = t.id AND closed_at IS NULL OFFSET 0
    ) e
    WHERE t.channel_account_id = %(account)s AND t.thread_key = %(thread_key)s
      AND COALESCE(t.last_message_at, e.received_at) > %(stale)s
    FOR UPDATE OF t
), stored AS (
    INSERT INTO message (
        salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, kind, provider_key,
        provider_message_id, order_key, text, payload, raw, sent_at, sent_at_resolution_s, received_at, stored_at)
    SELECT %(salon)s, thread_id, enquiry_id, %(account)s, 'in', 'customer', false, %(kind)s, %(provider_key)s,
        %(provider_message_id)s, %(order_key)s, %(text)s, %(payload)s, %(raw)s, %(sent_at)s, %(resolution)s,
        %(received_at)s, %(stored_at)s
    FROM known
    ON CONFLICT (channel_account_id, provider_key) WHERE provider_key IS NOT NULL DO NOTHING
    RETURNING id
), touched AS (
    UPDATE thread t SET
        last_inbound_id = stored.id,
        last_message_at = %(received_at)s,
        is_blocked = false,
        unanswered_since = COALESCE(t.unanswered_since, %(received_at)s),
        turn_due_at = CASE WHEN t.mode = 'bot' THEN LEAST(
            COALESCE(t.unanswered_since, %(received_at)s) + %(cap)s, %(received_at)s + %(quiet)s) END
    FROM known, stored
    WHERE t.id = known.thread_id
    RETURNING t.turn_due_at
), earlier AS (
    UPDATE enquiry e SET clock_start_at = %(clock_start_at)s,
        next_check_at = LEAST(e.next_check_at, %(received_at)s)
    FROM known, stored
    WHERE e.id = known.enquiry_id AND e.clock_start_at > %(clock_start_at)s
)
SELECT known.thread_id, stored.id AS message_id, touched.turn_due_at
FROM known LEFT JOIN stored ON true LEFT JOIN touched ON true
"""

FIND_MESSAGE = "SELECT id FROM message WHERE channel_account_id = %(account)s AND provider_key = %(provider_key)s"

LOCK_IDENTITY = "SELECT pg_advisory_xact_lock(hashtextextended(%(thread_key)s, %(account)s))"

FIND_THREAD = "SELECT id FROM thread WHERE channel_account_id = %(account)s AND thread_key = %(thread_key)s"

# a barred thread has no open enquiry, so only the longer way has to ask
IS_BARRED = """
SELECT 1 FROM thread WHERE channel_account_id = %(account)s AND thread_key = %(thread_key)s AND barred_at IS NOT NULL
"""

OPEN_THREAD = """
WITH person AS (
    INSERT INTO customer (salon_id, name, language) VALUES (%(salon)s, NULL, %(language)s) RETURNING id
)
INSERT INTO thread (salon_id, channel_account_id, thread_key, customer_id, display_name, source, is_test)
SELECT %(salon)s, %(account)s, %(thread_key)s, person.id, %(name)s, %(source)s, %(is_test)s FROM person
"""

# An enquiry gone quiet ended when its quiet time was over, not when somebody noticed.
CLOSE_STALE_OF_THREAD = """
UPDATE enquiry e SET
    closed_at = COALESCE(e.settled_at, COALESCE(t.last_message_at, e.received_at) + %(quiet)s),
    close_reason = CASE WHEN e.settled_at IS NOT NULL THEN 'resolved' ELSE 'quiet' END
FROM thread t
WHERE t.channel_account_id = %(account)s AND t.thread_key = %(thread_key)s AND e.thread_id = t.id
  AND e.closed_at IS NULL AND COALESCE(t.last_message_at, e.received_at) <= %(stale)s
"""

# A new enquiry is the bot's again, whoever ended the last one: nobody may wait for a person who does not know.
END_OLD_HANDOFFS = """
WITH ours AS (
    UPDATE thread t SET mode = 'bot', operator_id = NULL, state = t.state - 'handed_off'
    WHERE t.channel_account_id = %(account)s AND t.thread_key = %(thread_key)s
      AND NOT EXISTS (SELECT 1 FROM enquiry e WHERE e.thread_id = t.id AND e.closed_at IS NULL)
    RETURNING t.id
)
UPDATE handoff h SET returned_at = %(now)s FROM ours WHERE h.thread_id = ours.id AND h.returned_at IS NULL
"""

OPEN_ENQUIRY = """
WITH t AS (
    UPDATE thread SET last_message_at = %(received_at)s
    WHERE channel_account_id = %(account)s AND thread_key = %(thread_key)s
    RETURNING id, customer_id
)
INSERT INTO enquiry (salon_id, thread_id, customer_id, channel_account_id, clock_start_at, received_at, skew_s,
    source, excluded, priority, next_check_at)
SELECT %(salon)s, t.id, t.customer_id, %(account)s, %(clock_start_at)s, %(received_at)s, %(skew_s)s, %(source)s,
    %(excluded)s, CASE WHEN customer.is_vip THEN 'vip' ELSE 'normal' END, %(next_check_at)s
FROM t JOIN customer ON customer.id = t.customer_id
ON CONFLICT (thread_id) WHERE closed_at IS NULL DO NOTHING
"""

STORE_EVENT = """
INSERT INTO message (
    salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, kind, provider_key,
    provider_message_id, order_key, text, payload, raw, sent_at, sent_at_resolution_s, received_at, stored_at)
SELECT %(salon)s, t.id, e.id, %(account)s, 'in', %(author)s, false, %(kind)s, %(provider_key)s,
    %(provider_message_id)s, %(order_key)s, %(text)s, %(payload)s, %(raw)s, %(sent_at)s, %(resolution)s,
    %(received_at)s, %(stored_at)s
FROM (SELECT 1) AS one
LEFT JOIN thread t ON t.channel_account_id = %(account)s AND t.thread_key = %(thread_key)s
LEFT JOIN enquiry e ON e.thread_id = t.id AND e.closed_at IS NULL
ON CONFLICT (channel_account_id, provider_key) WHERE provider_key IS NOT NULL DO NOTHING
RETURNING id AS message_id, thread_id, enquiry_id
"""

# What is still on its way holds an enquiry open, and a person who is needed holds a settled one: when a confirmation is
# given up, somebody must find the dialogue.
CLOSE_QUIET = """
UPDATE enquiry e SET
    closed_at = CASE WHEN e.settled_at IS NOT NULL THEN e.settled_at
                     ELSE COALESCE(t.last_message_at, e.received_at) + (%(now)s - %(stale)s) END,
    close_reason = CASE WHEN e.settled_at IS NOT NULL THEN 'resolved' ELSE 'quiet' END
FROM thread t
WHERE t.id = e.thread_id AND e.closed_at IS NULL AND t.turn_due_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM message m
                  WHERE m.thread_id = t.id AND m.send_state IN ('queued', 'sending', 'unknown'))
  AND (COALESCE(t.last_message_at, e.received_at) <= %(stale)s
       OR (e.settled_at IS NOT NULL AND t.last_message_at <= %(settled)s
           AND NOT EXISTS (SELECT 1 FROM handoff h WHERE h.enquiry_id = e.id AND h.returned_at IS NULL)))
"""
