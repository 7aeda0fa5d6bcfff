"""Reports as plain documents of stable names, for programs: the API gives them, docs/api.md describes them.

Nothing is rounded. Seconds are numbers, shares 0..1, instants ISO 8601, null where there is no figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC
from typing import Any

from responder.reports.enquiries import Listed, Page
from responder.reports.histogram import Distribution
from responder.reports.marks import By, day_of, number_of
from responder.reports.report import IN_SHORT, Group, Report
from responder.reports.text import figure_document
from responder.timing.measures import Measure
from responder.timing.statistics import AnsweredFirst, Figure, wilson_interval
from responder.timing.timeline import Exclusion

DAYS_OF_WEEK = 7
_LISTED = tuple(item.name for item in fields(Listed))


def period_document(report: Report) -> dict[str, Any]:
    """What the figures are about."""
    query = report.query
    return {
        "definition": query.definition.value,
        "salon": query.salon.slug,
        "zone": query.salon.zone.key,
        "from": query.since.isoformat(),
        "to": query.until.isoformat(),
        "days": query.days,
        "since": report.since.astimezone(UTC).isoformat(),
        "until": report.until.astimezone(UTC).isoformat(),
        "now": report.now.astimezone(UTC).isoformat(),
        "within_s": {measure.value: seconds for measure, seconds in query.within_s.items()},
    }


def group_document(group: Group) -> dict[str, Any]:
    """Counts, shares with their intervals, and every figure in calendar and working time."""
    return {
        "by": None if group.by is None else group.by.value,
        "value": _value(group),
        "arrivals": group.arrivals,
        "excluded": {reason.value: count for reason, count in group.excluded.items()},
        "skewed": group.skewed,
        "answered_first": asdict(group.answered_first),
        "booked": group.booked,
        "handed_off": group.handed_off,
        "resolved": group.resolved,
        "settlement_known": group.settlement_known,
        "settled_at_once": group.settled_at_once,
        "conversion": _share(group.booked, group.arrivals),
        "handoff_rate": _share(group.handed_off, group.arrivals),
        "first_contact_resolution": _share(group.settled_at_once, group.settlement_known),
        "calendar": _figures(group.calendar),
        "working": _figures(group.working),
    }


def series_document(report: Report, by: By) -> list[dict[str, Any]]:
    """Every day or week of the period, or every hour of the day, in order; those without enquiries too."""
    known = {group.value: group for group in report.cuts[by]}
    if by is By.HOUR:
        return [_point_document(known[hour]) for hour in sorted(known, key=lambda value: int(value or 0))]
    step = 1 if by is By.DAY else DAYS_OF_WEEK
    first = number_of(report.query.since) - (report.query.since.weekday() if by is By.WEEK else 0)
    values = range(first, number_of(report.query.until) + 1, step)
    return [group_document(known.get(value) or _empty(report, by, value)) for value in values]


def heatmap_document(report: Report) -> list[dict[str, Any]]:
    """The 168 hours of the week from Monday midnight on."""
    return [
        {"weekday": int(group.value or 0) // 24 + 1, "hour": int(group.value or 0) % 24} | _hour(group)
        for group in report.cuts[By.WEEK_HOUR]
    ]


def distribution_document(found: Distribution) -> dict[str, Any]:
    return {
        "measure": found.measure.value,
        "is_working": found.is_working,
        "within_s": found.within_s,
        "n": found.n,
        "bars": [asdict(bar) for bar in found.bars],
    }


def page_document(page: Page, *, salon: str) -> dict[str, Any]:
    return {"total": page.total, "after": page.after, "enquiries": [_listed(row, salon) for row in page.rows]}


def _listed(row: Listed, salon: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _LISTED} | {
        "arrived_at": row.arrived_at.isoformat(),
        "arrived_local": row.arrived_local.isoformat(),
        "excluded": None if row.excluded is None else row.excluded.value,
        "ending": None if row.ending is None else row.ending.value,
        "link": f"{row.link}?salon={salon}",
    }


def _point_document(group: Group) -> dict[str, Any]:
    return {"by": By.HOUR.value, "value": group.value} | _hour(group)


def _hour(group: Group) -> dict[str, Any]:
    return {"arrivals": group.arrivals, "calendar": _figures(group.calendar)}


def _figures(figures: Mapping[Measure, Figure]) -> dict[str, Any]:
    return {measure.value: figure_document(found) for measure, found in figures.items()}


def _value(group: Group) -> str | int | None:
    is_date = group.by in (By.DAY, By.WEEK)
    return day_of(int(group.value or 0)).isoformat() if is_date else group.value


def _share(part: int, of: int) -> dict[str, Any] | None:
    if not of:
        return None
    low, high = wilson_interval(part, of)
    return {"within": part, "of": of, "value": part / of, "low": low, "high": high}


def _empty(report: Report, by: By, value: int) -> Group:
    """A day on which nobody wrote."""
    figures = {
        measure: Figure(
            measure=measure,
            within_s=report.query.within_s[measure],
            n=0,
            open=0,
            not_awaited=0,
            share=None,
            median_s=None,
            p90_s=None,
        )
        for measure in IN_SHORT
    }
    return Group(
        by=by,
        value=value,
        arrivals=0,
        excluded=dict.fromkeys(Exclusion, 0),
        calendar=figures,
        working=figures,
        answered_first=AnsweredFirst(bot=0, human=0, other=0, nobody=0),
        booked=0,
        handed_off=0,
        resolved=0,
        settlement_known=0,
        settled_at_once=0,
        skewed=0,
    )
