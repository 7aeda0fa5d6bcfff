"""`responder figures`: are the kept figures what the stamps say, and make them anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from responder.assembly import database_url
from responder.clock import SystemClock
from responder.db.engine import Database
from responder.errors import NotFound
from responder.reports.checking import check_figures, rebuild_figures
from responder.salon.loader import SalonCache
from responder.salon.profile import SalonProfile
from responder.settings import Settings

SHOWN = 20
EVER = datetime(2000, 1, 1, tzinfo=UTC)


async def check_lines(settings: Settings, *, salon: str | None, days: int | None) -> tuple[list[str], bool]:
    """What a check found, in lines, and whether everything agrees; raises `NotFound` for an unknown salon."""
    database = Database(database_url(settings))
    await database.open()
    try:
        profile, now = await _salon(database, salon), SystemClock().now()
        checked = await check_figures(database, profile, since=_since(now, days), now=now)
    finally:
        await database.close()
    lines = [f"Measured anew: {checked.enquiries} enquiries. Counted anew: {checked.days} days that are over."]
    for found in checked.differences[:SHOWN]:
        where = f"enquiry {found.enquiry_id}" if found.enquiry_id is not None else f"{found.day}"
        lines.append(f"{where}: {found.what} is kept as {found.kept}, the stamps say {found.wanted}")
    more = len(checked.differences) - SHOWN
    if more > 0:
        lines.append(f"and {more} more")
    lines.append("Everything agrees." if not checked.differences else "Make them anew: responder figures rebuild")
    return lines, not checked.differences


async def rebuild_line(settings: Settings, *, salon: str | None, days: int | None) -> str:
    """Make the figures anew and say how many; raises `NotFound` for an unknown salon."""
    database = Database(database_url(settings))
    await database.open()
    try:
        profile, now = await _salon(database, salon), SystemClock().now()
        measured = await rebuild_figures(database, profile, since=_since(now, days), now=now)
    finally:
        await database.close()
    return f"{measured} enquiries measured, their days counted."


def _since(now: datetime, days: int | None) -> datetime:
    return EVER if days is None else now - timedelta(days=days)


async def _salon(database: Database, slug: str | None) -> SalonProfile:
    for profile in await SalonCache(database).all():
        if slug in (None, profile.slug):
            return profile
    raise NotFound(
        f"there is no salon {slug}" if slug else "no salon has been imported yet: responder salon import FILE"
    )
