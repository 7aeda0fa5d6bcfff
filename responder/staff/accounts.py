"""Logging in and what an account may change of itself. Every function works on the caller's transaction and clock."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from psycopg.errors import UniqueViolation

from responder.db.engine import Connection
from responder.errors import Refused
from responder.staff.audit import Actor, record
from responder.staff.passwords import check_password, hash_password, is_password
from responder.staff.second_factor import Sealer, recovery_digest, step_of_code

LOGIN = re.compile(r"[\w.+@-]{3,100}")
TICKET_LASTS = timedelta(minutes=5)
FREE_FAILURES = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)

FIND = "SELECT * FROM account WHERE login = %(login)s FOR UPDATE"
BY_ID = "SELECT * FROM account WHERE id = %(id)s FOR UPDATE"
CREATE = """
INSERT INTO account (login, name, password_hash) VALUES (%(login)s, %(name)s, %(hash)s) RETURNING id
"""
FAILED = "UPDATE account SET failed_logins = %(failures)s, locked_until = %(until)s WHERE id = %(id)s"
PASSED = "UPDATE account SET failed_logins = 0, locked_until = NULL, totp_last_step = %(step)s WHERE id = %(id)s"
DROP_RECOVERY = "UPDATE account SET recovery_digests = array_remove(recovery_digests, %(digest)s) WHERE id = %(id)s"
CHANGE_HASH = "UPDATE account SET password_hash = %(hash)s WHERE id = %(id)s"


class LoginOutcome(StrEnum):
    PASSED = "passed"
    NEEDS_CODE = "needs_code"
    WRONG = "wrong"  # login, password or code, or locked: nobody is told which, for it would tell which logins exist


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """How an attempt went; `account_id` only of one that passed, `ticket` of one that needs a code, or another."""

    outcome: LoginOutcome
    account_id: int | None = None
    ticket: str = ""


async def log_in(
    connection: Connection,
    *,
    login: str,
    password: str,
    code: str,
    sealer: Sealer,
    address: str,
    now: datetime,
    ticket: str = "",
) -> Login:
    """Try a login. After five failures in a row the account is locked for a minute, and twice as long each further
    time; meanwhile the right password is answered like a wrong one, and so, in the same time, is an unknown login.

    Where a code is needed the answer holds a ticket, which stands for the password for the next five minutes."""
    account = await (await connection.execute(FIND, {"login": tidy_login(login)})).fetchone()
    is_right = account is not None and _is_ticket(account, ticket, sealer, now)
    if not is_right:
        ticket = ""
        is_right = await is_password(account["password_hash"] if account else None, password)
    if account is not None and account["locked_until"] is not None and account["locked_until"] > now:
        return Login(outcome=LoginOutcome.WRONG)
    if account is None or not is_right:
        return await _failed(connection, account, address=address, now=now)
    step = account["totp_last_step"]
    if account["totp_confirmed_at"] is not None:
        if not code.strip():
            return Login(outcome=LoginOutcome.NEEDS_CODE, ticket=sealer.seal(_ticket_words(account, now)))
        passed = await _second_factor(connection, account, code, sealer, now)
        if passed is None:
            await _failed(connection, account, address=address, now=now)
            return Login(outcome=LoginOutcome.WRONG, ticket=ticket or sealer.seal(_ticket_words(account, now)))
        step = passed
    await connection.execute(PASSED, {"id": account["id"], "step": step})
    actor = Actor(account_id=account["id"], address=address)
    await record(connection, actor, salon_id=None, action="account.login", now=now)
    return Login(outcome=LoginOutcome.PASSED, account_id=account["id"])


async def create_account(connection: Connection, *, login: str, name: str, password: str) -> int:
    """A new account's id; raises `Refused` for a login that is none or taken, no name, or a bad password."""
    login, name = tidy_login(login), " ".join(name.split())[:100]
    if not LOGIN.fullmatch(login):
        raise Refused("No login.", code="bad_login", login=login)
    if not name:
        raise Refused("No name.", code="no_name")
    check_password(password, login=login)
    values = {"login": login, "name": name, "hash": await hash_password(password)}
    try:
        async with connection.transaction():
            row = await (await connection.execute(CREATE, values)).fetchone()
    except UniqueViolation as error:
        raise Refused("Taken.", code="login_taken", login=login) from error
    return int(row["id"]) if row else 0


async def change_password(
    connection: Connection, account_id: int, *, old: str, new: str, actor: Actor, now: datetime
) -> None:
    """Raises `Refused` when the old one is wrong or the new one bad."""
    account = await get_account(connection, account_id)
    if not await is_password(account["password_hash"], old):
        raise Refused("Wrong password.", code="wrong_password")
    check_password(new, login=account["login"])
    await connection.execute(CHANGE_HASH, {"id": account_id, "hash": await hash_password(new)})
    await record(connection, actor, salon_id=None, action="account.password", now=now)


async def get_account(connection: Connection, account_id: int) -> dict[str, Any]:
    row: dict[str, Any] | None = await (await connection.execute(BY_ID, {"id": account_id})).fetchone()
    if row is None:
        raise Refused("The account is gone.", code="needs_access")
    return row


def tidy_login(login: str) -> str:
    return login.strip().casefold()


def _is_ticket(account: dict[str, Any], ticket: str, sealer: Sealer, now: datetime) -> bool:
    """A ticket of this account that is not too old, given since its password was last changed."""
    words = sealer.open(ticket) or ""
    at = words.rpartition(":")[2]
    if not at.isdecimal() or not timedelta() <= now - datetime.fromtimestamp(int(at), UTC) <= TICKET_LASTS:
        return False
    return words == _ticket_words(account, datetime.fromtimestamp(int(at), UTC))


def _ticket_words(account: dict[str, Any], at: datetime) -> str:
    mark = hashlib.sha256(account["password_hash"].encode()).hexdigest()
    return f"ticket:{account['id']}:{mark}:{int(at.timestamp())}"


async def _second_factor(
    connection: Connection, account: dict[str, Any], code: str, sealer: Sealer, now: datetime
) -> int | None:
    """The step of a right code, which no later login may use again; None for a wrong one. A recovery code works once
    and moves no step."""
    secret = sealer.open(account["totp_secret"] or "")
    last = account["totp_last_step"]
    step = None if secret is None else step_of_code(secret, code, now=now, last_step=last)
    if step is not None:
        return step
    digest = recovery_digest(code)
    if digest not in account["recovery_digests"]:
        return None
    await connection.execute(DROP_RECOVERY, {"id": account["id"], "digest": digest})
    return int(last or 0)


async def _failed(connection: Connection, account: dict[str, Any] | None, *, address: str, now: datetime) -> Login:
    actor = Actor(account_id=account["id"] if account else None, address=address)
    if account is not None:
        failures = account["failed_logins"] + 1
        over = failures - FREE_FAILURES
        until = None if over < 0 else now + min(FIRST_LOCK * 2**over, LONGEST_LOCK)
        await connection.execute(FAILED, {"id": account["id"], "failures": failures, "until": until})
        if until is not None:
            await record(connection, actor, salon_id=None, action="account.locked", now=now)
    await record(connection, actor, salon_id=None, action="account.login_failed", now=now)
    return Login(outcome=LoginOutcome.WRONG)
