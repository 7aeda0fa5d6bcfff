"""The web application: every router, in one list."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse, Response

from responder import __version__
from responder.clock import Clock
from responder.db.engine import Database
from responder.desk.service import Desk
from responder.live import Live
from responder.salon.loader import SalonCache
from responder.staff.second_factor import Sealer
from responder.web.access import Access
from responder.web.assets import assets_router
from responder.web.chat import ChatDesk, chat_router
from responder.web.edge import Edge
from responder.web.health import Check, health_router
from responder.web.hooks import Accept, FindDoor, hooks_route
from responder.web.refusing import answer_refusals, refuse
from responder.web.report import publish_schema, report_api
from responder.web.staff.account_pages import account_pages
from responder.web.staff.acting import Act
from responder.web.staff.api import staff_api
from responder.web.staff.attachments import attachment_pages
from responder.web.staff.calendar_pages import calendar_pages
from responder.web.staff.desk_pages import desk_pages
from responder.web.staff.feed import DeskFeed
from responder.web.staff.login import login_pages
from responder.web.staff.pages import Frame, plain_pages
from responder.web.staff.people_pages import people_pages
from responder.web.staff.replies_pages import replies_pages
from responder.web.staff.report_pages import report_pages
from responder.web.staff.salon_api import salon_api
from responder.web.staff.stream import desk_stream
from responder.web.staff.visits_api import visits_api


def make_app(
    *,
    find_door: FindDoor,
    accept: Accept,
    chat_desk: ChatDesk,
    desk: Desk,
    database: Database,
    salons: SalonCache,
    clock: Clock,
    live: Live,
    access: Access,
    secret_key: str,
    public_url: str | None,
    checks: Mapping[str, Check],
) -> FastAPI:
    """The application over parts that somebody else opened and will close."""
    app = FastAPI(
        title="Responder",
        version=__version__,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        swagger_ui_oauth2_redirect_url=None,
    )
    app.router.routes.append(hooks_route(find_door, accept, clock=clock))
    app.include_router(chat_router(chat_desk, secret_key=secret_key, clock=clock, live=live))
    app.include_router(assets_router())
    app.include_router(access.router())
    frame = Frame(database=database, salons=salons, clock=clock, live=live, access=access)
    feed = DeskFeed(database=database, salons=salons, clock=clock, live=live)
    sealer = Sealer(secret_key)
    app.include_router(login_pages(frame, sealer=sealer))
    app.include_router(account_pages(frame, sealer=sealer))
    app.include_router(people_pages(frame, public_url=public_url))
    app.include_router(replies_pages(frame, desk))
    app.include_router(report_pages(frame))
    app.include_router(plain_pages(frame))
    app.include_router(desk_pages(frame, Act(desk)))
    app.include_router(desk_stream(frame, feed))
    app.include_router(attachment_pages(frame, desk.attachments))
    app.include_router(calendar_pages(frame, desk))
    app.include_router(visits_api(frame, desk.visits))
    app.include_router(staff_api(frame, desk))
    app.include_router(salon_api(frame, desk, live=live))
    reports = report_api(database=database, salons=salons, clock=clock, access=access)
    app.include_router(reports)
    publish_schema(app, reports)
    app.include_router(health_router(checks))
    app.include_router(_front_door())
    app.add_middleware(Edge, refuse=refuse)
    answer_refusals(app)
    return app


def _front_door() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def home() -> Response:
        return RedirectResponse("/dialogues", status_code=307)

    return router
