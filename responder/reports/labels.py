"""What a report is cut by: the mark of every enquiry, or of every cell of counted days."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from responder.reports.columns import Marked, Rows
from responder.reports.entries import HOUR_SHIFT, Cells, people_of
from responder.reports.marks import HOURS, By
from responder.timing.bins import Ints

Labels = NDArray[np.generic]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What stands behind the numbers: kinds of channel accounts, keys of operators."""

    channels: Mapping[int, str]
    operators: Mapping[str, str]

    @property
    def key(self) -> Hashable:
        """Equal for equal names."""
        return tuple(sorted(self.channels.items())), tuple(sorted(self.operators.items()))

    def channel(self, accounts: Ints) -> Marked:
        found = Marked.of_numbers(accounts)
        return _named(found, [self.channels.get(account, "") for account in found.values.tolist()])

    def person(self, by: By, people: Marked) -> Marked:
        if by is not By.OPERATOR:
            return people
        return _named(people, [self.operators.get(person, "") for person in people.values.tolist()])


def row_labels(rows: Rows, by: By, names: Names) -> Marked:
    facts = rows.facts
    match by:
        case By.CHANNEL:
            return names.channel(facts["account"])
        case By.OPERATOR | By.SPECIALIST:
            return names.person(by, people_of(rows, by.value))
        case By.HOUR:
            return Marked.of_numbers(facts["hour"])
        case By.WEEK_HOUR:
            return Marked.of_numbers((facts["day"] + 3) % 7 * 24 + facts["hour"])
        case By.DAY | By.WEEK:
            return Marked.of_numbers(_dated(facts["day"], by))
        case _:
            return rows.names[by.value]


def cell_labels(cells: Cells, by: By, names: Names) -> Marked:
    """Of each cell; by hours of each entry."""
    match by:
        case By.CHANNEL:
            return names.channel(cells.account)
        case By.OPERATOR | By.SPECIALIST:
            return names.person(by, Marked.of_texts(cells.names["person"].tolist()))
        case By.HOUR:
            return Marked.of_numbers(_hours(cells))
        case By.WEEK_HOUR:
            return Marked.of_numbers((cells.day[cells.cell] + 3) % 7 * 24 + _hours(cells))
        case By.DAY | By.WEEK:
            return Marked.of_numbers(_dated(cells.day, by))
        case _:
            return Marked.of_texts(cells.names[by.value].tolist())


def coded(found: Marked, by: By) -> tuple[Labels, Ints]:
    """The values that somebody has, ascending, and which of them each position has; by hours every hour there is.
    Nobody's enquiries are in no person's group (-1)."""
    number = np.full(len(found.values), -1, dtype=np.int64)
    if by.is_hourly:
        hours = np.arange(HOURS[by], dtype=np.int64)
        is_hour = np.isin(found.values, hours)
        number[is_hour] = found.values[is_hour].astype(np.int64)
        return hours, number[found.codes]
    is_used = np.bincount(found.codes, minlength=len(found.values)) > 0
    labels, number[is_used] = np.unique(found.values[is_used], return_inverse=True)
    if by.is_person and len(labels) and labels[0] == "":
        return labels[1:], (number - 1)[found.codes]
    return labels, number[found.codes]


def _named(found: Marked, names: list[str]) -> Marked:
    return replace(found, values=np.array(names, dtype=np.str_))


def _hours(cells: Cells) -> Ints:
    return cells.what >> HOUR_SHIFT


def _dated(days: Ints, by: By) -> Ints:
    """The first of January 1970 was a Thursday; a week is named by its Monday."""
    return days if by is By.DAY else (days + 3) // 7 * 7 - 3
