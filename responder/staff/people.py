"""Operators of a salon and the invitations by which a person becomes one. Nobody manages those above or beside them
but an owner; the last owner who can log in stays.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from responder.db.engine import Connection
from responder.errors import NotFound, Refused
from responder.staff.audit import Actor, record
from responder.staff.rules import Role, may_manage
from responder.staff.sessions import digest_of

INVITATION_LASTS = timedelta(days=7)
LATIN = str.maketrans(
    dict(
        zip(
            "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
            "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y - e iu ia".replace("-", "").split(" "),
            strict=True,
        )
    )
)  # as in passports: ICAO Doc 9303, part 3, section 6

PEOPLE = """
SELECT o.id, o.key, o.name, o.role, o.is_active, o.is_from_file, a.login, a.totp_confirmed_at IS NOT NULL AS has_code,
    (SELECT max(last_seen_at) FROM staff_session WHERE account_id = a.id) AS last_seen_at,
    (SELECT max(expires_at) FROM invitation
     WHERE operator_id = o.id AND used_at IS NULL AND revoked_at IS NULL AND expires_at > %(now)s) AS invited_until
FROM operator o LEFT JOIN account a ON a.id = o.account_id
WHERE o.salon_id = %(salon)s ORDER BY NOT o.is_active, o.name
"""
ONE = "SELECT * FROM operator WHERE salon_id = %(salon)s AND key = %(key)s FOR UPDATE"
ADD = """
INSERT INTO operator (salon_id, key, name, role, is_active, is_from_file)
VALUES (%(salon)s, %(key)s, %(name)s, %(role)s, true, false)
ON CONFLICT (salon_id, key) DO NOTHING RETURNING id
"""
CHANGE = "UPDATE operator SET role = %(role)s, is_active = %(active)s WHERE id = %(id)s"
OWNERS = """
SELECT count(*) AS n FROM operator
WHERE salon_id = %(salon)s AND role = 'owner' AND is_active AND account_id IS NOT NULL AND id <> %(id)s
"""
# changes of who may what take turns: two that meet must not each rely on what the other takes away
TAKE_TURN = "SELECT FROM salon WHERE id = %(salon)s FOR NO KEY UPDATE"
# caches of salons look at the revision
TURN_REVISION = "UPDATE salon SET revision = revision + 1 WHERE id = %(salon)s"
INVITE = """
INSERT INTO invitation (salon_id, operator_id, digest, created_by_id, created_at, expires_at)
VALUES (%(salon)s, %(operator)s, %(digest)s, %(by)s, %(now)s, %(expires_at)s)
"""
REVOKE = """
UPDATE invitation SET revoked_at = %(now)s
WHERE operator_id = %(operator)s AND used_at IS NULL AND revoked_at IS NULL
"""
FIND_INVITATION = """
SELECT i.id, i.salon_id, i.operator_id, o.name, o.key, o.role, o.account_id, s.slug
FROM invitation i JOIN operator o ON o.id = i.operator_id JOIN salon s ON s.id = i.salon_id
WHERE i.digest = %(digest)s AND i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > %(now)s AND o.is_active
FOR UPDATE OF i
"""
USE = "UPDATE invitation SET used_at = %(now)s WHERE id = %(id)s"
ATTACH = "UPDATE operator SET account_id = %(account)s WHERE id = %(operator)s"
DETACH = "UPDATE operator SET account_id = NULL WHERE id = %(operator)s"


async def people_of(connection: Connection, salon_id: int, *, now: datetime) -> Sequence[dict[str, Any]]:
    return await (await connection.execute(PEOPLE, {"salon": salon_id, "now": now})).fetchall()


async def add_operator(
    connection: Connection, salon_id: int, *, name: str, role: Role, by: Role, actor: Actor, now: datetime
) -> str:
    """A new operator's key; raises `Refused` without a name or for a role that is not below one's own."""
    name = " ".join(name.split())[:100]
    if not name:
        raise Refused("Say the name.", code="no_name")
    _require_manages(by, role)
    latin = name.lower().translate(LATIN)
    base = re.sub(r"[^a-z0-9]+", "_", latin).strip("_") or "operator"
    for number in range(1, 1000):
        key = base if number == 1 else f"{base}_{number}"
        values = {"salon": salon_id, "key": key, "name": name, "role": role.value}
        if await (await connection.execute(ADD, values)).fetchone() is not None:
            break
    await connection.execute(TURN_REVISION, {"salon": salon_id})
    await _record(connection, actor, salon_id, "operator.add", key, now, {"role": role.value})
    return key


async def invite(connection: Connection, salon_id: int, key: str, *, by: Role, actor: Actor, now: datetime) -> str:
    """The token of a link by which one person becomes this operator; earlier links of the operator end. Raises
    `NotFound`, or `Refused` for an operator that is switched off or not below one's own role."""
    operator = await _one(connection, salon_id, key)
    _require_manages(by, Role(operator["role"]))
    if not operator["is_active"]:
        raise Refused(f"{key} is switched off; switch them on first.", code="operator_off", operator=key)
    token = secrets.token_urlsafe(32)
    await connection.execute(REVOKE, {"operator": operator["id"], "now": now})
    values = {
        "salon": salon_id,
        "operator": operator["id"],
        "digest": digest_of(token),
        "by": actor.operator_id,
        "now": now,
        "expires_at": now + INVITATION_LASTS,
    }
    await connection.execute(INVITE, values)
    await _record(connection, actor, salon_id, "operator.invite", key, now)
    return token


