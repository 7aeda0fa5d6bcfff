"""What every staff page has in common, and the plain ones: leads and alerts. Server-rendered, no build step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from responder.clock import Clock
from responder.db.engine import Database
from responder.leads.service import recent_leads
from responder.live import Live
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.staff.rules import Right
from responder.web.access import Access, Staff
from responder.web.problems import Problem
from responder.web.staff.alerts import count_unseen, list_alerts, see_alerts
from responder.web.staff.feed import ACCESS
from responder.web.staff.rendering import html, render, templates
from responder.web.staff.route import staff_route
from responder.web.staff.texts import staff_language, staff_texts

ROWS = 50


class Frame:
    """Every page is about one salon: `?salon=slug`, the first one when left out."""

    def __init__(self, *, database: Database, salons: SalonCache, clock: Clock, live: Live, access: Access) -> None:
        self.database = database
        self.salons = salons
        self.clock = clock
        self.live = live
        self.access = access

    async def enter(self, request: Request, right: Right) -> Staff:
        """Who asks, in the salon the address names; raises 403 when their role does not have the right."""
        staff = await self.access.staff(request, await self._salon(request))
        staff.require(right)
        return staff

    async def enter_api(self, request: Request, slug: str, right: Right) -> Staff:
        """Who asks, in the salon that the path of an API call names; raises 403 as `enter` does."""
        for salon in await self.salons.all():
            if salon.slug == slug:
                staff = await self.access.staff(request, salon)
                staff.require(right)
                return staff
        raise Problem(404, "no_salon", salon=slug)

    async def ask_again(self, salons: Iterable[SalonProfile]) -> None:
        """Somebody may less than before, as of a transaction that is committed: whoever has a desk of these salons open
        is asked at once whether they still may."""
        for salon in salons:
            await self.live.publish(f"salon:{salon.id}", {"type": ACCESS})

    def language(self, request: Request, salon: SalonProfile) -> str:
        """By the address, else as the account has chosen, else the browser's, else the salon's."""
        accepted = request.headers.get("accept-language", "")
        session = request.state.session
        chosen = session.language if session is not None else None
        return staff_language(request.query_params.get("lang") or chosen, accepted, default=salon.language)

    async def page(
        self, request: Request, staff: Staff, template: str, *, status: int = 200, **values: Any
    ) -> Response:
        salons: Sequence[SalonProfile] = await self.access.salons(request)
        return html(self.part(request, staff, template, salons=salons, **values), status=status)

    def part(self, request: Request, staff: Staff, template: str, **values: Any) -> str:
        """A template as text, with what all of them know: `staff`, `salon`, `path`, `t`, `say`."""
        return render(
            template,
            salon=staff.salon,
            language=self.language(request, staff.salon),
            now=self.clock.now(),
            staff=staff,
            path=request.url.path,
            form_token=self.access.form_token(request),
            **values,
        )

    async def _salon(self, request: Request) -> SalonProfile:
        wanted = request.query_params.get("salon")
        for salon in await self.access.salons(request):
            if wanted in (None, salon.slug):
                return salon
        if wanted is not None:
            raise Problem(404, "no_salon", salon=wanted)
        raise Problem(404, "no_salon_yet" if request.state.session is None else "no_place")


class PlainPages:
    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def leads(self, request: Request) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        rows = await recent_leads(self._frame.database, staff.salon.id, ROWS)
        return await self._frame.page(request, staff, "staff_leads.html", rows=rows)

    async def alerts(self, request: Request) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        salon, database, now = staff.salon, self._frame.database, self._frame.clock.now()
        language = self._frame.language(request, salon)
        return await self._frame.page(
            request,
            staff,
            "staff_alerts.html",
            standing=await list_alerts(database, salon.id, is_standing=True, language=language, now=now),
            over=await list_alerts(database, salon.id, is_standing=False, language=language, now=now, limit=ROWS),
            unseen=await count_unseen(database, salon.id),
        )

    async def see_alerts(self, request: Request) -> Response:
        """The button of the alerts page: all of them have been seen."""
        staff = await self._frame.enter(request, Right.DIALOGUES)
        salon = staff.salon
        await see_alerts(self._frame.database, salon.id, None, actor=staff.actor, clock=self._frame.clock)
        return RedirectResponse(f"/alerts?salon={salon.slug}", status_code=303)


def plain_pages(frame: Frame) -> APIRouter:
    """Leads and alerts, for whoever the frame's access lets through."""
    pages = PlainPages(frame)
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))
    router.add_api_route("/leads", pages.leads, methods=["GET"])
    router.add_api_route("/alerts", pages.alerts, methods=["GET"])
    router.add_api_route("/alerts", pages.see_alerts, methods=["POST"])
    return router


def refusal_page(problem: Problem, *, wanted: str | None, accepted: str) -> str:
    """A page that says what was wrong with the request, in its reader's language."""
    language = staff_language(wanted, accepted, default="en")
    template = templates().get_template("staff_refusal.html")
    return template.render(message=problem.to(language), language=language, t=staff_texts(language))
