"""The SQL of turns: claim, commit, release. One statement each, so that one round trip does it."""

from __future__ import annotations

from responder.delivery.rules import ATTEMPT_LASTS

__all__ = ["ATTEMPT_LASTS"]

# No turn waits and no lease lasts this long: a time beyond it was written before the clock was put back.
FAR = "interval '1 minute'"

READABLE = "('message', 'pressed', 'started', 'edited')"

# Void: taken back by the customer, or an edit whose newest text stands in another unread row. No turn reads it, and the
# turn that read the rest has seen it. `lines` is how much of the conversation to read, none where no LLM is asked.
# OFFSET 0 keeps the planner to the index of the enquiry while it knows nothing about a young table yet.
# A lease does not wait for the disk: a server that crashes has ended every session too, and a lease it forgot is a turn
# that is due.
CLAIM = f"""
WITH claimed AS (
    UPDATE thread SET lease_token = %(token)s, lease_until = %(until)s
    WHERE id = %(thread)s AND mode = 'bot' AND turn_due_at IS NOT NULL
      AND (turn_due_at <= %(now)s OR turn_due_at > %(now)s + {FAR} OR lease_token = %(token)s)
      AND (lease_until IS NULL OR lease_until <= %(now)s OR lease_until > %(now)s + {FAR} OR lease_token = %(token)s)
    RETURNING *
)
SELECT c.thread_key, c.salon_id, c.channel_account_id, c.customer_id, c.state, c.source, c.display_name,
    c.unanswered_since, c.turn_failures, s.revision AS salon_revision,
    e.id AS enquiry_id, e.clock_start_at, e.settled_at IS NOT NULL AS is_settled,
    EXISTS (SELECT 1 FROM (SELECT direction, author, send_state FROM message WHERE enquiry_id = e.id OFFSET 0) o
            WHERE o.direction = 'out' AND o.author <> 'system'
              AND o.send_state IN ('sending', 'accepted', 'unknown')) AS is_answered,
    COALESCE((
        SELECT jsonb_agg(jsonb_build_object('id', m.id, 'kind', m.kind, 'text', m.text, 'payload', m.payload,
            'is_void', m.deleted_at IS NOT NULL OR m.kind = 'edited' AND EXISTS (
                SELECT 1 FROM message newer
                WHERE newer.thread_id = m.thread_id AND newer.id > COALESCE(c.answered_to_id, 0)
                  AND newer.provider_message_id = m.provider_message_id
                  AND (newer.kind = 'message' OR newer.kind = 'edited' AND newer.id > m.id)))
            ORDER BY m.sent_at NULLS LAST, m.order_key, m.id)
        FROM message m
        WHERE m.thread_id = c.id AND m.id > COALESCE(c.answered_to_id, 0) AND m.direction = 'in'
          AND m.kind IN {READABLE}
    ), '[]'::jsonb) AS unread,
    COALESCE((
        SELECT jsonb_agg(jsonb_build_array(l.author, l.text) ORDER BY l.id)
        FROM (SELECT m.id, m.author, m.text FROM message m
              WHERE m.thread_id = c.id AND m.text <> '' AND m.deleted_at IS NULL AND m.kind <> 'unknown'
                AND (m.direction = 'in' OR m.send_state <> 'withdrawn')
              ORDER BY m.id DESC LIMIT %(lines)s) l
    ), '[]'::jsonb) AS lines,
    set_config('synchronous_commit', 'off', true) AS durability
FROM claimed c
JOIN salon s ON s.id = c.salon_id
JOIN LATERAL (SELECT * FROM enquiry WHERE thread_id = c.id ORDER BY id DESC LIMIT 1) e ON true
"""

