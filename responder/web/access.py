"""Who may open staff pages and the staff API: whoever holds the installation's access token.

A browser gives it once (`/enter?key=...`, printed at start) and gets a cookie; programs send it as a bearer token.
Operators with passwords and roles of their own come with the desk.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from responder.salon.profile import Operator, SalonProfile
from responder.staff.audit import Actor
from responder.staff.rules import Right, Role, may
from responder.web.problems import Problem

COOKIE = "responder_access"
COOKIE_LASTS_S = 30 * 24 * 3600
OPERATOR_COOKIE = "responder_operator"  # who last answered from this browser; a convenience, not a right


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """Who acts in a salon: one of its operators, or, without one, whoever holds the installation's token."""

    salon: SalonProfile
    operator: Operator | None
    role: Role
    account_id: int | None = None
    address: str = ""

    @property
    def operator_id(self) -> int | None:
        return None if self.operator is None else self.operator.id

    @property
    def operator_key(self) -> str | None:
        return None if self.operator is None else self.operator.key

    @property
    def actor(self) -> Actor:
        return Actor(operator_id=self.operator_id, account_id=self.account_id, address=self.address)

    def may(self, right: Right) -> bool:
        return may(self.role, right)

    def require(self, right: Right) -> None:
        """Raises 403 for what the role does not allow."""
        if not self.may(right):
            raise Problem(403, "not_allowed", role=self.role)


class Access:
    """Checks requests against the access token; the cookie holds a digest of it, never the token."""

    def __init__(self, token: str, *, secret_key: str, is_https: bool) -> None:
        self._token = token
        self._cookie = hmac.new(secret_key.encode(), f"access:{token}".encode(), hashlib.sha256).hexdigest()
        self._is_https = is_https

    def require(self, request: Request) -> None:
        """Let staff through; raises 401, or 403 when another site's page tries to act in their name."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return
        if not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._cookie.encode()):
            raise Problem(401, "needs_access")
        if request.method not in ("GET", "HEAD") and not _is_same_origin(request):
            raise Problem(403, "foreign_form")

    async def staff(self, request: Request, salon: SalonProfile) -> Staff:
        """Who acts, in a request that was let through; raises 404 for a salon that is none of their business."""
        wanted = request.cookies.get(OPERATOR_COOKIE)
        operator = next((known for known in salon.operators if known.key == wanted), None)
        address = request.client.host if request.client else ""
        return Staff(salon=salon, operator=operator, role=Role.OWNER, address=address)

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get("/enter")
        async def enter(key: str = "", to: str = "/dialogues") -> Response:
            if not hmac.compare_digest(key.encode(), self._token.encode()):
                raise Problem(401, "bad_key")
            target = to if to.startswith("/") and not to.startswith("//") and "\\" not in to else "/dialogues"
            response = RedirectResponse(target, status_code=303)
            response.set_cookie(
                COOKIE, self._cookie, max_age=COOKIE_LASTS_S, httponly=True, samesite="lax", secure=self._is_https
            )
            return response

        return router


def _is_same_origin(request: Request) -> bool:
    """Fetch metadata where the browser sends it, else the Origin header."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")
