"""Where one enquiry ends and the next begins: the events of a thread, cut into timelines.

Cutting follows what we knew (`received_at`); the clock of each enquiry follows what the customer saw (`sent_at`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from responder.timing.timeline import (
    Author,
    Call,
    Closed,
    Event,
    Exclusion,
    GivenBack,
    Inbound,
    MarkedSpam,
    Outbound,
    OutreachStarted,
    PersonNeeded,
    TakenOver,
    Timeline,
    merge_inbound,
    merge_outbound,
)

QUIET_TIME = timedelta(hours=24)


@dataclass
class _Draft:
    """An enquiry while its thread is being walked."""

    opened_at: datetime
    active_at: datetime
    inbound: list[Inbound] = field(default_factory=list)
    outbound: list[Outbound] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    closed_at: datetime | None = None
    close_reason: str | None = None
    excluded: Exclusion | None = None

    @property
    def clock_start_at(self) -> datetime:
        return min(message.clock_at for message in self.inbound)

    def close(self, at: datetime, reason: str) -> None:
        if self.closed_at is None:
            self.closed_at, self.close_reason = at, reason

    def finish(self, *, is_test: bool) -> Timeline:
        return Timeline(
            inbound=tuple(self.inbound),
            outbound=tuple(self.outbound),
            calls=tuple(self.calls),
            closed_at=self.closed_at,
            close_reason=self.close_reason,
            excluded=self.excluded or (Exclusion.TEST if is_test else None),
        )


def split_thread(
    events: Iterable[Event], *, now: datetime | None = None, quiet: timedelta = QUIET_TIME, is_test: bool = False
) -> tuple[Timeline, ...]:
    """The enquiries of one thread, in the order they opened; order and repetition of `events` do not matter.

    An enquiry opens with an inbound message while none is open. It closes when it is settled, marked as spam, or
    after `quiet` without a message either way; `now` (default: the last event) says whether a last quiet time is
    over. Bare answers to outreach, while no enquiry is open, make one timeline excluded as outreach. What was written
    before any inbound message belongs to no enquiry.
    """
    found = list(events)
    inbound = merge_inbound(event for event in found if isinstance(event, Inbound))
    outbound = merge_outbound(event for event in found if isinstance(event, Outbound))
    calls = sorted(
        {event for event in found if isinstance(event, PersonNeeded | TakenOver | GivenBack)}, key=_call_order
    )
    marks = {event for event in found if isinstance(event, Closed | MarkedSpam | OutreachStarted)}

    walk = _Walk(quiet)
    steps = sorted(chain(marks, calls, inbound, (message for message in outbound if message.given_at)), key=_step)
    for event in steps:
        walk.take(event)
    if now is not None:
        walk.pass_time(now)
    for message in outbound:
        draft = _answered_by(message, walk.drafts)
        if draft is not None:
            draft.outbound.append(message)
    for call in calls:
        draft = next((draft for draft in reversed(walk.drafts) if draft.opened_at <= call.at), None)
        if draft is not None:
            draft.calls.append(call)
    return tuple(draft.finish(is_test=is_test) for draft in walk.drafts)


class _Walk:
    """Goes through the events as we came to know them and opens and closes enquiries."""

    def __init__(self, quiet: timedelta) -> None:
        self.drafts: list[_Draft] = []
        self._quiet = quiet
        self._open: _Draft | None = None
        self._outreach: _Draft | None = None
        self._is_outreach_live = False
        self._taken_over: TakenOver | None = None

    def take(self, event: Event) -> None:
        instant = _instant(event)
        self.pass_time(instant)
        match event:
            case Inbound():
                self._receive(event)
            case Outbound() if self._open is not None:
                self._open.active_at = max(self._open.active_at, instant)
            case Closed() if self._open is not None:
                self._close(event.at, event.reason)
            case MarkedSpam() if self.drafts:
                self.drafts[-1].excluded = Exclusion.SPAM
                self._close(event.at, "spam")
            case OutreachStarted():
                self._is_outreach_live, self._outreach = True, None
            case TakenOver():
                self._taken_over = self._taken_over or event
            case GivenBack():
                self._taken_over = None
            case _:
                pass

    def pass_time(self, now: datetime) -> None:
        if self._open is not None and now - self._open.active_at >= self._quiet:
            self._close(self._open.active_at + self._quiet, "quiet")

    def _receive(self, message: Inbound) -> None:
        if self._open is None and message.is_bare_answer and self._is_outreach_live:
            if self._outreach is None:
                self._outreach = self._draft(message)
                self._outreach.excluded = Exclusion.OUTREACH
                self._outreach.close(message.received_at, "outreach")
            self._outreach.inbound.append(message)
            return
        if self._open is None:
            self._open = self._draft(message)
            self._is_outreach_live, self._outreach = False, None
        self._open.inbound.append(message)
        self._open.active_at = max(self._open.active_at, message.received_at)

    def _draft(self, message: Inbound) -> _Draft:
        draft = _Draft(opened_at=message.received_at, active_at=message.received_at)
        if self._taken_over is not None:
            draft.calls.append(self._taken_over)
        self.drafts.append(draft)
        return draft

    def _close(self, at: datetime, reason: str) -> None:
        if self._open is not None:
            self._open.close(at, reason)
            self._open = None


def _answered_by(message: Outbound, drafts: list[_Draft]) -> _Draft | None:
    """The enquiry a message was written into. What is sent from here was written knowing what had been received by
    then; what staff typed in the messenger's app, knowing what the messenger had shown them."""
    if message.author is Author.HUMAN_DEVICE:
        at = message.accepted_at
        return next((d for d in reversed(drafts) if at is not None and d.clock_start_at <= at), None)
    at = message.composed_at or message.accepted_at or message.failed_at
    return next((d for d in reversed(drafts) if at is not None and d.opened_at <= at), None)


# at one instant: what ends comes before what begins, so that a message is never lost in a closing enquiry
_RANKS = (Closed, MarkedSpam, OutreachStarted, PersonNeeded, TakenOver, GivenBack, Inbound, Outbound)


def _step(event: Event) -> tuple[datetime, int, int, str]:
    order_key = event.order_key if isinstance(event, Inbound) else 0
    name = event.key if isinstance(event, Inbound | Outbound) else getattr(event, "reason", "")
    return _instant(event), _RANKS.index(type(event)), order_key, name


def _instant(event: Event) -> datetime:
    """When we came to know of it, or for a message of ours when it was given."""
    match event:
        case Inbound():
            return event.received_at
        case Outbound():
            given = event.given_at
            if given is None:
                raise ValueError("a message that was not given has no place in the walk")
            return given
        case _:
            return event.at


def _call_order(call: Call) -> tuple[datetime, int]:
    return call.at, _RANKS.index(type(call))
