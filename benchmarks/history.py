"""Years of enquiries made up for measuring reports: kept measures without the dialogues behind them.

Written by the database itself, a row of `enquiry_measures` an enquiry, at a steady number a day, so that a longer
history is more days and not fuller ones. The shape of a day is that of salons: a climb to noon, a dip, a peak at seven
in the evening, little at night; Saturdays fuller, Sundays emptier. The bot answers most in a second or two, some late
and some never; one in eight asks for a person, who takes minutes and now and then never comes.

Deterministic for a seed on one version of PostgreSQL. Needs a superuser: foreign keys and triggers are set aside.
"""

from __future__ import annotations

from datetime import date, timedelta

import psycopg

CHANNELS = ("telegram", "whatsapp", "webchat", "vk")
OPERATORS = ("leyla", "timofey", "alisa", "renat", "zoya")
# share of a day's enquiries by hour of arrival, adding up to one
DAY_CURVE = (
    0.008, 0.004, 0.002, 0.001, 0.001, 0.003, 0.008, 0.018, 0.034, 0.052, 0.066, 0.072,
    0.070, 0.060, 0.056, 0.058, 0.062, 0.070, 0.082, 0.088, 0.074, 0.054, 0.035, 0.022,
)  # fmt: skip

CHANNEL = """
INSERT INTO channel_account (salon_id, key, name, kind) VALUES (%(salon)s, %(key)s, %(key)s, %(key)s)
ON CONFLICT (salon_id, key) DO UPDATE SET name = excluded.name RETURNING id
"""
MARK_DAYS = """
INSERT INTO rollup_day (salon_id, day, hours_revision)
SELECT DISTINCT m.salon_id, m.day, s.revision FROM enquiry_measures m JOIN salon s ON s.id = m.salon_id
WHERE m.salon_id = %(salon)s
"""
OPERATOR = """
INSERT INTO operator (salon_id, key, name) VALUES (%(salon)s, %(key)s, %(key)s)
ON CONFLICT (salon_id, key) DO UPDATE SET name = excluded.name RETURNING id
"""

