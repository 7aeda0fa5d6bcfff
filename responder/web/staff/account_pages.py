"""One's own account: the password, the second factor, where one is logged in, the language."""

from __future__ import annotations

from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from responder.errors import NotFound, Refused
from responder.staff.accounts import change_password, get_account
from responder.staff.audit import Actor, record
from responder.staff.passwords import is_password
from responder.staff.rules import Right
from responder.staff.second_factor import (
    Sealer,
    address_of,
    new_recovery_codes,
    new_secret,
    recovery_digest,
    step_of_code,
)
from responder.staff.sessions import Session, end_session, end_sessions, open_sessions
from responder.web.access import Staff
from responder.web.problems import Problem, problem_of
from responder.web.staff.pages import Frame
from responder.web.staff.rendering import HEADERS
from responder.web.staff.route import staff_route
from responder.web.staff.texts import staff_languages

GUESSES, GUESSES_WINDOW_S = 10, 900.0
NEED_PASSWORD = frozenset({"password", "begin-code", "drop-code"})
ENDS_SESSIONS = frozenset({"password", "end"})

BEGIN_CODE = "UPDATE account SET totp_secret = %(secret)s, totp_confirmed_at = NULL WHERE id = %(id)s"
CONFIRM_CODE = """
UPDATE account SET totp_confirmed_at = %(now)s, totp_last_step = %(step)s, recovery_digests = %(digests)s
WHERE id = %(id)s
"""
DROP_CODE = """
UPDATE account SET totp_secret = NULL, totp_confirmed_at = NULL, recovery_digests = '{}' WHERE id = %(id)s
"""
SET_LANGUAGE = "UPDATE account SET language = %(language)s WHERE id = %(id)s"


class Change(BaseModel):
    """What the forms of the page send; `action` says which."""

    action: str
    old: str = ""
    new: str = ""
    code: str = ""
    password: str = ""
    session: int = 0
    language: str = ""


