"""The record of what staff did: written in the transaction that does it, so that neither stands without the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from responder.db.engine import Connection

RECORD = """
INSERT INTO audit_entry (salon_id, account_id, operator_id, at, action, subject, details, address)
VALUES (%(salon)s, %(account)s, %(operator)s, %(now)s, %(action)s, %(subject)s, %(details)s, %(address)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who does something: an operator of a salon, or nobody by name when it is the installation's own token."""

    operator_id: int | None = None
    account_id: int | None = None
    address: str = ""  # of the network


async def record(
    connection: Connection,
    actor: Actor,
    *,
    salon_id: int | None,
    action: str,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry; `action` is a verb of `docs/desk.md` such as "dialogue.take_over", `subject` is "thread:5".
    `details` hold keys and ids: no message texts, names or phones, which erasure would have to find here."""
    values = {
        "salon": salon_id,
        "account": actor.account_id,
        "operator": actor.operator_id,
        "now": now,
        "action": action,
        "subject": subject,
        "details": Jsonb(dict(details or {})),
        "address": actor.address,
    }
    await connection.execute(RECORD, values)
