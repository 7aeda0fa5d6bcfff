"""The hours of a salon and its specialists, made from their spelling in the checked file.

Public holidays are asked of a library when a date needs them, so that no range of years is built in.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from responder.hours import DayHours, Interval, OpeningHours
from responder.salon.notation import day_hours, days_of_week, each_date

Spelled = Mapping[str, tuple[str, ...]]
Week = tuple[DayHours, DayHours, DayHours, DayHours, DayHours, DayHours, DayHours]


@dataclass(frozen=True, kw_only=True)
class HoursWithHolidays(OpeningHours):
    """Closed on public holidays, but for the dates that `exceptions` name."""

    public_holidays: Container[date]

    def on(self, day: date) -> DayHours:
        if day not in self.exceptions and day in self.public_holidays:
            return ()
        return super().on(day)


@lru_cache
def _public_holidays(region: str) -> holidays.HolidayBase:
    country, _, part = region.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


def salon_hours(zone: ZoneInfo, week: Spelled, *, exceptions: Spelled, holiday_region: str | None) -> OpeningHours:
    return _hours(zone, _week(week), _dated(exceptions), holiday_region)


def specialist_hours(
    salon: OpeningHours,
    week: Spelled | None,
    *,
    exceptions: Spelled,
    time_off: tuple[str, ...],
    holiday_region: str | None,
) -> OpeningHours:
    """The specialist's own hours (the salon's when `week` is None) as far as they lie inside the salon's."""
    own = OpeningHours(zone=salon.zone, week=salon.week if week is None else _week(week), exceptions=_dated(exceptions))
    dated = {day: _both(salon.on(day), own.on(day)) for day in {*salon.exceptions, *own.exceptions}}
    dated |= {day: () for text in time_off for day in each_date(text)}
    days = tuple(_both(salon.week[number], own.week[number]) for number in range(7))
    return _hours(salon.zone, _seven(days), dated, holiday_region)


def _hours(zone: ZoneInfo, week: Week, exceptions: Mapping[date, DayHours], region: str | None) -> OpeningHours:
    if region is None:
        return OpeningHours(zone=zone, week=week, exceptions=exceptions)
    return HoursWithHolidays(zone=zone, week=week, exceptions=exceptions, public_holidays=_public_holidays(region))


def _week(spelled: Spelled) -> Week:
    days: list[DayHours] = [()] * 7
    for names, hours in spelled.items():
        for number in days_of_week(names):
            days[number] = day_hours(hours)
    return _seven(tuple(days))


def _dated(spelled: Spelled) -> dict[date, DayHours]:
    return {day: day_hours(hours) for text, hours in spelled.items() for day in each_date(text)}


def _seven(days: tuple[DayHours, ...]) -> Week:
    mon, tue, wed, thu, fri, sat, sun = days
    return mon, tue, wed, thu, fri, sat, sun


def _both(one: DayHours, other: DayHours) -> DayHours:
    """What lies in both; each side is in order and without overlaps."""
    return tuple(
        Interval(max(a.start, b.start), min(a.end, b.end))
        for a in one
        for b in other
        if max(a.start, b.start) < min(a.end, b.end)
    )
