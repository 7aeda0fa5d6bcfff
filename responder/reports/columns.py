"""Kept measures of many enquiries as columns: read in one piece, without an object for every enquiry.

PostgreSQL hands the records of all of them over as one string (`records`), which numpy takes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from responder.db.engine import Connection
from responder.reports.records import NEVER, RELEASABLE, SINGLES, facts_of, human_waits_of, waits_of
from responder.reports.working import WorkingTime, micros_of
from responder.timing.bins import Ints
from responder.timing.counts import ANSWERED, OPEN, RELEASED, Bools
from responder.timing.definitions import Definition
from responder.timing.measures import Measure

Names = NDArray[np.str_]
Elapsed = Callable[[Ints], Ints]

NEVER_OPEN: Final = ("pipeline_lag", "zendesk", "intercom", "chatwoot")  # who was not answered has no value there
HUMAN_WAIT: Final = "human_wait"
KINDS: Final = (*SINGLES, HUMAN_WAIT)
EXCLUSIONS: Final = ("spam", "outreach", "test")
SIDES: Final = ("bot", "human", "other", "nobody")

NAMES: Final = ("source", "category", "priority", "specialist")
SETTLEMENT: Final = ("is_settlement_known", "is_settled_at_once")
RETURNS_WITHIN_US: Final = 7 * 86_400 * 1_000_000
_SEPARATOR = "\x1f"

READ = f"""
SELECT string_agg(packed, ''::bytea) AS packed, string_agg(packed_human_waits, ''::bytea) AS human_waits,
    {", ".join(f"string_agg({name}, chr(31)) AS {name}" for name in NAMES)}
FROM enquiry_measures WHERE salon_id = %(salon)s AND day = ANY(%(days)s)
"""
# spelled out and no parameter: only so does the planner know that the partial index holds them all
READ_OPEN = READ + " AND has_open"


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

    def known_until(self, day: int) -> Rows:
        """The same, with nothing said yet of who comes back among those that arrived after `day`."""
        known = self.facts["day"] <= day
        return replace(self, facts=self.facts | {name: self.facts[name] * known for name in SETTLEMENT})

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
    connection: Connection, *, salon_id: int, days: Sequence[date], open_days: Sequence[date] = ()
) -> Rows:
    """The kept enquiries of these local days, and of `open_days` those of whom something is still awaited."""
    if not open_days:
        return (await _read(connection, READ, salon_id, days)).rows()
    # two statements: as one it takes PostgreSQL half as long again
    found = await _read(connection, READ_OPEN, salon_id, open_days)
    return found.followed_by(await _read(connection, READ, salon_id, days)).rows()


@dataclass(frozen=True, kw_only=True)
class _Read:
    packed: bytes
    human_waits: bytes
    names: dict[str, list[str]]

    def followed_by(self, other: _Read) -> _Read:
        return _Read(
            packed=self.packed + other.packed,
            human_waits=self.human_waits + other.human_waits,
            names={name: texts + other.names[name] for name, texts in self.names.items()},
        )

    def rows(self) -> Rows:
        facts, human = facts_of(self.packed), human_waits_of(self.human_waits)
        enquiries = facts["enquiry"]
        row = _places(enquiries, human["enquiry"])
        return Rows(
            facts=facts | _of_its_resolution(facts),
            names={name: np.array(texts, dtype=np.str_) for name, texts in self.names.items()},
            waits=waits_of(self.packed),
            human=HumanWaits(row=row, from_us=human["from_us"], us=human["us"], working_us=human["working_us"]),
        )


def _places(numbers: Ints, wanted: Ints) -> Ints:
    """The position of each wanted number, every one of which is there."""
    if not len(numbers):
        return numbers
    if np.all(numbers[1:] > numbers[:-1]):  # as they were stored, mostly
        return np.searchsorted(numbers, wanted)
    order = np.argsort(numbers, kind="stable")
    return order[np.searchsorted(numbers, wanted, sorter=order)]


async def _read(connection: Connection, query: str, salon_id: int, days: Sequence[date]) -> _Read:
    values = {"salon": salon_id, "days": list(days)}
    row = await (await connection.execute(query, values, binary=True)).fetchone()
    if row is None:
        raise RuntimeError("an aggregate gives one row")
    return _Read(
        packed=row["packed"] or b"",
        human_waits=row["human_waits"] or b"",
        names={name: [] if row[name] is None else row[name].split(_SEPARATOR) for name in NAMES},
    )


def _of_its_resolution(facts: dict[str, Ints]) -> dict[str, Ints]:
    resolved, returned = facts["resolved_us"], facts["returned_us"]
    is_resolved = resolved != NEVER
    has_returned = (returned != NEVER) & (returned <= resolved + RETURNS_WITHIN_US)
    return {
        "is_resolved": is_resolved.astype(np.int64),
        "is_settlement_known": is_resolved.astype(np.int64),
        "is_settled_at_once": (is_resolved & ~has_returned).astype(np.int64),
    }


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
