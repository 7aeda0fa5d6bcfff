"""How long one enquiry waited for what: the conformance function behind every figure anywhere.

A timeline in, measures out. Whoever shows a figure calls `measure`; nobody subtracts stamps by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from responder.hours import OpeningHours
from responder.timing.timeline import (
    Author,
    Exclusion,
    GivenBack,
    Outbound,
    PersonNeeded,
    TakenOver,
    Timeline,
)


class Measure(StrEnum):
    FIRST_REPLY = "first_reply_s"
    FIRST_USEFUL = "first_useful_s"
    BOT_FRT = "bot_frt_s"
    HUMAN_FRT = "human_frt_s"
    HUMAN_WAIT = "human_wait_s"
    RESOLUTION = "resolution_s"
    PIPELINE_LAG = "pipeline_lag_s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A wait. No `end`: it was not met. `released_at`: since then nobody expected this side to answer, because the
    other side had (a person stepped in, or the bot answered usefully and no person was needed)."""

    start: datetime
    end: datetime | None
    released_at: datetime | None = None

    def seconds(self, hours: OpeningHours | None = None) -> float | None:
        """Length of a wait that was met, else None; in working seconds when `hours` are given."""
        return None if self.end is None else elapsed_s(self.start, self.end, hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seconds:
    """The measures of timing.md; None where it has not happened. `human_wait_s` has one entry per hand-off."""

    first_reply_s: float | None
    first_useful_s: float | None
    bot_frt_s: float | None
    human_frt_s: float | None
    human_wait_s: tuple[float | None, ...]
    resolution_s: float | None
    pipeline_lag_s: float | None

    def as_mapping(self) -> dict[str, float | tuple[float | None, ...] | None]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, kw_only=True)
class Measures:
    """One enquiry measured. `spans` holds the waits themselves, open ones too; `working` only where opening hours were
    given. `first_response_*` belong to the first accepted reply, useful or not."""

    clock_start_at: datetime
    received_at: datetime
    skew_s: float
    excluded: Exclusion | None
    close_reason: str | None
    first_response_at: datetime | None
    first_response_by: Author | None
    first_useful_by: Author | None
    spans: Mapping[Measure, tuple[Span, ...]]
    calendar: Seconds
    working: Seconds | None


def measure(timeline: Timeline, *, hours: OpeningHours | None = None) -> Measures:
    """The measures of one enquiry, a function of its stamps alone (no clock: an open wait is left open).

    Of an excluded enquiry the measures are given all the same; statistics leave it out by `excluded`.
    """
    first, start = timeline.first, timeline.first.clock_at
    given = _replies_given(timeline, start)
    useful = [(at, reply) for at, reply in given if reply.is_substantive]
    by_bot = [at for at, reply in useful if reply.author is Author.BOT]
    by_person = [at for at, reply in given if reply.author.is_person]
    spans = {
        Measure.FIRST_REPLY: (Span(start=start, end=given[0][0] if given else None),),
        Measure.FIRST_USEFUL: (Span(start=start, end=useful[0][0] if useful else None),),
        Measure.BOT_FRT: (_span(start, by_bot, _stepped_in_at(timeline, by_person)),),
        Measure.HUMAN_FRT: (_span(start, by_person, None if timeline.calls else _first(by_bot)),),
        Measure.HUMAN_WAIT: _human_waits(timeline, by_person),
        Measure.RESOLUTION: (Span(start=start, end=timeline.closed_at),),
        Measure.PIPELINE_LAG: () if first.sent_at is None else (Span(start=start, end=first.received_at),),
    }
    return Measures(
        clock_start_at=start,
        received_at=first.received_at,
        skew_s=first.skew_s,
        excluded=timeline.excluded,
        close_reason=timeline.close_reason,
        first_response_at=given[0][0] if given else None,
        first_response_by=given[0][1].author if given else None,
        first_useful_by=useful[0][1].author if useful else None,
        spans=MappingProxyType(spans),
        calendar=_seconds(spans, None),
        working=None if hours is None else _seconds(spans, hours),
    )


