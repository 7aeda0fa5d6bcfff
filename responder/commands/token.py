"""`responder token`: keys with which other programs read a salon's figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from responder.clock import SystemClock
from responder.commands.one_salon import one_salon
from responder.salon.tokens import create_token, list_tokens, revoke_token
from responder.settings import Settings


async def create(settings: Settings, *, salon: str | None, name: str, scopes: Sequence[str]) -> str:
    """Two lines: the key, and that it is shown this once."""
    async with one_salon(settings, salon) as (database, profile):
        number, key = await create_token(database, profile.id, name=name, scopes=scopes, now=SystemClock().now())
    return f"{key}\nToken {number} of {profile.slug}. It is shown this once: keep it where secrets are kept."


async def listing(settings: Settings, *, salon: str | None) -> str:
    """A line for each key: number, state, scopes, when made and last used, name."""
    async with one_salon(settings, salon) as (database, profile):
        tokens = await list_tokens(database, profile.id)
    lines = [
        f"{token.id:>4}  {'revoked' if token.revoked_at else 'valid':<8} {','.join(token.scopes):<12} "
        f"made {_when(token.created_at, zone=profile.zone)}  "
        f"used {_when(token.last_used_at, zone=profile.zone):<16}  {token.name}"
        for token in tokens
    ]
    if not lines:
        return "No tokens yet: responder token create NAME"
    return "\n".join([*lines, f"Times are those of {profile.zone}."])


async def revoke(settings: Settings, *, salon: str | None, number: int) -> str:
    """One line; raises `NotFound`."""
    async with one_salon(settings, salon) as (database, profile):
        await revoke_token(database, profile.id, number, now=SystemClock().now())
    return f"Token {number} of {profile.slug} opens nothing any more."


def _when(instant: datetime | None, *, zone: tzinfo) -> str:
    return "never" if instant is None else f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"