# The state, the reply, the turn's record and the end of the lease, or nothing at all. The reply is being sent by this
# process unless an earlier one of the thread is still on its way. It moves the thread up now and not once more when it
# is accepted a moment later: that is when the customer's next message wants the row.
COMMIT_TURN = """
WITH ours AS (
    UPDATE thread SET
        state = %(state)s,
        answered_to_id = COALESCE(%(seen)s, answered_to_id),
        unanswered_since = CASE WHEN last_inbound_id > COALESCE(%(seen)s, answered_to_id, 0) THEN %(now)s END,
        turn_due_at = CASE WHEN last_inbound_id > COALESCE(%(seen)s, answered_to_id, 0)
                           THEN COALESCE(turn_due_at, %(now)s) END,
        turn_failures = 0,
        last_message_at = CASE WHEN %(text)s::varchar <> '' THEN GREATEST(last_message_at, %(now)s)
                               ELSE last_message_at END,
        lease_token = NULL,
        lease_until = NULL
    WHERE id = %(thread)s AND lease_token = %(token)s AND mode = 'bot'
      AND NOT (%(may_restart)s AND last_inbound_id > COALESCE(%(seen)s, answered_to_id, 0))
    RETURNING id, turn_due_at
), told AS (
    INSERT INTO turn (salon_id, thread_id, enquiry_id, started_at, decided_at, first_message_id, last_message_id,
        understood_by, llm_outcome, meaning, decision, prompt_version, llm_model, tokens_in, tokens_cached, tokens_out,
        llm_cost_micros, llm_currency, stages_ms)
    SELECT %(salon)s, id, %(enquiry)s, %(started)s, %(now)s, %(first)s, %(seen)s, %(understood_by)s, %(llm_outcome)s,
        %(meaning)s, %(decision)s, %(prompt_version)s, %(llm_model)s, %(tokens_in)s, %(tokens_cached)s, %(tokens_out)s,
        %(llm_cost)s, %(llm_currency)s, %(stages)s
    FROM ours
    RETURNING id
), said AS (
    INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, text,
        payload, composed_at, substance, idempotency_key, send_state, attempts, next_attempt_at, turn_id)
    SELECT %(salon)s, ours.id, %(enquiry)s, %(account)s, 'out', 'bot', true, %(text)s::varchar, %(payload)s, %(now)s,
        %(substance)s, %(key)s, line.send_state, CASE line.send_state WHEN 'sending' THEN 1 ELSE 0 END,
        CASE line.send_state WHEN 'sending' THEN %(until)s::timestamptz END, told.id
    FROM ours, told, (
        SELECT CASE WHEN EXISTS (
            SELECT 1 FROM message w WHERE w.thread_id = %(thread)s AND w.send_state IN ('queued', 'sending', 'unknown')
        ) THEN 'queued' ELSE 'sending' END AS send_state) AS line
    WHERE %(text)s::varchar <> ''
    RETURNING id, send_state
)
SELECT ours.turn_due_at, said.id AS message_id, said.send_state FROM ours LEFT JOIN said ON true
"""

# Nothing is left to answer: everything unread was taken back.
REST = """
UPDATE thread SET lease_token = NULL, lease_until = NULL, turn_failures = 0,
    answered_to_id = GREATEST(answered_to_id, %(seen)s),
    unanswered_since = CASE WHEN last_inbound_id > COALESCE(%(seen)s, answered_to_id, 0) THEN unanswered_since END,
    turn_due_at = CASE WHEN last_inbound_id > COALESCE(%(seen)s, answered_to_id, 0) THEN turn_due_at END
WHERE id = %(thread)s AND lease_token = %(token)s
RETURNING turn_due_at
"""

# For a late answer: nothing has happened since the turn it belongs to, in the dialogue or in its state.
CLAIM_AGAIN = """
UPDATE thread SET lease_token = %(token)s, lease_until = %(until)s
WHERE id = %(thread)s AND mode = 'bot' AND turn_due_at IS NULL AND lease_token IS NULL
  AND last_inbound_id = %(seen)s AND answered_to_id = %(seen)s AND state = %(state)s::jsonb
RETURNING id
"""

LET_GO = "UPDATE thread SET lease_token = NULL, lease_until = NULL WHERE id = %(thread)s AND lease_token = %(token)s"

RELEASE = """
UPDATE thread SET lease_token = NULL, lease_until = NULL, turn_due_at = %(due)s
WHERE id = %(thread)s AND lease_token = %(token)s
"""

# How far the first of several failures in a row had read is kept: no more than that is given up with it.
BACK_OFF = """
UPDATE thread SET lease_token = NULL, lease_until = NULL, turn_due_at = %(due)s, turn_failures = turn_failures + 1,
    failing_to_id = CASE WHEN turn_failures = 0 THEN %(seen)s ELSE failing_to_id END
WHERE id = %(thread)s AND lease_token = %(token)s
"""

