"""Whether what is kept and counted is what the stamps say, to the microsecond; and making all of it anew.

The kept figures are a convenience. This is how anybody convinces themselves that they are nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from responder.db.engine import Connection, Database
from responder.reports.entries import Cells, Side, cells_of, ended_waits
from responder.reports.keeping import BATCH, MARKS_OF, bring_up_to_date, row_or_none
from responder.reports.marks import number_of
from responder.reports.reading import read_rows
from responder.reports.rollups import FRESH_DAYS, WHOLE_WEEKS, CountedDays, count_stale_days
from responder.salon.profile import SalonProfile
from responder.timing.load import load_readable

NOT_COMPARED = frozenset({"measured_at", "reach"})

ENQUIRIES = """
SELECT id FROM enquiry WHERE salon_id = %(salon)s AND clock_start_at >= %(since)s AND id > %(after)s
ORDER BY id LIMIT %(limit)s
"""

KEPT = "SELECT * FROM enquiry_measures WHERE enquiry_id = ANY(%(ids)s)"

MARK_ALL = """
INSERT INTO measures_due (salon_id, enquiry_id)
SELECT salon_id, id FROM enquiry WHERE salon_id = %(salon)s AND clock_start_at >= %(since)s ORDER BY id
"""

_Plain = dict[tuple[object, ...], tuple[object, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Where a kept figure is not what the stamps say. `what` is a column, or the side of a day that was counted."""

    enquiry_id: int | None
    day: date | None
    what: str
    kept: Any
    wanted: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    enquiries: int
    days: int
    differences: tuple[Difference, ...]


async def check_figures(database: Database, salon: SalonProfile, *, since: datetime, now: datetime) -> Checked:
    """Measure every enquiry since then from its stamps, count every counted day anew, and compare."""
    await bring_up_to_date(database, salon, now=now)
    found: list[Difference] = []
    async with database.transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        measured = await _check_enquiries(connection, salon, since=since, now=now, found=found)
        days = await _check_days(connection, salon, since=since, now=now, found=found)
    return Checked(enquiries=measured, days=days, differences=tuple(found))


async def rebuild_figures(database: Database, salon: SalonProfile, *, since: datetime, now: datetime) -> int:
    """Measure and count everything since then anew; gives how many enquiries. For whoever trusts nothing: stamps and
    opening hours that change are followed without it."""
    async with database.connection() as connection:
        await connection.execute(MARK_ALL, {"salon": salon.id, "since": since})
    measured = await bring_up_to_date(database, salon, now=now)
    while await count_stale_days(database, salon, now=now, limit=50):
        pass
    return measured


async def _check_enquiries(
    connection: Connection, salon: SalonProfile, *, since: datetime, now: datetime, found: list[Difference]
) -> int:
    after, count = 0, 0
    while True:
        values = {"salon": salon.id, "since": since, "after": after, "limit": BATCH}
        ids = [row["id"] for row in await (await connection.execute(ENQUIRIES, values)).fetchall()]
        if not ids:
            return count
        timelines, _ = await load_readable(connection, ids)
        marks = {row["id"]: row for row in await (await connection.execute(MARKS_OF, {"ids": ids})).fetchall()}
        kept = {row["enquiry_id"]: row for row in await (await connection.execute(KEPT, {"ids": ids})).fetchall()}
        for key in ids:
            wanted = row_or_none(timelines[key], marks[key], salon=salon, now=now) if key in timelines else {}
            if wanted:
                found.extend(_differences(key, kept.get(key, {}), wanted))
            else:
                what = "cannot be measured"
                found.append(Difference(enquiry_id=key, day=None, what=what, kept=None, wanted=None))
        after, count = ids[-1], count + len(ids)


def _differences(enquiry_id: int, kept: dict[str, Any], wanted: dict[str, Any]) -> list[Difference]:
    return [
        Difference(enquiry_id=enquiry_id, day=None, what=name, kept=kept.get(name), wanted=value)
        for name, value in wanted.items()
        if name not in NOT_COMPARED and kept.get(name) != value
    ]


async def _check_days(
    connection: Connection, salon: SalonProfile, *, since: datetime, now: datetime, found: list[Difference]
) -> int:
    first, last = since.astimezone(salon.zone).date(), now.astimezone(salon.zone).date()
    period = {"salon": salon.id, "first": first, "last": last}
    days = [row["day"] for row in await (await connection.execute(FRESH_DAYS, period)).fetchall()]
    for day in days:
        rows = await read_rows(connection, salon_id=salon.id, days=[day])
        ended = ended_waits(rows)
        counted = CountedDays(connection, salon_id=salon.id, first=day, last=day)
        for side in Side:
            for part in side.parts:
                kept = _total(await counted.cells(side, (part,)))
                wanted = _total(cells_of(rows, side, [part], ended=ended))
                found.extend(_difference(day, f"{side.value} {part.value}", kept, wanted))
    weeks = [row["day"] for row in await (await connection.execute(WHOLE_WEEKS, period)).fetchall()]
    for monday in weeks:
        counted = CountedDays(connection, salon_id=salon.id, first=monday, last=monday + timedelta(days=6))
        for side in Side:
            for part in side.parts_of_week:
                kept = _total(await counted.cells(side, (part,), in_weeks=True))
                wanted = _total((await counted.cells(side, (part,))).put_together(number_of(monday)))
                found.extend(_difference(monday, f"week {side.value} {part.value}", kept, wanted))
    return len(days)


def _difference(day: date, what: str, kept: _Plain, wanted: _Plain) -> list[Difference]:
    if kept == wanted:
        return []
    return [Difference(enquiry_id=None, day=day, what=what, kept=len(kept), wanted=len(wanted))]


def _total(cells: Cells) -> _Plain:
    """Cells as a plain comparable value: their entries and counters by what they are of."""
    names = [column.tolist() for column in cells.names.values()]
    keys = list(zip(cells.day.tolist(), cells.account.tolist(), *names, strict=True))
    entries = {at: np.sort(cells.entries[cells.cell == at]).tobytes() for at in range(len(cells))}
    return {key: (tuple(cells.counters[at].tolist()), entries[at]) for at, key in enumerate(keys)}
