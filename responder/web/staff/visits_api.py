"""The appointment book for programs and for the calendar's script."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, Field

from responder.booking.by_hand import Place
from responder.desk.visits import Guest, Visits
from responder.dialogue.states import AppointmentState
from responder.errors import Refused
from responder.staff.rules import Right
from responder.web.staff.calendar import VISITS, read_visit
from responder.web.staff.pages import Frame
from responder.web.staff.route import staff_route
from responder.web.staff.visit_input import moment, phone_of, seen_of, visit_words

MOST_DAYS = 62


class NewVisit(BaseModel):
    service: Annotated[str, Field(description="Key of a service.")]
    specialist: Annotated[str, Field(description="Key of a specialist.")]
    starts_at: AwareDatetime
    also: Annotated[tuple[str, ...], Field(description="Keys of further services of the same visit.")] = ()
    customer_id: int | None = None
    thread_id: Annotated[int | None, Field(description="The dialogue of the customer, if there is one.")] = None
    name: str = ""
    phone: str = ""
    note: str = ""
    tell: Annotated[bool, Field(description="Write to the customer in the dialogue.")] = False
    is_meant: Annotated[bool, Field(description="Book in the past, out of hours, or without the skill.")] = False


class Move(BaseModel):
    specialist: str
    starts_at: AwareDatetime
    seen_at: Annotated[AwareDatetime | None, Field(description="Where it was: refused when it is elsewhere.")] = None
    seen_specialist: str = ""
    tell: bool = False
    is_meant: bool = False


class Cancel(BaseModel):
    tell: bool = False


class Mark(BaseModel):
    state: Annotated[AppointmentState, Field(description="came, no_show, or booked to take a mark back.")]


def visits_api(frame: Frame, visits: Visits) -> APIRouter:
    router = APIRouter(prefix="/api/v1/{salon}", tags=["staff"], route_class=staff_route(frame.access))

    @router.get("/visits")
    async def listing(
        request: Request,
        salon: str,
        first: Annotated[date, Field(description="A local day of the salon.")],
        last: Annotated[date | None, Field(description="Left out: the first.")] = None,
    ) -> list[dict[str, Any]]:
        """Visits that begin on these local days, the holds of customers who are choosing included."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        last = last or first
        if last < first or (last - first).days > MOST_DAYS:
            raise Refused("A range of days.", code="bad_days", first=first, last=last, most=MOST_DAYS)
        values = {
            "salon": staff.salon.id,
            "now": frame.clock.now(),
            "since": moment(staff.salon, first.isoformat(), "00:00"),
            "until": moment(staff.salon, (last + timedelta(days=1)).isoformat(), "00:00"),
        }
        async with frame.database.connection() as connection:
            return await (await connection.execute(VISITS, values)).fetchall()

    @router.post("/visits", status_code=201)
    async def create(request: Request, salon: str, body: NewVisit) -> dict[str, int]:
        """Book by hand; a foreign overlap is refused with what is in the way."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        place = Place(service=body.service, specialist=body.specialist, starts_at=body.starts_at, also=body.also)
        guest = Guest(
            customer_id=body.customer_id,
            thread_id=body.thread_id,
            name=body.name,
            phone=phone_of(body.phone, staff.salon),
        )
        words = visit_words(staff.salon, "booked", place, now=frame.clock.now()) if body.tell else ""
        number = await visits.create(
            staff.salon, place, guest, actor=staff.actor, note=body.note, words=words, is_meant=body.is_meant
        )
        return {"id": number}

    @router.patch("/visits/{appointment_id}", status_code=204)
    async def move(request: Request, salon: str, appointment_id: int, body: Move) -> None:
        """Move a visit in place."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        words = ""
        if body.tell:
            async with frame.database.connection() as connection:
                visit = await read_visit(connection, staff.salon.id, appointment_id, now=frame.clock.now())
            place = Place(service=visit["service"], specialist=body.specialist, starts_at=body.starts_at)
            words = visit_words(staff.salon, "moved", place, now=frame.clock.now())
        seen = None if body.seen_at is None else seen_of(body.seen_at.isoformat(), body.seen_specialist)
        await visits.move(
            staff.salon,
            appointment_id,
            specialist=body.specialist,
            starts_at=body.starts_at,
            seen=seen,
            actor=staff.actor,
            words=words,
            is_meant=body.is_meant,
        )

    @router.post("/visits/{appointment_id}/cancel", status_code=204)
    async def cancel(request: Request, salon: str, appointment_id: int, body: Cancel) -> None:
        """Cancel a visit or a hold."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        words = ""
        if body.tell:
            async with frame.database.connection() as connection:
                visit = await read_visit(connection, staff.salon.id, appointment_id, now=frame.clock.now())
            starts_at: datetime = visit["starts_at"]
            place = Place(service=visit["service"], specialist=visit["specialist"], starts_at=starts_at)
            words = visit_words(staff.salon, "cancelled", place, now=frame.clock.now())
        await visits.cancel(staff.salon, appointment_id, seen=None, actor=staff.actor, words=words)

    @router.post("/visits/{appointment_id}/mark", status_code=204)
    async def mark(request: Request, salon: str, appointment_id: int, body: Mark) -> None:
        """Say whether the customer came."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await visits.mark(staff.salon, appointment_id, body.state, actor=staff.actor)

    return router
