"""What happened in a thread, as data: the only input of every measure.

Values only. A `Timeline` is put in order and rid of repetitions when it is made, so that the order in which webhooks
happened to arrive, or a redelivery, cannot change a figure. The words are those of docs/timing.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

DEFINITION = "timing/1"


class Author(StrEnum):
    """Who wrote an outbound message, by the credential that sent it. `UNKNOWN` is never counted as a person."""

    BOT = "bot"
    HUMAN = "human"
    HUMAN_DEVICE = "human_device"
    SYSTEM = "system"
    UNKNOWN = "unknown"

    @property
    def is_person(self) -> bool:
        return self in (Author.HUMAN, Author.HUMAN_DEVICE)

    @property
    def is_auto_reply(self) -> bool:
        return not self.is_person


class Substance(StrEnum):
    SUBSTANTIVE = "substantive"
    ACKNOWLEDGEMENT = "acknowledgement"


class Exclusion(StrEnum):
    """Why an enquiry enters no figure; it is counted by reason beneath them."""

    SPAM = "spam"
    OUTREACH = "outreach"
    TEST = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbound:
    """The customer wrote. `key` is the same on every redelivery; `order_key` breaks ties of whole-second stamps;
    `is_bare_answer` marks an answer to outreach that says nothing more."""

    key: str
    received_at: datetime
    sent_at: datetime | None = None
    order_key: int = 0
    is_bare_answer: bool = False

    @property
    def clock_at(self) -> datetime:
        """`sent_at`, never later than `received_at`, which also stands in for none."""
        return self.received_at if self.sent_at is None else min(self.sent_at, self.received_at)

    @property
    def skew_s(self) -> float:
        """How far `sent_at` lay after `received_at` before it was clamped."""
        return 0.0 if self.sent_at is None else max((self.sent_at - self.received_at).total_seconds(), 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outbound:
    """Somebody or something wrote to the customer. `delivered_at` is the earliest proof that it reached them."""

    key: str
    author: Author
    substance: Substance | None = None
    composed_at: datetime | None = None
    accepted_at: datetime | None = None
    delivered_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def given_at(self) -> datetime | None:
        """When the reply counts as given: on acceptance, but never before it was composed (a messenger's clock may be
        slow). One that was given up does not count, unless the messenger said it was delivered after all."""
        if self.accepted_at is None or (self.failed_at is not None and self.delivered_at is None):
            return None
        return self.accepted_at if self.composed_at is None else max(self.accepted_at, self.composed_at)

    @property
    def is_substantive(self) -> bool:
        return self.substance is Substance.SUBSTANTIVE


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class PersonNeeded:
    """The customer asked for a person, the bot gave up, or a rule escalated."""

    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class TakenOver:
    """Staff stepped in: the bot is silent from here on."""

    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class GivenBack:
    """Staff gave the dialogue back to the bot."""

    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """Staff or the bot settled the matter."""

    at: datetime
    reason: str = "resolved"


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkedSpam:
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OutreachStarted:
    """We wrote first: a reminder, a survey, a campaign."""

    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """The customer's data were deleted. The stamps stay, so this changes no figure."""

    at: datetime


Call: TypeAlias = PersonNeeded | TakenOver | GivenBack
Event: TypeAlias = Inbound | Outbound | Call | Closed | MarkedSpam | OutreachStarted | Erased


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """One enquiry. Needs at least one inbound message. `calls` may begin with a `TakenOver` from before the enquiry:
    staff had the thread already when it opened."""

    inbound: tuple[Inbound, ...]
    outbound: tuple[Outbound, ...] = ()
    calls: tuple[Call, ...] = ()
    closed_at: datetime | None = None
    close_reason: str | None = None
    excluded: Exclusion | None = None

    def __post_init__(self) -> None:
        if not self.inbound:
            raise ValueError("an enquiry opens with an inbound message")
        inbound = sorted(merge_inbound(self.inbound), key=_inbound_order)
        outbound = sorted(merge_outbound(self.outbound), key=lambda message: message.key)
        object.__setattr__(self, "inbound", tuple(inbound))
        object.__setattr__(self, "outbound", tuple(outbound))
        object.__setattr__(self, "calls", tuple(sorted(set(self.calls), key=_call_order)))

    @property
    def first(self) -> Inbound:
        """The message that starts the clock: the first by the messenger's own time."""
        return self.inbound[0]

    @property
    def opened_at(self) -> datetime:
        """When we knew of the enquiry."""
        return min(message.received_at for message in self.inbound)


def merge_inbound(messages: Iterable[Inbound]) -> list[Inbound]:
    """One value per key: the first time it was received counts."""
    merged: dict[str, Inbound] = {}
    for message in messages:
        known = merged.get(message.key)
        if known is None:
            merged[message.key] = message
            continue
        merged[message.key] = replace(
            known,
            received_at=min(known.received_at, message.received_at),
            sent_at=_earliest(known.sent_at, message.sent_at),
            order_key=min(known.order_key, message.order_key),
            is_bare_answer=known.is_bare_answer and message.is_bare_answer,
        )
    return list(merged.values())


def merge_outbound(messages: Iterable[Outbound]) -> list[Outbound]:
    """One value per key, every stamp the first that was seen. Raises `ValueError` when two statements of one message
    name different authors or substances: neither may be preferred."""
    merged: dict[str, Outbound] = {}
    for message in messages:
        known = merged.get(message.key)
        if known is None:
            merged[message.key] = message
            continue
        if known.author is not message.author or len({known.substance, message.substance} - {None}) > 1:
            raise ValueError(f"message {message.key} is stated in two ways")
        merged[message.key] = replace(
            known,
            substance=known.substance or message.substance,
            composed_at=_earliest(known.composed_at, message.composed_at),
            accepted_at=_earliest(known.accepted_at, message.accepted_at),
            delivered_at=_earliest(known.delivered_at, message.delivered_at),
            failed_at=_earliest(known.failed_at, message.failed_at),
        )
    return list(merged.values())


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((instant for instant in (one, other) if instant is not None), default=None)


def _inbound_order(message: Inbound) -> tuple[datetime, int, datetime, str]:
    return message.clock_at, message.order_key, message.received_at, message.key


def _call_order(call: Call) -> tuple[datetime, int]:
    return call.at, (PersonNeeded, TakenOver, GivenBack).index(type(call))
