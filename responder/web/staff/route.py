"""The route of every staff page and of the staff API: access is checked before a body is read, a form must be our own,
and what a body holds can be stored.

No handler thinks of either: a field added tomorrow is as safe as those of today.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from connectors.contract import Malformed
from connectors.json_body import read_object, storable_text
from responder.web.access import SAFE, Access
from responder.web.problems import Problem


def staff_route(access: Access) -> type[APIRoute]:
    """A route class for whoever `access` lets through."""

    class StaffRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    await access.require(request)
                except Problem as refused:
                    if refused.status_code == 401 and _is_visit(request):
                        return RedirectResponse(f"/login?next={_here(request)}", status_code=303)
                    raise
                storable = StorableRequest(request.scope, request.receive)
                access.check_form(request, await _form_token(storable))
                return await handle(storable)

            return answer

    return StaffRoute


class StorableRoute(APIRoute):
    """The route of the pages that let people in: open to everybody, and what they send can be stored."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            return await handle(StorableRequest(request.scope, request.receive))

        return answer


def _is_visit(request: Request) -> bool:
    """A person who opens a page, not a script that fetches a part of one."""
    if request.method != "GET" or request.url.path.startswith("/api/"):
        return False
    if "text/html" not in request.headers.get("accept", ""):
        return False
    return "x-requested-with" not in request.headers


def _here(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(f"{request.url.path}{query}", safe="")


async def _form_token(request: Request) -> str:
    """What proves that our own page sent it: a header of its scripts, a hidden field of its forms."""
    given = request.headers.get("x-csrf-token")
    if given is not None or request.method in SAFE or request.state.session is None:
        return given or ""
    if "form" not in request.headers.get("content-type", ""):
        return ""
    return str((await request.form()).get("csrf", ""))


class StorableRequest(Request):
    """A request whose texts PostgreSQL can hold: U+0000 and half a surrogate pair arrive as U+FFFD."""

    async def json(self) -> Any:
        try:
            return read_object(await self.body())
        except Malformed as error:
            raise Problem(400, "body_not_json", reason=error) from None

    async def form(self, **limits: Any) -> FormData:  # type: ignore[override]
        try:
            form = await super().form(**limits)
        except HTTPException as error:
            raise error if isinstance(error, Problem) else Problem(400, "body_not_form") from None
        return FormData([(storable_text(name), _storable(value)) for name, value in form.multi_items()])


def _storable(value: Any) -> Any:
    return storable_text(value) if isinstance(value, str) else value
