"""What the owner's page says of a report: the verdict in words, and the groups as rows. Pure, over the documents of
`reports.documents`, so that the page shows what the API says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Group = Mapping[str, Any]  # of `reports.documents.group_document`, or an hour of its series
Figure = Mapping[str, Any]

MOST_HOURS = 3  # a stretch of a day that is worth naming
MOSTLY = 0.8  # of those who waited too long: so many make it the reason


class Light(StrEnum):
    """How a share stands to its goal."""

    GREEN = "green"  # reached
    YELLOW = "yellow"  # missed, by no more than chance may account for
    RED = "red"
    GREY = "grey"  # too few to tell


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Where those who waited too long were: a channel (all of them, or most), and the hours most of them came in."""

    channel: str | None = None
    in_channel: int = 0
    first_hour: int | None = None
    end_hour: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    light: Light
    share: Mapping[str, Any] | None  # within, of, value, low, high
    goal: float
    within_s: float
    late: int
    cause: Cause


def verdict(total: Figure, *, goal: float, channels: Sequence[Group], hours: Sequence[Group]) -> Verdict:
    """The headline: the share of a figure within its target against the goal, and the reason when some were late."""
    share = total["share"]
    return Verdict(
        light=light_of(total, goal),
        share=share,
        goal=goal,
        within_s=total["within_s"],
        late=late_of(total),
        cause=_cause(channels, hours, late_of(total)),
    )


def light_of(figure: Figure, goal: float) -> Light:
    """Missed is red when even the upper end of the interval is below the goal."""
    share = figure["share"]
    if share is None or figure["is_small"]:
        return Light.GREY
    if share["value"] >= goal:
        return Light.GREEN
    return Light.RED if share["high"] < goal else Light.YELLOW


def late_of(figure: Figure) -> int:
    """How many have waited longer than the target, answered or not."""
    share = figure["share"]
    return 0 if share is None else int(share["of"] - share["within"])


def _cause(channels: Sequence[Group], hours: Sequence[Group], late: int) -> Cause:
    if not late:
        return Cause()
    by_channel = {str(group["value"]): late_of(group["calendar"]["first_useful_s"]) for group in channels}
    channel, count = max(by_channel.items(), key=lambda item: item[1], default=("", 0))
    is_named = len(by_channel) > 1 and count >= MOSTLY * late
    first, end = _busiest({int(group["value"]): late_of(group["calendar"]["first_useful_s"]) for group in hours}, late)
    return Cause(
        channel=channel if is_named else None, in_channel=count if is_named else 0, first_hour=first, end_hour=end
    )


def _busiest(by_hour: Mapping[int, int], late: int) -> tuple[int | None, int | None]:
    """The shortest stretch of at most `MOST_HOURS` that most of the late ones came in."""
    for length in range(1, MOST_HOURS + 1):
        starts = range(25 - length)
        best = max(starts, key=lambda start: sum(by_hour.get(start + at, 0) for at in range(length)))
        if sum(by_hour.get(best + at, 0) for at in range(length)) >= MOSTLY * late:
            return best, best + length
    return None, None


def by_weekday(cells: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """The heat map as seven rows of 24 cells, each with `level` 0..5 by how many came."""
    most = max((cell["arrivals"] for cell in cells), default=0)
    rows: list[list[dict[str, Any]]] = [[] for _ in range(7)]
    for cell in cells:
        level = 0 if not cell["arrivals"] else 1 + int(4 * (cell["arrivals"] - 1) / max(most - 1, 1))
        rows[cell["weekday"] - 1].append({**cell, "level": level})
    return rows
