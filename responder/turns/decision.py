"""What a turn decided, as data: nothing here has happened yet."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any

from responder.dialogue.meaning import Wish
from responder.dialogue.state import DialogueState, Offer
from responder.dialogue.states import HandoffReason, Substance
from responder.turns.outcomes import QUESTIONS, Outcome

NOTHING_NEW = frozenset(
    {Outcome.MISUNDERSTOOD, Outcome.HANDOFF_NOT_UNDERSTOOD, Outcome.ASK_AGAIN, Outcome.SILENCE, Outcome.SPAM}
)


@dataclass(frozen=True, slots=True)
class Say:
    """One worded line and the phrase it came from ("knowledge" for wording from the salon's file, "answer" for the
    LLM's after the guard)."""

    phrase: str
    text: str


@dataclass(frozen=True, slots=True)
class QuickReply:
    """A button: what it says and what comes back when it is pressed."""

    label: str
    payload: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """Find free slots and offer them. Without wishes the nearest are shown beside the question when to come."""

    service: str
    specialist: str | None
    wishes: tuple[Wish, ...]
    also: tuple[str, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    not_on: frozenset[date] = frozenset()


class Deed(StrEnum):
    """What is to be done to the appointment book."""

    HOLD = "hold"  # `offer` for this customer
    BOOK = "book"  # what is held
    MOVE = "move"  # cancel the old visit and book `offer`, or neither
    CANCEL = "cancel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Handoff:
    """A person is needed from now on."""

    reason: HandoffReason
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The outcome of a turn before its effects. `gives_facts`: a question of the customer's is answered in it too.
    `recalls`: the customer's booked visits have to be looked up."""

    name: Outcome
    state: DialogueState
    says: tuple[Say, ...] = ()
    quick_replies: tuple[QuickReply, ...] = ()
    contact_label: str | None = None  # of a "share my phone" button, where the channel has one
    deed: Deed | None = None
    offer: Offer | None = None
    search: Search | None = None
    recalls: bool = False
    handoff: Handoff | None = None
    gives_facts: bool = False
    is_settled: bool = False
    is_spam: bool = False

    def but(self, **changes: Any) -> Decision:
        return replace(self, **changes)

    def after(self, *says: Say) -> Decision:
        """The same decision with these lines said first."""
        return replace(self, says=(*says, *self.says))

    def answering(self, *says: Say) -> Decision:
        """The same decision with these answers to the customer's questions given first."""
        return replace(self, says=(*says, *self.says), gives_facts=self.gives_facts or bool(says))

    def then(self, step: Decision) -> Decision:
        """What follows from this one: its lines, its facts and its hand-off stay, everything else is the step's."""
        return replace(
            step,
            says=(*self.says, *step.says),
            gives_facts=self.gives_facts or step.gives_facts,
            handoff=step.handoff or self.handoff,
        )

    def repeats_question(self, before: DialogueState) -> bool:
        """Whether it asks what was open before, and nothing has moved on."""
        return self.name in QUESTIONS and _progress(self.state) == _progress(before)

    @property
    def says_more(self) -> bool:
        """Whether it is worth a reply of its own after one that understood nothing."""
        is_under_way = self.search is not None or self.deed is not None or self.recalls
        if self.name in NOTHING_NEW:
            return False
        return (
            is_under_way or self.handoff is not None or self.gives_facts or self.name.substance is Substance.SUBSTANTIVE
        )

    def since(self, before: DialogueState) -> Decision:
        """The same, named for what it is when it only repeats the question that was open before."""
        if not self.repeats_question(before):
            return self
        return replace(self, name=Outcome.ANSWER if self.gives_facts else Outcome.ASK_AGAIN)

    def payload(self) -> dict[str, Any]:
        """What goes out beside the text, as stored: `buttons` and `ask_contact`."""
        payload: dict[str, Any] = {}
        if self.quick_replies:
            payload["buttons"] = [{"label": b.label, "payload": b.payload} for b in self.quick_replies]
        if self.contact_label:
            payload["ask_contact"] = self.contact_label
        return payload

    @property
    def text(self) -> str:
        return "\n".join(say.text for say in self.says if say.text)

    @property
    def substance(self) -> Substance:
        """Set by the path, never by single lines."""
        return Substance.SUBSTANTIVE if self.gives_facts else self.name.substance


_NO_PROGRESS = frozenset({"greeted", "language", "misunderstood", "repeats", "visit"})
_progress = attrgetter(*(slot.name for slot in fields(DialogueState) if slot.name not in _NO_PROGRESS))
"""Everything of a state that a question could have moved on."""
