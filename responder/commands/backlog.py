"""What has been waiting too long in the database, as `responder doctor` finds it: answers, messages, jobs, leads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from responder.commands.findings import Finding, State
from responder.db.engine import Database

LATE_TURN = timedelta(seconds=30)
LATE_SEND = timedelta(minutes=2)
LATE_JOB = timedelta(minutes=2)
LOOKS_BACK = timedelta(days=1)

TURNS = "SELECT count(*) AS n, min(turn_due_at) AS since FROM thread WHERE turn_due_at < %(late)s"
UNSENT = """
SELECT count(*) AS n, min(composed_at) AS since FROM message
WHERE send_state IN ('queued', 'sending', 'unknown') AND composed_at < %(late)s
"""
GIVEN_UP = (
    "SELECT count(*) AS n, max(failed_at) AS since FROM message WHERE send_state = 'failed' AND failed_at > %(late)s"
)
# when a job was deferred stands in its events
JOBS = """
SELECT count(*) AS waiting, count(*) FILTER (WHERE due < %(late)s) AS n, min(due) AS since
FROM (
    SELECT coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id)) AS due
    FROM procrastinate_jobs job WHERE status = 'todo'
) AS jobs
"""
PARKED = """
SELECT count(*) AS n, min(parked_at) AS since, (array_agg(last_error ORDER BY parked_at DESC))[1] AS reason
FROM lead_delivery WHERE parked_at IS NOT NULL
"""


async def examine_backlog(database: Database, *, now: datetime) -> list[Finding]:
    """Turns, sends, jobs and leads; each fails when something has waited longer than it should."""

    async def ask(query: str, late: timedelta) -> dict[str, Any]:
        async with database.connection() as connection:
            row = await (await connection.execute(query.encode(), {"late": now - late})).fetchone()
        assert row is not None
        return row

    def finding(part: str, row: dict[str, Any], *, well: str, ill: str, hint: str) -> Finding:
        if not row["n"]:
            return Finding(part=part, state=State.OK, detail=well)
        since = f"{row['since']:%Y-%m-%d %H:%M} UTC"
        return Finding(part=part, state=State.FAIL, detail=ill.format(n=row["n"], since=since), hint=hint)

    jobs, parked = await ask(JOBS, LATE_JOB), await ask(PARKED, timedelta())
    return [
        finding(
            "answers",
            await ask(TURNS, LATE_TURN),
            well="no customer waits for the bot",
            ill="{n} dialogues wait for the bot, the first since {since}",
            hint="is `responder serve` running?",
        ),
        finding(
            "messages",
            await ask(UNSENT, LATE_SEND),
            well="everything that was said has been sent",
            ill="{n} messages wait to be sent, the first since {since}",
            hint="is `responder serve` running, and does the channel above work?",
        ),
        finding(
            "messages given up",
            await ask(GIVEN_UP, LOOKS_BACK),
            well="none in the last day",
            ill="{n} in the last day, the latest at {since}",
            hint="the dialogue shows why, and staff may write again",
        ),
        finding(
            "jobs",
            jobs,
            well=f"{jobs['waiting']} waiting for their time" if jobs["waiting"] else "none waiting",
            ill="{n} overdue, the first since {since}",
            hint="is `responder serve` (without --no-jobs) or `responder worker` running?",
        ),
        finding(
            "leads",
            parked,
            well="none refused by a CRM",
            ill=f"{{n}} refused by a CRM, the first at {{since}}; the latest reason: {parked['reason']}",
            hint="the page Leads shows which; when the CRM is mended, `responder leads retry` brings them on at once",
        ),
    ]
