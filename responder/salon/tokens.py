"""Keys that let programs of one salon read what their scopes name: made, shown once, listed, revoked.

The database holds a digest and never the key. A key is 256 random bits, so a plain SHA-256 is as good as a slow one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from responder.db.engine import Database
from responder.errors import NotFound, Refused

PREFIX = "rsp_"  # lets people and secret scanners know one when they see it
USE_NOTED_EVERY = timedelta(minutes=1)
LONGEST_NAME = 80

CREATE = """
INSERT INTO api_token (salon_id, name, digest, scopes, created_at)
VALUES (%(salon)s, %(name)s, %(digest)s, %(scopes)s, %(now)s) RETURNING id
"""

LIST = """
SELECT id, name, scopes, created_at, last_used_at, revoked_at FROM api_token WHERE salon_id = %(salon)s ORDER BY id
"""

REVOKE = """
UPDATE api_token SET revoked_at = COALESCE(revoked_at, %(now)s) WHERE salon_id = %(salon)s AND id = %(id)s RETURNING id
"""

FIND = """
SELECT id, salon_id, scopes, last_used_at FROM api_token WHERE digest = %(digest)s AND revoked_at IS NULL
"""

NOTE_USE = "UPDATE api_token SET last_used_at = %(now)s WHERE id = %(id)s"


class Scope(StrEnum):
    """What a key opens."""

    REPORT_READ = "report:read"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What is known of a key once it has been shown."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """What a key that was presented opens."""

    salon_id: int
    scopes: frozenset[str]


async def create_token(
    database: Database, salon_id: int, *, name: str, scopes: Iterable[str], now: datetime
) -> tuple[int, str]:
    """The number of a new key and the key itself, which nobody can ever be shown again. Raises `Refused` for a scope
    that does not exist or a name that is no name."""
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in set(Scope)]
    if unknown or not wanted:
        raise Refused(f"scope: {', '.join(unknown) or 'none'} is not among {', '.join(Scope)}")
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise Refused(f"name: give 1 to {LONGEST_NAME} characters that say what the key is for")
    key = PREFIX + secrets.token_urlsafe(32)
    values = {"salon": salon_id, "name": name.strip(), "digest": _digest(key), "scopes": wanted, "now": now}
    async with database.connection() as connection:
        row = await (await connection.execute(CREATE, values)).fetchone()
    if row is None:
        raise RuntimeError("an insert gives its row")
    return row["id"], key


async def list_tokens(database: Database, salon_id: int) -> list[Token]:
    """Every key the salon ever had, the oldest first, revoked ones too."""
    async with database.connection() as connection:
        rows = await (await connection.execute(LIST, {"salon": salon_id})).fetchall()
    return [Token(**row | {"scopes": tuple(row["scopes"])}) for row in rows]


async def revoke_token(database: Database, salon_id: int, token_id: int, *, now: datetime) -> None:
    """End a key at once; again without harm. Raises `NotFound` when this salon has no such key."""
    async with database.connection() as connection:
        values = {"salon": salon_id, "id": token_id, "now": now}
        if await (await connection.execute(REVOKE, values)).fetchone() is None:
            raise NotFound(f"this salon has no token {token_id}")


async def find_holder(database: Database, key: str, *, now: datetime) -> Holder | None:
    """What a key opens; None for one that was never made or was revoked. Notes the use, to the minute."""
    async with database.connection() as connection:
        row = await (await connection.execute(FIND, {"digest": _digest(key)})).fetchone()
        if row is None:
            return None
        if row["last_used_at"] is None or now - row["last_used_at"] >= USE_NOTED_EVERY:
            await connection.execute(NOTE_USE, {"id": row["id"], "now": now})
    return Holder(salon_id=row["salon_id"], scopes=frozenset(row["scopes"]))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
