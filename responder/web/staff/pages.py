"""Staff pages: who waits and for how long, one dialogue with all its stamps, leads. Server-rendered, no build step."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
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
from responder.timing.timeline import Substance
from responder.web.access import OPERATOR_COOKIE, Access
from responder.web.assets import TEMPLATES, asset_url
from responder.web.problems import Problem, problem_of
from responder.web.staff.alerts import count_unseen, list_alerts, see_alerts
from responder.web.staff.route import staff_route
from responder.web.staff.views import one_dialogue, recent_dialogues
from responder.web.staff.wording import Wording, staff_language, staff_texts

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
ROWS = 50
OPERATOR_LASTS_S = 365 * 24 * 3600


class StaffPages:
    """Every page is about one salon: `?salon=slug`, the first one when left out."""

    def __init__(self, desk: Desk, *, database: Database, salons: SalonCache, clock: Clock) -> None:
        self._desk = desk
        self._database = database
        self._salons = salons
        self._clock = clock

    async def dialogues(self, request: Request, before: str | None = None) -> Response:
        salon = await self._salon(request)
        found = await recent_dialogues(self._database, salon.id, limit=ROWS, before=_instant(before))
        waiting = [row for row in found if row["is_waiting"]]
        others = sorted(
            (row for row in found if not row["is_waiting"]), key=lambda row: row["last_message_at"], reverse=True
        )
        older = others[-1]["last_message_at"].isoformat() if len(found) == ROWS and others else None
        return await self._page(
            request, salon, "staff_dialogues.html", waiting=waiting, others=others, older=older, is_first=before is None
        )

    async def dialogue(self, request: Request, thread_id: int) -> Response:
        salon = await self._salon(request)
        return await self._dialogue_page(request, salon, thread_id)

    async def leads(self, request: Request) -> Response:
        salon = await self._salon(request)
        rows = await recent_leads(self._database, salon.id, ROWS)
        return await self._page(request, salon, "staff_leads.html", rows=rows)

    async def alerts(self, request: Request) -> Response:
        salon = await self._salon(request)
        language, now = self._language(request, salon), self._clock.now()
        return await self._page(
            request,
            salon,
            "staff_alerts.html",
            standing=await list_alerts(self._database, salon.id, is_standing=True, language=language, now=now),
            over=await list_alerts(self._database, salon.id, is_standing=False, language=language, now=now, limit=ROWS),
            unseen=await count_unseen(self._database, salon.id),
        )

    async def see_alerts(self, request: Request) -> Response:
        """The button of the alerts page: all of them have been seen."""
        salon = await self._salon(request)
        await see_alerts(self._database, salon.id, None, clock=self._clock)
        return RedirectResponse(f"/alerts?salon={salon.slug}", status_code=303)

    async def act(
        self,
        request: Request,
        thread_id: int,
        action: Annotated[str, Form()],
        text: Annotated[str, Form()] = "",
        key: Annotated[str, Form()] = "",
        operator: Annotated[str, Form()] = "",
    ) -> Response:
        """What a form of the dialogue page asks for; then the page again."""
        salon = await self._salon(request)
        who = operator or None
        try:
            match action:
                case "take-over":
                    await self._desk.take_over(salon.id, thread_id, operator=who)
                case "reply":
                    await self._desk.reply(salon.id, thread_id, text, operator=who, key=key or None)
                case "give-back":
                    await self._desk.give_back(salon.id, thread_id)
                case "close":
                    await self._desk.close(salon.id, thread_id)
                case "spam":
                    await self._desk.close(salon.id, thread_id, reason=CloseReason.SPAM)
                case _ if action.removeprefix("confirm:").isdecimal():
                    appointment_id = int(action.removeprefix("confirm:"))
                    await self._desk.confirm_visit(salon.id, thread_id, appointment_id, operator=who)
                case _:
                    raise Problem(400, "no_action", action=action)
        except NotFound:
            raise
        except Refused as error:
            return await self._dialogue_page(request, salon, thread_id, problem=error, draft=text, status=400)
        response = RedirectResponse(f"/dialogues/{thread_id}?salon={salon.slug}#end", status_code=303)
        if who in {known.key for known in salon.operators}:
            response.set_cookie(OPERATOR_COOKIE, who, max_age=OPERATOR_LASTS_S, httponly=True, samesite="lax")
        return response

    async def correct(
        self, request: Request, thread_id: int, message_id: int, substance: Annotated[Substance, Form()]
    ) -> Response:
        """What the form beside a person's message asks for; then the page again."""
        salon = await self._salon(request)
        who = request.cookies.get(OPERATOR_COOKIE)
        known = who if any(operator.key == who for operator in salon.operators) else None
        try:
            await self._desk.correct_substance(salon.id, thread_id, message_id, substance, operator=known)
        except NotFound:
            raise
        except Refused as error:
            return await self._dialogue_page(request, salon, thread_id, problem=error, status=400)
        return RedirectResponse(f"/dialogues/{thread_id}?salon={salon.slug}#m{message_id}", status_code=303)

    async def _dialogue_page(
        self,
        request: Request,
        salon: SalonProfile,
        thread_id: int,
        *,
        problem: Refused | None = None,
        draft: str = "",
        status: int = 200,
    ) -> Response:
        found = await one_dialogue(self._database, salon.id, thread_id)
        return await self._page(
            request,
            salon,
            "staff_dialogue.html",
            status=status,
            head=found.head,
            messages=found.messages,
            appointments=found.appointments,
            operator=request.cookies.get(OPERATOR_COOKIE, ""),
            form_key=secrets.token_hex(8),  # a form sent twice sends its reply once
            problem=problem and problem_of(problem).to(self._language(request, salon)),
            draft=draft,
        )

    async def _salon(self, request: Request) -> SalonProfile:
        wanted = request.query_params.get("salon")
        for salon in await self._salons.all():
            if wanted in (None, salon.slug):
                return salon
        raise Problem(404, "no_salon", salon=wanted) if wanted is not None else Problem(404, "no_salon_yet")

    def _language(self, request: Request, salon: SalonProfile) -> str:
        accepted = request.headers.get("accept-language", "")
        return staff_language(request.query_params.get("lang"), accepted, default=salon.language)

    async def _page(
        self, request: Request, salon: SalonProfile, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        language = self._language(request, salon)
        say = Wording(salon, language, now=self._clock.now())
        salons: Sequence[SalonProfile] = await self._salons.all()
        content = (
            _templates()
            .get_template(template)
            .render(salon=salon, salons=salons, language=language, say=say, t=say.t, path=request.url.path, **values)
        )
        return HTMLResponse(content, headers=HEADERS, status_code=status)


def staff_pages(desk: Desk, *, database: Database, salons: SalonCache, clock: Clock, access: Access) -> APIRouter:
    """The pages, for whoever `access` lets through."""
    pages = StaffPages(desk, database=database, salons=salons, clock=clock)
    router = APIRouter(include_in_schema=False, route_class=staff_route(access))
    router.add_api_route("/dialogues", pages.dialogues, methods=["GET"])
    router.add_api_route("/dialogues/{thread_id}", pages.dialogue, methods=["GET"])
    router.add_api_route("/dialogues/{thread_id}", pages.act, methods=["POST"])
    router.add_api_route("/dialogues/{thread_id}/messages/{message_id}/substance", pages.correct, methods=["POST"])
    router.add_api_route("/leads", pages.leads, methods=["GET"])
    router.add_api_route("/alerts", pages.alerts, methods=["GET"])
    router.add_api_route("/alerts", pages.see_alerts, methods=["POST"])
    return router


def refusal_page(problem: Problem, *, wanted: str | None, accepted: str) -> str:
    """A page that says what was wrong with the request, in its reader's language."""
    language = staff_language(wanted, accepted, default="en")
    template = _templates().get_template("staff_refusal.html")
    return template.render(message=problem.to(language), language=language, t=staff_texts(language))


def _instant(text: str | None) -> datetime | None:
    """The `before` of an address; raises 400 for what is no aware instant."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)  # PostgreSQL knows fewer offsets than Python
    except (ValueError, OverflowError):
        pass
    raise Problem(400, "not_an_instant", before=text)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset_url"] = asset_url
    return environment
