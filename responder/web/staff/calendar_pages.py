"""The calendar: a day or a week, a visit, a new booking. Each of the last two is a page of its own and, for scripts, a
part for a window over the calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from responder.booking.by_hand import Place
from responder.desk.service import Desk
from responder.desk.visits import Guest
from responder.dialogue.states import AppointmentState
from responder.errors import NotFound, Refused
from responder.salon.profile import SalonProfile, Specialist
from responder.staff.rules import Right
from responder.web.access import Staff
from responder.web.problems import Problem, problem_of
from responder.web.staff.calendar import View, find_customers, read_grid, read_visit
from responder.web.staff.dialogue import read_head
from responder.web.staff.pages import Frame
from responder.web.staff.rendering import html
from responder.web.staff.route import staff_route
from responder.web.staff.visit_input import moment, phone_of, seen_of, visit_words

ASKS_IF_MEANT = ("visit_in_past", "visit_not_working", "visit_not_skilled")
WEEK = 7


class NewVisit(BaseModel):
    service: str = ""
    specialist: str = ""
    day: str = ""
    at: str = ""
    customer: int | None = None
    thread: int | None = None
    name: str = ""
    phone: str = ""
    note: str = ""
    tell: bool = False
    is_meant: bool = False


class VisitChange(BaseModel):
    action: str
    specialist: str = ""
    day: str = ""
    at: str = ""
    seen_at: str = ""
    seen_specialist: str = ""
    note: str = ""
    tell: bool = False
    is_meant: bool = False


class CalendarPages:
    def __init__(self, frame: Frame, desk: Desk) -> None:
        self._frame = frame
        self._desk = desk
        self._visits = desk.visits

    async def show(self, request: Request) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        return await self._calendar(request, staff)

    async def new(self, request: Request) -> Response:
        """The form of a booking, filled in with what the address says."""
        staff = await self._frame.enter(request, Right.DIALOGUES)
        wanted = request.query_params
        given = NewVisit(
            service=wanted.get("service", ""),
            specialist=wanted.get("specialist", ""),
            day=_day(wanted.get("date"), self._today(staff)).isoformat(),
            at=wanted.get("at", ""),
            thread=_number(wanted.get("thread")),
            tell=True,
        )
        return await self._form(request, staff, given)

    async def create(self, request: Request, given: Annotated[NewVisit, Form()]) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        salon = staff.salon
        try:
            starts_at = moment(salon, given.day, given.at)
            place = Place(service=given.service, specialist=given.specialist, starts_at=starts_at)
            guest = Guest(
                customer_id=given.customer,
                thread_id=given.thread,
                name=given.name,
                phone=phone_of(given.phone, salon),
            )
            words = self._words(salon, "booked", place, telling=given.tell)
            await self._visits.create(
                salon, place, guest, actor=staff.actor, note=given.note, words=words, is_meant=given.is_meant
            )
        except Refused as error:
            return await self._form(request, staff, given, problem=problem_of(error))
        return RedirectResponse(f"/calendar?salon={salon.slug}&date={given.day}", status_code=303)

    async def visit(self, request: Request, appointment_id: int) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        return await self._visit(request, staff, appointment_id)

    async def change(self, request: Request, appointment_id: int, given: Annotated[VisitChange, Form()]) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        try:
            await self._do(staff, appointment_id, given)
        except NotFound:
            raise
        except Refused as error:
            return await self._visit(request, staff, appointment_id, given=given, problem=problem_of(error))
        async with self._frame.database.connection() as connection:
            visit = await read_visit(connection, staff.salon.id, appointment_id, now=self._frame.clock.now())
        day = visit["starts_at"].astimezone(staff.salon.zone).date()
        return RedirectResponse(f"/calendar?salon={staff.salon.slug}&date={day}", status_code=303)

    async def _do(self, staff: Staff, number: int, given: VisitChange) -> None:
        salon, actor = staff.salon, staff.actor
        async with self._frame.database.connection() as connection:
            visit = await read_visit(connection, salon.id, number, now=self._frame.clock.now())
        place = Place(service=visit["service"], specialist=visit["specialist"], starts_at=visit["starts_at"])
        seen = seen_of(given.seen_at, given.seen_specialist)
        match given.action:
            case "move":
                starts_at = moment(salon, given.day, given.at)
                to = Place(service=visit["service"], specialist=given.specialist, starts_at=starts_at)
                words = self._words(salon, "moved", to, telling=given.tell)
                await self._visits.move(
                    salon,
                    number,
                    specialist=given.specialist,
                    starts_at=starts_at,
                    seen=seen,
                    actor=actor,
                    words=words,
                    is_meant=given.is_meant,
                )
            case "cancel":
                words = self._words(salon, "cancelled", place, telling=given.tell)
                await self._visits.cancel(salon, number, seen=seen, actor=actor, words=words)
            case "confirm" if visit["thread_id"] is not None:
                await self._desk.confirm_visit(salon.id, visit["thread_id"], number, actor=actor)
            case "came" | "no_show" | "booked":
                await self._visits.mark(salon, number, AppointmentState(given.action), actor=actor)
            case "note":
                await self._visits.set_note(salon, number, given.note, actor=actor)
            case _:
                raise Problem(400, "no_action", action=given.action)

    async def _calendar(self, request: Request, staff: Staff) -> Response:
        salon, wanted = staff.salon, request.query_params
        day = _day(wanted.get("date"), self._today(staff))
        view = View(wanted.get("view") or View.DAY) if wanted.get("view", "") in ("", *View) else View.DAY
        chosen = salon.specialist(wanted.get("specialist") or None)
        service = wanted.get("service") or None
        if service is not None and salon.service(service) is None:
            raise Problem(404, "no_service", service=service)
        async with self._frame.database.connection() as connection:
            places = _places(salon, view, day, chosen)
            grid = (
                await read_grid(connection, salon, places, now=self._frame.clock.now(), service=service)
                if places
                else None
            )
            thread = _number(wanted.get("thread"))
            guest = None if thread is None else await read_head(connection, salon.id, thread)
        values: dict[str, Any] = {
            "grid": grid,
            "view": view,
            "day": day,
            "today": self._today(staff),
            "chosen": chosen or (places[0][0] if view is View.WEEK and places else None),
            "service": service,
            "guest": guest,
            "step": timedelta(days=WEEK if view is View.WEEK else 1),
        }
        if "x-requested-with" in request.headers:
            return html(self._frame.part(request, staff, "staff_calendar_grid.html", **values))
        return await self._frame.page(request, staff, "staff_calendar.html", **values)

    async def _form(
        self, request: Request, staff: Staff, given: NewVisit, *, problem: Problem | None = None
    ) -> Response:
        salon = staff.salon
        async with self._frame.database.connection() as connection:
            guest = None if given.thread is None else await read_head(connection, salon.id, given.thread)
        return await self._window(
            request,
            staff,
            "staff_visit_new.html",
            problem,
            given=given,
            guest=guest,
            asks=problem is not None and problem.code in ASKS_IF_MEANT,
        )

    async def _visit(
        self,
        request: Request,
        staff: Staff,
        appointment_id: int,
        *,
        given: VisitChange | None = None,
        problem: Problem | None = None,
    ) -> Response:
        async with self._frame.database.connection() as connection:
            visit = await read_visit(connection, staff.salon.id, appointment_id, now=self._frame.clock.now())
        asks = problem is not None and problem.code in ASKS_IF_MEANT
        return await self._window(request, staff, "staff_visit.html", problem, visit=visit, given=given, asks=asks)

    async def _window(
        self, request: Request, staff: Staff, template: str, problem: Problem | None, **values: Any
    ) -> Response:
        said = problem and problem.to(self._frame.language(request, staff.salon))
        status = 400 if problem else 200
        if "x-requested-with" in request.headers:
            return html(self._frame.part(request, staff, template, problem=said, **values), status=status)
        return await self._frame.page(
            request, staff, "staff_window.html", part=template, problem=said, status=status, **values
        )

    def _words(self, salon: SalonProfile, phrase: str, place: Place, *, telling: bool) -> str:
        return visit_words(salon, phrase, place, now=self._frame.clock.now()) if telling else ""

    def _today(self, staff: Staff) -> date:
        return self._frame.clock.now().astimezone(staff.salon.zone).date()


def calendar_pages(frame: Frame, desk: Desk) -> APIRouter:
    pages = CalendarPages(frame, desk)
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))
    router.add_api_route("/calendar", pages.show, methods=["GET"])
    router.add_api_route("/calendar/new", pages.new, methods=["GET"])
    router.add_api_route("/calendar/new", pages.create, methods=["POST"])
    router.add_api_route("/calendar/visits/{appointment_id}", pages.visit, methods=["GET"])
    router.add_api_route("/calendar/visits/{appointment_id}", pages.change, methods=["POST"])

    @router.get("/calendar/customers")
    async def customers(request: Request, q: str = "") -> list[dict[str, Any]]:
        """Whom the form of a booking may mean."""
        staff = await frame.enter(request, Right.DIALOGUES)
        async with frame.database.connection() as connection:
            found = await find_customers(connection, staff.salon.id, q[:100])
        return [
            {"id": row["id"], "name": row["name"] or row["display_name"] or "", "phone": row["phone"] or ""}
            for row in found
        ]

    return router


def _places(salon: SalonProfile, view: View, day: date, chosen: Specialist | None) -> Sequence[tuple[Specialist, date]]:
    if view is View.WEEK:
        monday = day - timedelta(days=day.weekday())
        who = chosen or next(iter(salon.specialists), None)
        return [] if who is None else [(who, monday + timedelta(days=number)) for number in range(WEEK)]
    return [(who, day) for who in ([chosen] if chosen else salon.specialists)]


def _day(text: str | None, otherwise: date) -> date:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return found if 1970 < found.year < 2200 else otherwise


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
