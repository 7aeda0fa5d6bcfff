"""The queue of the desk: which dialogues a view shows, in which order, and what a row says.

Who waits for a person comes first, the target about to be missed at the top; the rest by the last message. Every
statement is scoped by salon. A row is the same for all who look; what only one of them has (what is unread, what is
mine) is told by `seen_id` and by comparing `operator` with oneself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from responder.db.engine import Connection
from responder.salon.profile import SalonProfile
from responder.timing.measures import Measure
from responder.watch.targets import Selected, due_at, target_for

PAGE_ROWS = 50
FIRST_WAITING, MOST_WAITING = 100, 1_000  # rows; the first are the most urgent


class View(StrEnum):
    """The filters of the queue."""

    ALL = "all"
    WAITING = "waiting"
    UNASSIGNED = "unassigned"
    MINE = "mine"
    BOT = "bot"
    CLOSED = "closed"


# A person is awaited: called and not come, or in charge and not answering the last message.
AWAITED = """
SELECT h.thread_id AS id, min(h.needed_at) AS since
FROM handoff h JOIN enquiry e ON e.id = h.enquiry_id
WHERE h.salon_id = %(salon)s AND h.returned_at IS NULL AND h.taken_at IS NULL AND e.closed_at IS NULL
GROUP BY h.thread_id
UNION ALL
SELECT t.id, t.unanswered_since
FROM thread t
WHERE t.salon_id = %(salon)s AND t.mode = 'human' AND t.unanswered_since IS NOT NULL AND t.barred_at IS NULL
  AND EXISTS (SELECT 1 FROM enquiry e WHERE e.thread_id = t.id AND e.closed_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM handoff h WHERE h.thread_id = t.id AND h.returned_at IS NULL AND h.taken_at IS NULL)
"""

# all that tells whose turn is next, and no more
WAITING = f"""
SELECT w.id, w.since AS waiting_since, a.kind AS channel, e.category, COALESCE(e.priority, 'normal') AS priority
FROM ({AWAITED}) w JOIN thread t ON t.id = w.id JOIN channel_account a ON a.id = t.channel_account_id
LEFT JOIN LATERAL (SELECT category, priority FROM enquiry WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) e ON true
WHERE (%(channel)s::text IS NULL OR a.key = %(channel)s)
  AND (NOT %(unassigned)s OR t.operator_id IS NULL)
  AND (NOT %(mine)s OR t.operator_id = %(operator)s)
ORDER BY w.since LIMIT {MOST_WAITING} + 1
"""

# one statement for every view of the rest: the planner drops what a constant makes true
_IS_OPEN = "EXISTS (SELECT 1 FROM enquiry e WHERE e.thread_id = t.id AND e.closed_at IS NULL)"
_OF_VIEW = {
    View.ALL: "true",
    View.MINE: "t.operator_id = %(operator)s",
    View.BOT: f"t.mode = 'bot' AND {_IS_OPEN}",
    View.CLOSED: f"NOT {_IS_OPEN}",
}
LATEST_IDS = """
SELECT t.id, t.last_message_at FROM thread t JOIN channel_account a ON a.id = t.channel_account_id
WHERE t.salon_id = %(salon)s AND t.last_message_at IS NOT NULL
  AND (%(before)s::timestamptz IS NULL OR t.last_message_at < %(before)s)
  AND (%(channel)s::text IS NULL OR a.key = %(channel)s)
  AND {of_view}
ORDER BY t.last_message_at DESC LIMIT %(limit)s
"""

ROWS = f"""
WITH awaited AS ({AWAITED})
SELECT t.id, t.thread_key, t.mode, t.display_name, t.is_blocked, t.barred_at, t.last_message_at, t.last_inbound_id,
    t.tags, c.name, c.phone, c.is_vip, a.kind AS channel, a.key AS account, e.id AS enquiry_id, e.closed_at,
    e.close_reason, e.excluded, e.category, COALESCE(e.priority, 'normal') AS priority, o.key AS operator,
    o.name AS operator_name, h.reason AS handoff_reason, h.needed_at, h.taken_at, w.since AS waiting_since,
    last.text AS last_text, last.author AS last_author, last.kind AS last_kind,
    COALESCE(seen.message_id, 0) AS seen_id
FROM thread t
JOIN customer c ON c.id = t.customer_id
JOIN channel_account a ON a.id = t.channel_account_id
LEFT JOIN awaited w ON w.id = t.id
LEFT JOIN operator o ON o.id = t.operator_id
LEFT JOIN thread_seen seen ON seen.thread_id = t.id AND seen.operator_id = %(operator)s
LEFT JOIN LATERAL (SELECT * FROM enquiry WHERE thread_id = t.id ORDER BY id DESC LIMIT 1) e ON true
LEFT JOIN LATERAL (SELECT * FROM handoff WHERE thread_id = t.id AND returned_at IS NULL ORDER BY id DESC LIMIT 1) h
    ON true
LEFT JOIN LATERAL (
    SELECT text, author, kind FROM message
    WHERE thread_id = t.id AND kind <> 'unknown' AND (w.id IS NULL OR author = 'customer')
    ORDER BY id DESC LIMIT 1) last ON true