def lead_timing(measures: Measures) -> dict[str, str | float | bool | None]:
    """The timing fields a lead carries into a CRM, by stable names; None where it has not happened yet."""
    answered_by = measures.first_response_by
    return {
        "received_at": measures.received_at.isoformat(),
        "first_response_at": measures.first_response_at.isoformat() if measures.first_response_at else None,
        "auto_reply": answered_by.is_auto_reply if answered_by else None,
        "first_reply_s": measures.calendar.first_reply_s,
        "first_useful_s": measures.calendar.first_useful_s,
        "bot_frt_s": measures.calendar.bot_frt_s,
        "human_frt_s": measures.calendar.human_frt_s,
    }


def elapsed_s(start: datetime, end: datetime, hours: OpeningHours | None = None) -> float:
    """Seconds from `start` to `end`: all of them, or those inside `hours`."""
    return (end - start).total_seconds() if hours is None else hours.working_seconds(start, end)


def _replies_given(timeline: Timeline, start: datetime) -> list[tuple[datetime, Outbound]]:
    """What the customer got as a reply, in order: accepted, not before the clock started, no automatic notice. Of two
    at one instant the person's comes first, then the plain one, so that nothing depends on luck."""
    given = [
        (message.given_at, message)
        for message in timeline.outbound
        if message.author is not Author.SYSTEM and message.given_at is not None and message.given_at >= start
    ]
    return sorted(given, key=lambda pair: (pair[0], pair[1].author.is_auto_reply, pair[1].is_substantive, pair[1].key))


def _stepped_in_at(timeline: Timeline, by_person: list[datetime]) -> datetime | None:
    """When a person took the enquiry from the bot, by word or by deed; not before it began."""
    start = timeline.first.clock_at
    taken = [max(call.at, start) for call in timeline.calls if isinstance(call, TakenOver)]
    return min(taken + by_person, default=None)


def _human_waits(timeline: Timeline, by_person: list[datetime]) -> tuple[Span, ...]:
    """One wait per hand-off: from the moment a person was needed to the first reply of a person after it.

    A hand-off begins with the first need or take-over. A later need begins another one only when a person had answered
    or the dialogue was given back; taking over where a person is already at work begins none.
    """
    if not timeline.calls:
        return ()
    starts: list[datetime] = []
    is_waiting = is_attended = False
    for at, event in _in_turn(timeline, by_person):
        match event:
            case TakenOver() if at <= timeline.opened_at:
                is_attended = True
            case PersonNeeded() if not is_waiting:
                starts.append(at)
                is_waiting = True
            case TakenOver() if not is_waiting and not is_attended:
                starts.append(at)
                is_waiting = True
            case GivenBack():
                is_waiting = is_attended = False
            case None:
                is_waiting, is_attended = False, True
            case _:
                pass
    return tuple(Span(start=at, end=next((reply for reply in by_person if reply >= at), None)) for at in starts)


def _in_turn(
    timeline: Timeline, by_person: Iterable[datetime]
) -> list[tuple[datetime, PersonNeeded | TakenOver | GivenBack | None]]:
    """Calls and (as None) replies of people in order. At one instant a reply answers a need and precedes a take-over:
    a reply typed on a phone is what takes the dialogue over."""
    turns: list[tuple[datetime, PersonNeeded | TakenOver | GivenBack | None]] = [
        (call.at, call) for call in timeline.calls
    ]
    turns += [(at, None) for at in by_person]
    ranks = {PersonNeeded: 0, type(None): 1, TakenOver: 2, GivenBack: 3}
    return sorted(turns, key=lambda turn: (turn[0], ranks[type(turn[1])]))


def _span(start: datetime, replies: list[datetime], released_at: datetime | None) -> Span:
    return Span(start=start, end=_first(replies), released_at=None if replies else released_at)


def _first(instants: list[datetime]) -> datetime | None:
    return instants[0] if instants else None


def _seconds(spans: Mapping[Measure, tuple[Span, ...]], hours: OpeningHours | None) -> Seconds:
    def only(name: Measure) -> float | None:
        return next((span.seconds(hours) for span in spans[name]), None)

    return Seconds(
        first_reply_s=only(Measure.FIRST_REPLY),
        first_useful_s=only(Measure.FIRST_USEFUL),
        bot_frt_s=only(Measure.BOT_FRT),
        human_frt_s=only(Measure.HUMAN_FRT),
        human_wait_s=tuple(span.seconds(hours) for span in spans[Measure.HUMAN_WAIT]),
        resolution_s=only(Measure.RESOLUTION),
        pipeline_lag_s=only(Measure.PIPELINE_LAG),
    )
