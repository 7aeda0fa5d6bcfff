"""A day's enquiries counted: those of one channel, source, category and priority become one cell of small records.

Cells of many days are laid end to end and decoded in one piece. A wait that goes on is in no cell: it grows, and is
read from its enquiry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from responder.reports.columns import EXCLUSIONS, HUMAN_WAIT, KINDS, SIDES, Found, Marked, Rows, find_waits
from responder.reports.marks import number_of
from responder.timing.bins import Ints, bin_of, bin_of_unmet
from responder.timing.counts import ANSWERED, OPEN, Bools

ENTRY: Final = np.dtype("<u8")
"""A record: how many in the low 32 bits, above them what was counted: bin (13 bits), whether it ended unmet (1), the
position of its kind in `CODES` (5), the salon's local hour of arrival or `ANY_HOUR` (5)."""

COUNT_BITS, BIN_BITS, CODE_SHIFT, HOUR_SHIFT = 32, 13, 14, 19
BIN_MASK: Final = (1 << BIN_BITS) - 1
_WHAT_BITS: Final = HOUR_SHIFT + 5
CODES: Final = tuple((kind, is_working) for kind in KINDS for is_working in (False, True))
ANY_HOUR: Final = 24
BY_HOUR: Final = ("first_useful", HUMAN_WAIT)
COUNTERS: Final = (
    "arrivals",
    *EXCLUSIONS,
    *(f"first_by_{side}" for side in SIDES),
    "booked",
    "handed_off",
    "resolved",
    "settlement_known",
    "settled_at_once",
    "skewed",
)
MARKS: Final = ("source", "category", "priority")


SHORT: Final = ("first_useful", "bot_frt", "human_frt", HUMAN_WAIT)  # what every cut of a report shows


class Part(StrEnum):
    """Entries are kept in parts, so that a report reads what it shows; the values are names of columns."""

    SHORT = "short"  # the kinds of `SHORT`, in calendar time
    SHORT_WORKING = "short_working"  # the same in working time
    MORE = "more"  # all the others
    HOURLY = "hourly"  # the kinds of `BY_HOUR`, by hour


class Side(StrEnum):
    """What the cells of a day are cut by: nothing, one mark, one kind of person, or so much that a question about a
    choice of marks can be answered."""

    DAY = "day"
    CHANNEL = "channel"
    SOURCE = "source"
    CATEGORY = "category"
    PRIORITY = "priority"
    OPERATOR = "operator"
    SPECIALIST = "specialist"
    CELL = "cell"  # the channel and all of MARKS
    OPERATOR_BY_CHANNEL = "operator_by_channel"
    SPECIALIST_BY_CHANNEL = "specialist_by_channel"

    @property
    def person(self) -> str:
        """Which person cells are of, "" for everybody's."""
        return self.value.removesuffix("_by_channel") if self.value.startswith(("operator", "specialist")) else ""

    @property
    def is_by_channel(self) -> bool:
        return self in (Side.CHANNEL, Side.CELL) or self.value.endswith("_by_channel")

    @property
    def marks(self) -> tuple[str, ...]:
        return MARKS if self is Side.CELL else tuple(mark for mark in MARKS if mark == self.value)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is kept of it: hours are asked for of everybody, or of a choice of marks."""
        return tuple(part for part in Part if part is not Part.HOURLY or self in (Side.DAY, Side.CELL))

    @property
    def parts_of_week(self) -> tuple[Part, ...]:
        """What is kept of whole weeks: what a report of everything shows. An hour of a week is one of a day."""
        is_for_choices = self is Side.CELL or self.value.endswith("_by_channel")
        return () if is_for_choices else tuple(part for part in self.parts if part is not Part.HOURLY)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Waits that have ended: the position of the enquiry, what an entry of it would say below the hour, the hour."""

    row: Ints
    what: Ints
    hour: Ints


