"""Kept measures of many enquiries as columns, without an object for every enquiry; `reading` reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from responder.reports.records import RELEASABLE, SINGLES
from responder.reports.working import WorkingTime, micros_of
from responder.timing.bins import Ints
from responder.timing.counts import ANSWERED, OPEN, RELEASED, Bools
from responder.timing.definitions import Definition
from responder.timing.measures import Measure

Elapsed = Callable[[Ints], Ints]

NEVER_OPEN: Final = ("pipeline_lag", "zendesk", "intercom", "chatwoot")  # who was not answered has no value there
HUMAN_WAIT: Final = "human_wait"
KINDS: Final = (*SINGLES, HUMAN_WAIT)
EXCLUSIONS: Final = ("spam", "outreach", "test")
SIDES: Final = ("bot", "human", "other", "nobody")

NAMES: Final = ("source", "category", "priority", "specialist")
SETTLEMENT: Final = ("is_settlement_known", "is_settled_at_once")


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A mark of every position: the values there are, each once or more and some perhaps of nobody, and which of them
    each position has."""

    values: NDArray[np.generic]
    codes: Ints

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> Marked:
        values = sorted(set(texts))
        number = {value: at for at, value in enumerate(values)}
        codes = np.fromiter(map(number.__getitem__, texts), dtype=np.int64, count=len(texts))
        return cls(values=np.array(values, dtype=np.str_), codes=codes)

    @classmethod
    def of_numbers(cls, numbers: Ints) -> Marked:
        values, codes = np.unique(numbers, return_inverse=True)
        return cls(values=values, codes=codes.astype(np.int64))

    def __len__(self) -> int:
        return len(self.codes)

    def where(self, which: Bools) -> Marked:
        return replace(self, codes=self.codes[which])

    def followed_by(self, other: Marked) -> Marked:
        values, codes = np.unique(np.concatenate((self.values, other.values)), return_inverse=True)
        mine, others = codes[: len(self.values)], codes[len(self.values) :]
        return Marked(values=values, codes=np.concatenate((mine[self.codes], others[other.codes])))

    def isin(self, wanted: Sequence[str] | Sequence[int]) -> Bools:
        found: Bools = np.isin(self.values, wanted)[self.codes]
        return found


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
    names: dict[str, Marked]
    waits: dict[str, Ints]
    human: HumanWaits

    def __len__(self) -> int:
        return len(self.facts["enquiry"])

    def where(self, which: Bools) -> Rows:
        """Only the enquiries chosen."""
        if which.all():
            return self
        position = np.cumsum(which) - 1
        kept = which[self.human.row]
        human = self.human
        return Rows(
            facts={name: column[which] for name, column in self.facts.items()},
            names={name: marked.where(which) for name, marked in self.names.items()},
            waits={name: column[which] for name, column in self.waits.items()},
            human=replace(
                human,
                row=position[human.row[kept]],
                from_us=human.from_us[kept],
                us=human.us[kept],
                working_us=human.working_us[kept],
            ),
        )

    def followed_by(self, other: Rows) -> Rows:
        human, others = self.human, other.human
        return Rows(
            facts={name: np.concatenate((column, other.facts[name])) for name, column in self.facts.items()},
            names={name: marked.followed_by(other.names[name]) for name, marked in self.names.items()},
            waits={name: np.concatenate((column, other.waits[name])) for name, column in self.waits.items()},
            human=HumanWaits(
                row=np.concatenate((human.row, others.row + len(self))),
                from_us=np.concatenate((human.from_us, others.from_us)),
                us=np.concatenate((human.us, others.us)),
                working_us=np.concatenate((human.working_us, others.working_us)),
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
