"""The desk: the queue, a dialogue beside it, the parts of both that scripts fetch, and the forms of a dialogue."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from responder.errors import NotFound, Refused
from responder.staff.rules import Right
from responder.web.access import OPERATOR_COOKIE, Staff
from responder.web.problems import Problem, problem_of
from responder.web.staff.acting import Act, Posted
from responder.web.staff.dialogue import Dialogue, one_dialogue
from responder.web.staff.pages import Frame
from responder.web.staff.queue import PAGE_ROWS, Asked, View, count_waiting, read_queue
from responder.web.staff.rendering import html
from responder.web.staff.route import staff_route
from responder.web.staff.search import find_threads

OPERATOR_LASTS_S = 365 * 24 * 3600
LONGEST_SEARCH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class _Looking:
    """What an address of the desk asks for."""

    asked: Asked
    words: str


class DeskPages:
    def __init__(self, frame: Frame, act: Act) -> None:
        self._frame = frame
        self._act = act

    async def queue(self, request: Request) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        return await self._page(request, staff, None)

    async def dialogue(self, request: Request, thread_id: int) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        return await self._page(request, staff, await self._read(staff, thread_id))

    async def lists(self, request: Request) -> Response:
        """The lists of the queue alone."""
        staff = await self._frame.enter(request, Right.DIALOGUES)
        return html(self._frame.part(request, staff, "staff_queue_lists.html", **await self._queue(request, staff)))

    async def panes(self, request: Request, thread_id: int) -> Response:
        """A dialogue alone, for a desk that is open already."""
        staff = await self._frame.enter(request, Right.DIALOGUES)
        values = self._panes(staff, await self._read(staff, thread_id))
        return html(self._frame.part(request, staff, "staff_panes.html", **values))

    async def card(self, request: Request, thread_id: int) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        values = self._panes(staff, await self._read(staff, thread_id))
        return html(self._frame.part(request, staff, "staff_card.html", **values))

    async def act(self, request: Request, thread_id: int, posted: Annotated[Posted, Form()]) -> Response:
        """What a form of the dialogue asks for; then the page again."""
        staff = await self._frame.enter(request, Right.DIALOGUES)
        try:
            await self._act.do(staff, thread_id, posted)
        except NotFound:
            raise
        except Refused as error:
            return await self._page(
                request, staff, await self._read(staff, thread_id), problem=error, draft=posted.text, status=400
            )
        response = RedirectResponse(f"/dialogues/{thread_id}?salon={staff.salon.slug}#end", status_code=303)
        if posted.operator in {known.key for known in staff.salon.operators}:
            response.set_cookie(
                OPERATOR_COOKIE, posted.operator, max_age=OPERATOR_LASTS_S, httponly=True, samesite="lax"
            )
        return response

    async def _read(self, staff: Staff, thread_id: int) -> Dialogue:
        return await one_dialogue(self._frame.database, staff.salon.id, thread_id)

    async def _page(
        self,
        request: Request,
        staff: Staff,
        dialogue: Dialogue | None,
        *,
        problem: Refused | None = None,
        draft: str = "",
        status: int = 200,
    ) -> Response:
        values = await self._queue(request, staff)
        values |= {"head": None} if dialogue is None else self._panes(staff, dialogue)
        language = self._frame.language(request, staff.salon)
        said = problem and problem_of(problem).to(language)
        return await self._frame.page(
            request, staff, "staff_desk.html", status=status, **values | {"problem": said, "draft": draft}
        )

    def _panes(self, staff: Staff, dialogue: Dialogue) -> dict[str, Any]:
        return {
            "head": dialogue.head,
            "items": dialogue.items,
            "appointments": dialogue.appointments,
            "leads": dialogue.leads,
            "history": dialogue.history,
            "close_reasons": self._act.close_reasons,
            "form_key": secrets.token_hex(8),  # a form sent twice sends its reply once
            "problem": None,
            "draft": "",
        }

    async def _queue(self, request: Request, staff: Staff) -> dict[str, Any]:
        looking = _looking(request, staff)
        async with self._frame.database.connection() as connection:
            if looking.words:
                found = await find_threads(connection, staff.salon.id, looking.words, limit=PAGE_ROWS)
                asked = Asked(operator_id=staff.operator_id, ids=found)
            else:
                asked = looking.asked
            queue = await read_queue(connection, staff.salon, asked)
            counts = await count_waiting(connection, staff.salon.id)
        views = [view for view in View if view is not View.MINE or staff.operator is not None]
        return {"queue": queue, "asked": looking.asked, "words": looking.words, "counts": counts, "views": views}


def desk_pages(frame: Frame, act: Act) -> APIRouter:
    """The pages of the desk, for whoever the frame's access lets through."""
    pages = DeskPages(frame, act)
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))
    router.add_api_route("/dialogues", pages.queue, methods=["GET"])
    router.add_api_route("/dialogues/{thread_id}", pages.dialogue, methods=["GET"])
    router.add_api_route("/dialogues/{thread_id}", pages.act, methods=["POST"])
    router.add_api_route("/dialogues/{thread_id}/panes", pages.panes, methods=["GET"])
    router.add_api_route("/dialogues/{thread_id}/card", pages.card, methods=["GET"])
    router.add_api_route("/desk/queue", pages.lists, methods=["GET"])
    return router


def _looking(request: Request, staff: Staff) -> _Looking:
    wanted = request.query_params
    view = wanted.get("view") or View.ALL
    if view not in set(View):
        raise Problem(400, "no_view", view=view, known=", ".join(View))
    channel = wanted.get("channel") or None
    if channel is not None and channel not in {account.key for account in staff.salon.channels}:
        raise Problem(404, "no_channel", channel=channel)
    asked = Asked(
        view=View(view),
        channel=channel,
        operator_id=staff.operator_id,
        before=_instant(wanted.get("before")),
        all_waiting=wanted.get("waiting") == "all",
    )
    return _Looking(asked=asked, words=" ".join(wanted.get("q", "").split())[:LONGEST_SEARCH])


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
