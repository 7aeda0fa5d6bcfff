"""Who may open staff pages and the staff API: an operator who has logged in, or whoever holds the installation's token.

Programs send the token as a bearer token. A browser may give it once (`/enter?key=...`, printed at start): that is how
the first owner gets in and is invited. Everybody else logs in (`web/staff/login.py`) and gets a session of their own.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from responder.clock import Clock
from responder.db.engine import Database
from responder.salon.loader import SalonCache
from responder.salon.profile import Operator, SalonProfile
from responder.staff.audit import Actor
from responder.staff.rules import Right, Role, may, rank
from responder.staff.sessions import Session, find_session
from responder.web.problems import Problem

COOKIE = "responder_access"
COOKIE_LASTS_S = 30 * 24 * 3600
SESSION_COOKIE = "responder_session"
OPERATOR_COOKIE = "responder_operator"  # in whose name the holder of the token last answered; no right
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


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
    """Checks requests; cookies hold digests and random tokens, never the access token itself."""

    def __init__(
        self,
        token: str,
        *,
        secret_key: str,
        is_https: bool,
        has_key_login: bool,
        idle: timedelta,
        database: Database,
        salons: SalonCache,
        clock: Clock,
    ) -> None:
        """Without `has_key_login` the token opens nothing to a browser; a session unused for `idle` is over."""
        self._token = token
        self._secret_key = secret_key.encode()
        self._cookie = self._signed(f"access:{token}")
        self._database = database
        self._salons = salons
        self._clock = clock
        self._has_key_login = has_key_login
        self.idle = idle
        self.is_https = is_https
        self.session_cookie = f"__Host-{SESSION_COOKIE}" if is_https else SESSION_COOKIE

    async def require(self, request: Request) -> None:
        """Let staff through and remember who it is; raises 401, or 403 when another site's page acts in their name."""
        request.state.session = None
        if self._has_token(request):
            return
        session = await self.session_of(request)
        if session is None and not self._has_key(request):
            had_one = self.session_cookie in request.cookies
            raise Problem(401, "session_ended" if had_one else "needs_access")
        if request.method not in SAFE and not is_same_origin(request):
            raise Problem(403, "foreign_form")
        request.state.session = session

    async def session_of(self, request: Request) -> Session | None:
        """The session of a browser, if it still stands."""
        token = request.cookies.get(self.session_cookie, "")
        if not token:
            return None
        async with self._database.connection() as connection:
            return await find_session(connection, token, idle=self.idle, now=self._clock.now())

    def check_form(self, request: Request, given: str) -> None:
        """What a session's browser sends must carry the token that only our own pages hold; raises 403."""
        if request.state.session is None or request.method in SAFE:
            return
        if not hmac.compare_digest(given.encode(), self.form_token(request).encode()):
            raise Problem(403, "foreign_form")

    def form_token(self, request: Request) -> str:
        """Bound to the session; empty without one."""
        session: Session | None = getattr(request.state, "session", None)
        return "" if session is None else self._signed(f"form:{session.id}")

    async def staff(self, request: Request, salon: SalonProfile) -> Staff:
        """Who acts, in a request that was let through; raises 404 for a salon that is none of their business."""
        session: Session | None = request.state.session
        address = address_of(request)
        if session is None:
            wanted = request.cookies.get(OPERATOR_COOKIE)
            operator = next((known for known in salon.operators if known.key == wanted), None)
            return Staff(salon=salon, operator=operator, role=Role.OWNER, address=address)
        places = [operator for operator in salon.operators if operator.id in session.operator_ids]
        if not places:
            raise Problem(404, "no_salon", salon=salon.slug)
        operator = max(places, key=lambda place: rank(Role(place.role)))
        role = Role(operator.role)
        return Staff(salon=salon, operator=operator, role=role, account_id=session.account_id, address=address)

    async def salons(self, request: Request) -> tuple[SalonProfile, ...]:
        """The salons that whoever asks may open."""
        session: Session | None = getattr(request.state, "session", None)
        return await self._salons.all() if session is None else await self.salons_of(session)

    async def salons_of(self, session: Session) -> tuple[SalonProfile, ...]:
        """The salons in which its person has a place."""
        mine = session.operator_ids
        every = await self._salons.all()
        return tuple(salon for salon in every if any(operator.id in mine for operator in salon.operators))

    def set_session(self, response: Response, token: str) -> None:
        response.set_cookie(
            self.session_cookie,
            token,
            max_age=90 * 24 * 3600,
            httponly=True,
            samesite="lax",
            secure=self.is_https,
            path="/",
        )

    def forget(self, response: Response) -> None:
        """Take every cookie of staff back."""
        for name in (self.session_cookie, COOKIE, OPERATOR_COOKIE):
            response.delete_cookie(name, path="/", secure=self.is_https and name.startswith("__Host-"))

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get("/enter")
        async def enter(key: str = "", to: str = "/dialogues") -> Response:
            if not hmac.compare_digest(key.encode(), self._token.encode()):
                raise Problem(401, "bad_key")
            if not self._has_key_login:
                raise Problem(403, "key_login_off")
            response = RedirectResponse(own_path(to), status_code=303)
            response.set_cookie(
                COOKIE, self._cookie, max_age=COOKIE_LASTS_S, httponly=True, samesite="lax", secure=self.is_https
            )
            return response

        return router

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode())

    def _has_key(self, request: Request) -> bool:
        given = request.cookies.get(COOKIE, "")
        return self._has_key_login and hmac.compare_digest(given.encode(), self._cookie.encode())

    def _signed(self, text: str) -> str:
        return hmac.new(self._secret_key, text.encode(), hashlib.sha256).hexdigest()


def own_path(wanted: str) -> str:
    """An address to go on to, if it is one of ours."""
    is_ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_ours else "/dialogues"


def address_of(request: Request) -> str:
    """The network address of the caller, as the server saw it."""
    return request.client.host if request.client else ""


def is_same_origin(request: Request) -> bool:
    """Fetch metadata where the browser sends it, else the Origin header."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")
