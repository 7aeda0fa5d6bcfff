"""Which enquiries a report is about: those of a salon that arrived in a period, with their channel, measured.

The measures come from `timing` alone, so a figure in a report equals the conformance function applied to the stamps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from responder.db.engine import Database
from responder.hours import OpeningHours
from responder.timing.load import load_timelines
from responder.timing.measures import Measures, measure

_ARRIVALS = """
SELECT e.id, e.thread_id, a.kind AS channel_kind
FROM enquiry e JOIN channel_account a ON a.id = e.channel_account_id
WHERE e.salon_id = %(salon)s AND e.clock_start_at >= %(since)s AND e.clock_start_at < %(until)s
ORDER BY e.clock_start_at, e.id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One enquiry that arrived in the period, excluded ones too."""

    enquiry_id: int
    thread_id: int
    channel_kind: str
    measures: Measures


async def read_arrivals(
    database: Database, *, salon_id: int, since: datetime, until: datetime, hours: OpeningHours | None = None
) -> list[Arrival]:
    """Every enquiry of the salon whose clock started in [since, until), in order of arrival.

    Five statements however many there are, in one snapshot, so that a reply stamped meanwhile is seen by all or none.
    """
    async with database.transaction() as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        values = {"salon": salon_id, "since": since, "until": until}
        rows = await (await connection.execute(_ARRIVALS, values)).fetchall()
        timelines = await load_timelines(connection, [row["id"] for row in rows])
    arrivals = (
        Arrival(
            enquiry_id=row["id"],
            thread_id=row["thread_id"],
            channel_kind=row["channel_kind"],
            measures=measure(timelines[row["id"]], hours=hours),
        )
        for row in rows
    )
    return [arrival for arrival in arrivals if since <= arrival.measures.clock_start_at < until]
