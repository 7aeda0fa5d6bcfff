"""How fast the bot and the people answered, separately and by channel: the report an owner opens first.

Grouped by arrival: what counts is when the customer wrote, not when somebody got round to answering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.db.engine import Database
from responder.hours import OpeningHours
from responder.reports.reader import Arrival, read_arrivals
from responder.salon.profile import Localised, SalonProfile
from responder.timing.measures import Measure, Measures
from responder.timing.statistics import AnsweredFirst, Figure, answered_first, count_excluded, figure
from responder.timing.timeline import DEFINITION, Exclusion

WITHIN_S = 60.0
RESOLVED_WITHIN_S = 86_400.0  # an enquiry is to be closed within a day


@dataclass(frozen=True, kw_only=True)
class Group:
    """The enquiries of one channel kind, or of all (None). `arrivals` are the counted ones; `excluded` further ones by
    reason; `skewed` those whose messenger's clock ran ahead of ours."""

    channel_kind: str | None
    arrivals: int
    excluded: Mapping[Exclusion, int]
    calendar: Mapping[Measure, Figure]
    working: Mapping[Measure, Figure]
    answered_first: AnsweredFirst
    skewed: int


@dataclass(frozen=True, kw_only=True)
class ResponseReport:
    """Figures of the enquiries that arrived in [since, until), as they stood at `until`."""

    salon: str  # slug
    salon_name: Localised
    zone: str
    since: datetime
    until: datetime
    days: int
    total: Group
    channels: tuple[Group, ...]
    definition: str = DEFINITION


async def response_report(database: Database, *, salon: SalonProfile, now: datetime, days: int = 30) -> ResponseReport:
    """The report over the last `days` days up to `now`; one group for each channel kind that had an enquiry, by name.

    `days` must be positive, else `ValueError`.
    """
    if days < 1:
        raise ValueError("a report covers at least one day")
    since = now - timedelta(days=days)
    arrivals = await read_arrivals(database, salon_id=salon.id, since=since, until=now)
    by_kind: defaultdict[str, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        by_kind[arrival.channel_kind].append(arrival)
    return ResponseReport(
        salon=salon.slug,
        salon_name=salon.name,
        zone=salon.zone.key,
        since=since,
        until=now,
        days=days,
        total=_group(None, arrivals, now=now, hours=salon.hours),
        channels=tuple(_group(kind, by_kind[kind], now=now, hours=salon.hours) for kind in sorted(by_kind)),
    )


def _group(kind: str | None, arrivals: Sequence[Arrival], *, now: datetime, hours: OpeningHours) -> Group:
    measured = [arrival.measures for arrival in arrivals]
    return Group(
        channel_kind=kind,
        arrivals=sum(found.excluded is None for found in measured),
        excluded=count_excluded(measured),
        calendar=_figures(measured, now=now, hours=None),
        working=_figures(measured, now=now, hours=hours),
        answered_first=answered_first(measured),
        skewed=sum(found.skew_s > 0 and found.excluded is None for found in measured),
    )


def _figures(measured: Sequence[Measures], *, now: datetime, hours: OpeningHours | None) -> dict[Measure, Figure]:
    return {
        name: figure(
            measured,
            name,
            now=now,
            within_s=RESOLVED_WITHIN_S if name is Measure.RESOLUTION else WITHIN_S,
            hours=hours,
        )
        for name in Measure
    }
