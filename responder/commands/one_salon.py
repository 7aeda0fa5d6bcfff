"""The salon a command is about, with its database open for as long as the command runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from responder.assembly import database_url
from responder.db.engine import Database
from responder.errors import NotFound
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.settings import Settings


@asynccontextmanager
async def one_salon(settings: Settings, slug: str | None) -> AsyncIterator[tuple[Database, SalonProfile]]:
    """The salon of that slug, or the first; raises `NotFound`."""
    database = Database(database_url(settings))
    await database.open()
    try:
        for profile in await SalonCache(database).all():
            if slug in (None, profile.slug):
                yield database, profile
                return
    finally:
        await database.close()
    raise NotFound(
        f"there is no salon {slug}" if slug else "no salon has been imported yet: responder salon import FILE"
    )
