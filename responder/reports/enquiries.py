"""The enquiries behind a figure: whoever doubts a number opens the dialogues it was counted from.

A page is chosen among the same columns and by the same rules that make the figure, so that the list of a figure is
exactly as long as the figure says. A wait for a person is listed once for each hand-off, as it is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from responder.db.engine import Connection, Database
from responder.reports.choosing import Chooser, Line
from responder.reports.keeping import bring_up_to_date
from responder.reports.library import SNAPSHOT, read_names
from responder.reports.marks import EPOCH, MOST, By, Part, Selection, day_of
from responder.reports.query import BadQuery, ReportQuery
from responder.reports.reading import read_rows
from responder.timing.bins import SECOND_US
from responder.timing.counts import ANSWERED, OPEN, RELEASED
from responder.timing.statistics import Ending
from responder.timing.timeline import Exclusion

DAYS_AT_ONCE = 3
_ENDINGS = {ANSWERED: Ending.ANSWERED, RELEASED: Ending.RELEASED, OPEN: Ending.OPEN}

DETAILS = """
SELECT k.enquiry_id, k.thread_id, k.clock_start_at, a.kind AS channel, a.key AS account, k.source, o.key AS operator,
    k.specialist, k.category, k.priority, k.excluded, k.first_useful_by, e.close_reason
FROM enquiry_measures k
JOIN enquiry e ON e.id = k.enquiry_id
JOIN channel_account a ON a.id = k.channel_account_id
LEFT JOIN operator o ON o.id = k.operator_id
WHERE k.enquiry_id = ANY(%(ids)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One wait, or one enquiry. `seconds` is how long it took, or has taken so far when `ending` is open; None where
    the measure has nothing to say of it. `handoff` numbers the waits for a person of one enquiry from 1."""

    enquiry_id: int
    thread_id: int
    arrived_at: datetime
    arrived_local: datetime
    channel: str
    account: str
    source: str
    operator: str | None
    specialist: str
    category: str
    priority: str
    first_useful_by: str | None
    excluded: Exclusion | None
    close_reason: str | None
    handoff: int | None
    seconds: float | None
    ending: Ending | None

    @property
    def link(self) -> str:
        """Where the dialogue stands among the staff pages."""
        return f"/dialogues/{self.thread_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """`total` counts the whole list; `after` opens the next page and is None on the last one."""

    rows: tuple[Listed, ...]
    total: int
    after: str | None


async def list_enquiries(
    database: Database,
    query: ReportQuery,
    selection: Selection,
    *,
    now: datetime,
    limit: int = 100,
    after: str | None = None,
) -> Page:
    """A page of the enquiries behind a figure of `run_report(query)`, the latest arrival first. Raises `BadQuery`."""
    if not 1 <= limit <= MOST:
        raise BadQuery("limit", f"{limit} is not between 1 and {MOST}")
    cursor = None if after is None else _read_cursor(after)
    await bring_up_to_date(database, query.salon, now=now)
    total, shown = 0, list[Line]()
    async with database.transaction() as connection:
        await connection.execute(SNAPSHOT)
        names = await read_names(connection, query.salon.id)
        choose = Chooser(query=query, selection=selection, names=names, now=now)
        for days in _stretches(_days(query, selection)):
            rows = await read_rows(
                connection, salon_id=query.salon.id, days=days, only_open=selection.part is Part.OPEN
            )
            # in a thread: others are waiting for their answers
            count, page = await asyncio.to_thread(choose.page, rows, cursor, limit + 1 - len(shown))
            total += count
            shown += page
        details = await _details(connection, [row.enquiry for row in shown[:limit]])
    listed = tuple(_listed(row, details[row.enquiry], query) for row in shown[:limit])
    return Page(rows=listed, total=total, after=_cursor(shown[limit - 1]) if len(shown) > limit else None)


def _stretches(days: Sequence[date]) -> Iterator[Sequence[date]]:
    """The latest first, a few at a time: a month of a large salon is more than should be held at once."""
    for end in range(len(days), 0, -DAYS_AT_ONCE):
        yield days[max(end - DAYS_AT_ONCE, 0) : end]


def _days(query: ReportQuery, selection: Selection) -> list[date]:
    """The days to read: those of the period, or of the day or week chosen."""
    first, last = query.since, query.until
    if selection.by in (By.DAY, By.WEEK) and isinstance(selection.value, int):
        start = day_of(selection.value)
        first, last = max(first, start), min(last, start + timedelta(days=0 if selection.by is By.DAY else 6))
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def _cursor(row: Line) -> str:
    return f"{row.start_us}.{row.enquiry}.{row.handoff}"


def _read_cursor(text: str) -> tuple[int, int, int]:
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.lstrip("-").isdigit() and len(part) < 19 for part in parts):
        raise BadQuery("after", "this is not what an earlier page gave to go on with")
    start, enquiry, handoff = map(int, parts)
    return start, enquiry, handoff


async def _details(connection: Connection, enquiries: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    rows = await (await connection.execute(DETAILS, {"ids": sorted(set(enquiries))})).fetchall()
    return {row["enquiry_id"]: row for row in rows}


def _listed(row: Line, facts: Mapping[str, Any], query: ReportQuery) -> Listed:
    arrived_at = EPOCH + timedelta(microseconds=row.start_us)
    return Listed(
        enquiry_id=facts["enquiry_id"],
        thread_id=facts["thread_id"],
        arrived_at=arrived_at,
        arrived_local=arrived_at.astimezone(query.salon.zone),
        channel=facts["channel"],
        account=facts["account"],
        source=facts["source"],
        operator=facts["operator"],
        specialist=facts["specialist"],
        category=facts["category"],
        priority=facts["priority"],
        first_useful_by=facts["first_useful_by"],
        excluded=None if facts["excluded"] is None else Exclusion(facts["excluded"]),
        close_reason=facts["close_reason"],
        handoff=row.handoff or None,
        seconds=row.us / SECOND_US if row.us >= 0 else None,
        ending=_ENDINGS.get(row.ending),
    )
