"""What a turn can come to, by name, and what each is worth to the customer (docs/timing.md, "Was it useful").

The name is the path the decision took, and the path sets the substance: the same words "What is your name?" ask for a
detail the first time and are nothing new the second time. No language model and no wording is asked. Where in doubt,
the answer is the one that makes our own figures worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from responder.dialogue.states import HandoffReason, Substance


class Outcome(StrEnum):
    """The name of a decision, as the log of turns shows it."""

    # still under way: the appointment book has to be asked or written first
    SEARCH = "search"
    HOLD = "hold"
    BOOK = "book"
    CANCEL = "cancel"
    RECALL = "recall"
    # nothing is said
    SILENCE = "silence"
    SPAM = "spam"
    # courtesy and putting off
    WELCOME = "welcome"
    BYE = "bye"
    ASK_AGAIN = "ask_again"  # the open question once more, after nothing new
    MISUNDERSTOOD = "misunderstood"
    HANDOFF_ASKED = "handoff_asked"
    HANDOFF_ANGER = "handoff_anger"
    HANDOFF_RISK = "handoff_risk"
    HANDOFF_NOT_UNDERSTOOD = "handoff_not_understood"
    HANDOFF_FAILED = "handoff_failed"
    HANDOFF_ATTACHMENT = "handoff_attachment"
    OFFER_NONE = "offer_none"  # nothing to offer; a person will
    STILL_WAITING = "still_waiting"  # for a person
    # facts
    ANSWER = "answer"
    ALREADY_BOOKED = "already_booked"
    NO_VISIT = "no_visit"
    # times
    OFFER = "offer"
    ASK_MOVE = "ask_move"
    # a missing or mistaken detail
    ASK_SERVICE = "ask_service"
    ASK_WHICH_SERVICE = "ask_which_service"
    ASK_WHEN = "ask_when"
    ASK_WEEKDAY = "ask_weekday"
    ASK_AM_PM = "ask_am_pm"
    ASK_PAST = "ask_past"
    ASK_NAME_AND_PHONE = "ask_name_and_phone"
    ASK_NAME = "ask_name"
    ASK_PHONE = "ask_phone"
    BAD_PHONE = "bad_phone"
    ASK_CHANGE = "ask_change"
    # what would be done, read back
    READ_BACK = "read_back"
    ASK_CANCEL = "ask_cancel"
    # settled
    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    KEPT = "kept"
    DROPPED = "dropped"

    @classmethod
    def handoff(cls, reason: HandoffReason) -> Outcome:
        return cls(f"handoff_{reason.value}")

    @property
    def substance(self) -> Substance:
        return SUBSTANCE[self]


UNDER_WAY = frozenset({Outcome.SEARCH, Outcome.HOLD, Outcome.BOOK, Outcome.CANCEL, Outcome.RECALL})

# The outcomes that ask something: said again after nothing new they become `ASK_AGAIN`.
QUESTIONS = frozenset(
    {
        Outcome.OFFER,
        Outcome.ASK_SERVICE,
        Outcome.ASK_WHICH_SERVICE,
        Outcome.ASK_WHEN,
        Outcome.ASK_WEEKDAY,
        Outcome.ASK_AM_PM,
        Outcome.ASK_PAST,
        Outcome.ASK_MOVE,
        Outcome.ASK_NAME_AND_PHONE,
        Outcome.ASK_NAME,
        Outcome.ASK_PHONE,
        Outcome.ASK_CHANGE,
        Outcome.READ_BACK,
        Outcome.ASK_CANCEL,
    }
)

SUBSTANCE: Mapping[Outcome, Substance] = {
    **dict.fromkeys(
        (
            *UNDER_WAY,
            Outcome.SILENCE,
            Outcome.SPAM,
            Outcome.WELCOME,
            Outcome.BYE,
            Outcome.ASK_AGAIN,
            Outcome.MISUNDERSTOOD,
            Outcome.HANDOFF_ASKED,
            Outcome.HANDOFF_ANGER,
            Outcome.HANDOFF_RISK,
            Outcome.HANDOFF_NOT_UNDERSTOOD,
            Outcome.HANDOFF_FAILED,
            Outcome.HANDOFF_ATTACHMENT,
            Outcome.OFFER_NONE,
            Outcome.STILL_WAITING,
        ),
        Substance.ACKNOWLEDGEMENT,
    ),
    **dict.fromkeys(
        (
            *QUESTIONS,
            Outcome.ANSWER,
            Outcome.ALREADY_BOOKED,
            Outcome.NO_VISIT,
            Outcome.BAD_PHONE,
            Outcome.BOOKED,
            Outcome.MOVED,
            Outcome.CANCELLED,
            Outcome.KEPT,
            Outcome.DROPPED,
        ),
        Substance.SUBSTANTIVE,
    ),
}
