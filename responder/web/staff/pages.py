"""Staff pages: recent dialogues with who waits, one dialogue with all its stamps, leads. Server-rendered, no build."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from responder.clock import Clock
from responder.db.engine import Database
from responder.desk.service import Desk
from responder.dialogue.states import CloseReason
from responder.errors import NotFound, Refused
from responder.leads.service import recent_leads
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.web.access import Access
from responder.web.assets import TEMPLATES, asset_url
from responder.web.staff.views import one_dialogue, recent_dialogues

LOCALE = Path(__file__).parents[1] / "locale"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


class StaffPages:
    """Every page is about one salon: `?salon=slug`, the first one when left out."""

    def __init__(self, desk: Desk, *, database: Database, salons: SalonCache, clock: Clock) -> None:
        self._desk = desk
        self._database = database
        self._salons = salons
        self._clock = clock

    async def dialogues(self, request: Request) -> Response:
        salon = await self._salon(request)
        rows = await recent_dialogues(self._database, salon.id)
        return self._page(request, salon, "staff_dialogues.html", here="dialogues", rows=rows)

    async def dialogue(self, request: Request, thread_id: int, problem: str = "") -> Response:
        salon = await self._salon(request)
        try:
            found = await one_dialogue(self._database, salon.id, thread_id)
        except NotFound as error:
            raise HTTPException(404, str(error)) from None
        return self._page(
            request,
            salon,
            "staff_dialogue.html",
            here="dialogues",
            head=found.head,
            messages=found.messages,
            appointments=found.appointments,
            problem=problem,
        )

    async def leads(self, request: Request) -> Response:
        salon = await self._salon(request)
        rows = await recent_leads(self._database, salon.id, 100)
        return self._page(request, salon, "staff_leads.html", here="leads", rows=rows)

    async def act(
        self,
        request: Request,
        thread_id: int,
        action: Annotated[str, Form()],
        text: Annotated[str, Form()] = "",
        key: Annotated[str | None, Form()] = None,
    ) -> Response:
        salon = await self._salon(request)
        problem = ""
        try:
            match action:
                case "take-over":
                    await self._desk.take_over(salon.id, thread_id, operator=None)
                case "reply":
                    await self._desk.reply(salon.id, thread_id, text, operator=None, key=key)
                case "give-back":
                    await self._desk.give_back(salon.id, thread_id)
                case "close":
                    await self._desk.close(salon.id, thread_id)
                case "spam":
                    await self._desk.close(salon.id, thread_id, reason=CloseReason.SPAM)
                case _:
                    raise HTTPException(400, f"There is no action {action!r}.")
        except NotFound as error:
            raise HTTPException(404, str(error)) from None
        except Refused as error:
            problem = str(error)
        if problem:
            return await self.dialogue(request, thread_id, problem)
        return RedirectResponse(f"/dialogues/{thread_id}?salon={salon.slug}#end", status_code=303)

    async def _salon(self, request: Request) -> SalonProfile:
        salons = await self._salons.all()
        wanted = request.query_params.get("salon")
        for salon in salons:
            if wanted in (None, salon.slug):
                return salon
        raise HTTPException(404, f"There is no salon {wanted!r}." if wanted else "No salon has been imported yet.")

    def _page(self, request: Request, salon: SalonProfile, template: str, **values: Any) -> HTMLResponse:
        language = salon.language
        words = staff_texts(language)
        now = self._clock.now()
        content = (
            _templates()
            .get_template(template)
            .render(
                salon=salon,
                salon_name=salon.name.to(language),
                language=language,
                t=words,
                now=now,
                asset_url=asset_url,
                at=lambda instant: _local(instant, salon.zone, now),
                stamp=lambda instant: _stamp(instant, salon.zone),
                span=lambda seconds: duration(seconds, words),
                service_name=lambda key: _service_name(salon, key, language),
                specialist_name=lambda key: _specialist_name(salon, key, language),
                **values,
            )
        )
        return HTMLResponse(content, headers=HEADERS)


def staff_pages(desk: Desk, *, database: Database, salons: SalonCache, clock: Clock, access: Access) -> APIRouter:
    pages = StaffPages(desk, database=database, salons=salons, clock=clock)
    router = APIRouter(include_in_schema=False, dependencies=[Depends(access.require)])
    router.add_api_route("/dialogues", pages.dialogues, methods=["GET"])
    router.add_api_route("/dialogues/{thread_id}", pages.dialogue, methods=["GET"])
    router.add_api_route("/dialogues/{thread_id}", pages.act, methods=["POST"])
    router.add_api_route("/leads", pages.leads, methods=["GET"])
    return router


def refusal_page(message: str) -> str:
    """A page that says what was wrong with the request."""
    return _templates().get_template("staff_refusal.html").render(message=message, asset_url=asset_url)


@cache
def staff_texts(language: str) -> Mapping[str, str]:
    """Texts of the staff pages; English where a language has none."""
    path = LOCALE / f"staff.{language}.yaml"
    if not path.exists():
        path = LOCALE / "staff.en.yaml"
    words: dict[str, str] = yaml.safe_load(path.read_text("utf-8"))
    return words


def duration(seconds: float | None, words: Mapping[str, str]) -> str:
    """A length of time for people: "0.4 s", "2 min 5 s", "3 h 10 min"; a dash for none."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} {words['seconds']}"
    if seconds < 60:
        return f"{seconds:.0f} {words['seconds']}"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} {words['minutes']}" + (f" {rest} {words['seconds']}" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} {words['hours']}" + (f" {minutes} {words['minutes']}" if minutes else "")


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _local(instant: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """Time of day, with the date when it is not today."""
    if instant is None:
        return "–"
    local = instant.astimezone(zone)
    same_day = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M}" if same_day else f"{local:%d.%m %H:%M}"


def _stamp(instant: datetime | None, zone: ZoneInfo) -> str:
    """To the millisecond: a stamp is shown as it was taken."""
    if instant is None:
        return "–"
    local = instant.astimezone(zone)
    return f"{local:%d.%m %H:%M:%S}.{local.microsecond // 1000:03d}"


def _service_name(salon: SalonProfile, key: str | None, language: str) -> str:
    service = salon.service(key)
    return key or "–" if service is None else service.name.to(language)


def _specialist_name(salon: SalonProfile, key: str | None, language: str) -> str:
    specialist = salon.specialist(key)
    return key or "–" if specialist is None else specialist.name.to(language)
