"""The arithmetic of the calendar that reading days needs: months ahead, their ends, the next time a date comes."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

JUST_GONE_DAYS = 60  # a date passed so lately was more likely meant than the same date next year


def valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def later_month(day: date, ahead: int) -> date:
    """The first of the month `ahead` months after the one of `day`."""
    total = day.year * 12 + day.month - 1 + ahead
    return date(total // 12, total % 12 + 1, 1)


def month_end(first: date) -> date:
    return first.replace(day=monthrange(first.year, first.month)[1])


def next_such_day(day: int, today: date) -> date | None:
    """The nearest date to come, today included, that is the `day`th of its month."""
    months = (later_month(today, ahead) for ahead in range(3))
    found = (valid(month.year, month.month, day) for month in months)
    return next((one for one in found if one is not None and one >= today), None)


def next_such_date(day: int, month: int, today: date) -> tuple[date | None, bool]:
    """The date this year, or next year when it has gone by; True when that was lately."""
    this_year = valid(today.year, month, day)
    if this_year is not None and this_year >= today:
        return this_year, False
    next_year = valid(today.year + 1, month, day)
    return next_year, this_year is not None and (today - this_year).days <= JUST_GONE_DAYS
