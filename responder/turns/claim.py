"""The lease of a thread and everything a turn needs to know, read in the same statement."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.contract import AttachmentKind, InboundKind
from responder.clock import Clock
from responder.db.engine import Database
from responder.dialogue.state import DialogueState
from responder.dialogue.states import Author
from responder.llm.reading import Line
from responder.turns import statements as sql
from responder.turns.stopwatch import Stopwatch

LEASE_LASTS = timedelta(seconds=15)  # far beyond the reply budget: an expired lease means a dead process


@dataclass(frozen=True, slots=True)
class Unread:
    """One message of the customer that no turn has taken yet."""

    id: int
    kind: InboundKind
    text: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A thread whose turn is ours until `LEASE_LASTS` from `started_at`."""

    token: str
    thread_id: int
    thread_key: str
    salon_id: int
    salon_revision: int
    channel_account_id: int
    customer_id: int
    enquiry_id: int
    clock_start_at: datetime
    is_settled: bool
    is_answered: bool  # the enquiry has a reply of ours
    unanswered_since: datetime
    state: DialogueState
    source: dict[str, Any]
    display_name: str | None
    unread: tuple[Unread, ...]
    lines: tuple[Line, ...]  # the end of the conversation, the unread messages included; empty unless asked for
    seen_id: int | None  # the newest message this turn has seen, whether or not it is still there to be read
    started_at: datetime
    failures: int
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def first_message_id(self) -> int | None:
        return self.unread[0].id if self.unread else None

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.unread if message.text and message.kind is not InboundKind.PRESSED]

    @property
    def attachments(self) -> tuple[AttachmentKind, ...]:
        return tuple(
            AttachmentKind(attachment["kind"])
            for message in self.unread
            if not message.payload.get("transcribed")  # what was said is read
            for attachment in message.payload.get("attachments", ())
        )


def reply_key(token: str) -> str:
    """The idempotency key of the reply of the turn that holds `token`."""
    return f"turn-{token}"


def new_token() -> str:
    return secrets.token_hex(8)


async def claim_thread(database: Database, thread_id: int, *, clock: Clock, token: str, lines: int = 0) -> Claim | None:
    """Take the turn of a thread; None when nothing is due, a person answers, or another process has it. `lines` is how
    much of the conversation to read with it. A `token` already held renews the lease (newer words are to be read too).
    """
    stopwatch = Stopwatch()
    started_at = clock.now()
    async with database.connection() as connection:
        cursor = await connection.execute(
            sql.CLAIM,
            {
                "thread": thread_id,
                "token": token,
                "now": started_at,
                "until": started_at + LEASE_LASTS,
                "lines": lines,
            },
            prepare=True,
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    stopwatch.lap("claim")
    return Claim(
        token=token,
        thread_id=thread_id,
        thread_key=row["thread_key"],
        salon_id=row["salon_id"],
        salon_revision=row["salon_revision"],
        channel_account_id=row["channel_account_id"],
        customer_id=row["customer_id"],
        enquiry_id=row["enquiry_id"],
        clock_start_at=row["clock_start_at"],
        is_settled=row["is_settled"],
        is_answered=row["is_answered"],
        unanswered_since=row["unanswered_since"] or started_at,
        state=DialogueState.from_json(row["state"]).for_enquiry(row["enquiry_id"]),
        source=row["source"],
        display_name=row["display_name"],
        unread=tuple(
            Unread(item["id"], InboundKind(item["kind"]), item["text"], item["payload"])
            for item in row["unread"]
            if not item["is_void"]
        ),
        lines=tuple(Line(author=_speaker(author), text=text) for author, text in row["lines"]),
        seen_id=max((item["id"] for item in row["unread"]), default=None),
        started_at=started_at,
        failures=row["turn_failures"],
        stopwatch=stopwatch,
    )


def _speaker(author: str) -> Literal["customer", "bot", "person"]:
    match author:
        case Author.CUSTOMER:
            return "customer"
        case Author.HUMAN | Author.HUMAN_DEVICE:
            return "person"
        case _:
            return "bot"
