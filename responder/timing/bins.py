"""Waits counted in bins, so that a month is a few thousand small numbers instead of every enquiry in it.

The edges of the bins hold every wait a target is likely to name, so that a share within a target is counted exactly;
between them a bin is at most two per cent wide, so that a quantile read from its middle is within one per cent.
numpy is imported by whoever imports this: reports do, the hot path must not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

GROWTH: Final = 1.0195  # with the rounding to whole microseconds no bin is wider than two per cent
SECOND_US: Final = 1_000_000
_SHORTEST_US, _LONGEST_US = 1_000, 100 * 86_400 * SECOND_US


def _edges() -> Ints:
    steps = np.arange(np.log(_LONGEST_US / _SHORTEST_US) / np.log(GROWTH) + 1)
    named = np.concatenate(
        [
            np.arange(1, 301) * SECOND_US,
            np.arange(1, 24 * 60 + 1) * 60 * SECOND_US,
            np.arange(1, 100 * 24 + 1) * 3_600 * SECOND_US,
        ]
    )
    grown = np.round(_SHORTEST_US * GROWTH**steps).astype(np.int64)
    return np.unique(np.concatenate([np.zeros(1, np.int64), grown, named.astype(np.int64)]))


EDGES_US: Final[Ints] = _edges()
"""Ascending; bin `i` holds waits in (EDGES_US[i - 1], EDGES_US[i]], bin 0 what took no time, and one bin more than
there are edges holds what lies beyond the last."""

BINS: Final = len(EDGES_US) + 1


def bin_of(waits_us: Ints) -> Ints:
    """The bin of each wait in microseconds."""
    return np.searchsorted(EDGES_US, waits_us, side="left").astype(np.int64)


def bin_of_unmet(waits_us: Ints) -> Ints:
    """The bin of each wait that ended unmet: these hold their lower edge and not their upper one, since a wait of
    exactly a target's length that was not met has missed it."""
    return np.searchsorted(EDGES_US, waits_us, side="right").astype(np.int64)


def edge_at(seconds: float) -> int | None:
    """The last bin of the waits of at most `seconds` (of unmet ones: of less than `seconds`); None when no edge lies
    there, and then bins cannot tell."""
    wanted = round(seconds * SECOND_US)
    position = int(np.searchsorted(EDGES_US, wanted, side="left"))
    return position if position < len(EDGES_US) and int(EDGES_US[position]) == wanted else None


def _middles() -> Floats:
    low, high = EDGES_US[:-1].astype(float), EDGES_US[1:].astype(float)
    between = np.where(low > 0, np.sqrt(low * high), high)
    return np.concatenate([[0.0], between, [float(EDGES_US[-1])]]) / SECOND_US


MIDDLES_S: Final[Floats] = _middles()
"""The wait a bin stands for, in seconds: the geometric middle of its edges."""
