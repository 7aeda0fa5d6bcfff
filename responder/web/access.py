"""Who may open staff pages and the staff API: whoever holds the installation's access token.

A browser gives it once (`/enter?key=...`, printed at start) and gets a cookie; programs send it as a bearer token.
Operators with passwords and roles of their own come with the desk.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from responder.web.problems import Problem

COOKIE = "responder_access"
COOKIE_LASTS_S = 30 * 24 * 3600


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
