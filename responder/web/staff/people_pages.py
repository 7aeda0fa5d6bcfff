"""Who works in the salon and what they did: operators, invitations, the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from responder.errors import NotFound, Refused
from responder.staff.people import add_operator, change_operator, invite, people_of, revoke
from responder.staff.rules import Right, Role, may_manage
from responder.web.access import Staff
from responder.web.problems import Problem, problem_of
from responder.web.staff.pages import Frame
from responder.web.staff.route import staff_route

ENTRIES = 50

# of the salon and of the accounts of its operators; where there is no other salon, also of logins that do not exist
AUDIT = """
SELECT e.id, e.at, e.action, e.subject, e.details, e.address, o.name AS operator, a.name AS account
FROM audit_entry e LEFT JOIN operator o ON o.id = e.operator_id LEFT JOIN account a ON a.id = e.account_id
WHERE (e.salon_id = %(salon)s OR e.salon_id IS NULL AND e.account_id IN (
        SELECT account_id FROM operator WHERE salon_id = %(salon)s AND account_id IS NOT NULL)
    OR %(is_alone)s AND e.salon_id IS NULL AND e.account_id IS NULL)
  AND (%(before)s::bigint IS NULL OR e.id < %(before)s)
  AND (%(operator)s::text = '' OR o.key = %(operator)s OR e.operator_id IS NULL AND e.account_id = (
        SELECT account_id FROM operator WHERE salon_id = %(salon)s AND key = %(operator)s))
  AND (%(kind)s::text = '' OR e.action LIKE %(kind)s || '.%%')
ORDER BY e.id DESC LIMIT %(limit)s
"""
KINDS = ("dialogue", "visit", "message", "note", "customer", "saved_reply", "alert", "operator", "account")


class Change(BaseModel):
    action: str
    key: str = ""
    name: str = ""
    role: Role = Role.OPERATOR
    is_active: bool = True


class PeoplePages:
    def __init__(self, frame: Frame, *, public_url: str | None) -> None:
        self._frame = frame
        self._public_url = public_url

    async def show(self, request: Request) -> Response:
        staff = await self._frame.enter(request, Right.PEOPLE)
        return await self._page(request, staff)

    async def change(self, request: Request, given: Annotated[Change, Form()]) -> Response:
        staff = await self._frame.enter(request, Right.PEOPLE)
        try:
            link = await self._do(request, staff, given)
        except NotFound:
            raise
        except Refused as error:
            return await self._page(request, staff, problem=problem_of(error), status=400)
        await self._frame.ask_again([staff.salon])
        if link:
            return await self._page(request, await self._frame.enter(request, Right.PEOPLE), link=link)
        return RedirectResponse(f"/people?salon={staff.salon.slug}", status_code=303)

    async def audit(self, request: Request) -> Response:
        staff = await self._frame.enter(request, Right.AUDIT)
        wanted = request.query_params
        before = wanted.get("before", "")
        values = {
            "salon": staff.salon.id,
            "is_alone": len(await self._frame.salons.all()) == 1,
            "before": int(before) if before.isdecimal() and len(before) < 19 else None,
            "operator": wanted.get("operator", ""),
            "kind": wanted.get("kind", "") if wanted.get("kind", "") in KINDS else "",
            "limit": ENTRIES,
        }
        async with self._frame.database.connection() as connection:
            entries = await (await connection.execute(AUDIT, values)).fetchall()
        older = entries[-1]["id"] if len(entries) == ENTRIES else None
        return await self._frame.page(
            request, staff, "staff_audit.html", entries=entries, older=older, kinds=KINDS, asked=values
        )

    async def _do(self, request: Request, staff: Staff, given: Change) -> tuple[str, str] | None:
        """Whom a link is for and the link, after an invitation."""
        by: dict[str, Any] = {"by": staff.role, "actor": staff.actor, "now": self._frame.clock.now()}
        salon, key = staff.salon.id, given.key
        async with self._frame.database.transaction() as connection:
            match given.action:
                case "add":
                    key = await add_operator(connection, salon, name=given.name, role=given.role, **by)
                    token = await invite(connection, salon, key, **by)
                    return given.name, self._link(request, token)
                case "invite":
                    token = await invite(connection, salon, key, **by)
                    return given.name or key, self._link(request, token)
                case "revoke":
                    await revoke(connection, salon, key, **by)
                case "change":
                    await change_operator(connection, salon, key, role=given.role, is_active=given.is_active, **by)
                case _:
                    raise Problem(400, "no_action", action=given.action)
        return None

    def _link(self, request: Request, token: str) -> str:
        base = self._public_url or str(request.base_url)
        return f"{base.rstrip('/')}/join/{token}"

    async def _page(
        self,
        request: Request,
        staff: Staff,
        *,
        problem: Problem | None = None,
        link: tuple[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        async with self._frame.database.connection() as connection:
            people = await people_of(connection, staff.salon.id, now=self._frame.clock.now())
        shown = [
            {**one, "is_mine": one["key"] == staff.operator_key, "can": may_manage(staff.role, Role(one["role"]))}
            for one in people
            if one["is_active"] or not one["is_from_file"]
        ]
        return await self._frame.page(
            request,
            staff,
            "staff_people.html",
            status=status,
            people=shown,
            link=link,
            roles=[role for role in Role if may_manage(staff.role, role)],
            problem=problem and problem.to(self._frame.language(request, staff.salon)),
        )


def people_pages(frame: Frame, *, public_url: str | None) -> APIRouter:
    """Links of invitations begin with `public_url`, or, unset, with the address the request came to."""
    pages = PeoplePages(frame, public_url=public_url)
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))
    router.add_api_route("/people", pages.show, methods=["GET"])
    router.add_api_route("/people", pages.change, methods=["POST"])
    router.add_api_route("/audit", pages.audit, methods=["GET"])
    return router