class AccountPages:
    def __init__(self, frame: Frame, *, sealer: Sealer) -> None:
        self._frame = frame
        self._sealer = sealer

    async def show(self, request: Request) -> Response:
        staff = await self._frame.enter(request, Right.DIALOGUES)
        return await self._page(request, staff)

    async def qr(self, request: Request) -> Response:
        """The code that an authenticator app scans, while the second factor is being set up."""
        session = _own(request)
        async with self._frame.database.transaction() as connection:
            account = await get_account(connection, session.account_id)
        secret = self._sealer.open(account["totp_secret"] or "")
        if secret is None or account["totp_confirmed_at"] is not None:
            raise Problem(404, "status_404")
        image = segno.make(address_of(secret, login=account["login"])).svg_inline(scale=5, border=4, light="#fff")
        svg = image.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        return Response(svg, media_type="image/svg+xml", headers=HEADERS)

    async def change(self, request: Request, given: Annotated[Change, Form()]) -> Response:
        staff, session = await self._frame.enter(request, Right.DIALOGUES), _own(request)
        if await self._is_guessing(session, given):
            return await self._page(request, staff, problem=Problem(429, "password_too_often"), status=429)
        try:
            codes = await self._do(staff, session, given)
        except NotFound:
            raise
        except Refused as error:
            await self._note_guess(staff, error)
            return await self._page(request, staff, problem=problem_of(error), status=400)
        if given.action in ENDS_SESSIONS:
            await self._frame.ask_again(await self._frame.access.salons(request))
        if codes:
            return await self._page(request, staff, codes=codes)
        return RedirectResponse(f"/account?salon={staff.salon.slug}&done={given.action}", status_code=303)

    async def _is_guessing(self, session: Session, given: Change) -> bool:
        """Somebody at a browser that was left open must not find out the password here, past the lock of the login."""
        if given.action not in NEED_PASSWORD:
            return False
        return await self._frame.live.count(f"password:{session.account_id}", window_s=GUESSES_WINDOW_S) > GUESSES

    async def _note_guess(self, staff: Staff, error: Refused) -> None:
        """A wrong password goes on record; in a transaction of its own, for the one that found it is undone."""
        if error.code != "wrong_password":
            return
        async with self._frame.database.transaction() as connection:
            now = self._frame.clock.now()
            await record(connection, staff.actor, salon_id=None, action="account.password_failed", now=now)

    async def _do(self, staff: Staff, session: Session, given: Change) -> list[str]:
        now, account_id, actor = self._frame.clock.now(), session.account_id, staff.actor
        async with self._frame.database.transaction() as connection:
            match given.action:
                case "password":
                    await change_password(connection, account_id, old=given.old, new=given.new, actor=actor, now=now)
                    await end_sessions(connection, account_id, but=session.id, now=now)
                case "end":
                    if not await end_session(connection, given.session, account_id=account_id, now=now):
                        raise NotFound("No such session.", code="no_session")
                    await record(connection, actor, salon_id=None, action="account.session_ended", now=now)
                case "language":
                    language = given.language if given.language in staff_languages() else None
                    await connection.execute(SET_LANGUAGE, {"id": account_id, "language": language})
                case "begin-code":
                    if (await get_account(connection, account_id))["totp_confirmed_at"] is not None:
                        raise Refused("It is on.", code="code_is_on")
                    await self._require_password(connection, account_id, given.password)
                    sealed = self._sealer.seal(new_secret())
                    await connection.execute(BEGIN_CODE, {"id": account_id, "secret": sealed})
                case "confirm-code":
                    return await self._confirm_code(connection, account_id, given.code, actor)
                case "drop-code":
                    await self._require_password(connection, account_id, given.password)
                    await connection.execute(DROP_CODE, {"id": account_id})
                    await record(connection, actor, salon_id=None, action="account.code_off", now=now)
                case _:
                    raise Problem(400, "no_action", action=given.action)
        return []

    async def _confirm_code(self, connection: Any, account_id: int, code: str, actor: Actor) -> list[str]:
        """Recovery codes, to be shown this once; raises `Refused` for a wrong code."""
        account, now = await get_account(connection, account_id), self._frame.clock.now()
        secret = self._sealer.open(account["totp_secret"] or "")
        step = None if secret is None else step_of_code(secret, code, now=now, last_step=account["totp_last_step"])
        if step is None or account["totp_confirmed_at"] is not None:
            raise Refused("Wrong code.", code="wrong_code")
        codes = new_recovery_codes()
        values = {"id": account_id, "now": now, "step": step, "digests": [recovery_digest(one) for one in codes]}
        await connection.execute(CONFIRM_CODE, values)
        await record(connection, actor, salon_id=None, action="account.code_on", now=now)
        return codes

    async def _require_password(self, connection: Any, account_id: int, password: str) -> None:
        account = await get_account(connection, account_id)
        if not await is_password(account["password_hash"], password):
            raise Refused("Wrong password.", code="wrong_password")

    async def _page(
        self,
        request: Request,
        staff: Staff,
        *,
        problem: Problem | None = None,
        codes: list[str] | None = None,
        status: int = 200,
    ) -> Response:
        session = _own(request)
        async with self._frame.database.transaction() as connection:
            account = await get_account(connection, session.account_id)
            sessions = await open_sessions(
                connection, session.account_id, idle=self._frame.access.idle, now=self._frame.clock.now()
            )
        is_begun = account["totp_secret"] is not None and account["totp_confirmed_at"] is None
        return await self._frame.page(
            request,
            staff,
            "staff_account.html",
            status=status,
            account=account,
            sessions=sessions,
            this_session=session.id,
            secret=self._sealer.open(account["totp_secret"] or "") if is_begun else None,
            codes=codes,
            languages=staff_languages(),
            done=request.query_params.get("done", ""),
            problem=problem and problem.to(self._frame.language(request, staff.salon)),
        )


def account_pages(frame: Frame, *, sealer: Sealer) -> APIRouter:
    pages = AccountPages(frame, sealer=sealer)
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))
    router.add_api_route("/account", pages.show, methods=["GET"])
    router.add_api_route("/account", pages.change, methods=["POST"])
    router.add_api_route("/account/qr.svg", pages.qr, methods=["GET"])
    return router


def _own(request: Request) -> Session:
    """The session behind a page about oneself; the installation's key is nobody in particular."""
    session: Session | None = request.state.session
    if session is None:
        raise Problem(404, "no_account")
    return session
