"""`responder report`: the response times of a salon, for the terminal or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from responder.assembly import database_url
from responder.clock import SystemClock
from responder.commands.demo_home import existing_demo_url
from responder.db.engine import Database
from responder.errors import NotFound
from responder.reports.marks import By
from responder.reports.query import make_query
from responder.reports.report import run_report
from responder.reports.spending import read_spending, spending_document, spending_text
from responder.reports.text import to_json, to_text
from responder.salon.loader import SalonCache
from responder.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the command line asked for, as it was typed."""

    days: int | None = None
    since: date | None = None
    until: date | None = None
    by: By = By.CHANNEL
    channels: Sequence[str] = ()
    sources: Sequence[str] = ()
    operators: Sequence[str] = ()
    specialists: Sequence[str] = ()
    definition: str = "timing/1"
    is_working: bool = False
    within_s: float | None = None


async def report_text(
    settings: Settings,
    wanted: Wanted,
    *,
    as_json: bool,
    salon: str | None,
    language: str | None,
    of_demo: bool = False,
) -> str:
    """The report as text; raises `NotFound` for an unknown salon, `BadQuery` for what it does not have."""
    database = Database(existing_demo_url(settings) if of_demo else database_url(settings))
    await database.open()
    try:
        for profile in await SalonCache(database).all():
            if salon in (None, profile.slug):
                now = SystemClock().now()
                query = make_query(
                    profile,
                    now=now,
                    days=wanted.days,
                    since=wanted.since,
                    until=wanted.until,
                    channels=wanted.channels,
                    sources=wanted.sources,
                    operators=wanted.operators,
                    specialists=wanted.specialists,
                    definition=wanted.definition,
                    is_working=wanted.is_working,
                    within_s=wanted.within_s,
                )
                report = await run_report(database, query, now=now, by=(wanted.by,), in_full=(By.CHANNEL,))
                spent = await read_spending(database, query)
                if as_json:
                    document = to_json(report) | {"llm": spending_document(spent)}
                    return json.dumps(document, ensure_ascii=False, indent=2)
                text = to_text(report, language=language or profile.language)
                told = spending_text(spent, language=language or profile.language)
                return f"{text}{told}\n" if told else text
    finally:
        await database.close()
    raise NotFound(
        f"there is no salon {salon}" if salon else "no salon has been imported yet: responder salon import FILE"
    )