FILL = """
INSERT INTO enquiry_measures (
    enquiry_id, salon_id, thread_id, channel_account_id, clock_start_at, day, hour, source, priority, operator_id,
    specialist, excluded, first_reply_by, first_useful_by,
    first_reply_us, first_reply_working_us, first_useful_us, first_useful_working_us,
    bot_frt_us, bot_frt_working_us, human_frt_us, human_frt_working_us, human_frt_released_us,
    human_frt_released_working_us, resolution_us, resolution_working_us, pipeline_lag_us, pipeline_lag_working_us,
    human_wait_from_at, human_wait_us, human_wait_working_us, zendesk_us, zendesk_working_us, intercom_us,
    intercom_working_us, chatwoot_us, chatwoot_working_us, is_booked, is_handed_off, resolved_at, has_open,
    measured_at, definition)
SELECT %(first_id)s + i, %(salon)s, %(first_id)s + i, channel, at, day, hour, source, priority,
    CASE WHEN person_us IS NOT NULL THEN operator END, CASE WHEN is_booked THEN specialist ELSE '' END,
    CASE WHEN dice < 0.02 THEN 'spam' END,
    CASE WHEN bot_us IS NOT NULL THEN 'bot' WHEN person_us IS NOT NULL THEN 'human' END,
    CASE WHEN bot_us IS NOT NULL THEN 'bot' WHEN person_us IS NOT NULL THEN 'human' END,
    LEAST(bot_us, person_us), LEAST(bot_us, person_us) * at_work,
    LEAST(bot_us, person_us), LEAST(bot_us, person_us) * at_work,
    bot_us, bot_us * at_work, person_us, person_us * at_work,
    CASE WHEN NOT asks THEN bot_us END, CASE WHEN NOT asks THEN bot_us * at_work END,
    settled_us, settled_us * at_work, lag_us, lag_us * at_work,
    CASE WHEN asks THEN ARRAY[at + asked_us * interval '1 microsecond'] ELSE '{}' END,
    CASE WHEN asks THEN ARRAY[person_us - asked_us] ELSE '{}' END,
    CASE WHEN asks THEN ARRAY[(person_us - asked_us) * at_work] ELSE '{}' END,
    person_us, person_us * at_work, person_us, person_us * at_work, person_us - asked_us,
    (person_us - asked_us) * at_work, is_booked, asks, at + settled_us * interval '1 microsecond',
    (bot_us IS NULL AND person_us IS NULL) OR (asks AND person_us IS NULL) OR settled_us IS NULL,
    at + interval '1 day', 'timing/1'
FROM (
    SELECT i, channel, day, hour, source, priority, operator, specialist, dice, asks, is_booked, bot_us, lag_us,
        asked_us, at_work,
        (day + hour * interval '1 hour' + random() * interval '1 hour') AT TIME ZONE %(zone)s AS at,
        CASE WHEN asks AND random() < 0.95
             THEN asked_us + (exp(5 + random_normal()) * 1e6)::bigint END AS person_us,
        LEAST((exp(7 + 1.2 * random_normal()) * 1e6)::bigint + 120000000, 86400000000) AS settled_us
    FROM (
        SELECT i, %(day)s::date AS day,
            (SELECT count(*) FROM unnest(%(curve)s::float8[]) AS edge WHERE edge <= (i + 0.5) / %(size)s)::int AS hour,
            (%(channels)s::bigint[])[1 + floor(power(random(), 1.6) * 4)::int] AS channel,
            (ARRAY['', 'instagram', 'google', 'vk', '2gis', 'flyer'])[1 + floor(power(random(), 1.8) * 6)::int]
                AS source,
            CASE WHEN random() < 0.04 THEN 'vip' ELSE 'normal' END AS priority,
            (%(operators)s::bigint[])[1 + floor(random() * 5)::int] AS operator,
            (ARRAY['anna', 'maria', 'timur', 'olga', 'kira', 'lev'])[1 + floor(random() * 6)::int] AS specialist,
            random() AS dice, random() < 0.12 AS asks, random() < 0.3 AS is_booked,
            CASE WHEN random() < 0.985 THEN (exp(0.4 + 0.45 * random_normal() + CASE WHEN random() < 0.04 THEN 4 ELSE 0
                 END) * 1e6)::bigint END AS bot_us,
            (random() * 900000)::bigint AS lag_us, 30000000 + (random() * 120000000)::bigint AS asked_us,
            CASE WHEN i %% 24 BETWEEN 10 AND 20 THEN 1 ELSE 0 END AS at_work
        FROM generate_series(0, %(size)s - 1) AS i
    ) AS drawn
) AS enquiry
"""


def write_history(
    url: str, *, salon: int, last: date, days: int, a_day: int, seed: float = 0.5, zone: str = "Asia/Yekaterinburg"
) -> int:
    """Write `days` days up to `last` for a salon without any, about `a_day` enquiries each; gives how many."""
    with psycopg.connect(url, autocommit=True) as connection:
        accounts = [_id(connection, CHANNEL, salon=salon, key=key) for key in CHANNELS]
        people = [_id(connection, OPERATOR, salon=salon, key=key) for key in OPERATORS]
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SELECT setseed(%s)", (seed,))
        first_id, curve = 1, _edges()
        for back in range(days - 1, -1, -1):
            day = last - timedelta(days=back)
            size = round(a_day * (1, 1, 1, 1.05, 1.15, 1.2, 0.6)[day.weekday()])
            values = {
                "salon": salon, "first_id": first_id, "day": day, "size": size, "zone": zone,
                "curve": curve, "channels": accounts, "operators": people,
            }  # fmt: skip
            connection.execute(FILL, values)
            first_id += size
        connection.execute(MARK_DAYS, {"salon": salon})
        connection.execute("ANALYZE")
    return first_id - 1


def _edges() -> list[float]:
    """Where in a day each hour ends, as shares of its enquiries."""
    edges, total = [], 0.0
    for share in DAY_CURVE[:-1]:
        total += share
        edges.append(total)
    return edges


def _id(connection: psycopg.Connection, statement: str, **values: object) -> int:
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return int(row[0])
