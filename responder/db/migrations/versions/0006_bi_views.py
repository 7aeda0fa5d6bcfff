"""Read-only views of the kept measures for tools that speak SQL: seconds as numbers, local times, no text, no phone."""

from __future__ import annotations

from alembic import op

revision = "0006_bi_views"
down_revision = "0005_api_tokens"
branch_labels = None
depends_on = None

MEASURES = ("first_reply", "first_useful", "bot_frt", "human_frt", "resolution", "pipeline_lag")
RELEASED = ("bot_frt", "human_frt")
OTHERS = ("zendesk", "intercom", "chatwoot")


def _seconds(column: str, name: str) -> str:
    """Exact: numeric keeps every microsecond."""
    return f"{column} / 1000000.0 AS {name}"


def _both(stem: str, name: str) -> str:
    return ", ".join(
        (_seconds(f"k.{stem}_us", f"{name}_s"), _seconds(f"k.{stem}_working_us", f"{name}_working_s"))
    )


ZONE = "COALESCE(s.profile ->> 'zone', 'UTC')"

ENQUIRIES = f"""
CREATE VIEW bi.enquiries AS
SELECT k.salon_id, s.slug AS salon, k.enquiry_id, k.thread_id,
    k.clock_start_at AS arrived_at, k.clock_start_at AT TIME ZONE {ZONE} AS arrived_local, k.day AS arrived_day,
    k.hour AS arrived_hour, extract(isodow FROM k.day)::int AS arrived_weekday,
    a.kind AS channel, a.key AS channel_account, k.source, k.category, k.priority, o.key AS operator, k.specialist,
    k.excluded, k.first_reply_by, k.first_useful_by, e.close_reason,
    {", ".join(_both(stem, stem) for stem in MEASURES)},
    {", ".join(_both(f"{stem}_released", f"{stem}_released") for stem in RELEASED)},
    {", ".join(_both(stem, f"{stem}_first_reply") for stem in OTHERS)},
    {_seconds("k.skew_us", "skew_s")},
    k.is_booked, k.is_handed_off, k.resolved_at IS NOT NULL AS is_resolved,
    k.resolved_at IS NOT NULL AND (k.returned_at IS NULL OR k.returned_at > k.resolved_at + interval '7 days')
        AS is_settled_at_once,
    k.has_open AS is_waiting, e.closed_at, e.closed_at AT TIME ZONE {ZONE} AS closed_local,
    k.measured_at, k.definition
FROM public.enquiry_measures k
JOIN public.enquiry e ON e.id = k.enquiry_id
JOIN public.salon s ON s.id = k.salon_id
JOIN public.channel_account a ON a.id = k.channel_account_id
LEFT JOIN public.operator o ON o.id = k.operator_id
"""

HUMAN_WAITS = f"""
CREATE VIEW bi.human_waits AS
SELECT k.salon_id, s.slug AS salon, k.enquiry_id, k.thread_id, w.number::int AS handoff,
    w.needed_at, w.needed_at AT TIME ZONE {ZONE} AS needed_local, k.day AS arrived_day, a.kind AS channel,
    o.key AS operator, k.priority, k.excluded,
    {_seconds("w.us", "human_wait_s")}, {_seconds("w.working_us", "human_wait_working_s")}, w.us IS NULL AS is_waiting
FROM public.enquiry_measures k
CROSS JOIN LATERAL unnest(k.human_wait_from_at, k.human_wait_us, k.human_wait_working_us)
    WITH ORDINALITY AS w (needed_at, us, working_us, number)
JOIN public.salon s ON s.id = k.salon_id
JOIN public.channel_account a ON a.id = k.channel_account_id
LEFT JOIN public.operator o ON o.id = k.operator_id
"""

REPLIES = f"""
CREATE VIEW bi.replies AS
SELECT m.salon_id, s.slug AS salon, m.id AS message_id, m.enquiry_id, m.thread_id, a.kind AS channel,
    m.author, m.auto_reply, m.substance, o.key AS operator,
    m.composed_at, m.accepted_at, m.accepted_at AT TIME ZONE {ZONE} AS accepted_local, m.delivered_at, m.read_at,
    m.failed_at
FROM public.message m
JOIN public.salon s ON s.id = m.salon_id
JOIN public.channel_account a ON a.id = m.channel_account_id
LEFT JOIN public.operator o ON o.id = m.operator_id
WHERE m.direction = 'out'
"""


def _daily(stem: str, *, has_release: bool) -> str:
    """Answered, within a minute, of how many that can be told of; the rule of docs/timing.md."""
    released = f"k.{stem}_released_us" if has_release else "NULL::bigint"
    return f"""
    count(*) FILTER (WHERE {COUNTED} AND k.{stem}_us IS NOT NULL)::int AS {stem}_answered,
    count(*) FILTER (WHERE {COUNTED} AND k.{stem}_us <= 60000000)::int AS {stem}_within_60s,
    count(*) FILTER (WHERE {COUNTED} AND (k.{stem}_us IS NOT NULL OR {released} >= 60000000
        OR (k.{stem}_us IS NULL AND {released} IS NULL AND now() - k.clock_start_at >= interval '60 s')))::int
        AS {stem}_of,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY k.{stem}_us / 1000000.0) FILTER (WHERE {COUNTED})
        AS {stem}_median_answered_s"""


COUNTED = "k.excluded IS NULL"
DAILY = f"""
CREATE VIEW bi.daily AS
SELECT found.*,
    first_useful_within_60s / NULLIF(first_useful_of, 0)::numeric AS first_useful_share_60s,
    bot_frt_within_60s / NULLIF(bot_frt_of, 0)::numeric AS bot_frt_share_60s,
    human_frt_within_60s / NULLIF(human_frt_of, 0)::numeric AS human_frt_share_60s
FROM (
    SELECT k.salon_id, s.slug AS salon, k.day, a.kind AS channel,
        count(*) FILTER (WHERE {COUNTED})::int AS arrivals,
        count(*) FILTER (WHERE NOT {COUNTED})::int AS excluded,
        count(*) FILTER (WHERE {COUNTED} AND k.is_booked)::int AS booked,
        count(*) FILTER (WHERE {COUNTED} AND k.is_handed_off)::int AS handed_off,
        count(*) FILTER (WHERE {COUNTED} AND k.resolved_at IS NOT NULL)::int AS resolved,
        {_daily("first_useful", has_release=False)},
        {_daily("bot_frt", has_release=True)},
        {_daily("human_frt", has_release=True)}
    FROM public.enquiry_measures k
    JOIN public.salon s ON s.id = k.salon_id
    JOIN public.channel_account a ON a.id = k.channel_account_id
    GROUP BY k.salon_id, s.slug, k.day, a.kind
) found
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA bi")
    for view in (ENQUIRIES, HUMAN_WAITS, REPLIES, DAILY):
        op.execute(view)


def downgrade() -> None:
    op.execute("DROP SCHEMA bi CASCADE")
