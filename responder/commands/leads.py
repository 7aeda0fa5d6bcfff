"""`responder leads retry`: after somebody mended a CRM, let every lead it lacks be brought there now."""

from __future__ import annotations

from responder.assembly import database_url
from responder.db.engine import Database
from responder.errors import Refused
from responder.leads.service import retry_leads
from responder.salon.loader import SalonCache
from responder.settings import Settings


async def retry(settings: Settings, *, salon: str | None) -> str:
    """One line for each salon that has a CRM; raises `Refused` when there is none to try."""
    database = Database(database_url(settings))
    await database.open()
    try:
        lines = []
        for profile in await SalonCache(database).all():
            if salon in (None, profile.slug) and profile.crm:
                async with database.transaction() as connection:
                    keys = [account.key for account in profile.crm]
                    count = await retry_leads(connection, salon_id=profile.id, crm_keys=keys)
                lines.append(f"{profile.slug}: {_in_words(count)}")
    finally:
        await database.close()
    if not lines:
        raise Refused(f"There is no salon {salon!r} with a CRM." if salon else "No salon has a CRM.")
    return "\n".join(lines)


def _in_words(count: int) -> str:
    if not count:
        return "every lead is in the CRM already"
    return f"{count} {'lead goes' if count == 1 else 'leads go'} to the CRM as soon as a worker is running"