async def revoke(
    connection: Connection,
    salon_id: int,
    key: str,
    *,
    by: Role,
    actor: Actor,
    now: datetime,
    may_be_last: bool = False,
) -> None:
    """No link of this operator works any more, and nobody logs in as them until invited anew. The last owner who can
    log in stays, unless `may_be_last`."""
    await connection.execute(TAKE_TURN, {"salon": salon_id})
    operator = await _one(connection, salon_id, key)
    _require_manages(by, Role(operator["role"]))
    if not may_be_last:
        await _keep_an_owner(connection, salon_id, operator)
    await connection.execute(REVOKE, {"operator": operator["id"], "now": now})
    await connection.execute(DETACH, {"operator": operator["id"]})
    await _record(connection, actor, salon_id, "operator.revoke", key, now)


async def change_operator(
    connection: Connection,
    salon_id: int,
    key: str,
    *,
    role: Role,
    is_active: bool,
    by: Role,
    actor: Actor,
    now: datetime,
) -> None:
    """Another role, or on and off; links made for what the operator was end. What the salon file says of its operators
    is changed there. Raises `Refused`."""
    await connection.execute(TAKE_TURN, {"salon": salon_id})
    operator = await _one(connection, salon_id, key)
    if operator["is_from_file"]:
        raise Refused("Of the salon file.", code="operator_of_file", operator=operator["name"])
    _require_manages(by, Role(operator["role"]))
    _require_manages(by, role)
    if operator["id"] == actor.operator_id:
        raise Refused("Oneself.", code="not_oneself")
    if role is not Role.OWNER or not is_active:
        await _keep_an_owner(connection, salon_id, operator)
    await connection.execute(REVOKE, {"operator": operator["id"], "now": now})
    await connection.execute(CHANGE, {"id": operator["id"], "role": role.value, "active": is_active})
    await connection.execute(TURN_REVISION, {"salon": salon_id})
    await _record(
        connection, actor, salon_id, "operator.change", key, now, {"role": role.value, "is_active": is_active}
    )


async def find_invitation(connection: Connection, token: str, *, now: datetime) -> dict[str, Any]:
    """The invitation of a link; raises `NotFound` for one that was used, ended or never was."""
    row: dict[str, Any] | None = await (
        await connection.execute(FIND_INVITATION, {"digest": digest_of(token), "now": now})
    ).fetchone()
    if row is None:
        raise NotFound("No such invitation.", code="no_invitation")
    return row


async def accept_invitation(
    connection: Connection, invitation: dict[str, Any], *, account_id: int, address: str, now: datetime
) -> None:
    """The account is this operator from now on, instead of whoever was."""
    await connection.execute(USE, {"id": invitation["id"], "now": now})
    await connection.execute(ATTACH, {"operator": invitation["operator_id"], "account": account_id})
    actor = Actor(operator_id=invitation["operator_id"], account_id=account_id, address=address)
    await _record(connection, actor, invitation["salon_id"], "operator.join", invitation["key"], now)


async def _one(connection: Connection, salon_id: int, key: str) -> dict[str, Any]:
    row: dict[str, Any] | None = await (await connection.execute(ONE, {"salon": salon_id, "key": key})).fetchone()
    if row is None:
        raise NotFound(
            f"There is no operator {key} in this salon; `responder operator list` shows them.",
            code="no_operator",
            operator=key,
        )
    return row


async def _keep_an_owner(connection: Connection, salon_id: int, operator: dict[str, Any]) -> None:
    if operator["role"] != Role.OWNER or operator["account_id"] is None:
        return
    row = await (await connection.execute(OWNERS, {"salon": salon_id, "id": operator["id"]})).fetchone()
    if row is not None and row["n"] == 0:
        raise Refused("The last owner.", code="last_owner")


def _require_manages(by: Role, role: Role) -> None:
    if not may_manage(by, role):
        raise Refused("Not below.", code="role_above", role=role.value)


async def _record(
    connection: Connection,
    actor: Actor,
    salon_id: int,
    action: str,
    key: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    await record(
        connection, actor, salon_id=salon_id, action=action, subject=f"operator:{key}", details=details, now=now
    )
