"""A message comes in: stored exactly once, stamped, its enquiry opened, its turn made due, in one transaction.

The usual message (a known thread with an open enquiry) is one statement and so one round trip; only the first message
of an enquiry takes the longer way. Nothing here waits for anybody: the caller answers the messenger right after.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
from psycopg.types.json import Jsonb

from connectors.contract import ChannelKind, Inbound, InboundKind
from responder import metrics
from responder.clock import Clock
from responder.db.engine import Connection, Database
from responder.intake import statements as sql
from responder.intake.bounds import within_bounds
from responder.intake.events import apply_event
from responder.intake.rules import OPENS_ENQUIRY, ClockStart, Pace
from responder.logs import get_logger

log = get_logger(__name__)
STORE_WITHIN_S = 5.0  # a messenger that is told soon comes again soon; one that is kept waiting gives up and backs off

_NUL_ESCAPE = re.compile(rb"((?<!\\)(?:\\\\)*)\\u0000")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The channel account something came in through. `first_look` is how long after its clock start an enquiry's
    timers are looked at first; None when nothing is watched from there."""

    id: int
    salon_id: int
    kind: ChannelKind
    is_test: bool = False
    first_look: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What became of one item. `turn_due_at` is set when the bot has to answer."""

    message_id: int | None
    thread_id: int | None
    is_duplicate: bool
    turn_due_at: datetime | None


class Intake:
    def __init__(self, database: Database, *, clock: Clock, pace: Pace, enquiry_quiet: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._pace = pace
        self._quiet = enquiry_quiet
        self._late: set[asyncio.Task[list[Stored]]] = set()

    async def store(self, account: Account, items: Sequence[Inbound], *, received_at: datetime) -> list[Stored]:
        """Store every item of one request, all or nothing; a redelivered one changes nothing. Raises
        `psycopg.OperationalError` when the database does not take it soon."""
        items = [within_bounds(item, received_at=received_at) for item in items]
        storing = asyncio.create_task(self._store(account, items, received_at))
        try:
            done, _ = await asyncio.wait((storing,), timeout=STORE_WITHIN_S)
        finally:
            if not storing.done():
                self._late.add(storing)
                storing.add_done_callback(self._came_late)
        if not done:
            # not cancelled: a statement whose server is silent takes ten seconds more to let go of its connection
            raise psycopg.OperationalError(f"not stored within {STORE_WITHIN_S:g} s")
        return storing.result()

    def _came_late(self, storing: asyncio.Task[list[Stored]]) -> None:
        """Nobody waits for it any more; what it stored is a duplicate when it comes again, and swept if it does not."""
        self._late.discard(storing)
        if not storing.cancelled() and (error := storing.exception()) is not None:
            log.warning("late_store_failed", error=type(error).__name__)

    async def _store(self, account: Account, items: Sequence[Inbound], received_at: datetime) -> list[Stored]:
        if len(items) == 1 and items[0].kind in OPENS_ENQUIRY:
            async with self._database.connection() as connection:
                stored = await self._store_known(connection, account, items[0], received_at)
            if stored is not None:
                return [self._counted(account, stored)]
        async with self._database.transaction() as connection:
            results = [await self._store_item(connection, account, item, received_at) for item in items]
        return [self._counted(account, stored) for stored in results]

    async def close_quiet(self) -> int:
        """Close enquiries that went quiet or were settled a while ago; gives how many."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                sql.CLOSE_QUIET,
                {"now": now, "stale": now - self._quiet, "settled": now - sql.SETTLED_QUIET},
            )
            return cursor.rowcount

    async def _store_item(
        self, connection: Connection, account: Account, item: Inbound, received_at: datetime
    ) -> Stored:
        if item.kind not in OPENS_ENQUIRY:
            return await self._store_event(connection, account, item, received_at)
        stored = await self._store_known(connection, account, item, received_at)
        if stored is not None:
            return stored
        if await _is_duplicate(connection, account, item):
            return Stored(message_id=None, thread_id=None, is_duplicate=True, turn_due_at=None)
        values = {"account": account.id, "thread_key": item.thread_key}
        if await (await connection.execute(sql.IS_BARRED, values)).fetchone() is not None:
            return await self._store_event(connection, account, item, received_at)
        await self._open_thread_and_enquiry(connection, account, item, received_at)
        stored = await self._store_known(connection, account, item, received_at)
        if stored is None:  # the enquiry row was made above in this very transaction
            raise RuntimeError(f"no open enquiry for account {account.id}")
        return stored

    async def _store_known(
        self, connection: Connection, account: Account, item: Inbound, received_at: datetime
    ) -> Stored | None:
        """The one-statement way; None when the thread has no open, recent enquiry."""
        start = ClockStart.of(sent_at=item.sent_at, received_at=received_at)
        cursor = await connection.execute(
            sql.STORE_MESSAGE,
            _message_values(account, item, received_at)
            | {
                "stored_at": self._clock.now(),
                "clock_start_at": start.at,
                "stale": received_at - self._quiet,
                "quiet": self._pace.quiet_after(item),
                "cap": self._pace.cap,
            },
            prepare=True,
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        return Stored(
            message_id=row["message_id"],
            thread_id=row["thread_id"],
            is_duplicate=row["message_id"] is None,
            turn_due_at=row["turn_due_at"],
        )

    async def _open_thread_and_enquiry(
        self, connection: Connection, account: Account, item: Inbound, received_at: datetime
    ) -> None:
        start = ClockStart.of(sent_at=item.sent_at, received_at=received_at)
        values = {
            "salon": account.salon_id,
            "account": account.id,
            "thread_key": item.thread_key,
            "name": item.sender_name,
            "language": item.language,
            "source": Jsonb(source_document(item)),
            "is_test": account.is_test,
            "excluded": "test" if account.is_test else None,
            "now": received_at,
            "stale": received_at - self._quiet,
            "quiet": self._quiet,
            "clock_start_at": start.at,
            "received_at": received_at,
            "skew_s": start.skew_s,
            "next_check_at": None if account.first_look is None else start.at + account.first_look,
        }
        # one opener at a time per identity, so that two first messages make one customer and one enquiry
        await connection.execute(sql.LOCK_IDENTITY, values)
        if await (await connection.execute(sql.FIND_THREAD, values)).fetchone() is None:
            await connection.execute(sql.OPEN_THREAD, values)
        await connection.execute(sql.CLOSE_STALE_OF_THREAD, values)
        await connection.execute(sql.END_OLD_HANDOFFS, values)
        await connection.execute(sql.OPEN_ENQUIRY, values)

    async def _store_event(
        self, connection: Connection, account: Account, item: Inbound, received_at: datetime
    ) -> Stored:
        cursor = await connection.execute(
            sql.STORE_EVENT, _message_values(account, item, received_at) | {"stored_at": self._clock.now()}
        )
        row = await cursor.fetchone()
        if row is None:
            return Stored(message_id=None, thread_id=None, is_duplicate=True, turn_due_at=None)
        due = await apply_event(
            connection, item, account_id=account.id, event_id=row["message_id"], received_at=received_at
        )
        return Stored(message_id=row["message_id"], thread_id=row["thread_id"], is_duplicate=False, turn_due_at=due)

    def _counted(self, account: Account, stored: Stored) -> Stored:
        if stored.is_duplicate:
            metrics.DUPLICATES.labels(account.kind).inc()
        else:
            metrics.MESSAGES.labels(account.kind, "in", "customer").inc()
        return stored


def source_document(item: Inbound) -> dict[str, Any]:
    """First-touch attribution as stored: only what the channel told."""
    source = item.source
    if source is None:
        return {}
    document: dict[str, Any] = {
        "ref": source.ref,
        "utm": dict(source.utm),
        "click_ids": dict(source.click_ids),
        "page_url": source.page_url,
        "referrer": source.referrer,
    }
    return {name: value for name, value in document.items() if value}


def _message_values(account: Account, item: Inbound, received_at: datetime) -> dict[str, Any]:
    return {
        "salon": account.salon_id,
        "account": account.id,
        "thread_key": item.thread_key,
        "provider_key": item.provider_key,
        "provider_message_id": item.provider_message_id,
        "kind": item.kind.value,
        "author": "human_device" if item.kind is InboundKind.ECHO else "customer",
        "order_key": item.order_key,
        "text": item.text,
        "payload": Jsonb(_payload_document(item)),
        "raw": Jsonb(item.raw, dumps=_dump_storable),
        "sent_at": item.sent_at,
        "resolution": item.sent_at_resolution_s if item.sent_at else None,
        "received_at": received_at,
    }


def _payload_document(item: Inbound) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if item.payload is not None:
        document["payload"] = item.payload
    if item.press_id:
        document["press_id"] = item.press_id
    if item.contact is not None:
        document["contact"] = {
            "phone": item.contact.phone,
            "name": item.contact.name,
            "is_own": item.contact.is_own,
        }
    if item.attachments:
        document["attachments"] = [
            {"kind": a.kind.value, "id": a.provider_id, "mime": a.mime_type, "size": a.size_bytes, "name": a.name}
            | ({} if a.duration_s is None else {"seconds": a.duration_s})
            for a in item.attachments
        ]
    if item.reply_to:
        document["reply_to"] = item.reply_to
    return document


def _dump_storable(document: Any) -> bytes:
    try:
        dumped = orjson.dumps(document, default=str)
    except (TypeError, ValueError):  # half a surrogate pair, an integer beyond 64 bits: not from our own readers
        dumped = orjson.dumps({"unstorable": ascii(document)[:10_000]})
    # the escape itself is looked for, not a customer's words about it, which begin with one backslash more
    return _NUL_ESCAPE.sub(rb"\1\\ufffd", dumped) if b"\\u0000" in dumped else dumped


async def _is_duplicate(connection: Connection, account: Account, item: Inbound) -> bool:
    cursor = await connection.execute(sql.FIND_MESSAGE, {"account": account.id, "provider_key": item.provider_key})
    return await cursor.fetchone() is not None
