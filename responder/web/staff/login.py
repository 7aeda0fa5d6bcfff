"""Logging in and out, and becoming an operator by an invitation: the only staff pages that are open to everybody."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from responder.errors import NotFound, Refused
from responder.staff.accounts import LoginOutcome, create_account, log_in
from responder.staff.audit import Actor, record
from responder.staff.people import accept_invitation, find_invitation
from responder.staff.second_factor import Sealer
from responder.staff.sessions import end_session, start_session
from responder.web.access import address_of, is_same_origin, own_path
from responder.web.problems import Problem, problem_of
from responder.web.staff.pages import Frame
from responder.web.staff.rendering import bare_page
from responder.web.staff.route import StorableRoute
from responder.web.staff.texts import staff_language

TRIES_PER_ADDRESS, WINDOW_S = 30, 60.0


class Credentials(BaseModel):
    login: str = ""
    password: str = ""
    code: str = ""
    ticket: str = ""  # instead of the password, once that was right and a code is asked for
    next: str = "/dialogues"


class Joining(BaseModel):
    name: str = ""
    login: str = ""
    password: str = ""
    code: str = ""
    has_account: bool = False


class LoginPages:
    def __init__(self, frame: Frame, *, sealer: Sealer) -> None:
        self._frame = frame
        self._sealer = sealer

    async def show(self, request: Request, next: str = "/dialogues") -> Response:  # noqa: A002 - the address's own word
        if await self._frame.access.session_of(request) is not None:
            return RedirectResponse(own_path(next), status_code=303)
        return self._page(request, "staff_login.html", next=own_path(next))

    async def log_in(self, request: Request, given: Annotated[Credentials, Form()]) -> Response:
        problem, ticket = await self._may_try(request), ""
        if problem is None:
            passed, problem, ticket = await self._try(request, given)
            if passed is not None:
                return await self._entered(request, passed, own_path(given.next))
        return self._page(
            request,
            "staff_login.html",
            given=given,
            next=own_path(given.next),
            ticket=ticket,
            problem=problem,
            status=problem.status_code if problem else 200,
        )

    async def log_out(self, request: Request) -> Response:
        if not is_same_origin(request):
            raise Problem(403, "foreign_form")
        session = await self._frame.access.session_of(request)
        if session is not None:
            now = self._frame.clock.now()
            async with self._frame.database.transaction() as connection:
                await end_session(connection, session.id, account_id=session.account_id, now=now)
                actor = Actor(account_id=session.account_id, address=address_of(request))
                await record(connection, actor, salon_id=None, action="account.logout", now=now)
            await self._frame.ask_again(await self._frame.access.salons_of(session))
        response = RedirectResponse("/login", status_code=303)
        self._frame.access.forget(response)
        return response

    async def invited(self, request: Request, token: str) -> Response:
        async with self._frame.database.transaction() as connection:
            invitation = await find_invitation(connection, token, now=self._frame.clock.now())
        return self._page(request, "staff_join.html", invitation=invitation, token=token)

    async def join(self, request: Request, token: str, given: Annotated[Joining, Form()]) -> Response:
        """A new account, or one the person has already, becomes the operator; then they are in."""
        problem = await self._may_try(request)
        now = self._frame.clock.now()
        try:
            if problem is not None:
                raise problem
            async with self._frame.database.transaction() as connection:
                invitation = await find_invitation(connection, token, now=now)
            known_id = await self._known_account(request, given) if given.has_account else None
            async with self._frame.database.transaction() as connection:
                invitation = await find_invitation(connection, token, now=now)
                account_id = known_id or await create_account(
                    connection, login=given.login, name=given.name, password=given.password
                )
                address = address_of(request)
                await accept_invitation(connection, invitation, account_id=account_id, address=address, now=now)
        except NotFound:
            raise
        except (Refused, Problem) as error:
            problem = error if isinstance(error, Problem) else problem_of(error)
            return self._page(
                request,
                "staff_join.html",
                invitation=invitation if problem.status_code != 429 else {"name": "", "slug": ""},
                token=token,
                given=given,
                problem=problem,
                status=problem.status_code,
            )
        await self._frame.ask_again(one for one in await self._frame.salons.all() if one.id == invitation["salon_id"])
        return await self._entered(request, account_id, f"/dialogues?salon={invitation['slug']}")

    async def _known_account(self, request: Request, given: Joining) -> int:
        """The account that the person says they have; raises the `Problem` with its login, password or code."""
        credentials = Credentials(login=given.login, password=given.password, code=given.code)
        passed, problem, _ = await self._try(request, credentials)
        if passed is None:
            raise problem or Problem(400, "needs_code")
        return passed

    async def _try(self, request: Request, given: Credentials) -> tuple[int | None, Problem | None, str]:
        """The account that logged in, else what is wrong, and the ticket with which a code is asked for."""
        async with self._frame.database.transaction() as connection:
            login = await log_in(
                connection,
                login=given.login,
                password=given.password,
                code=given.code,
                ticket=given.ticket,
                sealer=self._sealer,
                address=address_of(request),
                now=self._frame.clock.now(),
            )
        match login.outcome:
            case LoginOutcome.PASSED:
                return login.account_id, None, ""
            case LoginOutcome.NEEDS_CODE:
                return None, None, login.ticket
            case LoginOutcome.WRONG:
                return None, Problem(400, "wrong_login"), login.ticket

    async def _may_try(self, request: Request) -> Problem | None:
        if not is_same_origin(request):
            raise Problem(403, "foreign_form")
        count = await self._frame.live.count(f"login:{address_of(request)}", window_s=WINDOW_S)
        return Problem(429, "login_too_often") if count > TRIES_PER_ADDRESS else None

    async def _entered(self, request: Request, account_id: int, to: str) -> Response:
        async with self._frame.database.transaction() as connection:
            token = await start_session(
                connection,
                account_id,
                user_agent=request.headers.get("user-agent", ""),
                address=address_of(request),
                now=self._frame.clock.now(),
            )
        response = RedirectResponse(to, status_code=303)
        self._frame.access.forget(response)
        self._frame.access.set_session(response, token)
        return response

    def _page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        language = staff_language(
            request.query_params.get("lang"), request.headers.get("accept-language", ""), default="ru"
        )
        problem = values.pop("problem", None)
        said = problem.to(language) if isinstance(problem, Problem) else None
        known = {"given": None, "ticket": "", "problem": said}
        return bare_page(template, language=language, status=status, **(known | values))


def login_pages(frame: Frame, *, sealer: Sealer) -> APIRouter:
    pages = LoginPages(frame, sealer=sealer)
    router = APIRouter(include_in_schema=False, route_class=StorableRoute)
    router.add_api_route("/login", pages.show, methods=["GET"])
    router.add_api_route("/login", pages.log_in, methods=["POST"])
    router.add_api_route("/logout", pages.log_out, methods=["POST"])
    router.add_api_route("/join/{token}", pages.invited, methods=["GET"])
    router.add_api_route("/join/{token}", pages.join, methods=["POST"])
    return router
