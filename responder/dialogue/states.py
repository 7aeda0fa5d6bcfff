"""States that rows of a dialogue are in, as stored and as spoken (`timing.md` has the exact meanings)."""

from __future__ import annotations

from enum import StrEnum

from responder.timing.timeline import Substance

__all__ = [
    "AppointmentState",
    "Author",
    "CloseReason",
    "Direction",
    "HandoffReason",
    "SendState",
    "Substance",
    "ThreadMode",
]


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Author(StrEnum):
    """Who wrote a message; of outbound ones, taken from the credential that sent it and never guessed."""

    CUSTOMER = "customer"
    BOT = "bot"
    HUMAN = "human"
    HUMAN_DEVICE = "human_device"
    SYSTEM = "system"

    @property
    def is_auto_reply(self) -> bool:
        return self not in (Author.HUMAN, Author.HUMAN_DEVICE)


class SendState(StrEnum):
    """An outbound message: queued -> sending -> accepted | queued (retry) | unknown | failed; queued -> withdrawn."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class ThreadMode(StrEnum):
    """Who answers: after take-over no turn of the bot runs until it is given back."""

    BOT = "bot"
    HUMAN = "human"


class CloseReason(StrEnum):
    RESOLVED = "resolved"
    QUIET = "quiet"
    SPAM = "spam"
    BLOCKED = "blocked"


class HandoffReason(StrEnum):
    ASKED = "asked"  # the customer asked for a person
    ANGER = "anger"
    RISK = "risk"  # medical, legal or otherwise risky
    NOT_UNDERSTOOD = "not_understood"
    FAILED = "failed"  # the bot could not do its work
    ATTACHMENT = "attachment"  # something only a person can look at or listen to
    TAKEN_OVER = "taken_over"  # staff stepped in unasked
    ASSIGNED = "assigned"  # given to a person who has not come yet


class AppointmentState(StrEnum):
    HELD = "held"
    BOOKED = "booked"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CAME = "came"
    NO_SHOW = "no_show"
