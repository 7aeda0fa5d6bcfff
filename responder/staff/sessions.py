"""Who is logged in: a random token in the browser, its digest here; ended by hand, by time, by a new password."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from responder.db.engine import Connection

LONGEST = timedelta(days=90)
SEEN_EVERY = timedelta(minutes=1)

START = """
INSERT INTO staff_session (account_id, digest, user_agent, address, created_at, last_seen_at, expires_at)
VALUES (%(account)s, %(digest)s, %(user_agent)s, %(address)s, %(now)s, %(now)s, %(expires_at)s)
"""

# with the places that the account has in salons at this moment
FIND = """
SELECT s.id, s.account_id, s.last_seen_at, a.login, a.name, a.language,
    COALESCE((SELECT array_agg(o.id) FROM operator o WHERE o.account_id = a.id AND o.is_active), '{}') AS operator_ids
FROM staff_session s JOIN account a ON a.id = s.account_id
WHERE s.digest = %(digest)s AND s.ended_at IS NULL AND s.expires_at > %(now)s AND s.last_seen_at > %(idle)s
"""

TOUCH = "UPDATE staff_session SET last_seen_at = %(now)s WHERE id = %(id)s"
END = "UPDATE staff_session SET ended_at = %(now)s WHERE id = %(id)s AND account_id = %(account)s AND ended_at IS NULL"
END_OTHERS = """
UPDATE staff_session SET ended_at = %(now)s
WHERE account_id = %(account)s AND ended_at IS NULL AND id IS DISTINCT FROM %(kept)s
"""
LIST = """
SELECT id, user_agent, address, created_at, last_seen_at FROM staff_session
WHERE account_id = %(account)s AND ended_at IS NULL AND expires_at > %(now)s AND last_seen_at > %(idle)s
ORDER BY last_seen_at DESC
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A browser that is logged in, and the operators its person is."""

    id: int
    account_id: int
    login: str
    name: str
    language: str | None
    operator_ids: frozenset[int]


async def start_session(
    connection: Connection, account_id: int, *, user_agent: str, address: str, now: datetime
) -> str:
    """A new session's token, for the cookie alone."""
    token = secrets.token_urlsafe(32)
    values = {
        "account": account_id,
        "digest": digest_of(token),
        "user_agent": user_agent[:300],
        "address": address[:100],
        "now": now,
        "expires_at": now + LONGEST,
    }
    await connection.execute(START, values)
    return token


async def find_session(connection: Connection, token: str, *, idle: timedelta, now: datetime) -> Session | None:
    """The session of a cookie, if it still stands used within `idle`; notes at most once a minute that it was."""
    if not token:
        return None
    values = {"digest": digest_of(token), "now": now, "idle": now - idle}
    row = await (await connection.execute(FIND, values)).fetchone()
    if row is None:
        return None
    if now - row["last_seen_at"] > SEEN_EVERY:
        await connection.execute(TOUCH, {"id": row["id"], "now": now})
    return Session(
        id=row["id"],
        account_id=row["account_id"],
        login=row["login"],
        name=row["name"],
        language=row["language"],
        operator_ids=frozenset(row["operator_ids"]),
    )


async def end_session(connection: Connection, session_id: int, *, account_id: int, now: datetime) -> bool:
    """False when it was not this account's, or over already."""
    cursor = await connection.execute(END, {"id": session_id, "account": account_id, "now": now})
    return cursor.rowcount == 1


async def end_sessions(connection: Connection, account_id: int, *, but: int | None, now: datetime) -> None:
    """All of the account's, but perhaps for one."""
    await connection.execute(END_OTHERS, {"account": account_id, "kept": but, "now": now})


async def open_sessions(
    connection: Connection, account_id: int, *, idle: timedelta, now: datetime
) -> Sequence[dict[str, Any]]:
    """Where the account is logged in, the latest used first; not where it was last used longer than `idle` ago."""
    values = {"account": account_id, "now": now, "idle": now - idle}
    return await (await connection.execute(LIST, values)).fetchall()


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
