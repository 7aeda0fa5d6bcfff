"""A day's enquiries counted: those of one channel, source, category and priority become one cell of small records.

Cells of many days are laid end to end and decoded in one piece. A wait that goes on is in no cell: it grows, and is
read from its enquiry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from responder.reports.columns import EXCLUSIONS, HUMAN_WAIT, KINDS, SIDES, Names, Rows, find_waits
from responder.reports.working import EPOCH
from responder.timing.bins import Ints, bin_of, bin_of_unmet
from responder.timing.counts import ANSWERED, OPEN, Bools

ENTRY: Final = np.dtype([("kind", "u1"), ("ending", "u1"), ("bin", "<u2"), ("hour", "u1"), ("count", "<u4")])
"""`kind` is a position in `CODES`, `hour` the salon's local hour of arrival or `ANY_HOUR`."""

CODES: Final = tuple((kind, is_working) for kind in KINDS for is_working in (False, True))
ANY_HOUR: Final = 255
BY_HOUR: Final = ("first_useful", HUMAN_WAIT)
COUNTERS: Final = (
    "arrivals",
    *EXCLUSIONS,
    *(f"first_by_{side}" for side in SIDES),
    "booked",
    "handed_off",
    "resolved",
    "settled_at_once",
    "skewed",
)
MARKS: Final = ("source", "category", "priority")


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells as columns: what each is of, its counters, and the entries of all, each with the cell it is of. `person` is
    the name of the one a cell is about, "" for cells of whole days."""

    day: Ints  # days since 1970
    account: Ints
    names: dict[str, Names]  # of MARKS, and "person"
    counters: NDArray[np.int64]  # cells x COUNTERS
    entries: NDArray[np.void]
    cell: Ints

    def __len__(self) -> int:
        return len(self.day)

    def where(self, which: Bools) -> Cells:
        position = np.cumsum(which) - 1
        kept = which[self.cell]
        return Cells(
            day=self.day[which],
            account=self.account[which],
            names={name: column[which] for name, column in self.names.items()},
            counters=self.counters[which],
            entries=self.entries[kept],
            cell=position[self.cell[kept]],
        )

    @staticmethod
    def joined(parts: Sequence[Cells]) -> Cells:
        offsets = np.cumsum([0, *(len(part) for part in parts)])
        return Cells(
            day=np.concatenate([part.day for part in parts]),
            account=np.concatenate([part.account for part in parts]),
            names={name: np.concatenate([part.names[name] for part in parts]) for name in parts[0].names},
            counters=np.concatenate([part.counters for part in parts]),
            entries=np.concatenate([part.entries for part in parts]),
            cell=np.concatenate([part.cell + offset for part, offset in zip(parts, offsets, strict=False)]),
        )

    def split(self) -> Iterator[tuple[int, bytes]]:
        """Each cell's position and its entries as stored."""
        order = np.argsort(self.cell, kind="stable")
        bounds = np.searchsorted(self.cell[order], np.arange(len(self) + 1))
        entries = self.entries[order]
        for at in range(len(self)):
            yield at, entries[bounds[at] : bounds[at + 1]].tobytes()


def cells_of_rows(rows: Rows) -> Cells:
    """The cells of whole days."""
    keys = (rows.facts["day"], rows.facts["account"], *(rows.names[name] for name in MARKS))
    cell, first = _grouped(keys, len(rows))
    return _cells(rows, cell, first, person=np.zeros(len(first), dtype=np.str_))


def cells_of_people(rows: Rows, people: Names) -> Cells:
    """The cells of single people by channel, `people` naming the one each row is about; rows of nobody ("") are in
    none. They are not cut by source, category and priority: most of their cells would hold one enquiry."""
    mine = people != ""
    rows, people = rows.where(mine), people[mine]
    cell, first = _grouped((rows.facts["day"], rows.facts["account"], people), len(rows))
    cells = _cells(rows, cell, first, person=people[first])
    uncut = dict.fromkeys(MARKS, np.zeros(len(cells), dtype=np.str_))
    return replace(cells, names=cells.names | uncut)


