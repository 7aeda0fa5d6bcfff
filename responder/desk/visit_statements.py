"""The SQL of visits in staff's hands: customers, and what hangs on a visit."""

from __future__ import annotations

FIND_CUSTOMER = "SELECT id FROM customer WHERE id = %(customer)s AND salon_id = %(salon)s"
NEW_CUSTOMER = """
INSERT INTO customer (salon_id, name, phone) VALUES (%(salon)s, %(name)s, %(phone)s) RETURNING id
"""
# the one whom the salon knows by this phone
KNOWN_CUSTOMER = """
SELECT id FROM customer WHERE salon_id = %(salon)s AND phone = %(phone)s AND erased_at IS NULL ORDER BY id DESC LIMIT 1
"""
KNOW_MORE = """
UPDATE customer SET name = COALESCE(NULLIF(%(name)s::text, ''), name), phone = COALESCE(%(phone)s, phone)
WHERE id = %(customer)s
"""
# where the customer writes: what a lead, a timer and a message need
DIALOGUE = """
SELECT t.id, t.customer_id, t.source, c.name, c.phone, e.id AS enquiry_id
FROM thread t JOIN customer c ON c.id = t.customer_id
LEFT JOIN enquiry e ON e.thread_id = t.id AND e.closed_at IS NULL
WHERE t.salon_id = %(salon)s AND t.id = %(thread)s
"""
SETTLE = """
UPDATE enquiry SET settled_at = COALESCE(settled_at, %(now)s), next_check_at = LEAST(next_check_at, %(now)s)
WHERE id = %(enquiry)s AND closed_at IS NULL
"""
REMEMBER = "UPDATE thread SET state = state || jsonb_build_object('visit', %(visit)s::jsonb) WHERE id = %(thread)s"
FORGET = """
UPDATE thread SET state = state - 'visit' WHERE id = %(thread)s AND state #>> '{visit,appointment_id}' = %(id)s::text
"""
SET_NOTE = "UPDATE appointment SET note = %(note)s WHERE id = %(id)s"

# neither a person's reply nor one of use: it can improve no figure
TELL = """
INSERT INTO message (salon_id, thread_id, enquiry_id, channel_account_id, direction, author, auto_reply, text, payload,
    composed_at, substance, idempotency_key, send_state, next_attempt_at)
SELECT t.salon_id, t.id, e.id, t.channel_account_id, 'out', 'system', true, %(text)s, '{}', %(now)s, 'acknowledgement',
    %(key)s, 'queued', %(now)s
FROM thread t LEFT JOIN enquiry e ON e.thread_id = t.id AND e.closed_at IS NULL
WHERE t.id = %(thread)s AND t.barred_at IS NULL
"""