@dataclass(frozen=True, kw_only=True)
class Standing:
    """All waits of enquiries as they stand, whatever the time is: of those that have ended the position of the enquiry
    and what an entry would say, of those that go on the position, the code and since when (microseconds)."""

    row: Ints
    what: Ints
    open_row: Ints
    open_code: Ints
    open_from: Ints

    @classmethod
    def of(cls, rows: Rows) -> Standing:
        ended, going_on = [], []
        for code, (kind, is_working) in enumerate(CODES):
            waits = find_waits(rows, kind, is_working=is_working, elapsed=lambda from_us: from_us)
            ended.append(_ended_among(waits, code))
            is_open = waits.ending == OPEN
            since = waits.us[is_open]
            going_on.append((waits.row[is_open], np.full(len(since), code, dtype=np.int64), since))
        row, what = (np.concatenate([part[at] for part in ended]) for at in range(2))
        open_row, open_code, open_from = (np.concatenate([part[at] for part in going_on]) for at in range(3))
        return cls(row=row, what=what, open_row=open_row, open_code=open_code, open_from=open_from)

    def where(self, which: Bools) -> Standing:
        """Those of the enquiries chosen, numbered among them."""
        if which.all():
            return self
        position = np.cumsum(which) - 1
        ended, going_on = which[self.row], which[self.open_row]
        return Standing(
            row=position[self.row[ended]],
            what=self.what[ended],
            open_row=position[self.open_row[going_on]],
            open_code=self.open_code[going_on],
            open_from=self.open_from[going_on],
        )

    def followed_by(self, other: Standing, *, rows: int) -> Standing:
        """With those of enquiries that come after the first `rows`."""
        return Standing(
            row=np.concatenate((self.row, other.row + rows)),
            what=np.concatenate((self.what, other.what)),
            open_row=np.concatenate((self.open_row, other.open_row + rows)),
            open_code=np.concatenate((self.open_code, other.open_code)),
            open_from=np.concatenate((self.open_from, other.open_from)),
        )


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells as columns: what each is of, its counters, and the entries of all, each with the cell it is of. `person` is
    the name of the one a cell is about, "" for cells of everybody."""

    day: Ints  # days since 1970
    account: Ints
    names: dict[str, NDArray[np.str_]]  # of MARKS, and "person"
    counters: NDArray[np.int64]  # cells x COUNTERS
    entries: NDArray[np.uint64]
    cell: Ints

    @cached_property
    def what(self) -> Ints:
        """What each entry counts: everything above its count."""
        return (self.entries >> np.uint64(COUNT_BITS)).astype(np.int64)

    @cached_property
    def kind(self) -> Ints:
        """The position of each entry's kind in `CODES`, twice, plus one where it ended unmet."""
        return self.what >> BIN_BITS & (1 << HOUR_SHIFT - BIN_BITS) - 1

    @cached_property
    def bin(self) -> Ints:
        return self.what & BIN_MASK

    @cached_property
    def counts(self) -> Ints:
        return (self.entries & np.uint64((1 << COUNT_BITS) - 1)).astype(np.int64)

    def __len__(self) -> int:
        return len(self.day)

    def where(self, which: Bools) -> Cells:
        if which.all():
            return self
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

    def known_until(self, day: int) -> Cells:
        """As `Rows.known_until`."""
        counters = self.counters.copy()
        for name in ("settlement_known", "settled_at_once"):
            counters[self.day > day, COUNTERS.index(name)] = 0
        return replace(self, counters=counters)

    def put_together(self, day: int) -> Cells:
        """The cells of several days as those of one stretch that begins on `day`."""
        keys = [self.account, *self.names.values()]
        group, first = _grouped(keys, len(self))
        key, place = np.unique(group[self.cell] << _WHAT_BITS | self.what, return_inverse=True)
        counts = np.bincount(place, weights=self.counts, minlength=len(key)).astype(np.uint64)
        counters = np.zeros((len(first), len(COUNTERS)), dtype=np.int64)
        np.add.at(counters, group, self.counters)
        return Cells(
            day=np.full(len(first), day, dtype=np.int64),
            account=self.account[first],
            names={name: column[first] for name, column in self.names.items()},
            counters=counters,
            entries=(key & (1 << _WHAT_BITS) - 1).astype(np.uint64) << np.uint64(COUNT_BITS) | counts,
            cell=key >> _WHAT_BITS,
        )

    def split(self) -> Iterator[tuple[int, bytes]]:
        """Each cell's position and its entries as stored."""
        order = np.argsort(self.cell, kind="stable")
        bounds = np.searchsorted(self.cell[order], np.arange(len(self) + 1))
        entries = self.entries[order]
        for at in range(len(self)):
            yield at, entries[bounds[at] : bounds[at + 1]].tobytes()