def read_cells(stored: Sequence[tuple[date, int, str, str, str, str, list[int], bytes]]) -> Cells:
    """Cells out of their rows: day, account, source, category, priority, person, counters, entries."""
    sizes = np.array([len(row[7]) // ENTRY.itemsize for row in stored], dtype=np.int64)
    return Cells(
        day=np.array([(row[0] - EPOCH.date()).days for row in stored], dtype=np.int64),
        account=np.array([row[1] for row in stored], dtype=np.int64),
        names={
            name: np.array([row[at] for row in stored], dtype=np.str_)
            for at, name in enumerate((*MARKS, "person"), start=2)
        },
        counters=np.array([row[6] for row in stored], dtype=np.int64).reshape(len(stored), len(COUNTERS)),
        entries=np.frombuffer(b"".join(row[7] for row in stored), dtype=ENTRY),
        cell=np.repeat(np.arange(len(stored), dtype=np.int64), sizes),
    )


def day_of(ordinal: int) -> date:
    return EPOCH.date() + timedelta(days=ordinal)


def _grouped(keys: Sequence[NDArray[np.generic]], size: int) -> tuple[Ints, Ints]:
    """The group of each position, groups in order of their keys, and the first position of each group."""
    group = np.zeros(size, dtype=np.int64)
    for key in keys:
        _, codes = np.unique(key, return_inverse=True)
        _, group = np.unique(group * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    _, first = np.unique(group, return_index=True)
    return group.astype(np.int64), first.astype(np.int64)


def _cells(rows: Rows, cell: Ints, first: Ints, *, person: Names) -> Cells:
    entries, entry_cell = _entries(rows, cell)
    return Cells(
        day=rows.facts["day"][first],
        account=rows.facts["account"][first],
        names={name: rows.names[name][first] for name in MARKS} | {"person": person},
        counters=counters_of(rows, cell, len(first)),
        entries=entries,
        cell=entry_cell,
    )


def counters_of(rows: Rows, cell: Ints, size: int) -> NDArray[np.int64]:
    """How many enquiries of each of `size` groups each of `COUNTERS` counts; `cell` is the group of each row."""
    facts, counted = rows.facts, rows.is_counted
    flags: list[Bools] = [counted]
    flags += [facts["excluded"] == code for code in range(1, len(EXCLUSIONS) + 1)]
    flags += [counted & (facts["first_by"] == code) for code in range(len(SIDES))]
    flags += [
        counted & (facts[name] == 1)
        for name in ("is_booked", "is_handed_off", "is_resolved", "is_settled_at_once", "is_skewed")
    ]
    return np.stack([np.bincount(cell[flag], minlength=size) for flag in flags], axis=1).astype(np.int64)


def _entries(rows: Rows, cell: Ints) -> tuple[NDArray[np.void], Ints]:
    """Waits that have ended, counted by cell, kind, ending, bin and hour."""
    parts: list[tuple[Ints, int, Ints, Ints, Ints]] = []
    for code, (kind, is_working) in enumerate(CODES):
        row, us, ending = _ended(rows, kind, is_working=is_working)
        at = np.where(ending == ANSWERED, bin_of(us), bin_of_unmet(us))
        parts.append((cell[row], code, ending, at, np.full(len(row), ANY_HOUR)))
        if kind in BY_HOUR and not is_working:
            parts.append((cell[row], code, ending, at, rows.facts["hour"][row]))
    cells = np.concatenate([part[0] for part in parts])
    codes = np.concatenate([np.full(len(part[0]), part[1]) for part in parts])
    endings, bins, hours = (np.concatenate([part[at] for part in parts]) for at in (2, 3, 4))
    packed = (((cells << 8 | codes) << 2 | endings) << 16 | bins) << 8 | hours
    found, counts = np.unique(packed, return_counts=True)
    entries = np.empty(len(found), dtype=ENTRY)
    entries["hour"] = found & 0xFF
    entries["bin"] = found >> 8 & 0xFFFF
    entries["ending"] = found >> 24 & 0x3
    entries["kind"] = found >> 26 & 0xFF
    entries["count"] = counts
    return entries, found >> 34


def _ended(rows: Rows, kind: str, *, is_working: bool) -> tuple[Ints, Ints, Ints]:
    found = find_waits(rows, kind, is_working=is_working)
    ended = found.ending != OPEN
    return found.row[ended], found.us[ended], found.ending[ended]
