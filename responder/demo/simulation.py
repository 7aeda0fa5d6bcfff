"""Plays the demo: what customers and operators do, in the order of simulated time, one thing after another.

Before each thing the clock jumps to its time; after it everything that follows at once is waited for. So customers'
thinking and operators' delays are simulated, while the responder's own milliseconds are the real ones.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from responder.demo.clock import DemoClock
from responder.demo.customers import Listens, Presses, Says, Script, Step, script_of
from responder.demo.doors import Door
from responder.demo.hearing import Asked, Heard
from responder.demo.operators import Operators, OperatorWork
from responder.demo.people import Person

BURST_GAP_S = 0.35  # between the messages of a burst
HOUSEKEEPING_EVERY = timedelta(minutes=15)
OUTAGE_LASTS = timedelta(hours=1)
OUTAGE_DELAY_S = 260.0  # how long after it was written a message of the outage arrives

Work = Callable[[datetime], Awaitable[None]]


@dataclass(kw_only=True)
class _Actor:
    """A customer in the middle of a script."""

    person: Person
    script: Script
    door: Door
    listens: int = 0  # how often it has begun to: an end that was planned for an earlier time means nothing


@dataclass(kw_only=True)
class Progress:
    """What has happened so far."""

    at: datetime
    messages: int = 0
    started: int = 0


class Simulation:
    """`settle` returns when the responder has nothing more to do at once, `keep_house` is its periodic work."""

    def __init__(
        self,
        *,
        clock: DemoClock,
        settle: Callable[[], Awaitable[None]],
        keep_house: Callable[[], Awaitable[None]],
        outage_begins: datetime | None,
    ) -> None:
        self._clock, self._settle, self._keep_house = clock, settle, keep_house
        self._outage_begins = outage_begins
        self._agenda: list[tuple[datetime, int, Work]] = []
        self._numbers = itertools.count()
        self._listening: dict[str, _Actor] = {}
        self.operators: Operators | None = None  # who answers, if anybody
        self._house_kept_at = clock.now()
        self.progress = Progress(at=clock.now())

    def plan(self, at: datetime, work: Work) -> None:
        """Do `work` at a simulated time."""
        heapq.heappush(self._agenda, (at, next(self._numbers), work))

    def expect(self, person: Person, door: Door) -> None:
        """Let a customer do what they will do."""

        async def begin(_: datetime) -> None:
            self.progress.started += 1
            self._go_on(_Actor(person=person, script=script_of(person), door=door), None)

        self.plan(person.writes_at, begin)

    async def run(self, until: datetime, *, tell: Callable[[Progress], None]) -> None:
        """Play everything before `until`; what would come later never happens."""
        while self._agenda and self._agenda[0][0] < until:
            at, _, work = heapq.heappop(self._agenda)
            await self._pass_time(at)
            await work(self._clock.now())
            self.progress.at = at
            tell(self.progress)
        await self._pass_time(until)

    async def _pass_time(self, to: datetime) -> None:
        while self._house_kept_at + HOUSEKEEPING_EVERY < to:
            self._house_kept_at += HOUSEKEEPING_EVERY
            self._clock.pass_to(self._house_kept_at)
            await self._keep_house()
        self._clock.pass_to(to)

    def _go_on(self, actor: _Actor, heard: Heard | None) -> None:
        """Ask the script for its next step, and plan that."""
        try:
            step = next(actor.script) if heard is None else actor.script.send(heard)
        except StopIteration:
            return
        at = self._clock.now() + timedelta(seconds=step.after_s)
        if isinstance(step, Listens):
            self._listening[actor.door.key] = actor
            actor.listens += 1
            this_time = actor.listens
            self.plan(at, lambda _: self._stop_listening(actor, this_time))
        else:
            self.plan(at, lambda now: self._do(actor, step, now))

    async def _do(self, actor: _Actor, step: Step, now: datetime, *, is_late: bool = False) -> None:
        if not is_late and self._is_cut_off(actor.person, now) and not isinstance(step, Presses):
            # written now, brought later: the messenger could not reach us
            self.plan(now + timedelta(seconds=OUTAGE_DELAY_S), lambda _: self._do(actor, step, now, is_late=True))
            return
        for number, part in enumerate(_messages(step)):
            if number:
                self._clock.pass_to(self._clock.now() + timedelta(seconds=BURST_GAP_S))
            sent_at = now if is_late else self._clock.now()
            await actor.door.bring(part, sent_at=sent_at)
            self.progress.messages += 1
        await self._settle()
        heard = await actor.door.heard()
        await self._notice(heard)
        self._go_on(actor, heard)

    async def _notice(self, heard: Heard) -> None:
        """People look when something calls for them, and now and then for no reason."""
        if self.operators is None:
            return
        if not heard or heard.asked is Asked.PERSON_COMES:
            await self.operators.look(self._clock.now())
        else:
            await self.operators.maybe_step_in(self._clock.now())

    def plan_for_operator(self, at: datetime, work: OperatorWork) -> None:
        """Do what an operator decided to do; whoever listens then hears it."""
        self.plan(at, lambda now: self._by_operator(work, now))

    async def _by_operator(self, work: OperatorWork, now: datetime) -> None:
        key = await work(now)
        await self._settle()
        if key is not None and (actor := self._listening.pop(key, None)) is not None:
            self._go_on(actor, await actor.door.heard())

    async def _stop_listening(self, actor: _Actor, this_time: int) -> None:
        if self._listening.get(actor.door.key) is actor and actor.listens == this_time:
            del self._listening[actor.door.key]
            self._go_on(actor, await actor.door.heard())

    def _is_cut_off(self, person: Person, now: datetime) -> bool:
        begins = self._outage_begins
        return person.channel == "telegram" and begins is not None and begins <= now < begins + OUTAGE_LASTS


def _messages(step: Step) -> list[Step]:
    """A burst as single messages."""
    if isinstance(step, Says):
        return [replace(step, texts=(text,)) for text in step.texts]
    return [step]


async def settle(clock: DemoClock, idle: Callable[[], Awaitable[None]]) -> None:
    """Let simulated time pass for whoever sleeps until `idle` returns."""
    is_idle = asyncio.ensure_future(idle())
    while not is_idle.done():
        sleeping = asyncio.ensure_future(clock.somebody_sleeps())
        await asyncio.wait({is_idle, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        if sleeping.done() and not is_idle.done():
            clock.wake_next()
        sleeping.cancel()
        await asyncio.sleep(0)
    await is_idle