# What a claim needs beside the words, for a thread that could not be claimed; the lease may be ours already.
TAKE_HOLD = f"""
WITH held AS (
    UPDATE thread SET lease_token = %(token)s, lease_until = %(until)s
    WHERE id = %(thread)s AND mode = 'bot' AND turn_due_at IS NOT NULL
      AND (lease_until IS NULL OR lease_until <= %(now)s OR lease_until > %(now)s + {FAR} OR lease_token = %(token)s)
    RETURNING *
)
SELECT held.salon_id, salon.revision AS salon_revision, held.channel_account_id, held.state,
    (SELECT max(id) FROM enquiry WHERE thread_id = held.id) AS enquiry_id, held.last_inbound_id AS seen_id,
    held.turn_failures AS failures
FROM held JOIN salon ON salon.id = held.salon_id
"""

GIVE_UP = """
WITH failing AS (
    SELECT id, answered_to_id,
        COALESCE(CASE WHEN turn_failures > 0 THEN failing_to_id END, %(seen)s, answered_to_id) AS to_id
    FROM thread WHERE id = %(thread)s AND lease_token = %(token)s FOR UPDATE
)
UPDATE thread SET lease_token = NULL, lease_until = NULL, turn_failures = 0, state = %(state)s,
    answered_to_id = failing.to_id,
    unanswered_since = CASE WHEN last_inbound_id > failing.to_id THEN %(now)s::timestamptz END,
    turn_due_at = CASE WHEN last_inbound_id > failing.to_id THEN %(now)s::timestamptz END
FROM failing WHERE thread.id = failing.id
RETURNING thread.turn_due_at, failing.to_id, (
    SELECT min(m.id) FROM message m
    WHERE m.thread_id = thread.id AND m.direction = 'in' AND m.id > COALESCE(failing.answered_to_id, 0)) AS from_id
"""

# The record leads staff to the words that failed, and the timers to tell of them.
RECORD_GIVEN_UP = """
WITH watched AS (
    UPDATE enquiry SET next_check_at = LEAST(next_check_at, %(now)s) WHERE id = %(enquiry)s
)
INSERT INTO turn (salon_id, thread_id, enquiry_id, started_at, decided_at, first_message_id, last_message_id,
    understood_by, decision)
VALUES (%(salon)s, %(thread)s, %(enquiry)s, %(started)s, %(now)s, %(first)s, %(last)s, 'none', %(decision)s)
RETURNING id
"""

TELL = """
INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, text,
    composed_at, substance, idempotency_key, send_state, next_attempt_at, turn_id)
VALUES (%(salon)s, %(thread)s, %(enquiry)s, %(account)s, 'out', 'bot', true, %(text)s, %(now)s, %(substance)s, %(key)s,
    'queued', %(now)s, %(turn)s)
"""

# Only for the process that wrote the row and knows that it never began to send it.
SEND_AFTER_ALL = """
UPDATE message SET send_state = 'queued', attempts = 0, next_attempt_at = %(now)s
WHERE thread_id = %(thread)s AND idempotency_key = %(key)s AND direction = 'out'
  AND send_state = 'sending' AND attempts = 1
"""

FIND_DUE = f"""
SELECT id FROM thread
WHERE (turn_due_at <= %(now)s OR turn_due_at > %(now)s + {FAR}) AND mode = 'bot'
  AND (lease_until IS NULL OR lease_until <= %(now)s OR lease_until > %(now)s + {FAR})
ORDER BY turn_due_at LIMIT %(limit)s
"""

SETTLE = """
UPDATE enquiry SET settled_at = CASE WHEN %(settled)s THEN %(now)s::timestamptz END WHERE id = %(enquiry)s
"""

MARK_SPAM = """
UPDATE enquiry SET excluded = 'spam', closed_at = %(now)s, close_reason = 'spam'
WHERE id = %(enquiry)s AND closed_at IS NULL
"""

KNOW_CUSTOMER = """
UPDATE customer SET name = %(name)s, phone = %(phone)s, language = COALESCE(%(language)s, language)
WHERE id = %(customer)s
"""
