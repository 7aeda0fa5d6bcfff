"""First reply as three other products define it, so that who moves over sees why the figures differ.

Pure functions of a `Timeline`, each beside what it leaves out. Ours is `measures.measure`; nothing but the comparison
in the report uses these. Sources and how sure they are: docs/timing-other-definitions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from responder.timing.measures import Span
from responder.timing.timeline import Outbound, PersonNeeded, TakenOver, Timeline


class Definition(StrEnum):
    """Whose rules a first reply is measured by; the value is what the report and its API say."""

    TIMING_1 = "timing/1"
    ZENDESK = "zendesk"
    INTERCOM = "intercom"
    CHATWOOT = "chatwoot"


def other_definitions(timeline: Timeline) -> Mapping[Definition, Span]:
    """The first reply of one enquiry by each of the others. A span without an end is in none of their figures: they
    keep no value for who was never answered."""
    return {definition: measured(timeline) for definition, measured in _MEASURED.items()}


def _zendesk(timeline: Timeline) -> Span:
    """From the creation of the ticket to an agent's first public comment. Bots and triggers do not count; the time the
    message took to arrive does not either, as the ticket exists from its arrival."""
    return _until_person(timeline, timeline.opened_at)


def _intercom(timeline: Timeline) -> Span:
    """From the customer's first message to a teammate's first reply after it; workflows and bots are no teammates."""
    return _until_person(timeline, min(message.received_at for message in timeline.inbound))


def _chatwoot(timeline: Timeline) -> Span:
    """From the hand-off by the bot, or the creation of the conversation where the bot handed nothing over, to the first
    reply of a person: what the customer spent with the bot is not waiting."""
    opened_at = timeline.opened_at
    handed_over = [call.at for call in timeline.calls if isinstance(call, PersonNeeded | TakenOver)]
    first_reply = _until_person(timeline, opened_at).end
    before_it = [at for at in handed_over if opened_at <= at and (first_reply is None or at <= first_reply)]
    return _until_person(timeline, max(before_it, default=opened_at))


def _until_person(timeline: Timeline, start: datetime) -> Span:
    replies = [at for at in map(_written_at, timeline.outbound) if at is not None and at >= start]
    return Span(start=start, end=min(replies, default=None))


def _written_at(message: Outbound) -> datetime | None:
    """All three stamp a person's reply when it is written into them, before any messenger has accepted it."""
    if not message.author.is_person:
        return None
    return message.composed_at or message.accepted_at


_MEASURED: Mapping[Definition, Callable[[Timeline], Span]] = {
    Definition.ZENDESK: _zendesk,
    Definition.INTERCOM: _intercom,
    Definition.CHATWOOT: _chatwoot,
}