WHERE t.salon_id = %(salon)s AND t.id = ANY(%(ids)s)
"""

COUNTS = f"""
SELECT count(*) AS waiting, count(*) FILTER (WHERE t.operator_id IS NULL) AS unassigned
FROM ({AWAITED}) w JOIN thread t ON t.id = w.id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What of the queue is wanted; `ids` are those a search found, and replace the view."""

    view: View = View.ALL
    channel: str | None = None  # key of an account
    operator_id: int | None = None  # who looks
    before: datetime | None = None
    all_waiting: bool = False
    rows: int = PAGE_ROWS  # of those who do not wait
    ids: Sequence[int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """Rows in order; `older` is where the next page begins, None on the last one. `has_more_waiting`: further ones wait
    whose turn comes later."""

    waiting: list[dict[str, Any]]
    others: list[dict[str, Any]]
    older: datetime | None = None
    has_more_waiting: bool = False


async def read_queue(connection: Connection, salon: SalonProfile, asked: Asked) -> Queue:
    """The rows of a view; who waits stands on the first page, beyond `FIRST_WAITING` only when all are asked for."""
    values = {
        "salon": salon.id,
        "operator": asked.operator_id,
        "channel": asked.channel,
        "before": asked.before,
        "limit": asked.rows,
        "mine": asked.view is View.MINE,
        "unassigned": asked.view is View.UNASSIGNED,
    }
    if asked.ids is not None:
        return _sorted(await read_rows(connection, salon, asked.ids, operator_id=asked.operator_id), older=None)
    most = MOST_WAITING if asked.all_waiting else FIRST_WAITING
    ids: list[int] = []
    has_more, older = False, None
    if asked.before is None and asked.view not in (View.BOT, View.CLOSED):
        waiting = await (await connection.execute(WAITING, values)).fetchall()
        ids += _first(waiting, salon, most)
        has_more = len(waiting) > most
    if asked.view in _OF_VIEW:
        statement = LATEST_IDS.format(of_view=_OF_VIEW[asked.view])
        latest = await (await connection.execute(statement, values)).fetchall()
        ids += [row["id"] for row in latest]
        older = latest[-1]["last_message_at"] if len(latest) == asked.rows else None
    rows = await read_rows(connection, salon, list(dict.fromkeys(ids)), operator_id=asked.operator_id)
    if asked.view in (View.BOT, View.CLOSED) or asked.before is not None:
        rows = [row for row in rows if not row["is_waiting"]]
    queue = _sorted(rows, older=older)
    return replace(queue, waiting=queue.waiting[:most], has_more_waiting=has_more)


async def read_rows(
    connection: Connection, salon: SalonProfile, ids: Sequence[int], *, operator_id: int | None = None
) -> list[dict[str, Any]]:
    """The rows of these dialogues of the salon, unsorted; foreign ids give none."""
    if not ids:
        return []
    values = {"salon": salon.id, "ids": list(ids), "operator": operator_id}
    rows = await (await connection.execute(ROWS, values)).fetchall()
    return [_with_order(row, salon) for row in rows]


async def count_waiting(connection: Connection, salon_id: int) -> dict[str, int]:
    """How many wait for a person, and how many of them for nobody in particular."""
    row = await (await connection.execute(COUNTS, {"salon": salon_id})).fetchone()
    return dict(row) if row else {"waiting": 0, "unassigned": 0}


def _sorted(rows: list[dict[str, Any]], *, older: datetime | None) -> Queue:
    rows = sorted(rows, key=lambda row: row["order"])
    return Queue(
        waiting=[row for row in rows if row["is_waiting"]],
        others=[row for row in rows if not row["is_waiting"]],
        older=older,
    )


def _with_order(row: dict[str, Any], salon: SalonProfile) -> dict[str, Any]:
    """A row with `is_waiting`, `due_at` (when its target is missed; None without one), `views` it belongs to (but for
    `mine`) and `order`: ascending numbers, of use within the waiting ones and within the others."""
    since = row["waiting_since"]
    due = None if since is None else _due(row, salon, since)
    order = _newest_first(row) if since is None else (due or since).timestamp()
    return {**row, "is_waiting": since is not None, "due_at": due, "order": order, "views": _views(row)}


def _first(waiting: Sequence[Mapping[str, Any]], salon: SalonProfile, most: int) -> list[int]:
    """Ids of those whose turn comes first, of rows ordered by how long they wait. Those with one target come in that
    order, so that of each target the first are enough."""
    alike: defaultdict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in waiting:
        alike[row["channel"], row["category"], row["priority"]].append(row)
    turns = [
        (_due(row, salon, row["waiting_since"]) or row["waiting_since"], row["id"])
        for rows in alike.values()
        for row in rows[:most]
    ]
    return [row_id for _, row_id in sorted(turns)[:most]]


def _newest_first(row: Mapping[str, Any]) -> float:
    at = row["last_message_at"]
    return 0.0 if at is None else -float(at.timestamp())


def _due(row: Mapping[str, Any], salon: SalonProfile, since: datetime) -> datetime | None:
    about = Selected(channel_kind=row["channel"], category=row["category"], priority=row["priority"])
    target = target_for(salon.targets, Measure.HUMAN_WAIT, about)
    return None if target is None else due_at(since, target, salon.hours)


def _views(row: Mapping[str, Any]) -> tuple[View, ...]:
    is_waiting = row["waiting_since"] is not None
    is_open = row["enquiry_id"] is not None and row["closed_at"] is None
    belongs = {
        View.ALL: True,
        View.WAITING: is_waiting,
        View.UNASSIGNED: is_waiting and row["operator"] is None,
        View.BOT: row["mode"] == "bot" and is_open and not is_waiting,
        View.CLOSED: not is_open,
    }
    return tuple(view for view, is_in in belongs.items() if is_in)
