"""How waits are spread: a few bars with edges people think in, the bot's and the people's beside each other.

Every edge is one of the bins days are counted in, so that the bars are exact however many enquiries there are, and they
add up to the figure's `n`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from responder.db.engine import Database
from responder.reports.columns import kind_of
from responder.reports.counting import Asked
from responder.reports.keeping import bring_up_to_date
from responder.reports.library import EXACT_UP_TO, SNAPSHOT, Library, read_names
from responder.reports.memory import memory_of
from responder.reports.query import ReportQuery
from responder.timing.bins import Ints
from responder.timing.counts import ANSWERED, OPEN, RELEASED, Bools, WaitColumns
from responder.timing.measures import Measure

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
EDGES_S: Final = (
    *(1, 2, 3, 5, 10, 20, 30),
    *(step * _MINUTE for step in (1, 2, 3, 5, 10, 20, 30)),
    *(step * _HOUR for step in (1, 2, 4, 8, 12)),
    *(step * _DAY for step in (1, 2, 3, 7, 14, 30, 60, 100)),
)
SIDES: Final = (Measure.BOT_FRT, Measure.HUMAN_FRT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Waits longer than `from_s` and at most `to_s` (None: no end). `answered` took so long; `open` have lasted so long
    and go on; `missed` ended without an answer after so long, past the target."""

    from_s: int
    to_s: int | None
    answered: int
    open: int
    missed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """The bars of one measure, the shortest waits first; together they hold the `n` of its figure."""

    measure: Measure
    is_working: bool
    within_s: float
    bars: tuple[Bar, ...]

    @property
    def n(self) -> int:
        return sum(bar.answered + bar.open + bar.missed for bar in self.bars)


async def run_histogram(
    database: Database,
    query: ReportQuery,
    *,
    now: datetime,
    measures: Sequence[Measure] = SIDES,
    is_working: bool = False,
    exact_up_to: int = EXACT_UP_TO,
) -> tuple[Distribution, ...]:
    """The distribution of each of `measures`, all with the same bars: from the shortest edge to the last that is used
    by any."""
    asked = [
        Asked(
            measure=measure,
            kind=kind_of(measure, query.definition),
            is_working=is_working,
            within_s=query.within_s[measure],
        )
        for measure in measures
    ]
    await bring_up_to_date(database, query.salon, now=now)
    async with database.transaction() as connection:
        await connection.execute(SNAPSHOT)
        names = await read_names(connection, query.salon.id)
        library = Library(connection, query, names, memory=memory_of(database), now=now, exact_up_to=exact_up_to)
        waits = (await library.book(query, asked)).waits(asked)
    return _distributions(waits, asked)


def _distributions(waits: WaitColumns, asked: Sequence[Asked]) -> tuple[Distribution, ...]:
    bar = _bar_of(waits)
    is_missed: Bools = np.equal(waits.ending, RELEASED) & waits.is_past
    counts = [
        _counted(waits, bar, which, len(asked))
        for which in (np.equal(waits.ending, ANSWERED), np.equal(waits.ending, OPEN), is_missed)
    ]
    used = np.flatnonzero(sum(found.sum(axis=0) for found in counts))
    size = int(used[-1]) + 1 if len(used) else 0
    edges = (0, *EDGES_S, None)
    return tuple(
        Distribution(
            measure=ask.measure,
            is_working=ask.is_working,
            within_s=ask.within_s,
            bars=tuple(
                Bar(
                    from_s=edges[bar] or 0,
                    to_s=edges[bar + 1],
                    answered=int(counts[0][at, bar]),
                    open=int(counts[1][at, bar]),
                    missed=int(counts[2][at, bar]),
                )
                for bar in range(size)
            ),
        )
        for at, ask in enumerate(asked)
    )


def _bar_of(waits: WaitColumns) -> Ints:
    """An answer at an edge belongs below it. A wait that ended unmet at an edge belongs above, as it does in the bins
    of counted days: it has missed a target there."""
    edges = np.array(EDGES_S, dtype=np.float64)
    below = np.searchsorted(edges, waits.seconds, side="left")
    above = np.searchsorted(edges, waits.seconds, side="right")
    return np.where(waits.ending == RELEASED, above, below).astype(np.int64)


def _counted(waits: WaitColumns, bar: Ints, which: Bools, size: int) -> Ints:
    bars = len(EDGES_S) + 1
    key = waits.figure[which] * bars + bar[which]
    found = np.bincount(key, weights=waits.count[which], minlength=size * bars)
    return np.round(found).astype(np.int64).reshape(size, bars)
