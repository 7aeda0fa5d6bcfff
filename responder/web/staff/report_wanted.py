"""What the address of a report page asks for, and addresses that ask for the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from responder.reports.query import BadQuery, ReportQuery, make_query
from responder.salon.profile import SalonProfile, Target
from responder.timing.measures import Measure
from responder.watch.targets import Selected, target_for

IN_CARDS = (Measure.FIRST_USEFUL, Measure.BOT_FRT, Measure.HUMAN_FRT, Measure.HUMAN_WAIT)
WORKING_TOO = frozenset({Measure.HUMAN_FRT.value, Measure.HUMAN_WAIT.value})
PERIODS = ("today", "yesterday", "7", "30")
FILTERS = ("channel", "source", "operator", "specialist")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the address asks for, as it was written: `period` of `PERIODS`, or the first and the last day."""

    period: str
    since: date | None
    until: date | None
    filters: Mapping[str, list[str]]

    def values(self) -> list[tuple[str, str]]:
        """The parts of an address that ask for the same."""
        days = [("from", self.since), ("to", self.until)]
        asked = [(name, day.isoformat()) for name, day in days if day is not None]
        if not asked:
            asked = [("period", self.period)]
        return asked + [(name, value) for name, values in self.filters.items() for value in values]


def read_wanted(request: Request, salon: SalonProfile, *, now: datetime) -> tuple[Wanted, ReportQuery]:
    """What the address asks for, and the question it is to the engine. Raises `BadQuery`."""
    given = request.query_params
    today = now.astimezone(salon.zone).date()
    period = given.get("period") or "today"
    if period not in PERIODS:
        raise BadQuery("period", f"{period!r} is none of {', '.join(PERIODS)}")
    wanted = Wanted(
        period=period,
        since=_day(given.get("from"), "from"),
        until=_day(given.get("to"), "to"),
        filters={name: [value for value in given.getlist(name) if value] for name in FILTERS},
    )
    since, until = _days(wanted, today)
    chosen = wanted.filters
    query = make_query(
        salon,
        now=now,
        since=since,
        until=until,
        channels=chosen["channel"],
        sources=chosen["source"],
        operators=chosen["operator"],
        specialists=chosen["specialist"],
    )
    return wanted, held_to(query, targets_of(query))


def targets_of(query: ReportQuery) -> dict[str, Target]:
    """What binds most of the enquiries a report is about: the targets of the channel chosen, else those for all. The
    headline and the bot are held to the calendar whatever the salon file says of working time."""
    channels = query.chosen.channels
    about = Selected(channel_kind=next(iter(channels)) if len(channels) == 1 else "")
    found = {measure.value: target_for(query.salon.targets, measure, about) for measure in IN_CARDS}
    return {
        name: target if name in WORKING_TOO else replace(target, working=False)
        for name, target in found.items()
        if target is not None
    }


def held_to(query: ReportQuery, targets: Mapping[str, Target]) -> ReportQuery:
    """The same question with the shares of these targets."""
    seconds = {Measure(name): target.seconds for name, target in targets.items()}
    return replace(query, within_s={**query.within_s, **seconds})


def address_of(path: str, salon: SalonProfile, wanted: Wanted, chosen: Mapping[str, Any]) -> str:
    values = [("salon", salon.slug), *wanted.values()]
    return f"{path}?{urlencode([*values, *((name, str(value)) for name, value in chosen.items())])}"


def _days(wanted: Wanted, today: date) -> tuple[date | None, date | None]:
    if wanted.since is not None or wanted.until is not None:
        return wanted.since, wanted.until
    match wanted.period:
        case "today":
            return today, today
        case "yesterday":
            return today - timedelta(days=1), today - timedelta(days=1)
        case number:
            return today - timedelta(days=int(number) - 1), today


def _day(text: str | None, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadQuery(field, f"{text!r} is no day; write 2026-11-25") from None
