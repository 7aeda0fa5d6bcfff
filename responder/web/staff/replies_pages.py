"""The page of saved replies: written, changed and taken away by whoever keeps the salon's settings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from responder.desk.saved_replies import KNOWN
from responder.desk.service import Desk
from responder.errors import NotFound, Refused
from responder.staff.rules import Right
from responder.web.problems import Problem, problem_of
from responder.web.staff.pages import Frame
from responder.web.staff.route import staff_route


class Change(BaseModel):
    action: str
    shortcut: str = ""
    text: str = ""


class RepliesPages:
    def __init__(self, frame: Frame, desk: Desk) -> None:
        self._frame = frame
        self._replies = desk.saved_replies

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def change(self, request: Request, given: Annotated[Change, Form()]) -> Response:
        staff = await self._frame.enter(request, Right.SETTINGS)
        try:
            match given.action:
                case "put":
                    shortcut = given.shortcut.strip().lstrip("/")
                    await self._replies.put(staff.salon.id, shortcut, given.text, actor=staff.actor)
                case "delete":
                    await self._replies.delete(staff.salon.id, given.shortcut, actor=staff.actor)
                case _:
                    raise Problem(400, "no_action", action=given.action)
        except NotFound:
            raise
        except Refused as error:
            return await self._page(request, given=given, problem=problem_of(error))
        return RedirectResponse(f"/saved-replies?salon={staff.salon.slug}", status_code=303)

    async def _page(self, request: Request, *, given: Change | None = None, problem: Problem | None = None) -> Response:
        staff = await self._frame.enter(request, Right.SETTINGS)
        return await self._frame.page(
            request,
            staff,
            "staff_replies.html",
            status=400 if problem else 200,
            replies=await self._replies.all(staff.salon.id),
            given=given,
            placeholders=KNOWN,
            problem=problem and problem.to(self._frame.language(request, staff.salon)),
        )


def replies_pages(frame: Frame, desk: Desk) -> APIRouter:
    pages = RepliesPages(frame, desk)
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))
    router.add_api_route("/saved-replies", pages.show, methods=["GET"])
    router.add_api_route("/saved-replies", pages.change, methods=["POST"])
    return router
