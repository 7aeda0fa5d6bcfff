"""The appointment book in staff's hands: book, move, cancel, mark, note; everything that hangs on a visit follows it.

One transaction writes the visit, what the bot remembers of it, its lead, its enquiry, the entry of the audit log and,
when it is wished, a message to the customer.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from responder.booking.by_hand import (
    Place,
    Whose,
    book_by_hand,
    find_visit,
    mark_visit,
    move_by_hand,
)
from responder.booking.service import cancel
from responder.db.engine import Connection
from responder.desk import visit_statements as sql
from responder.desk.base import DeskRoom
from responder.dialogue.states import AppointmentState
from responder.errors import NotFound, Refused
from responder.leads.service import follow_visit, record_lead
from responder.salon.profile import SalonProfile
from responder.staff.audit import Actor, record

LONGEST_NOTE = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """Whom a visit is for: a customer by id, or a new one by name and phone (E.164), perhaps of a dialogue."""

    customer_id: int | None = None
    thread_id: int | None = None
    name: str = ""
    phone: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Where a visit stood on the page that asks for a change."""

    starts_at: datetime
    specialist: str


class Visits(DeskRoom):
    """Every visit is looked for in its salon. `words` is what the customer is told, empty for nothing."""

    async def create(
        self,
        salon: SalonProfile,
        place: Place,
        guest: Guest,
        *,
        actor: Actor,
        note: str = "",
        words: str = "",
        is_meant: bool = False,
    ) -> int:
        """Book a visit and give its id; raises what `book_by_hand` raises, and `NotFound` for a foreign customer."""
        now, note = self._clock.now(), _tidy(note)
        async with self._database.transaction() as connection:
            dialogue = await self._dialogue(connection, salon.id, guest.thread_id)
            customer_id = await self._customer(connection, salon.id, guest, dialogue)
            whose = Whose(
                customer_id=customer_id,
                thread_id=guest.thread_id,
                enquiry_id=dialogue["enquiry_id"] if dialogue else None,
                operator_id=actor.operator_id,
                note=note,
            )
            number = await book_by_hand(connection, salon, place, whose, now=now, is_meant=is_meant)
            if dialogue is not None:
                await self._follow_dialogue(connection, salon, dialogue, guest, place, number, now)
                await self._say(connection, guest.thread_id, words, now)
            await self._note_down(connection, actor, salon.id, number, "visit.create", {"at": place.starts_at})
        await self._published(salon, number, guest.thread_id, place.starts_at, told=words)
        return number

    async def move(
        self,
        salon: SalonProfile,
        appointment_id: int,
        *,
        specialist: str,
        starts_at: datetime,
        seen: Seen | None,
        actor: Actor,
        words: str = "",
        is_meant: bool = False,
    ) -> None:
        """Put a visit elsewhere; raises what `move_by_hand` raises, and `Refused` when it is not where it was seen."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            visit = await find_visit(connection, salon.id, appointment_id)
            _require_as_seen(visit, seen)
            await move_by_hand(
                connection, salon, visit, specialist=specialist, starts_at=starts_at, now=now, is_meant=is_meant
            )
            if visit["thread_id"] is not None:
                place = _place(visit, specialist=specialist, starts_at=starts_at)
                await connection.execute(sql.REMEMBER, _remembered(appointment_id, visit["thread_id"], place))
                await self._say(connection, visit["thread_id"], words, now)
            await follow_visit(connection, appointment_id, now=now)
            about = {"from": visit["starts_at"], "to": starts_at, "specialist": specialist}
            await self._note_down(connection, actor, salon.id, appointment_id, "visit.move", about)
        await self._published(salon, appointment_id, visit["thread_id"], visit["starts_at"], starts_at, told=words)

    async def cancel(
        self, salon: SalonProfile, appointment_id: int, *, seen: Seen | None, actor: Actor, words: str = ""
    ) -> None:
        """Raises `NotFound`, or `Refused` for a visit that is over, cancelled, or not where it was seen."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            visit = await find_visit(connection, salon.id, appointment_id)
            _require_as_seen(visit, seen)
            if not await cancel(connection, appointment_id, now=now):
                raise Refused("It is not booked any more.", code="visit_not_booked")
            if visit["thread_id"] is not None:
                await connection.execute(sql.FORGET, {"thread": visit["thread_id"], "id": str(appointment_id)})
                await self._say(connection, visit["thread_id"], words, now)
            await follow_visit(connection, appointment_id, now=now)
            await self._note_down(connection, actor, salon.id, appointment_id, "visit.cancel")
        await self._published(salon, appointment_id, visit["thread_id"], visit["starts_at"], told=words)

    async def mark(self, salon: SalonProfile, appointment_id: int, state: AppointmentState, *, actor: Actor) -> None:
        """Came, did not come, or neither after all; raises as `mark_visit` does."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            visit = await find_visit(connection, salon.id, appointment_id)
            await mark_visit(connection, salon, visit, state=state, operator_id=actor.operator_id, now=now)
            await follow_visit(connection, appointment_id, now=now)
            about = {"state": state.value}
            await self._note_down(connection, actor, salon.id, appointment_id, "visit.mark", about)
        await self._published(salon, appointment_id, visit["thread_id"], visit["starts_at"])

    async def set_note(self, salon: SalonProfile, appointment_id: int, note: str, *, actor: Actor) -> None:
        """Raises `NotFound`, or `Refused` for a note that is too long."""
        note = _tidy(note)
        async with self._database.transaction() as connection:
            visit = await find_visit(connection, salon.id, appointment_id)
            await connection.execute(sql.SET_NOTE, {"id": appointment_id, "note": note})
            await self._note_down(connection, actor, salon.id, appointment_id, "visit.note")
        await self._published(salon, appointment_id, visit["thread_id"], visit["starts_at"])

    async def _dialogue(self, connection: Connection, salon_id: int, thread_id: int | None) -> dict[str, Any] | None:
        if thread_id is None:
            return None
        row: dict[str, Any] | None = await (
            await connection.execute(sql.DIALOGUE, {"salon": salon_id, "thread": thread_id})
        ).fetchone()
        if row is None:
            raise NotFound(f"There is no dialogue {thread_id}.", code="no_dialogue", dialogue=thread_id)
        return row

    async def _customer(
        self, connection: Connection, salon_id: int, guest: Guest, dialogue: dict[str, Any] | None
    ) -> int:
        """The customer's id, made when nobody is known; raises `Refused` when there is neither a name nor a phone."""
        name = " ".join(guest.name.split())[:100]
        values = {"salon": salon_id, "customer": guest.customer_id, "name": name, "phone": guest.phone}
        if dialogue is not None:
            values["customer"] = dialogue["customer_id"]
            await connection.execute(sql.KNOW_MORE, values)
            return int(dialogue["customer_id"])
        if guest.customer_id is not None:
            statement, refusal = sql.FIND_CUSTOMER, NotFound("No customer.", code="no_customer")
        elif guest.phone is not None:
            statement, refusal = sql.KNOWN_CUSTOMER, None
        else:
            statement, refusal = "", None
        row = await (await connection.execute(statement, values)).fetchone() if statement else None
        if row is None and refusal is not None:
            raise refusal
        if row is None and not name:
            raise Refused("Say the name.", code="no_name")
        if row is None:
            row = await (await connection.execute(sql.NEW_CUSTOMER, values)).fetchone()
        assert row is not None
        return int(row["id"])

    async def _follow_dialogue(
        self,
        connection: Connection,
        salon: SalonProfile,
        dialogue: dict[str, Any],
        guest: Guest,
        place: Place,
        number: int,
        now: datetime,
    ) -> None:
        """What the bot remembers, the enquiry and the lead, as after a booking of the bot's own."""
        await connection.execute(sql.REMEMBER, _remembered(number, dialogue["id"], place))
        if dialogue["enquiry_id"] is None:
            return
        await connection.execute(sql.SETTLE, {"enquiry": dialogue["enquiry_id"], "now": now})
        phone = guest.phone or dialogue["phone"]
        if phone is not None:
            await record_lead(
                connection,
                salon_id=salon.id,
                enquiry_id=dialogue["enquiry_id"],
                thread_id=dialogue["id"],
                customer_id=dialogue["customer_id"],
                appointment_id=number,
                name=guest.name or dialogue["name"],
                phone=phone,
                service=place.service,
                specialist=place.specialist,
                wish=None,
                source=dialogue["source"],
                now=now,
            )

    async def _say(self, connection: Connection, thread_id: int | None, words: str, now: datetime) -> None:
        if thread_id is not None and words:
            key = f"visit-{secrets.token_hex(8)}"
            await connection.execute(sql.TELL, {"thread": thread_id, "text": words, "now": now, "key": key})

    async def _note_down(
        self,
        connection: Connection,
        actor: Actor,
        salon_id: int,
        number: int,
        action: str,
        details: dict[str, Any] | None = None,
    ) -> None:
        stated = (details or {}).items()
        plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in stated}
        await record(
            connection,
            actor,
            salon_id=salon_id,
            action=action,
            subject=f"visit:{number}",
            details=plain,
            now=self._clock.now(),
        )

    async def _published(
        self, salon: SalonProfile, number: int, thread_id: int | None, *at: datetime, told: str = ""
    ) -> None:
        days = sorted({instant.astimezone(salon.zone).date().isoformat() for instant in at})
        event = {"type": "visit", "appointment_id": number, "thread_id": thread_id, "days": days}
        await self._live.publish(f"salon:{salon.id}", event)
        if thread_id is not None and told:
            await self._delivery.deliver_next(thread_id)


def _require_as_seen(visit: dict[str, Any], seen: Seen | None) -> None:
    if seen is not None and (visit["starts_at"], visit["specialist"]) != (seen.starts_at, seen.specialist):
        raise Refused("Somebody has moved it meanwhile.", code="visit_changed")


def _place(visit: dict[str, Any], *, specialist: str, starts_at: datetime) -> Place:
    also = tuple(visit["also_services"])
    return Place(service=visit["service"], specialist=specialist, starts_at=starts_at, also=also)


def _remembered(number: int, thread_id: int, place: Place) -> dict[str, Any]:
    """The visit as the bot's state holds it (`DialogueState.visit`)."""
    document = {
        "appointment_id": number,
        "service": place.service,
        "specialist": place.specialist,
        "starts_at": place.starts_at.isoformat(),
        "also": list(place.also),
    }
    return {"thread": thread_id, "visit": Jsonb(document)}


def _tidy(note: str) -> str:
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Refused("The note is too long.", code="note_too_long", length=len(note), limit=LONGEST_NOTE)
    return note
