"""What a report is asked: a period of local days, who and what is chosen, by whose definition, in which time.

Everything is checked here, against the salon, before anything is read; a mistake names the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from responder.errors import Refused
from responder.salon.profile import SalonProfile
from responder.timing.definitions import Definition
from responder.timing.measures import Measure

LONGEST_DAYS = 3 * 366
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)  # before the first no messenger of today had customers
WITHIN_S: Mapping[Measure, float] = {name: 86_400.0 if name is Measure.RESOLUTION else 60.0 for name in Measure}


class BadQuery(Refused):
    """A report that cannot be asked for; `field` is what to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Empty means everything. Channels are kinds, the others keys of the salon file or labels."""

    channels: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()
    specialists: frozenset[str] = frozenset()

    @property
    def is_about_marks(self) -> bool:
        return bool(self.sources or self.categories or self.priorities)

    @property
    def people(self) -> tuple[str, ...]:
        """The sides people were chosen on."""
        chosen = {"operator": self.operators, "specialist": self.specialists}
        return tuple(side for side, keys in chosen.items() if keys)


@dataclass(frozen=True, kw_only=True)
class ReportQuery:
    """`since` and `until` are local days of the salon, both included; `is_working` the time that cuts are shown in;
    `within_s` the target of each measure's share."""

    salon: SalonProfile
    since: date
    until: date
    chosen: Chosen = field(default_factory=Chosen)
    definition: Definition = Definition.TIMING_1
    is_working: bool = False
    within_s: Mapping[Measure, float] = field(default_factory=lambda: WITHIN_S)

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def before(self) -> ReportQuery:
        """The same over the period of equal length that ended the day before."""
        return replace(self, since=self.since - timedelta(days=self.days), until=self.since - timedelta(days=1))


def make_query(
    salon: SalonProfile,
    *,
    now: datetime,
    days: int | None = None,
    since: date | None = None,
    until: date | None = None,
    channels: Iterable[str] = (),
    sources: Iterable[str] = (),
    categories: Iterable[str] = (),
    priorities: Iterable[str] = (),
    operators: Iterable[str] = (),
    specialists: Iterable[str] = (),
    definition: str = Definition.TIMING_1.value,
    is_working: bool = False,
    within_s: float | None = None,
) -> ReportQuery:
    """A query that can be answered; the last 30 days, today included, when no period is given. Raises `BadQuery`."""
    first, last = _period(now.astimezone(salon.zone).date(), days=days, since=since, until=until)
    chosen = Chosen(
        channels=_known("channel", channels, {account.kind for account in salon.channels}),
        sources=frozenset(sources),
        categories=frozenset(categories),
        priorities=frozenset(priorities),
        operators=_known("operator", operators, {operator.key for operator in salon.operators}),
        specialists=_known("specialist", specialists, {specialist.key for specialist in salon.specialists}),
    )
    if definition not in set(Definition):
        raise BadQuery("definition", f"{definition!r} is none of {', '.join(Definition)}")
    if within_s is not None and not 0 < within_s <= 366 * 86_400:
        raise BadQuery("within_s", f"{within_s:g} is no number of seconds between 0 and a year")
    return ReportQuery(
        salon=salon,
        since=first,
        until=last,
        chosen=chosen,
        definition=Definition(definition),
        is_working=is_working,
        within_s=_targets(salon) if within_s is None else dict.fromkeys(Measure, within_s),
    )


def _period(today: date, *, days: int | None, since: date | None, until: date | None) -> tuple[date, date]:
    if days is not None and (since is not None or until is not None):
        raise BadQuery("days", "give either a number of days or the first and the last day")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise BadQuery("days", f"{days} is not between 1 and {LONGEST_DAYS}")
    for name, day in (("from", since), ("to", until)):
        if day is not None and not EARLIEST <= day <= LATEST:
            raise BadQuery(name, f"{day} lies outside {EARLIEST} to {LATEST}")
    last = until or today
    first = since or last - timedelta(days=(days or 30) - 1)
    if first > last:
        raise BadQuery("from", f"{first} lies after the last day, {last}")
    if (last - first).days >= LONGEST_DAYS:
        raise BadQuery("from", f"more than {LONGEST_DAYS} days lie between {first} and {last}")
    return first, last


def _known(name: str, wanted: Iterable[str], known: set[str]) -> frozenset[str]:
    chosen = frozenset(wanted)
    for value in sorted(chosen - known):
        has = ", ".join(sorted(known)) or "none"
        raise BadQuery(name, f"this salon has no {name} {value!r}; it has: {has}")
    return chosen


def _targets(salon: SalonProfile) -> Mapping[Measure, float]:
    """The salon's own targets where they are for everybody, else what is usual."""
    own = {
        Measure(target.measure): target.seconds
        for target in salon.targets
        if not (target.channel_kind or target.category or target.priority or target.working)
    }
    return {**WITHIN_S, **own}
