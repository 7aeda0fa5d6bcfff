"""Every address of the public chat, in one list."""

from __future__ import annotations

from fastapi import APIRouter

from responder.clock import Clock
from responder.live import Live
from responder.web.chat.api import ChatApi
from responder.web.chat.desk import ChatDesk
from responder.web.chat.pages import ChatPages
from responder.web.chat.refusals import ChatRoute

PING_S = 15.0


def chat_router(desk: ChatDesk, *, secret_key: str, clock: Clock, live: Live, ping_s: float = PING_S) -> APIRouter:
    """Page, widget and API over `desk`. The application must include `responder.web.assets.assets_router` too."""
    pages = ChatPages(desk)
    api = ChatApi(desk, secret_key=secret_key, clock=clock, live=live, ping_s=ping_s)
    router = APIRouter(route_class=ChatRoute, include_in_schema=False)
    router.add_api_route("/chat/{site_key}", pages.chat_page, methods=["GET"])
    router.add_api_route("/widget.js", pages.widget_script, methods=["GET"])
    router.add_api_route("/web/v1/sessions", api.open_session, methods=["POST"])
    router.add_api_route("/web/v1/messages", api.post_message, methods=["POST"])
    router.add_api_route("/web/v1/messages", api.get_messages, methods=["GET"])
    router.add_api_route("/web/v1/typing", api.typing, methods=["POST"])
    router.add_api_route("/web/v1/ticket", api.issue_ticket, methods=["POST"])
    router.add_api_route("/web/v1/events", api.stream_events, methods=["GET"])
    router.add_api_route("/web/v1/{endpoint}", api.preflight, methods=["OPTIONS"])
    return router
