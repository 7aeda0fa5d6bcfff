"""Who may read a salon's figures: whoever holds the installation's access token, or a key of that very salon.

A key of another salon is told the same as everybody is told of a salon that does not exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from responder.clock import Clock
from responder.db.engine import Database
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.salon.tokens import PREFIX, Holder, Scope, find_holder
from responder.staff.rules import Right
from responder.web.access import Access
from responder.web.problems import Problem

_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A key made by `responder token create NAME`, with the scope `report:read`.",
)
Slug = Annotated[
    str, Path(description="The salon, as `slug` of its file names it.", examples=["malakhitovaya-shkatulka"])
]
Gate = Callable[..., Awaitable[SalonProfile]]


def report_gate(*, access: Access, database: Database, salons: SalonCache, clock: Clock) -> Gate:
    """A dependency that gives the salon asked for, or raises 401, 403 or 404."""

    async def holder_of(request: Request, key: str) -> Holder | None:
        """None for the installation's own token, which opens every salon."""
        try:
            await access.require(request)
        except Problem as refused:
            if refused.status_code != 401 or not key.startswith(PREFIX):
                raise
            holder = await find_holder(database, key, now=clock.now())
            if holder is None:
                raise Problem(401, "unknown_token") from None
            return holder
        return None

    async def gate(
        request: Request, salon: Slug, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> SalonProfile:
        holder = await holder_of(request, given.credentials.strip() if given is not None else "")
        for profile in await salons.all():
            if profile.slug == salon and (holder is None or holder.salon_id == profile.id):
                if holder is not None and Scope.REPORT_READ not in holder.scopes:
                    raise Problem(403, "lacks_scope", scope=Scope.REPORT_READ.value)
                if holder is None:
                    (await access.staff(request, profile)).require(Right.REPORT)
                return profile
        raise Problem(404, "no_salon", salon=salon)

    return gate
