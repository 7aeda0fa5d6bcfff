"""Reads `vectors.jsonl`: timelines as data, and the measures that follow from them (README.md has the format)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from responder.hours import END_OF_DAY, DayHours, Interval, OpeningHours
from responder.timing.definitions import other_definitions
from responder.timing.enquiries import QUIET_TIME
from responder.timing.measures import Measure, Measures
from responder.timing.timeline import (
    Author,
    Closed,
    Erased,
    Event,
    GivenBack,
    Inbound,
    MarkedSpam,
    Outbound,
    OutreachStarted,
    PersonNeeded,
    Substance,
    TakenOver,
    Timeline,
)

FILE = Path(__file__).parent / "vectors.jsonl"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVENTS: dict[str, type[Event]] = {
    "inbound": Inbound,
    "outbound": Outbound,
    "person_needed": PersonNeeded,
    "taken_over": TakenOver,
    "given_back": GivenBack,
    "closed": Closed,
    "marked_spam": MarkedSpam,
    "outreach_started": OutreachStarted,
    "erased": Erased,
}
FIELDS: dict[str, Any] = {"author": Author, "substance": Substance}
OTHERS = ("other", "other_working")
SINGLE = tuple(name.value for name in Measure if name is not Measure.HUMAN_WAIT)


@dataclass(frozen=True, kw_only=True)
class Vector:
    name: str
    says: str
    events: tuple[Event, ...]
    expect: tuple[dict[str, Any], ...]
    now: datetime | None
    quiet: timedelta
    is_test: bool
    hours: OpeningHours | None


def read_vectors() -> list[Vector]:
    return [_vector(json.loads(line)) for line in FILE.read_text(encoding="utf-8").splitlines()]


def described(measures: Measures) -> dict[str, Any]:
    """Measures in the form of `expect`: what has not happened is left out."""
    form: dict[str, Any] = {
        "clock_start_at": measures.clock_start_at,
        "skew_s": measures.skew_s or None,
        "excluded": measures.excluded and measures.excluded.value,
        "close_reason": measures.close_reason,
        "released": {
            name.value: (span.released_at - span.start).total_seconds()
            for name, spans in measures.spans.items()
            for span in spans
            if span.released_at is not None
        },
        "working": measures.working and _told(measures.working.as_mapping()),
    } | measures.calendar.as_mapping()
    return _told(form)


def expected(form: dict[str, Any]) -> dict[str, Any]:
    """An `expect` entry in the form of `described`."""
    ours = {name: value for name, value in form.items() if name not in OTHERS}
    return ours | {"clock_start_at": datetime.fromisoformat(form["clock_start_at"])}


def described_otherwise(timeline: Timeline, hours: OpeningHours | None) -> dict[str, Any]:
    """First reply by other definitions in the form of `other` and `other_working`."""
    found = other_definitions(timeline)
    form = {"other": _told({name.value: span.seconds() for name, span in found.items()})}
    if hours is not None:
        form["other_working"] = _told({name.value: span.seconds(hours) for name, span in found.items()})
    return form


def agrees(got: Any, wanted: Any) -> bool:
    """Equal, with numbers to the microsecond."""
    if isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(agrees(got[name], value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(agrees, got, wanted))
    if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
        return abs(got - wanted) < 1e-6
    return bool(got == wanted)


def _told(form: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in form.items() if value is not None and value not in ((), {})}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


def _vector(record: dict[str, Any]) -> Vector:
    known = {"name", "says", "events", "expect", "now", "quiet_s", "is_test", "hours"}
    if record.keys() - known:
        raise ValueError(f"{record['name']}: unknown {record.keys() - known}")
    return Vector(
        name=record["name"],
        says=record["says"],
        events=tuple(_event(event) for event in record["events"]),
        expect=tuple(record["expect"]),
        now=datetime.fromisoformat(record["now"]) if "now" in record else None,
        quiet=timedelta(seconds=record["quiet_s"]) if "quiet_s" in record else QUIET_TIME,
        is_test=record.get("is_test", False),
        hours=_hours(record["hours"]) if "hours" in record else None,
    )


def _event(record: dict[str, Any]) -> Event:
    values = {name: _value(name, value) for name, value in record.items() if name != "type"}
    return EVENTS[record["type"]](**values)


def _value(name: str, value: Any) -> Any:
    if name == "at" or name.endswith("_at"):
        return datetime.fromisoformat(value)
    return FIELDS[name](value) if name in FIELDS else value


def _hours(record: dict[str, Any]) -> OpeningHours:
    week = tuple(_day(record["week"].get(day, [])) for day in DAYS)
    return OpeningHours(
        zone=ZoneInfo(record["zone"]),
        week=week,  # type: ignore[arg-type]
        exceptions={date.fromisoformat(day): _day(hours) for day, hours in record.get("exceptions", {}).items()},
    )


def _day(intervals: list[str]) -> DayHours:
    return tuple(Interval(*(_time(part) for part in interval.split("-"))) for interval in intervals)


def _time(text: str) -> time:
    return END_OF_DAY if text == "24:00" else time.fromisoformat(text)
