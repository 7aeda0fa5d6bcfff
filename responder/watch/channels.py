"""Channel accounts that do not send: credentials refused, or nothing accepted for minutes while messages wait.

Read from the rows that delivery leaves, so that sending itself pays nothing for it and every process sees the same.
"""

from __future__ import annotations

from datetime import timedelta

from responder.alerts.service import AlertKind, NewAlert, Severity, raise_alerts, resolve_alerts
from responder.clock import Clock
from responder.db.engine import Database

SENT_WITHIN = timedelta(seconds=30)  # longer than an attempt to send lasts
FAILING_FOR = timedelta(minutes=3)  # so long without one accepted message is no hiccup

# A thread's `last_message_at` is moved by every acceptance, or a moment before by the turn whose reply it is, which is
# sent at once: it leads to the few threads worth looking into.
_ACCEPTED_SINCE = f"""
EXISTS (
    SELECT 1 FROM thread t JOIN message done ON done.thread_id = t.id AND done.direction = 'out'
    WHERE t.salon_id = account.salon_id AND t.channel_account_id = account.id
      AND t.last_message_at > {{since}} - interval '{SENT_WITHIN.total_seconds():g} seconds'
      AND done.accepted_at > {{since}} AND done.author <> 'human_device'
)
"""

FAILING = f"""
SELECT account.id, account.salon_id, account.name, waiting.since, waiting.failure
FROM (
    SELECT channel_account_id, min(composed_at) AS since, (array_agg(failure ORDER BY id DESC))[1] AS failure,
        bool_or(failure LIKE 'CredentialsRefused:%%') AS is_refused
    FROM message
    WHERE send_state IN ('queued', 'sending', 'unknown') AND attempts > 0 AND failure IS NOT NULL
    GROUP BY channel_account_id
) waiting
JOIN channel_account account ON account.id = waiting.channel_account_id
WHERE (waiting.is_refused OR waiting.since <= %(cutoff)s)
  AND NOT {_ACCEPTED_SINCE.format(since="GREATEST(waiting.since, %(cutoff)s)")}
"""

WORKING_AGAIN = f"""
SELECT alert.salon_id, alert.subject
FROM alert JOIN channel_account account ON alert.subject = 'channel:' || account.id || ':out'
WHERE alert.kind = 'channel' AND alert.resolved_at IS NULL AND {_ACCEPTED_SINCE.format(since="alert.raised_at")}
"""


class ChannelWatch:
    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def look(self) -> int:
        """Tell of accounts that do not send, and end what was told of those that do again; gives how many fail anew."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            for row in await (await connection.execute(WORKING_AGAIN)).fetchall():
                await resolve_alerts(connection, row["salon_id"], [row["subject"]], now=now)
            failing = await (await connection.execute(FAILING, {"cutoff": now - FAILING_FOR})).fetchall()
            alerts = [channel_fails(row["salon_id"], row["id"], row["name"], row["failure"]) for row in failing]
            return await raise_alerts(connection, alerts, now=now)


def channel_subject(account_id: int, *, is_inbound: bool) -> str:
    return f"channel:{account_id}:{'in' if is_inbound else 'out'}"


def channel_fails(salon_id: int, account_id: int, name: str, reason: str, *, is_inbound: bool = False) -> NewAlert:
    """An account that does not send, or (`is_inbound`) that does not let messages in."""
    return NewAlert(
        salon_id=salon_id,
        subject=channel_subject(account_id, is_inbound=is_inbound),
        kind=AlertKind.CHANNEL,
        severity=Severity.CRITICAL,
        facts={"account": name, "reason": reason[:300]},
    )
