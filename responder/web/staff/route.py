"""The route of every staff page and of the staff API: access is checked before a body is read, and what a body holds
can be stored.

No handler thinks of either: a field added tomorrow is as safe as those of today.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from connectors.contract import Malformed
from connectors.json_body import read_object, storable_text
from responder.web.access import Access
from responder.web.problems import Problem


def staff_route(access: Access) -> type[APIRoute]:
    """A route class for whoever `access` lets through."""

    class StaffRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                access.require(request)
                return await handle(StorableRequest(request.scope, request.receive))

            return answer

    return StaffRoute


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
