"""Writes threads into the tables the way intake, delivery and hand-offs do, so that readers can be held to them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql

from responder.db.engine import Connection
from responder.timing.enquiries import QUIET_TIME, split_thread
from responder.timing.timeline import (
    Author,
    Call,
    Closed,
    Event,
    GivenBack,
    Inbound,
    MarkedSpam,
    Outbound,
    PersonNeeded,
    Substance,
    TakenOver,
    Timeline,
    merge_outbound,
)


@dataclass(kw_only=True)
class Place:
    """A salon with channel accounts by kind, as ids."""

    connection: Connection
    salon_id: int
    accounts: dict[str, int] = field(default_factory=dict)
    threads: int = 0

    async def insert(self, table: str, **values: Any) -> int:
        """One row; gives its id."""
        return await insert(self.connection, table, **values)


@dataclass(kw_only=True)
class BulkPlace(Place):
    """Keeps rows back and copies them all in at once: for thousands of threads in a database that nobody else writes
    to. Triggers do not run, so every enquiry is marked for measuring once."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def insert(self, table: str, **values: Any) -> int:
        rows = self.rows.setdefault(table, [])
        rows.append({"id": len(rows) + 1_000_000} | values)
        return len(rows) + 999_999

    async def write(self) -> None:
        """Copy in what was kept back, inside the caller's transaction."""
        await self.connection.execute("SET LOCAL session_replication_role = replica")
        for table, rows in self.rows.items():
            for names in dict.fromkeys(tuple(row) for row in rows):
                await self._copy(table, names, [row for row in rows if tuple(row) == names])
        await self.connection.execute(
            "INSERT INTO measures_due (salon_id, enquiry_id) SELECT salon_id, id FROM enquiry ORDER BY id"
        )

    async def _copy(self, table: str, names: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        async with self.connection.cursor().copy(statement) as copy:
            for row in rows:
                await copy.write_row([row[name] for name in names])


async def insert(connection: Connection, table: str, **values: Any) -> int:
    """One row; gives its id."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return int(row["id"])


async def open_place(connection: Connection, slug: str, *, kinds: Iterable[str] = ("telegram",)) -> Place:
    place = Place(connection=connection, salon_id=await insert(connection, "salon", slug=slug))
    for kind in kinds:
        place.accounts[kind] = await insert(
            connection, "channel_account", salon_id=place.salon_id, key=kind, name=kind, kind=kind
        )
    return place


async def store_thread(
    place: Place,
    events: Iterable[Event],
    *,
    kind: str = "telegram",
    now: datetime | None = None,
    quiet: timedelta = QUIET_TIME,
    is_test: bool = False,
) -> list[int]:
    """A thread's rows; gives the ids of its enquiries, in the order they opened. Replies typed on a phone are stored
    without an enquiry, as when their echo came before the message."""
    found = list(events)
    timelines = split_thread(found, now=now, quiet=quiet, is_test=is_test)
    place.threads += 1
    customer = await place.insert("customer", salon_id=place.salon_id, name="Имя", phone="+79000000000")
    ids = {
        "salon_id": place.salon_id,
        "channel_account_id": place.accounts[kind],
        "thread_id": await place.insert(
            "thread",
            salon_id=place.salon_id,
            channel_account_id=place.accounts[kind],
            thread_key=str(place.threads),
            customer_id=customer,
            is_test=is_test,
        ),
    }
    enquiries = [await _store_enquiry(place, ids, customer, timeline) for timeline in timelines]
    written_into = {
        message.key: enquiry
        for enquiry, timeline in zip(enquiries, timelines, strict=True)
        for message in timeline.outbound
        if message.author is not Author.HUMAN_DEVICE
    }
    for message in merge_outbound(event for event in found if isinstance(event, Outbound)):
        await _store_outbound(place, ids, message, enquiry_id=written_into.get(message.key))
    for row in _handoffs(found, list(zip(enquiries, timelines, strict=True))):
        await place.insert("handoff", salon_id=place.salon_id, thread_id=ids["thread_id"], **row)
    return enquiries


async def _store_enquiry(place: Place, ids: dict[str, int], customer: int, timeline: Timeline) -> int:
    enquiry = await place.insert(
        "enquiry",
        **ids,
        customer_id=customer,
        clock_start_at=timeline.first.clock_at,
        received_at=timeline.opened_at,
        skew_s=timeline.first.skew_s,
        excluded=timeline.excluded.value if timeline.excluded else None,
        closed_at=timeline.closed_at,
        close_reason=timeline.close_reason,
    )
    for message in timeline.inbound:
        await place.insert(
            "message",
            **ids,
            enquiry_id=enquiry,
            direction="in",
            author="customer",
            provider_key=f"{ids['thread_id']}:{message.key}",
            text="сообщение",
            sent_at=message.sent_at,
            received_at=message.received_at,
            order_key=message.order_key,
        )
    return enquiry


async def _store_outbound(place: Place, ids: dict[str, int], message: Outbound, *, enquiry_id: int | None) -> None:
    await place.insert(
        "message",
        **ids,
        enquiry_id=enquiry_id,
        direction="out",
        author=message.author.value,
        auto_reply=message.author.is_auto_reply,
        text="ответ",
        substance=message.substance.value if message.substance else None,
        composed_at=message.composed_at,
        accepted_at=message.accepted_at,
        delivered_at=message.delivered_at,
        failed_at=message.failed_at,
    )


def _handoffs(events: list[Event], enquiries: list[tuple[int, Timeline]]) -> list[dict[str, Any]]:
    """Rows as `responder.dialogue.handoffs` leaves them."""
    rows: list[dict[str, Any]] = []
    calls = {event for event in events if isinstance(event, PersonNeeded | TakenOver | GivenBack)}
    for call in sorted(calls, key=_call_order):
        enquiry = next((key for key, timeline in reversed(enquiries) if timeline.opened_at <= call.at), None)
        unreturned = [row for row in rows if row["returned_at"] is None]
        row = {"enquiry_id": enquiry, "needed_at": call.at, "reason": "asked", "taken_at": None, "returned_at": None}
        match call:
            case PersonNeeded():
                rows.append(row)
            case TakenOver():
                if not any(known["enquiry_id"] == enquiry for known in unreturned):
                    unreturned.append(row | {"reason": "taken_over"})
                    rows.append(unreturned[-1])
                for known in unreturned:
                    known["taken_at"] = known["taken_at"] or call.at
            case GivenBack():
                for known in unreturned:
                    known["returned_at"] = call.at
    return rows


def _call_order(call: Call) -> tuple[datetime, int]:
    return call.at, (PersonNeeded, TakenOver, GivenBack).index(type(call))


def random_thread(dice: random.Random, start: datetime) -> list[Event]:
    """A thread of a few days that could have happened: messages both ways, hand-offs in a possible order, closes."""
    at, events, is_taken = start, list[Event](), False
    for number in range(dice.randint(1, 14)):
        at += timedelta(seconds=dice.choice([0.3, 1, 7, 90, 1_800, 20_000, 90_000]) * dice.uniform(0.5, 1.5))
        given_at = at + timedelta(seconds=dice.choice([0.1, 2, 40]))
        substance = dice.choice([*Substance, None])
        match dice.choice(["in", "in", "in", "bot", "bot", "staff", "staff", "call", "back", "end"]):
            case "in":
                delay_s = dice.choice([-3, 0.4, 0.4, 5_000])
                sent_at = dice.choice([at - timedelta(seconds=delay_s), None])
                events.append(Inbound(key=f"c{number}", received_at=at, sent_at=sent_at, order_key=number))
            case "bot":
                author = dice.choice([Author.BOT, Author.BOT, Author.SYSTEM, Author.UNKNOWN])
                failed_at = dice.choice([None, None, given_at])
                events.append(
                    Outbound(
                        key=f"b{number}",
                        author=author,
                        substance=substance,
                        composed_at=at,
                        accepted_at=dice.choice([given_at, given_at, None]),
                        failed_at=failed_at,
                    )
                )
            case "staff":
                is_phone = dice.random() < 0.5
                events.append(
                    Outbound(
                        key=f"h{number}",
                        author=Author.HUMAN_DEVICE if is_phone else Author.HUMAN,
                        substance=substance,
                        composed_at=None if is_phone else at,
                        accepted_at=given_at,
                    )
                )
            case "call":
                if not is_taken:
                    is_taken = dice.random() < 0.5
                    events.append(TakenOver(at=at) if is_taken else PersonNeeded(at=at))
            case "back":
                if is_taken:
                    is_taken = False
                    events.append(GivenBack(at=at))
            case _:
                events.append(dice.choice([Closed(at=at), MarkedSpam(at=at)]))
    return events
