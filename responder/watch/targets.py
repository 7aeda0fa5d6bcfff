"""Which target binds an enquiry: the salon's own, most specific first, and the defaults for what it does not name.

Pure. How a tie is broken stands in docs/timing.md; whoever changes it here changes what a salon is held to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from responder.hours import OpeningHours
from responder.salon.profile import Target
from responder.timing.measures import Measure

ANSWER_FAILED = "answer_failed"  # from a turn that was given up to a person's reply; told at once, no measure
BOOKING_CONFIRMED = "booking_confirmed_s"  # from the booking to a manager's confirmation; a timer, no measure
NORMAL = "normal"

MINUTE, HOUR = 60.0, 3600.0

# Of mission.md. What people are to do counts in opening hours: nobody is expected to answer at night.
DEFAULTS = (
    Target(measure=Measure.BOT_FRT, seconds=3.0, goal_share=0.95),
    Target(measure=Measure.FIRST_USEFUL, seconds=60.0, goal_share=0.8),
    Target(measure=Measure.HUMAN_FRT, seconds=3 * MINUTE, working=True),
    Target(measure=Measure.HUMAN_FRT, seconds=15 * MINUTE, working=True, channel_kind="email"),
    Target(measure=Measure.HUMAN_WAIT, seconds=3 * MINUTE, working=True),
    Target(measure=Measure.HUMAN_WAIT, seconds=15 * MINUTE, working=True, channel_kind="email"),
    Target(measure=BOOKING_CONFIRMED, seconds=30 * MINUTE, working=True),
    Target(measure=Measure.RESOLUTION, seconds=24 * HOUR),
)

# Their misses are told enquiry by enquiry only when a target asks for it (`alert: true`): the bot's, because its
# headline is told already, and the person's first reply, because `human_wait_s` tells the same wait from the moment
# somebody was needed.
SILENT = frozenset({Measure.BOT_FRT, Measure.HUMAN_FRT})


AT_ONCE = Target(measure=ANSWER_FAILED, seconds=0.0)  # a bot that has failed leaves nothing to wait for


@dataclass(frozen=True, kw_only=True, slots=True)
class Selected:
    """What a target is selected by."""

    channel_kind: str
    category: str | None = None
    priority: str = NORMAL


def target_for(own: Sequence[Target], measure: str, about: Selected) -> Target | None:
    """The target that binds: of the salon's own that match the most specific one, else of the defaults likewise.

    So whoever sets a target for everything has set it for everything: no more specific default stands above it.
    """
    for targets in (own, DEFAULTS):
        matching = [target for target in targets if target.measure == measure and _matches(target, about)]
        if matching:
            return max(matching, key=specificity)
    return None


def targets_for(own: Sequence[Target], about: Selected) -> dict[str, Target]:
    """The binding target of each measure that has one."""
    measures = dict.fromkeys(target.measure for target in (*own, *DEFAULTS))
    found = ((measure, target_for(own, measure, about)) for measure in measures)
    return {measure: target for measure, target in found if target is not None}


def every_target(own: Sequence[Target]) -> tuple[Target, ...]:
    """All that may bind some enquiry: the salon's own and the defaults that stand behind them."""
    general = {target.measure for target in own if specificity(target) == (0, False, False, False)}
    return (*own, *(target for target in DEFAULTS if target.measure not in general))


def due_at(start: datetime, target: Target, hours: OpeningHours, *, times: float = 1.0) -> datetime | None:
    """When a wait that began at `start` has lasted `times` its target; None when opening hours never reach that."""
    seconds = target.seconds * times
    return hours.after_working_seconds(start, seconds) if target.working else start + timedelta(seconds=seconds)


def tells_each(target: Target) -> bool:
    """Whether a miss of this target is told enquiry by enquiry."""
    return target.measure not in SILENT if target.alert is None else target.alert


def telling(targets: Iterable[Target]) -> list[Target]:
    return [target for target in targets if tells_each(target)]


def specificity(target: Target) -> tuple[int, bool, bool, bool]:
    """More selectors win; of as many, the one by priority, then by category, then by channel. Two with the same
    selectors for one measure are a mistake of the salon file."""
    by = (target.priority is not None, target.category is not None, target.channel_kind is not None)
    return (sum(by), *by)


def _matches(target: Target, about: Selected) -> bool:
    return (
        target.channel_kind in (None, about.channel_kind)
        and target.category in (None, about.category)
        and target.priority in (None, about.priority)
    )
