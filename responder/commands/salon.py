"""`responder salon import`: the file into the database."""

from __future__ import annotations

from pathlib import Path

from responder.assembly import database_url
from responder.clock import SystemClock
from responder.db.engine import Database
from responder.leads.service import retry_refused
from responder.salon.file import read_salon_file
from responder.salon.importer import ImportResult, import_salon
from responder.settings import Settings


async def import_salon_file(settings: Settings, path: Path) -> str:
    """One line about what changed; raises `BadFile` before anything is touched."""
    file = read_salon_file(path)
    database = Database(database_url(settings))
    await database.open()
    try:
        result = await import_salon(database, file, now=SystemClock().now())
        async with database.transaction() as connection:
            await retry_refused(connection)  # the file may name another account
    finally:
        await database.close()
    return f"{file.slug}: {_in_words(result)}"


def _in_words(result: ImportResult) -> str:
    if result.is_new:
        return f"imported as a new salon ({result.added} entries)"
    if result.is_unchanged:
        return "the salon is already what the file says; nothing changed"
    counts = {"added": result.added, "changed": result.changed, "removed": result.removed}
    changes = ", ".join(f"{count} {done}" for done, count in counts.items() if count)
    return f"imported: {changes}; a running `responder serve` follows within half a minute"
