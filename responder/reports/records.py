"""How a kept enquiry is packed into bytes by the database (migration 0011), and what numpy reads out of them.

One fixed record an enquiry and one a wait for a person, numbers big-endian, so that a day of enquiries is two strings
that need no parsing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from responder.reports.marks import EPOCH
from responder.reports.working import micros_of
from responder.timing.bins import Ints

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
NEVER: Final = -1  # what stands for a wait that was not met, and for a time that has not come

_INSTANTS = ("start_us", "resolved_us", "returned_us")
_WAITS: Final = (
    *(f"{stem}{mode}" for stem in SINGLES for mode in ("", "_working")),
    *(f"{stem}_released{mode}" for stem in RELEASABLE for mode in ("", "_working")),
)
ENQUIRY: Final = np.dtype(
    [
        *((name, ">i8") for name in ("enquiry", "account", "operator", *_INSTANTS)),
        ("day", ">i4"),
        *((name, ">i2") for name in ("hour", "excluded", "first_by")),
        *((name, "i1") for name in ("is_booked", "is_handed_off", "is_skewed")),
        *((name, ">i8") for name in _WAITS),
    ]
)
# the same record with its waits, which stand side by side at its end, as one row of numbers: turned round in one go
_WAITS_TOGETHER: Final = np.dtype(
    {
        "names": ["waits"],
        "formats": [(">i8", len(_WAITS))],
        "offsets": [ENQUIRY.itemsize - 8 * len(_WAITS)],
        "itemsize": ENQUIRY.itemsize,
    }
)
HUMAN_WAITS: Final = np.dtype([(name, ">i8") for name in ("enquiry", "from_us", "us", "working_us")])

# PostgreSQL's times begin with the year 2000
_ERA: Final = EPOCH.replace(year=2000)
_ERA_US: Final = micros_of(_ERA)
_ERA_DAYS: Final = (_ERA - EPOCH).days


def facts_of(packed: bytes | None) -> dict[str, Ints]:
    """What is known of each enquiry but its waits; times in microseconds and days since 1970, `NEVER` where none is."""
    record = np.frombuffer(packed or b"", dtype=ENQUIRY)
    facts = {name: record[name].astype(np.int64) for name in ENQUIRY.names or () if name not in _WAITS}
    facts["day"] += _ERA_DAYS
    for name in _INSTANTS:
        facts[name] = np.where(facts[name] == NEVER, NEVER, facts[name] + _ERA_US)
    return facts


def waits_of(packed: bytes | None) -> dict[str, Ints]:
    """The waits of each enquiry in microseconds, by name of their column, `NEVER` where one was not met."""
    record = np.frombuffer(packed or b"", dtype=_WAITS_TOGETHER)
    columns = np.ascontiguousarray(record["waits"].T.astype(np.int64))
    return dict(zip(_WAITS, columns, strict=True))


def human_waits_of(packed: bytes | None) -> dict[str, Ints]:
    """Waits for a person: the enquiry, from when, how long in calendar and in working time."""
    record: NDArray[np.void] = np.frombuffer(packed or b"", dtype=HUMAN_WAITS)
    columns = {name: record[name].astype(np.int64) for name in HUMAN_WAITS.names or ()}
    columns["from_us"] += _ERA_US
    return columns
