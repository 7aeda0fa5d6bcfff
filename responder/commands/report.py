"""`responder report`: the response times of a salon, for the terminal or as JSON."""

from __future__ import annotations

import json

from responder.assembly import database_url
from responder.clock import SystemClock
from responder.commands.demo_home import existing_demo_url
from responder.db.engine import Database
from responder.errors import NotFound
from responder.reports.report import response_report
from responder.reports.text import to_json, to_text
from responder.salon.loader import SalonCache
from responder.settings import Settings


async def report_text(
    settings: Settings, *, days: int, as_json: bool, salon: str | None, language: str | None, of_demo: bool = False
) -> str:
    """The report as text; raises `NotFound` for an unknown salon."""
    database = Database(existing_demo_url(settings) if of_demo else database_url(settings))
    await database.open()
    try:
        for profile in await SalonCache(database).all():
            if salon in (None, profile.slug):
                report = await response_report(database, salon=profile, now=SystemClock().now(), days=days)
                if as_json:
                    return json.dumps(to_json(report), ensure_ascii=False, indent=2)
                return to_text(report, language=language or profile.language)
    finally:
        await database.close()
    raise NotFound(
        f"there is no salon {salon}" if salon else "no salon has been imported yet: responder salon import FILE"
    )
