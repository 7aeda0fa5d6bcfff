"""Kept measures of many enquiries as columns: read in one piece, without an object for every enquiry.

PostgreSQL hands each column over as one string of eight-byte numbers, which numpy takes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from responder.db.engine import Connection
from responder.reports.working import WorkingTime, micros_of
from responder.timing.bins import Ints
from responder.timing.counts import ANSWERED, OPEN, RELEASED, Bools
from responder.timing.definitions import Definition
from responder.timing.measures import Measure

Names = NDArray[np.str_]
Elapsed = Callable[[Ints], Ints]

SINGLES: Final = (
    "first_reply",
    "first_useful",
    "bot_frt",
    "human_frt",
    "resolution",
    "pipeline_lag",
    "zendesk",
    "intercom",
    "chatwoot",
)
RELEASABLE: Final = ("bot_frt", "human_frt")
NEVER_OPEN: Final = ("pipeline_lag", "zendesk", "intercom", "chatwoot")  # who was not answered has no value there
HUMAN_WAIT: Final = "human_wait"
KINDS: Final = (*SINGLES, HUMAN_WAIT)
EXCLUSIONS: Final = ("spam", "outreach", "test")
SIDES: Final = ("bot", "human", "other", "nobody")

_FACTS = {
    "enquiry": "enquiry_id",
    "day": "day - date '1970-01-01'",
    "hour": "hour",
    "account": "channel_account_id",
    "operator": "COALESCE(operator_id, 0)",
    "start_us": "(extract(epoch FROM clock_start_at) * 1000000)::bigint",
    "excluded": "CASE excluded WHEN 'spam' THEN 1 WHEN 'outreach' THEN 2 WHEN 'test' THEN 3 ELSE 0 END",
    "first_by": (
        "CASE WHEN first_useful_by IS NULL THEN 3 WHEN first_useful_by = 'bot' THEN 0 "
        "WHEN first_useful_by IN ('human', 'human_device') THEN 1 ELSE 2 END"
    ),
    "is_booked": "is_booked::int",
    "is_handed_off": "is_handed_off::int",
    "is_resolved": "(resolved_at IS NOT NULL)::int",
    "is_settled_at_once": (
        "(resolved_at IS NOT NULL AND (returned_at IS NULL OR returned_at > resolved_at + interval '7 days'))::int"
    ),
    "is_skewed": "(skew_us > 0)::int",
}
_NAMES = ("source", "category", "priority", "specialist")
_WAITS = [
    *(f"{stem}{mode}" for stem in SINGLES for mode in ("", "_working")),
    *(f"{stem}_released{mode}" for stem in RELEASABLE for mode in ("", "_working")),
]
_HUMAN_WAITS = ("enquiry", "from_us", "us", "working_us")
_SEPARATOR = "\x1f"


def _packed(expression: str, name: str) -> str:
    return f"string_agg(int8send(({expression})::bigint), ''::bytea) AS {name}"


def _read(waits: Sequence[str]) -> str:
    columns = [_packed(expression, name) for name, expression in _FACTS.items()]
    columns += [f"string_agg({name}, chr(31)) AS {name}" for name in _NAMES]
    columns += [_packed(f"COALESCE({stem}_us, -1)", stem) for stem in waits]
    return f"""
SELECT {", ".join(columns)}
FROM enquiry_measures
WHERE salon_id = %(salon)s AND day = ANY(%(days)s)
"""


READ = _read(_WAITS)

READ_HUMAN_WAITS = f"""
SELECT {_packed("k.enquiry_id", "enquiry")},
    {_packed("(extract(epoch FROM w.from_at) * 1000000)::bigint", "from_us")},
    {_packed("COALESCE(w.us, -1)", "us")}, {_packed("COALESCE(w.working_us, -1)", "working_us")}
FROM enquiry_measures k
CROSS JOIN LATERAL unnest(k.human_wait_from_at, k.human_wait_us, k.human_wait_working_us) AS w (from_at, us, working_us)
WHERE k.salon_id = %(salon)s AND k.day = ANY(%(days)s) AND k.is_handed_off
"""

# spelled out and not a parameter: only so does the planner know that the partial index holds them all
ONLY_OPEN = " AND has_open"


@dataclass(frozen=True, kw_only=True)
class HumanWaits:
    """Waits for a person, one a position; `row` is the position of the enquiry among the rows."""

    row: Ints
    from_us: Ints
    us: Ints
    working_us: Ints


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Enquiries, one a position of every column; times in microseconds, -1 where there is none."""

    facts: dict[str, Ints]
    names: dict[str, Names]
    waits: dict[str, Ints]
    human: HumanWaits

    def __len__(self) -> int:
        return len(self.facts["enquiry"])

    def where(self, which: Bools) -> Rows:
        """Only the enquiries chosen."""
        position = np.cumsum(which) - 1
        kept = which[self.human.row]
        human = self.human
        return Rows(
            facts={name: column[which] for name, column in self.facts.items()},
            names={name: column[which] for name, column in self.names.items()},
            waits={name: column[which] for name, column in self.waits.items()},
            human=replace(
                human,
                row=position[human.row[kept]],
                from_us=human.from_us[kept],
                us=human.us[kept],
                working_us=human.working_us[kept],
            ),
        )

    @property
    def is_counted(self) -> Bools:
        return np.equal(self.facts["excluded"], 0)


