"""The SQL of booking. Ranges are half open; `busy` is the visit with its buffer.

`int8range(x, x, '[]')` and the list of states are spelled exactly as in the exclusion constraint, whose index the
planner then uses.
"""

from __future__ import annotations

LOCK_SPACE = 7_246  # advisory locks (LOCK_SPACE, specialist id): changes of what that specialist is busy with

BUSY = """
SELECT appointment.specialist_id, lower(busy) AS begins, upper(busy) AS ends
FROM unnest(%(specialists)s::bigint[]) AS wanted(id)
JOIN appointment
  ON int8range(appointment.specialist_id, appointment.specialist_id, '[]') && int8range(wanted.id, wanted.id, '[]')
 AND busy && tstzrange(%(first)s, %(last)s)
 AND state IN ('held', 'booked', 'came')
WHERE (state <> 'held' OR hold_until > %(now)s) AND appointment.id IS DISTINCT FROM %(ignoring)s::bigint
"""

# in one order for everybody: the specialist wanted and the one whose hold this thread gives back
LOCK = f"""
SELECT pg_advisory_xact_lock({LOCK_SPACE}, wanted.id)
FROM (
    SELECT specialist_id::int AS id FROM appointment WHERE thread_id = %(thread)s AND state = 'held'
    UNION SELECT %(specialist)s::int
    ORDER BY id
) AS wanted
"""

CLEAR_THE_WAY = """
UPDATE appointment SET state = 'expired', hold_until = NULL
WHERE id IN (
    SELECT id FROM appointment WHERE thread_id = %(thread)s AND state = 'held'
    UNION ALL
    SELECT id FROM appointment
    WHERE int8range(specialist_id, specialist_id, '[]') && int8range(%(specialist)s, %(specialist)s, '[]')
      AND busy && tstzrange(%(starts_at)s, %(busy_until)s)
      AND state IN ('held', 'booked', 'came') AND state = 'held' AND hold_until <= %(now)s
)
"""

# ON CONFLICT makes a rival's uncommitted insert something to wait for instead of a deadlock
HOLD = """
INSERT INTO appointment (salon_id, specialist_id, service_id, also_services, customer_id, thread_id, enquiry_id, state,
                         starts_at, ends_at, busy, hold_until, created_at)
VALUES (%(salon)s, %(specialist)s, %(service)s, %(also)s, %(customer)s, %(thread)s, %(enquiry)s, 'held',
        %(starts_at)s, %(ends_at)s, tstzrange(%(starts_at)s, %(busy_until)s), %(hold_until)s, %(now)s)
ON CONFLICT ON CONSTRAINT appointment_no_overlap DO NOTHING
RETURNING id
"""

LOCK_OF_APPOINTMENT = f"""
SELECT pg_advisory_xact_lock({LOCK_SPACE}, specialist_id::int) FROM appointment WHERE id = %(id)s
"""

EXPIRE_IN_THE_WAY_OF_APPOINTMENT = """
UPDATE appointment AS other SET state = 'expired', hold_until = NULL
FROM appointment AS mine
WHERE mine.id = %(id)s AND other.id <> mine.id
  AND int8range(other.specialist_id, other.specialist_id, '[]')
      && int8range(mine.specialist_id, mine.specialist_id, '[]')
  AND other.busy && mine.busy
  AND other.state IN ('held', 'booked', 'came') AND other.state = 'held' AND other.hold_until <= %(now)s
"""

_SHOWN = """
appointment.id, appointment.salon_id, appointment.state, service.key AS service, service.name AS service_name,
appointment.also_services AS also,
specialist.key AS specialist, specialist.name AS specialist_name, appointment.starts_at, appointment.ends_at,
appointment.customer_id, appointment.thread_id
"""

# a booking waits for its confirmation: its enquiry's timers are looked at
BOOK = f"""
WITH booked AS (
    UPDATE appointment SET state = 'booked', booked_at = %(now)s, hold_until = NULL
    WHERE id = %(id)s AND state IN ('held', 'expired') AND starts_at > %(now)s
    RETURNING *
), watched AS (
    UPDATE enquiry SET next_check_at = LEAST(next_check_at, %(now)s) FROM booked WHERE enquiry.id = booked.enquiry_id
)
SELECT {_SHOWN} FROM booked AS appointment
JOIN service ON service.id = appointment.service_id
JOIN specialist ON specialist.id = appointment.specialist_id
"""

ONE = f"""
SELECT {_SHOWN} FROM appointment
JOIN service ON service.id = appointment.service_id
JOIN specialist ON specialist.id = appointment.specialist_id
WHERE appointment.id = %(id)s
"""

UPCOMING = f"""
SELECT {_SHOWN} FROM appointment
JOIN service ON service.id = appointment.service_id
JOIN specialist ON specialist.id = appointment.specialist_id
WHERE appointment.salon_id = %(salon)s AND appointment.state = 'booked' AND appointment.starts_at > %(now)s
  AND (appointment.thread_id = %(thread)s OR appointment.customer_id = %(customer)s)
ORDER BY appointment.starts_at, appointment.id
"""

RELEASE = "UPDATE appointment SET state = 'expired', hold_until = NULL WHERE id = %(id)s AND state = 'held'"

CANCEL = """
UPDATE appointment SET state = 'cancelled', cancelled_at = %(now)s, hold_until = NULL
WHERE id = %(id)s AND state IN ('held', 'booked')
"""

EXPIRE_ALL = """
UPDATE appointment SET state = 'expired', hold_until = NULL
WHERE id IN (
    SELECT id FROM appointment WHERE state = 'held' AND hold_until <= %(now)s FOR UPDATE SKIP LOCKED
)
"""