def cells_of(rows: Rows, side: Side, parts: Sequence[Part], *, ended: Ended | None = None) -> Cells:
    """The cells of these enquiries, with `ended` of the same rows. Who has no such person is in none. People are cut by
    channel at most: cut by source, category and priority too, most of their cells would hold one enquiry."""
    uncut = Marked(values=np.zeros(1, dtype=np.str_), codes=np.zeros(len(rows), dtype=np.int64))
    account = rows.facts["account"] if side.is_by_channel else np.zeros(len(rows), dtype=np.int64)
    marks = {name: rows.names[name] if name in side.marks else uncut for name in MARKS}
    person = people_of(rows, side.person) if side.person else uncut
    mine = ~person.isin([""]) if side.person else np.ones(len(rows), dtype=bool)
    keys = [rows.facts["day"], account, *(marks[name].codes for name in side.marks), person.codes]
    grouped, first_of_mine = _grouped([key[mine] for key in keys], int(mine.sum()))
    cell = np.full(len(rows), -1, dtype=np.int64)
    cell[mine] = grouped
    first = np.flatnonzero(mine)[first_of_mine]
    entries, entry_cell = _entries(ended or ended_waits(rows), cell, parts)
    return Cells(
        day=rows.facts["day"][first],
        account=account[first],
        names={
            name: marked.values[marked.codes[first]].astype(np.str_)
            for name, marked in (marks | {"person": person}).items()
        },
        counters=add_up(counted_by(rows), cell, len(first)),
        entries=entries,
        cell=entry_cell,
    )


def people_of(rows: Rows, person: str) -> Marked:
    """Who each enquiry is put to the account of: the operator's id as text, or the specialist's key; "" for nobody."""
    if person == "specialist":
        return rows.names["specialist"]
    operators = Marked.of_numbers(rows.facts["operator"])
    named = np.array([str(one) if one else "" for one in operators.values.tolist()], dtype=np.str_)
    return replace(operators, values=named)


