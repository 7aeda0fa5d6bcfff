"""What can be asked of a report, in words and numbers of days: nothing here needs numpy, so that a process which only
takes questions does not load it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from responder.timing.measures import Measure

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 1000  # enquiries of one page


class By(StrEnum):
    """What a report is cut by; the values are those of the command line and the API."""

    CHANNEL = "channel"
    SOURCE = "source"
    CATEGORY = "category"
    PRIORITY = "priority"
    OPERATOR = "operator"
    SPECIALIST = "specialist"
    DAY = "day"
    WEEK = "week"
    HOUR = "hour"  # of the day
    WEEK_HOUR = "week_hour"  # hour of the week, from Monday midnight on

    @property
    def is_person(self) -> bool:
        return self in (By.OPERATOR, By.SPECIALIST)

    @property
    def is_hourly(self) -> bool:
        return self in (By.HOUR, By.WEEK_HOUR)


HOURS: Mapping[By, int] = {By.HOUR: 24, By.WEEK_HOUR: 168}  # how many groups there are, from 0 on


class Part(StrEnum):
    """Which of the waits or enquiries of a group; the first six are counted in a figure of the measure, the others in
    the group itself."""

    ALL = "all"  # n
    WITHIN = "within"  # share.within
    LATE = "late"  # share.of - share.within: answered later, or the target passed without an answer
    ANSWERED_LATE = "answered_late"  # those of them that were answered
    OPEN = "open"
    NOT_AWAITED = "not_awaited"
    ARRIVALS = "arrivals"
    FIRST_BY_BOT = "first_by_bot"
    FIRST_BY_HUMAN = "first_by_human"
    FIRST_BY_OTHER = "first_by_other"
    FIRST_BY_NOBODY = "first_by_nobody"
    BOOKED = "booked"
    HANDED_OFF = "handed_off"
    RESOLVED = "resolved"
    SETTLEMENT_KNOWN = "settlement_known"
    SETTLED_AT_ONCE = "settled_at_once"
    SKEWED = "skewed"
    EXCLUDED_SPAM = "excluded_spam"
    EXCLUDED_OUTREACH = "excluded_outreach"
    EXCLUDED_TEST = "excluded_test"

    @property
    def is_of_waits(self) -> bool:
        return self in (Part.ALL, Part.WITHIN, Part.LATE, Part.ANSWERED_LATE, Part.OPEN, Part.NOT_AWAITED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What was clicked on: a part of one figure, of the whole period or of one group of a cut. `value` is as in
    `report.Group`: text, or the number of a day, week or hour."""

    measure: Measure = Measure.FIRST_USEFUL
    is_working: bool = False
    part: Part = Part.ALL
    by: By | None = None
    value: str | int | None = None


def day_of(ordinal: int) -> date:
    return EPOCH.date() + timedelta(days=ordinal)


def number_of(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH.date()).days