@dataclass(frozen=True, kw_only=True)
class Found:
    """Waits of one kind: the position of the enquiry, how long in microseconds, how it ended."""

    row: Ints
    us: Ints
    ending: Ints


async def read_rows(
    connection: Connection, *, salon_id: int, days: list[date], only_open: bool = False, only_kind: str | None = None
) -> Rows:
    """The kept enquiries of these local days; with `only_open` those of whom something is still awaited. With
    `only_kind` the waits of that kind alone, which is several times quicker."""
    values = {"salon": salon_id, "days": days}
    which = ONLY_OPEN if only_open else ""
    stems = _WAITS if only_kind is None else [stem for stem in _WAITS if _is_of(stem, only_kind)]
    row = await _one(connection, (READ if only_kind is None else _read(stems)) + which, values)
    enquiries = _numbers(row["enquiry"])
    needs_human = only_kind in (None, HUMAN_WAIT)
    waits = await _one(connection, READ_HUMAN_WAITS + which, values) if needs_human else dict.fromkeys(_HUMAN_WAITS)
    order = np.argsort(enquiries)
    places = (
        order[np.searchsorted(enquiries, _numbers(waits["enquiry"]), sorter=order)] if len(enquiries) else enquiries
    )
    return Rows(
        facts={name: _numbers(row[name]) for name in _FACTS},
        names={name: _strings(row[name], len(enquiries)) for name in _NAMES},
        waits={name: _numbers(row[name]) for name in stems},
        human=HumanWaits(
            row=places,
            from_us=_numbers(waits["from_us"]),
            us=_numbers(waits["us"]),
            working_us=_numbers(waits["working_us"]),
        ),
    )


def elapsed_at(now: datetime, working: WorkingTime | None = None) -> Elapsed:
    """How long each wait that goes on has lasted at `now`; in working time when that is given."""
    now_us = np.array([micros_of(now)], dtype=np.int64)

    def elapsed(from_us: Ints) -> Ints:
        passed: Ints = now_us - from_us if working is None else working.until(now_us) - working.until(from_us)
        return np.maximum(passed, 0)

    return elapsed


def find_waits(rows: Rows, kind: str, *, is_working: bool, elapsed: Elapsed = np.zeros_like) -> Found:
    """Every wait of a kind as it stands, of enquiries that are counted."""
    mode = "_working" if is_working else ""
    if kind == HUMAN_WAIT:
        human = rows.human
        met = human.working_us if is_working else human.us
        found = _met_or_open(human.row, met, elapsed(human.from_us))
    else:
        row = np.arange(len(rows), dtype=np.int64)
        found = _met_or_open(row, rows.waits[f"{kind}{mode}"], elapsed(rows.facts["start_us"]))
        if kind in RELEASABLE:
            found = _released(found, rows.waits[f"{kind}_released{mode}"])
    counted = rows.is_counted[found.row]
    if kind in NEVER_OPEN:
        counted &= found.ending != OPEN
    return Found(row=found.row[counted], us=found.us[counted], ending=found.ending[counted])


def _met_or_open(row: Ints, met: Ints, open_us: Ints) -> Found:
    is_met = met >= 0
    return Found(row=row, us=np.where(is_met, met, open_us), ending=np.where(is_met, ANSWERED, OPEN))


def _released(found: Found, released: Ints) -> Found:
    is_released = (found.ending == OPEN) & (released >= 0)
    return Found(
        row=found.row,
        us=np.where(is_released, released, found.us),
        ending=np.where(is_released, RELEASED, found.ending),
    )


def kind_of(measure: Measure, definition: Definition = Definition.TIMING_1) -> str:
    """The name of a measure's columns; by another definition its first reply stands for ours."""
    if definition is not Definition.TIMING_1 and measure is Measure.FIRST_REPLY:
        return definition.value
    return measure.value.removesuffix("_s")


def _is_of(stem: str, kind: str) -> bool:
    return stem.removesuffix("_working").removesuffix("_released") == kind


async def _one(connection: Connection, query: str, values: dict[str, Any]) -> dict[str, Any]:
    row = await (await connection.execute(query, values, binary=True)).fetchone()
    if row is None:
        raise RuntimeError("an aggregate gives one row")
    return row


def _numbers(packed: bytes | None) -> Ints:
    return np.frombuffer(packed or b"", dtype=">i8").astype(np.int64)


def _strings(joined: str | None, size: int) -> Names:
    return np.array((joined or "").split(_SEPARATOR) if size else [], dtype=np.str_)
