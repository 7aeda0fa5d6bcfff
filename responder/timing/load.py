"""From rows to timelines: the one place where stored stamps become the input of `measure`.

Plain SQL on purpose: reports and leads read through this, and the rooms of a dialogue stay unknown here. A row whose
enquiry is known counts there; a reply that was stored without one (typed on a phone before we knew of the enquiry) is
given to the enquiry it answers, by the same rule as in `enquiries.split_thread`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import psycopg

from responder.db.engine import Connection
from responder.errors import NotFound
from responder.hours import OpeningHours
from responder.timing.measures import Measures, measure
from responder.timing.timeline import (
    Author,
    Call,
    Exclusion,
    GivenBack,
    Inbound,
    Outbound,
    PersonNeeded,
    Substance,
    TakenOver,
    Timeline,
)

_ENQUIRIES = """
SELECT e.id, e.clock_start_at, e.received_at, e.skew_s, e.closed_at, e.close_reason,
    COALESCE(e.excluded, CASE WHEN e.close_reason = 'spam' THEN 'spam' WHEN t.is_test THEN 'test' END) AS excluded
FROM enquiry e JOIN thread t ON t.id = e.thread_id
WHERE e.id = ANY(%(ids)s)
"""

_INBOUND = """
SELECT enquiry_id, id, sent_at, received_at, order_key
FROM message
WHERE enquiry_id = ANY(%(ids)s) AND direction = 'in' AND kind IN ('message', 'pressed', 'started')
  AND received_at IS NOT NULL
"""

# what a person wrote and no messenger accepted is no reply, but other definitions count it
_OUTBOUND = """
SELECT m.enquiry_id, m.id, m.author, m.substance, m.composed_at, m.accepted_at,
    LEAST(m.delivered_at, m.read_at) AS delivered_at, m.failed_at
FROM message m
WHERE m.enquiry_id = ANY(%(ids)s) AND m.direction = 'out' AND (m.accepted_at IS NOT NULL OR m.author = 'human')
  AND m.author <> 'system'
UNION ALL
SELECT answered.id, m.id, m.author, m.substance, m.composed_at, m.accepted_at,
    LEAST(m.delivered_at, m.read_at) AS delivered_at, m.failed_at
FROM (SELECT DISTINCT thread_id FROM enquiry WHERE id = ANY(%(ids)s)) known
JOIN message m ON m.thread_id = known.thread_id
CROSS JOIN LATERAL (
    SELECT e.id FROM enquiry e
    WHERE e.thread_id = m.thread_id AND CASE WHEN m.author = 'human_device' THEN e.clock_start_at <= m.accepted_at
                                        ELSE e.received_at <= COALESCE(m.composed_at, m.accepted_at) END
    ORDER BY e.received_at DESC, e.id DESC LIMIT 1
) answered
WHERE m.enquiry_id IS NULL AND m.direction = 'out' AND (m.accepted_at IS NOT NULL OR m.author = 'human')
  AND m.author <> 'system'
  AND answered.id = ANY(%(ids)s)
"""

# Whoever takes a dialogue over marks every hand-off of it that is open, those of earlier enquiries too: what happened
# after the next enquiry opened is none of this one's. The second part: taken over before the enquiry opened and not
# given back by then.
_CALLS = """
SELECT h.enquiry_id, h.reason, h.needed_at, CASE WHEN h.taken_at < next.opened_at THEN h.taken_at END AS taken_at,
    CASE WHEN h.returned_at < next.opened_at THEN h.returned_at END AS returned_at, false AS is_earlier
FROM handoff h
CROSS JOIN LATERAL (
    SELECT COALESCE(min(n.received_at), 'infinity') AS opened_at FROM enquiry n
    WHERE n.thread_id = h.thread_id AND n.id > h.enquiry_id
) next
WHERE h.enquiry_id = ANY(%(ids)s)
UNION ALL
SELECT e.id, h.reason, h.needed_at, h.taken_at, h.returned_at, true
FROM enquiry e
JOIN handoff h ON h.thread_id = e.thread_id
WHERE e.id = ANY(%(ids)s) AND h.enquiry_id IS DISTINCT FROM e.id AND h.taken_at <= e.received_at
  AND (h.returned_at IS NULL OR h.returned_at > e.received_at)
