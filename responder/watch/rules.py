"""Which timers of an enquiry are due and when to look again: a pure function of its waits, its targets and the hour.

Nothing here knows rows. A wait that was answered gives nothing, however late; so nobody has to cancel a timer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from responder.hours import OpeningHours
from responder.salon.profile import Rung, Target
from responder.timing.measures import Measure, Span, measure
from responder.timing.timeline import GivenBack, Timeline
from responder.watch.targets import ANSWER_FAILED, AT_ONCE, BOOKING_CONFIRMED, due_at, tells_each

# Waits from the clock start end with the enquiry; what a person was needed for or a booking wants does too, but for
# the booking: a booked enquiry is closed soon, and its visit must be confirmed all the same.
WATCHED = (Measure.FIRST_REPLY, Measure.FIRST_USEFUL, Measure.BOT_FRT, Measure.HUMAN_FRT, Measure.HUMAN_WAIT)

BY_PEOPLE = (Measure.HUMAN_FRT, Measure.HUMAN_WAIT)
BY_ANYBODY = (Measure.FIRST_REPLY, Measure.FIRST_USEFUL)

WARN, BREACH, ESCALATE, FAILED = "warn", "breach", "escalate", "failed"
LOOK_AGAIN_AFTER = timedelta(seconds=15)  # at an alerted wait that goes on, to say soon that it is over
LOOK_AGAIN_SHARE = 10  # and at an old one less often: after a tenth of its age

Fired = tuple[str, int, str]  # measure, number of the wait, step


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """One wait. `number` tells waits of one measure apart: the hand-off, the appointment, the turn. It `is_for_person`
    when only a person can still end it, and `is_resting` while the matter is settled: nobody waits unless the customer
    takes it up again. `message_id` is the newest message it is about, where it is about certain ones."""

    measure: str
    number: int
    start: datetime
    ended_at: datetime | None
    is_for_person: bool = False
    is_resting: bool = False
    message_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """A visit that a manager is to confirm; cancelling it or its beginning make that moot."""

    appointment_id: int
    booked_at: datetime
    starts_at: datetime
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenUp:
    """A turn that the bot could not finish; its words, up to `message_id`, are for a person to answer."""

    turn_id: int
    at: datetime
    message_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Something to say at `due_at`: warn, breach, escalate to a role, or at once that the bot has failed."""

    waiting: Waiting
    target: Target
    kind: str
    due_at: datetime
    role: str | None = None

    @property
    def name(self) -> str:
        return self.kind if self.role is None else f"{self.kind}:{self.role}"

    @property
    def fired(self) -> Fired:
        return self.waiting.measure, self.waiting.number, self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """`due` in order of time; `next_at` is None when no later moment can bring anything; `over` are waits that were
    told of and have ended."""

    due: tuple[Step, ...]
    next_at: datetime | None
    over: tuple[Waiting, ...] = ()


def waits_of(
    timeline: Timeline,
    bookings: Iterable[Booking] = (),
    *,
    given_up: Iterable[GivenUp] = (),
    is_settled: bool = False,
    now: datetime,
) -> tuple[Waiting, ...]:
    """The waits that timers may watch; none of an excluded enquiry. `is_settled`: the matter was dealt with, and the
    customer has written nothing since that nobody has read.

    A wait ends when it is met, when the other side made it moot, or with the enquiry; that for a person also when staff
    give the dialogue back: then nobody is to come, though the figures go on counting who never came. That an enquiry is
    not closed is watched once a person was needed: one that the bot dealt with alone closes itself.
    """
    measures = measure(timeline)
    if measures.excluded is not None:
        return ()
    closed_at = measures.spans[Measure.RESOLUTION][0].end
    is_for_person = bool(measures.spans[Measure.HUMAN_WAIT]) or bool(timeline.calls)
    found = [
        Waiting(
            measure=name,
            number=number,
            start=span.start,
            ended_at=_first_of(
                span.end, span.released_at, closed_at, _given_back_at(timeline, span) if name in BY_PEOPLE else None
            ),
            is_for_person=is_for_person and name in BY_ANYBODY,
            is_resting=is_settled and not (is_for_person and name in BY_PEOPLE),
        )
        for name in WATCHED
        for number, span in enumerate(measures.spans[name])
    ]
    if measures.spans[Measure.HUMAN_WAIT]:
        found.append(Waiting(measure=Measure.RESOLUTION, number=0, start=measures.clock_start_at, ended_at=closed_at))
    found += [_booking_wait(booking, now) for booking in bookings]
    found += _waits_after_failures(timeline, given_up, closed_at)
    return tuple(found)


