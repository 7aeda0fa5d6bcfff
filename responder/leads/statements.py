"""The SQL of leads; parameters are named, the present moment is one of them."""

from __future__ import annotations

# The lead of the visit that is told of, else of the one it takes the place of, else the enquiry's own as long as no
# visit of it stands: a second booking beside one that stands is a second lead.
FIND = """
SELECT lead.id FROM lead LEFT JOIN appointment visit ON visit.id = lead.appointment_id
WHERE lead.salon_id = %(salon)s AND (
    lead.appointment_id = ANY(%(visits)s::bigint[])
    OR lead.enquiry_id = %(enquiry)s AND (visit.id IS NULL OR visit.state NOT IN ('booked', 'came', 'no_show')))
ORDER BY array_position(%(visits)s::bigint[], lead.appointment_id) NULLS LAST, lead.appointment_id NULLS FIRST,
    lead.id DESC
LIMIT 1
FOR UPDATE OF lead
"""

MAKE = """
INSERT INTO lead (salon_id, enquiry_id, thread_id, customer_id, appointment_id, origin_id, name, phone, service,
    specialist, wish, visit_state, visit_at, source, created_at, updated_at)
SELECT %(salon)s, %(enquiry)s, %(thread)s, %(customer)s, %(appointment)s, %(origin)s, %(name)s, %(phone)s, %(service)s,
    %(specialist)s, %(wish)s, visit.state, visit.starts_at, %(source)s, %(now)s, %(now)s
FROM (VALUES (%(appointment)s::bigint)) AS told(appointment_id)
LEFT JOIN appointment visit ON visit.id = told.appointment_id AND visit.salon_id = %(salon)s
RETURNING id
"""

# What is known stays known: a None of the caller leaves a column as it was. The visit is read anew every time, so
# that a hold that became a booking is a change although its id is the same. Where the customer came from is what
# brought the lead, not what brought them back to it.
CHANGE = """
WITH told AS (
    SELECT coalesce(%(appointment)s::bigint, appointment_id) AS appointment_id, coalesce(%(name)s, name) AS name,
        coalesce(%(phone)s, phone) AS phone, coalesce(%(service)s, service) AS service,
        coalesce(%(specialist)s, specialist) AS specialist, coalesce(%(wish)s, wish) AS wish,
        CASE WHEN %(source)s::jsonb = '{}' OR enquiry_id <> %(enquiry)s THEN source ELSE %(source)s::jsonb END AS source
    FROM lead WHERE id = %(lead)s
), news AS (
    SELECT told.*, visit.state AS visit_state, visit.starts_at AS visit_at
    FROM told LEFT JOIN appointment visit ON visit.id = told.appointment_id AND visit.salon_id = %(salon)s
)
UPDATE lead SET appointment_id = news.appointment_id, name = news.name, phone = news.phone, service = news.service,
    specialist = news.specialist, wish = news.wish, source = news.source, visit_state = news.visit_state,
    visit_at = news.visit_at, revision = lead.revision + 1, updated_at = %(now)s
FROM news
WHERE lead.id = %(lead)s
  AND (lead.appointment_id, lead.name, lead.phone, lead.service, lead.specialist, lead.wish, lead.source,
       lead.visit_state, lead.visit_at)
      IS DISTINCT FROM (news.appointment_id, news.name, news.phone, news.service, news.specialist, news.wish,
       news.source, news.visit_state, news.visit_at)
"""

FOLLOW_VISIT = """
UPDATE lead SET visit_state = visit.state, visit_at = visit.starts_at, revision = revision + 1, updated_at = %(now)s,
    specialist = CASE WHEN lead.specialist IS NOT NULL THEN w.key END
FROM appointment visit JOIN specialist w ON w.id = visit.specialist_id
WHERE lead.appointment_id = %(appointment)s AND visit.id = lead.appointment_id
  AND (lead.visit_state, lead.visit_at, COALESCE(lead.specialist, w.key))
      IS DISTINCT FROM (visit.state, visit.starts_at, w.key)
RETURNING lead.id
"""

SALON_OF_LEAD = "SELECT salon_id FROM lead WHERE id = %(lead)s"

# Committed on its own before it is locked: a second worker would else wait for the first one's whole push.
OPEN_DELIVERY = """
INSERT INTO lead_delivery (lead_id, crm_key) VALUES (%(lead)s, %(crm)s) ON CONFLICT DO NOTHING
"""

LOCK_DELIVERY = """
SELECT d.id, d.crm_id, d.crm_key, d.revision, d.parked_revision, d.next_attempt_at, d.failures, lead.salon_id
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
    attempts = attempts + 1, failures = 0, next_attempt_at = NULL, last_error = NULL, delivered_at = %(now)s,
    parked_at = NULL, parked_revision = NULL
WHERE id = %(delivery)s
"""

NOT_DELIVERED = """
UPDATE lead_delivery SET attempts = attempts + 1, failures = failures + 1, last_error = %(error)s,
    next_attempt_at = %(next_attempt_at)s, parked_at = %(parked_at)s, parked_revision = %(parked_revision)s
WHERE id = %(delivery)s
"""

# Also what was noted while the account was switched off or not there yet: no row stands for it.
TAKE_UP_LACKING = """
WITH lacking AS (
    SELECT lead.id AS lead_id, delivery.id AS delivery_id
    FROM lead CROSS JOIN unnest(%(crms)s::text[]) AS account(key)
    LEFT JOIN lead_delivery delivery ON delivery.lead_id = lead.id AND delivery.crm_key = account.key
    WHERE lead.salon_id = %(salon)s AND COALESCE(delivery.revision, 0) < lead.revision
), unparked AS (
    UPDATE lead_delivery SET parked_at = NULL, parked_revision = NULL FROM lacking
    WHERE lead_delivery.id = lacking.delivery_id
)
SELECT DISTINCT lead_id FROM lacking ORDER BY lead_id
"""

# Parked with no revision: the account was refused, not what it was given.
FIND_REFUSED = """
SELECT DISTINCT lead_id FROM lead_delivery WHERE parked_at IS NOT NULL AND parked_revision IS NULL ORDER BY lead_id
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
