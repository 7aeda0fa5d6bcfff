"""The SQL of leads; parameters are named, the present moment is one of them."""

from __future__ import annotations

# What is known stays known: a None of the caller leaves a column as it was. The visit is read anew every time, so
# that a hold that became a booking is a change although its id is the same.
RECORD = """
WITH visit AS (
    SELECT state, starts_at FROM appointment
    WHERE salon_id = %(salon)s
      AND id = coalesce(%(appointment)s::bigint, (SELECT appointment_id FROM lead WHERE enquiry_id = %(enquiry)s))
)
INSERT INTO lead AS known (salon_id, enquiry_id, thread_id, customer_id, appointment_id, origin_id, name, phone,
    service, specialist, wish, visit_state, visit_at, source, created_at, updated_at)
VALUES (%(salon)s, %(enquiry)s, %(thread)s, %(customer)s, %(appointment)s, %(origin)s, %(name)s, %(phone)s,
    %(service)s, %(specialist)s, %(wish)s, (SELECT state FROM visit), (SELECT starts_at FROM visit), %(source)s,
    %(now)s, %(now)s)
ON CONFLICT (enquiry_id) DO UPDATE SET
    appointment_id = coalesce(excluded.appointment_id, known.appointment_id),
    name = coalesce(excluded.name, known.name),
    phone = coalesce(excluded.phone, known.phone),
    service = coalesce(excluded.service, known.service),
    specialist = coalesce(excluded.specialist, known.specialist),
    wish = coalesce(excluded.wish, known.wish),
    visit_state = excluded.visit_state,
    visit_at = excluded.visit_at,
    source = CASE WHEN excluded.source = '{}' THEN known.source ELSE excluded.source END,
    revision = known.revision + 1,
    updated_at = excluded.updated_at
WHERE coalesce(excluded.appointment_id, known.appointment_id) IS DISTINCT FROM known.appointment_id
   OR coalesce(excluded.name, known.name) IS DISTINCT FROM known.name
   OR coalesce(excluded.phone, known.phone) IS DISTINCT FROM known.phone
   OR coalesce(excluded.service, known.service) IS DISTINCT FROM known.service
   OR coalesce(excluded.specialist, known.specialist) IS DISTINCT FROM known.specialist
   OR coalesce(excluded.wish, known.wish) IS DISTINCT FROM known.wish
   OR excluded.visit_state IS DISTINCT FROM known.visit_state
   OR excluded.visit_at IS DISTINCT FROM known.visit_at
   OR (excluded.source <> '{}' AND excluded.source <> known.source)
RETURNING id
"""

ID_OF_ENQUIRY = "SELECT id FROM lead WHERE enquiry_id = %(enquiry)s"

TOUCH = """
UPDATE lead SET
    visit_state = (SELECT state FROM appointment WHERE id = lead.appointment_id),
    visit_at = (SELECT starts_at FROM appointment WHERE id = lead.appointment_id),
    revision = revision + 1,
    updated_at = %(now)s
WHERE enquiry_id = %(enquiry)s
RETURNING id
"""

SALON_OF_LEAD = "SELECT salon_id FROM lead WHERE id = %(lead)s"

# Committed on its own before it is locked: a second worker would else wait for the first one's whole push.
OPEN_DELIVERY = """
INSERT INTO lead_delivery (lead_id, crm_key) VALUES (%(lead)s, %(crm)s) ON CONFLICT DO NOTHING
"""

LOCK_DELIVERY = """
SELECT d.id, d.crm_id, d.crm_key, d.revision, d.parked_revision, d.next_attempt_at, d.attempts, lead.salon_id
FROM lead_delivery d JOIN lead ON lead.id = d.lead_id
WHERE d.lead_id = %(lead)s AND d.crm_key = %(crm)s
FOR UPDATE OF d SKIP LOCKED
"""

STILL_REFUSED = """
SELECT 1 FROM alert WHERE salon_id = %(salon)s AND subject = 'crm:' || %(crm)s::text AND resolved_at IS NULL
  AND EXISTS (SELECT 1 FROM lead_delivery d JOIN lead ON lead.id = d.lead_id
              WHERE lead.salon_id = %(salon)s AND d.crm_key = %(crm)s AND d.parked_at IS NOT NULL)
"""

FACTS = """
SELECT lead.origin_id, lead.name, lead.phone, lead.service, lead.specialist, lead.wish, lead.visit_state,
       lead.visit_at, lead.source, lead.revision, lead.enquiry_id, lead.thread_id, account.kind AS channel
FROM lead JOIN thread ON thread.id = lead.thread_id
JOIN channel_account account ON account.id = thread.channel_account_id
WHERE lead.id = %(lead)s
"""

DELIVERED = """
UPDATE lead_delivery SET crm_id = %(crm_id)s, crm_url = coalesce(%(url)s, crm_url), revision = %(revision)s,
    attempts = attempts + 1, next_attempt_at = NULL, last_error = NULL, delivered_at = %(now)s, parked_at = NULL,
    parked_revision = NULL
WHERE id = %(delivery)s
"""

NOT_DELIVERED = """
UPDATE lead_delivery SET attempts = attempts + 1, last_error = %(error)s, next_attempt_at = %(next_attempt_at)s,
    parked_at = %(parked_at)s, parked_revision = %(parked_revision)s
WHERE id = %(delivery)s
"""

UNPARK = """
UPDATE lead_delivery SET parked_at = NULL, parked_revision = NULL FROM lead
WHERE lead.id = lead_delivery.lead_id AND lead.salon_id = %(salon)s AND lead_delivery.parked_at IS NOT NULL
RETURNING lead.id
"""

RECENT = """
SELECT lead.id, lead.origin_id, lead.enquiry_id, lead.thread_id, lead.name, lead.phone, lead.service,
       lead.specialist, lead.wish, lead.visit_state, lead.visit_at, lead.revision, lead.created_at,
       lead.source, account.kind AS channel,
       coalesce((
           SELECT jsonb_agg(jsonb_build_object('crm_key', crm_key, 'crm_id', crm_id, 'crm_url', crm_url, 'is_current',
                      delivery.revision >= lead.revision, 'attempts', attempts, 'last_error', last_error, 'is_parked',
                      parked_at IS NOT NULL) ORDER BY crm_key)
           FROM lead_delivery delivery WHERE delivery.lead_id = lead.id), '[]') AS deliveries
FROM lead JOIN thread ON thread.id = lead.thread_id
JOIN channel_account account ON account.id = thread.channel_account_id
WHERE lead.salon_id = %(salon)s
ORDER BY lead.id DESC
LIMIT %(limit)s
"""