"""

_AUTHORS = {author.value: author for author in Author}
_SUBSTANCES = {substance.value: substance for substance in Substance}


async def load_timelines(connection: Connection, enquiry_ids: Sequence[int]) -> dict[int, Timeline]:
    """The timelines of these enquiries by id; ids that do not exist are missing from the answer. Four statements,
    however many enquiries; for one consistent picture call it inside a repeatable-read transaction."""
    values = {"ids": list(enquiry_ids)}
    rows = await (await connection.execute(_ENQUIRIES, values)).fetchall()
    inbound = _by_enquiry(await (await connection.execute(_INBOUND, values)).fetchall())
    outbound = _by_enquiry(await (await connection.execute(_OUTBOUND, values)).fetchall())
    calls = _by_enquiry(await (await connection.execute(_CALLS, values)).fetchall())
    return {
        row["id"]: Timeline(
            inbound=tuple(_inbound(found) for found in inbound[row["id"]]) or (_opening(row),),
            outbound=tuple(_outbound(found) for found in outbound[row["id"]]),
            calls=tuple(call for found in calls[row["id"]] for call in _calls(found)),
            closed_at=row["closed_at"],
            close_reason=row["close_reason"],
            excluded=Exclusion(row["excluded"]) if row["excluded"] else None,
        )
        for row in rows
    }


async def load_readable(connection: Connection, enquiry_ids: Sequence[int]) -> tuple[dict[int, Timeline], list[int]]:
    """The same, and beside it the ids of enquiries whose stamps cannot even be read (`infinity`, a year beyond 9999):
    one such holds up no other. Inside a transaction; costs more only where there is one."""
    try:
        async with connection.transaction():
            return await load_timelines(connection, enquiry_ids), []
    except (psycopg.DataError, OverflowError):
        if len(enquiry_ids) == 1:
            return {}, list(enquiry_ids)
    middle = len(enquiry_ids) // 2
    known, unreadable = await load_readable(connection, enquiry_ids[:middle])
    others, more = await load_readable(connection, enquiry_ids[middle:])
    return known | others, unreadable + more


async def enquiry_timing(connection: Connection, enquiry_id: int, *, hours: OpeningHours | None = None) -> Measures:
    """One enquiry measured, for whoever carries its figures elsewhere. Raises `NotFound`."""
    timelines = await load_timelines(connection, [enquiry_id])
    if enquiry_id not in timelines:
        raise NotFound(f"no enquiry {enquiry_id}")
    return measure(timelines[enquiry_id], hours=hours)


def _by_enquiry(rows: Iterable[dict[str, Any]]) -> defaultdict[int, list[dict[str, Any]]]:
    grouped: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["enquiry_id"]].append(row)
    return grouped


def _inbound(row: dict[str, Any]) -> Inbound:
    return Inbound(
        key=str(row["id"]), received_at=row["received_at"], sent_at=row["sent_at"], order_key=row["order_key"]
    )


def _opening(row: dict[str, Any]) -> Inbound:
    """The first message as the enquiry's own row remembers it, where the messages are gone."""
    received_at, skew = row["received_at"], timedelta(seconds=row["skew_s"])
    return Inbound(
        key="opening", received_at=received_at, sent_at=received_at + skew if skew else row["clock_start_at"]
    )


def _outbound(row: dict[str, Any]) -> Outbound:
    return Outbound(
        key=str(row["id"]),
        author=_AUTHORS.get(row["author"], Author.UNKNOWN),
        substance=_SUBSTANCES.get(row["substance"]),
        composed_at=row["composed_at"],
        accepted_at=row["accepted_at"],
        delivered_at=row["delivered_at"],
        failed_at=row["failed_at"],
    )


def _calls(row: dict[str, Any]) -> list[Call]:
    taken: list[Call] = [] if row["taken_at"] is None else [TakenOver(at=row["taken_at"])]
    back: list[Call] = [] if row["returned_at"] is None else [GivenBack(at=row["returned_at"])]
    if row["is_earlier"]:
        return taken + back
    started_by = TakenOver if row["reason"] == "taken_over" else PersonNeeded
    return [started_by(at=row["needed_at"]), *taken, *back]