def due_steps(
    waits: Iterable[Waiting],
    targets: Mapping[str, Target],
    *,
    ladder: Sequence[Rung],
    hours: OpeningHours,
    fired: Collection[Fired],
    now: datetime,
) -> Look:
    """What is due at `now` and was not `fired`, for the binding target of each measure.

    A warning that comes too late to warn is left out. Each step of the ladder is said, however late: it is for
    somebody else. A wait that was told of and is none any more (spam, a test) is over.
    """
    waits = tuple(waits)
    due: list[Step] = []
    moments: list[datetime] = []
    gone = {(name, number) for name, number, _ in fired} - {(waiting.measure, waiting.number) for waiting in waits}
    over = [Waiting(measure=name, number=number, start=now, ended_at=now) for name, number in sorted(gone)]
    for waiting in waits:
        told = {step for name, number, step in fired if (name, number) == (waiting.measure, waiting.number)}
        if waiting.ended_at is not None:
            if told:
                over.append(waiting)
            continue
        age = now - waiting.start
        if waiting.is_resting:
            over += [waiting] if told else []
            moments.append(now + max(LOOK_AGAIN_AFTER, age / LOOK_AGAIN_SHARE))
            continue
        target = _binding(waiting, targets)
        if target is None or not tells_each(target):
            continue
        steps = [step for step in steps_of(waiting, target, ladder=ladder, hours=hours) if step.name not in told]
        ready = [step for step in steps if step.due_at <= now]
        is_breached = BREACH in told or any(step.kind == BREACH for step in ready)
        due += [step for step in ready if step.kind != WARN or not is_breached]
        moments += [step.due_at for step in steps if step.due_at > now]
        if told or ready:
            moments.append(now + max(LOOK_AGAIN_AFTER, age / LOOK_AGAIN_SHARE))
    ordered = sorted(due, key=lambda step: (step.due_at, step.fired))
    return Look(due=tuple(ordered), next_at=min(moments, default=None), over=tuple(over))


def steps_of(waiting: Waiting, target: Target, *, ladder: Sequence[Rung], hours: OpeningHours) -> Iterator[Step]:
    """Every step of a wait, in order of time; those that opening hours never reach are missing."""
    if waiting.measure == ANSWER_FAILED:
        yield Step(waiting=waiting, target=target, kind=FAILED, due_at=waiting.start)
        return
    plan = [(WARN, None, target.warn), (BREACH, None, 1.0), *((ESCALATE, rung.role, rung.times) for rung in ladder)]
    for kind, role, times in plan:
        at = due_at(waiting.start, target, hours, times=times)
        if at is not None:
            yield Step(waiting=waiting, target=target, kind=kind, due_at=at, role=role)


def first_look_after(targets: Iterable[Target]) -> timedelta | None:
    """How long after its clock start an enquiry can first bring something, whatever it turns out to be; None when
    nothing is watched from the clock start. Working time only makes it later."""
    warns = [
        target.seconds * target.warn
        for target in targets
        if tells_each(target) and target.measure in WATCHED and target.measure != Measure.HUMAN_WAIT
    ]
    return timedelta(seconds=min(warns)) if warns else None


def _binding(waiting: Waiting, targets: Mapping[str, Target]) -> Target | None:
    """The target of a wait. What only a person can still answer counts time as the wait for a person does: a salon
    that expects nobody at night is not told at night that the customer has no answer."""
    if waiting.measure == ANSWER_FAILED:
        return AT_ONCE
    target, person = targets.get(waiting.measure), targets.get(Measure.HUMAN_WAIT)
    if target is None or person is None or not waiting.is_for_person:
        return target
    return replace(target, working=target.working or person.working)


def _given_back_at(timeline: Timeline, span: Span) -> datetime | None:
    return _first_of(*(call.at for call in timeline.calls if isinstance(call, GivenBack) and call.at >= span.start))


def _waits_after_failures(
    timeline: Timeline, given_up: Iterable[GivenUp], closed_at: datetime | None
) -> Iterator[Waiting]:
    """From a turn that was given up to a person's reply, or to staff who give the dialogue back; further failures
    meanwhile belong to the same wait."""
    replies = [reply.given_at for reply in timeline.outbound if reply.author.is_person and reply.given_at is not None]
    backs = [call.at for call in timeline.calls if isinstance(call, GivenBack)]
    waiting_until: datetime | None = None
    is_waiting = False
    for failure in sorted(given_up, key=lambda failure: failure.at):
        if is_waiting and (waiting_until is None or failure.at <= waiting_until):
            continue
        ends = [at for at in (*replies, *backs) if at >= failure.at]
        waiting_until, is_waiting = _first_of(*ends, closed_at), True
        yield Waiting(
            measure=ANSWER_FAILED,
            number=failure.turn_id,
            start=failure.at,
            ended_at=waiting_until,
            message_id=failure.message_id,
        )


def _booking_wait(booking: Booking, now: datetime) -> Waiting:
    begun_at = booking.starts_at if booking.starts_at <= now else None
    ended_at = _first_of(booking.confirmed_at, booking.cancelled_at, begun_at)
    return Waiting(measure=BOOKING_CONFIRMED, number=booking.appointment_id, start=booking.booked_at, ended_at=ended_at)


def _first_of(*instants: datetime | None) -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)
