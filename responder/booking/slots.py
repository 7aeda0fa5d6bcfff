"""The words of booking: what is asked of the calendar and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from responder.booking.free import Visit
from responder.dialogue.meaning import Wish
from responder.salon.profile import SalonProfile, Service, Specialist


class SearchReason(StrEnum):
    """Why nothing fits inside the first wish; told to the customer, so each has its own phrase."""

    OK = "ok"
    NOBODY = "nobody"  # nobody does this service, or the named specialist does not
    TOO_FAR = "too_far"  # beyond the salon's booking horizon
    PAST = "past"
    CLOSED_DAY = "closed_day"  # the salon is closed on that day of the week
    HOLIDAY = "holiday"  # the salon is closed on that date
    OUT_OF_HOURS = "out_of_hours"  # the salon is open that day, but not then
    DAY_OFF = "day_off"  # the salon is open, whoever could do it is not there
    OFF_SHIFT = "off_shift"  # they are there that day, but not then
    BREAK = "break"
    TOO_LONG = "too_long"  # the visit would not end before the shift or its part does
    DAY_OVER = "day_over"
    TOO_SOON = "too_soon"  # inside the notice the salon needs
    OFF_GRID = "off_grid"  # visits begin at other minutes
    FULL = "full"
    NO_LATER = "no_later"
    NO_EARLIER = "no_earlier"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A free place for a visit; what the specialist is busy with afterwards (the buffer) is not part of it."""

    specialist: str  # key
    starts_at: datetime  # UTC
    ends_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotSearch:
    """`fits`: the slots lie inside a wish. Otherwise they are the nearest alternatives, and `reason` says why: about
    `day` when one day was wished for, about `specialist` (key) when it concerns one person."""

    slots: tuple[Slot, ...]
    fits: bool
    reason: SearchReason
    day: date | None = None
    specialist: str | None = None


@dataclass(frozen=True, kw_only=True)
class SlotQuestion:
    """Everything asked, as one value. `also` are further services of the same visit, done by the same person right
    after the first. `after` and `before` bound the starts and are themselves left out."""

    salon: SalonProfile
    service: Service
    wishes: Sequence[Wish]
    specialist: str | None
    now: datetime
    also: tuple[Service, ...] = ()
    limit: int = 3
    after: datetime | None = None
    before: datetime | None = None
    not_on: frozenset[date] = frozenset()
    candidates: tuple[Specialist, ...] = field(init=False)
    can_named: bool = field(init=False)
    first_day: date = field(init=False)
    last_day: date = field(init=False)

    def __post_init__(self) -> None:
        able = self.salon.specialists_for(self.service.key, *(service.key for service in self.also))
        named = tuple(specialist for specialist in able if specialist.key == self.specialist)
        today = self.now.astimezone(self.salon.zone).date()
        derived = {
            "candidates": named or able,
            "can_named": self.specialist is None or bool(named),
            "first_day": self.earliest.astimezone(self.salon.zone).date(),
            "last_day": today + timedelta(days=self.salon.booking_horizon_days),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def earliest(self) -> datetime:
        return self.now + timedelta(minutes=self.salon.booking_notice_min)

    def visit(self) -> Visit:
        return visit_of(self.salon, self.service, *self.also)

    def begins(self) -> tuple[datetime, datetime]:
        """Bounds of a start, half open."""
        earliest, latest = self.earliest, self._midnight_after(self.last_day)
        if self.after is not None:
            earliest = max(earliest, self.after + timedelta(microseconds=1))
        return earliest, latest if self.before is None else min(latest, self.before)

    def all_days(self) -> tuple[date, date]:
        return self.first_day, self.last_day

    def _midnight_after(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time(0), tzinfo=self.salon.zone).astimezone(UTC)


def visit_of(salon: SalonProfile, *services: Service) -> Visit:
    """One visit for all of them; the buffer is the last one's."""
    length = timedelta(minutes=sum(service.duration_min for service in services))
    return Visit(
        length=length,
        occupies=length + timedelta(minutes=services[-1].buffer_min),
        step=timedelta(minutes=salon.slot_step_min),
    )