def read_cells(stored: Sequence[tuple[date, int, str, str, str, str, list[int], bytes]]) -> Cells:
    """Cells out of their rows: day, account, source, category, priority, person, counters, entries."""
    sizes = np.array([len(row[7]) // ENTRY.itemsize for row in stored], dtype=np.int64)
    return Cells(
        day=np.array([number_of(row[0]) for row in stored], dtype=np.int64),
        account=np.array([row[1] for row in stored], dtype=np.int64),
        names={
            name: np.array([row[at] for row in stored], dtype=np.str_)
            for at, name in enumerate((*MARKS, "person"), start=2)
        },
        counters=np.array([row[6] for row in stored], dtype=np.int64).reshape(len(stored), len(COUNTERS)),
        entries=np.frombuffer(b"".join(row[7] for row in stored), dtype=ENTRY),
        cell=np.repeat(np.arange(len(stored), dtype=np.int64), sizes),
    )


def _grouped(keys: Sequence[NDArray[np.generic]], size: int) -> tuple[Ints, Ints]:
    """The group of each position, groups in order of their keys, and the first position of each group."""
    group = np.zeros(size, dtype=np.int64)
    for key in keys:
        _, codes = np.unique(key, return_inverse=True)
        _, group = np.unique(group * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    _, first = np.unique(group, return_index=True)
    return group.astype(np.int64), first.astype(np.int64)


def counted_by(rows: Rows) -> tuple[Ints, Ints]:
    """Every counting: the position of an enquiry, and of one of `COUNTERS` that counts it."""
    facts, counted = rows.facts, rows.is_counted
    flags: list[Bools] = [counted]
    flags += [facts["excluded"] == code for code in range(1, len(EXCLUSIONS) + 1)]
    flags += [counted & (facts["first_by"] == code) for code in range(len(SIDES))]
    flags += [
        counted & (facts[name] == 1)
        for name in (
            "is_booked",
            "is_handed_off",
            "is_resolved",
            "is_settlement_known",
            "is_settled_at_once",
            "is_skewed",
        )
    ]
    counter, row = np.nonzero(np.stack(flags))
    return row.astype(np.int64), counter.astype(np.int64)


def add_up(counting: tuple[Ints, Ints], group: Ints, size: int) -> NDArray[np.int64]:
    """Counters of each of `size` groups; `counting` is what `counted_by` gives, `group` that of each enquiry (-1:
    none)."""
    row, counter = counting
    of_row = group[row]
    key = (of_row * len(COUNTERS) + counter)[of_row >= 0]
    return np.bincount(key, minlength=size * len(COUNTERS)).reshape(size, len(COUNTERS)).astype(np.int64)


def ended_waits(rows: Rows) -> Ended:
    """Every wait that has ended, as entries would count it."""
    found = [ended_of(rows, code) for code in range(len(CODES))]
    row, what = (np.concatenate([part[at] for part in found]) for at in range(2))
    return Ended(row=row, what=what, hour=rows.facts["hour"][row])


def ended_of(rows: Rows, code: int) -> tuple[Ints, Ints]:
    """The waits of one of `CODES` that have ended: the position of the enquiry, what an entry of it would say."""
    kind, is_working = CODES[code]
    return _ended_among(find_waits(rows, kind, is_working=is_working), code)


def _ended_among(waits: Found, code: int) -> tuple[Ints, Ints]:
    has_ended = waits.ending != OPEN
    row, us, ending = waits.row[has_ended], waits.us[has_ended], waits.ending[has_ended]
    at = bin_of(us)
    unmet = ending != ANSWERED
    at[unmet] = bin_of_unmet(us[unmet])
    return row, code << CODE_SHIFT | ending << BIN_BITS | at


def _entries(ended: Ended, cell: Ints, parts: Sequence[Part]) -> tuple[NDArray[np.uint64], Ints]:
    """Ended waits counted by cell, kind, ending, bin and, in their own part, hour."""
    in_cell, code = cell[ended.row], ended.what >> CODE_SHIFT
    keys = [np.zeros(0, dtype=np.int64)]
    for part in parts:
        chosen = _CODES_OF[part][code] & (in_cell >= 0)
        hour = ended.hour[chosen] if part is Part.HOURLY else np.int64(ANY_HOUR)
        keys.append(in_cell[chosen] << _WHAT_BITS | hour << HOUR_SHIFT | ended.what[chosen])
    found, counts = np.unique(np.concatenate(keys), return_counts=True)
    what = (found & (1 << _WHAT_BITS) - 1).astype(np.uint64)
    return what << np.uint64(COUNT_BITS) | counts.astype(np.uint64), found >> _WHAT_BITS


_CODES_OF: Final = {
    Part.SHORT: np.array([kind in SHORT and not is_working for kind, is_working in CODES]),
    Part.SHORT_WORKING: np.array([kind in SHORT and is_working for kind, is_working in CODES]),
    Part.MORE: np.array([kind not in SHORT for kind, _ in CODES]),
    Part.HOURLY: np.array([kind in BY_HOUR and not is_working for kind, is_working in CODES]),
}
