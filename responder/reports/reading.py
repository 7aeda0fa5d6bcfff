"""Kept measures read in one piece: PostgreSQL hands the records of many enquiries over as one string (`records`), which
numpy takes apart.

Ten thousand enquiries of today are some megabytes, of which next to nothing has changed since the last report. So what
was read may be remembered with the version of each row (the transaction that wrote it), and read again is only what
another transaction has written since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from responder.db.engine import Connection
from responder.reports.columns import NAMES, HumanWaits, Marked, Rows
from responder.reports.entries import Standing
from responder.reports.records import NEVER, facts_of, human_waits_of, waits_of
from responder.timing.bins import Ints

RETURNS_WITHIN_US: Final = 7 * 86_400 * 1_000_000
SEPARATOR: Final = "\x1f"
MOST_CHANGED: Final = 0.25  # of the rows; more are sooner read with the rest

_READ = f"""
SELECT string_agg(packed, ''::bytea) AS packed, string_agg(packed_human_waits, ''::bytea) AS human_waits,
    string_agg(xidsend(xmin), ''::bytea) AS versions,
    {", ".join(f"string_agg({name}, chr(31)) AS {name}" for name in NAMES)}
FROM enquiry_measures WHERE salon_id = %(salon)s AND """
READ = _READ + "day = ANY(%(days)s)"
READ_THESE = _READ + "enquiry_id = ANY(%(ids)s)"
VERSIONS = """
SELECT string_agg(int8send(enquiry_id), ''::bytea) AS enquiries, string_agg(xidsend(xmin), ''::bytea) AS versions
FROM enquiry_measures WHERE salon_id = %(salon)s AND day = ANY(%(days)s)
"""
# spelled out and no parameter: only so does the planner know that the partial index holds them all
IS_OPEN = " AND has_open"


@dataclass(frozen=True, kw_only=True)
class Versioned:
    """Rows as they were read, the transaction that wrote each, and their waits."""

    rows: Rows
    versions: Ints
    standing: Standing

    def __len__(self) -> int:
        return len(self.versions)


async def read_rows(connection: Connection, *, salon_id: int, days: Sequence[date], only_open: bool = False) -> Rows:
    """The kept enquiries of these local days; with `only_open` those of whom something is still awaited."""
    query = READ + IS_OPEN if only_open else READ
    return (await _read(connection, query, {"salon": salon_id, "days": list(days)})).rows()


async def read_loose(
    connection: Connection,
    *,
    salon_id: int,
    days: Sequence[date],
    open_days: Sequence[date],
    known: Versioned | None = None,
) -> Versioned:
    """The kept enquiries of `days`, and of `open_days` those of whom something is still awaited; of what is `known`
    only that is read again which another transaction has written since. In one snapshot."""
    of_days = {"salon": salon_id, "days": list(days)}
    of_open = {"salon": salon_id, "days": list(open_days)}
    if known is not None:
        # two statements each time: as one it takes PostgreSQL half as long again
        enquiries, versions = (
            np.concatenate(parts)
            for parts in zip(
                await _versions(connection, VERSIONS + IS_OPEN, of_open),
                await _versions(connection, VERSIONS, of_days),
                strict=True,
            )
        )
        is_same, is_there = _compared(known, enquiries, versions)
        changed = enquiries[~is_same]
        if len(changed) <= MOST_CHANGED * len(enquiries):
            rows = known.rows.where(is_there)
            standing = known.standing.where(is_there)
            if not len(changed):
                return Versioned(rows=rows, versions=known.versions[is_there], standing=standing)
            again = await _read(connection, READ_THESE, {"salon": salon_id, "ids": changed.tolist()})
            read = again.versioned()
            return Versioned(
                rows=rows.followed_by(read.rows),
                versions=np.concatenate((known.versions[is_there], read.versions)),
                standing=standing.followed_by(read.standing, rows=len(rows)),
            )
    found = await _read(connection, READ + IS_OPEN, of_open)
    return found.followed_by(await _read(connection, READ, of_days)).versioned()


@dataclass(frozen=True, kw_only=True)
class _Read:
    packed: bytes
    human_waits: bytes
    versions: bytes
    names: dict[str, list[str]]

    def followed_by(self, other: _Read) -> _Read:
        return _Read(
            packed=self.packed + other.packed,
            human_waits=self.human_waits + other.human_waits,
            versions=self.versions + other.versions,
            names={name: texts + other.names[name] for name, texts in self.names.items()},
        )

    def versioned(self) -> Versioned:
        rows = self.rows()
        return Versioned(rows=rows, versions=_numbers(self.versions, ">u4"), standing=Standing.of(rows))

    def rows(self) -> Rows:
        facts, human = facts_of(self.packed), human_waits_of(self.human_waits)
        enquiries = facts["enquiry"]
        row = _places(enquiries, human["enquiry"])
        return Rows(
            facts=facts | _of_its_resolution(facts),
            names={name: Marked.of_texts(texts) for name, texts in self.names.items()},
            waits=waits_of(self.packed),
            human=HumanWaits(row=row, from_us=human["from_us"], us=human["us"], working_us=human["working_us"]),
        )


async def _read(connection: Connection, query: str, values: dict[str, Any]) -> _Read:
    row = await _one(connection, query, values)
    return _Read(
        packed=row["packed"] or b"",
        human_waits=row["human_waits"] or b"",
        versions=row["versions"] or b"",
        names={name: [] if row[name] is None else row[name].split(SEPARATOR) for name in NAMES},
    )


async def _versions(connection: Connection, query: str, values: dict[str, Any]) -> tuple[Ints, Ints]:
    if not values["days"]:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    row = await _one(connection, query, values)
    return _numbers(row["enquiries"], ">i8"), _numbers(row["versions"], ">u4")


async def _one(connection: Connection, query: str, values: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] | None = await (await connection.execute(query, values, binary=True)).fetchone()
    if row is None:
        raise RuntimeError("an aggregate gives one row")
    return row


def _numbers(packed: bytes | None, kind: str) -> Ints:
    return np.frombuffer(packed or b"", dtype=kind).astype(np.int64)


def _compared(known: Versioned, enquiries: Ints, versions: Ints) -> tuple[np.typing.NDArray[np.bool_], ...]:
    """Which of the enquiries are known in just this version, and which of the known rows those are."""
    is_there = np.zeros(len(known), dtype=bool)
    if not len(known):
        return np.zeros(len(enquiries), dtype=bool), is_there
    order = np.argsort(known.rows.facts["enquiry"], kind="stable")
    place = np.searchsorted(known.rows.facts["enquiry"], enquiries, sorter=order)
    row = order[np.minimum(place, len(order) - 1)]
    is_same = (known.rows.facts["enquiry"][row] == enquiries) & (known.versions[row] == versions)
    is_there[row[is_same]] = True
    return is_same, is_there


def _places(numbers: Ints, wanted: Ints) -> Ints:
    """The position of each wanted number, every one of which is there."""
    if not len(numbers):
        return numbers
    if np.all(numbers[1:] > numbers[:-1]):  # as they were stored, mostly
        return np.searchsorted(numbers, wanted)
    order = np.argsort(numbers, kind="stable")
    return order[np.searchsorted(numbers, wanted, sorter=order)]


def _of_its_resolution(facts: dict[str, Ints]) -> dict[str, Ints]:
    resolved, returned = facts["resolved_us"], facts["returned_us"]
    is_resolved = resolved != NEVER
    has_returned = (returned != NEVER) & (returned <= resolved + RETURNS_WITHIN_US)
    return {
        "is_resolved": is_resolved.astype(np.int64),
        "is_settlement_known": is_resolved.astype(np.int64),
        "is_settled_at_once": (is_resolved & ~has_returned).astype(np.int64),
    }
