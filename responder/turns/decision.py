"""What a turn decided, as data: nothing here has happened yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from responder.dialogue.meaning import Wish
from responder.dialogue.state import DialogueState, Offer
from responder.dialogue.states import HandoffReason, Substance

# Phrases that give the customer nothing yet (timing.md, "Substance"); every other phrase offers, asks or settles.
ACKNOWLEDGEMENTS = frozenset(
    {
        "greeting",
        "greeting_back",
        "not_understood",
        "not_understood_at",
        "welcome",
        "bye",
        "handoff_asked",
        "handoff_anger",
        "handoff_risk",
        "handoff_not_understood",
        "handoff_failed",
        "handoff_attachment",
    }
)


@dataclass(frozen=True, slots=True)
class Say:
    """One worded line and the phrase it came from ("knowledge" for wording from the salon's file, "answer" for the
    LLM's after the guard)."""

    phrase: str
    text: str

    @property
    def substance(self) -> Substance:
        return Substance.ACKNOWLEDGEMENT if self.phrase in ACKNOWLEDGEMENTS else Substance.SUBSTANTIVE


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
    """`silences_bot`: the customer wants a person or must have one; else the bot may go on meanwhile."""

    reason: HandoffReason
    detail: str = ""
    silences_bot: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The outcome of a turn before its effects. `name` is what people read in the log of turns."""

    name: str
    state: DialogueState
    says: tuple[Say, ...] = ()
    quick_replies: tuple[QuickReply, ...] = ()
    contact_label: str | None = None  # of a "share my phone" button, where the channel has one
    deed: Deed | None = None
    offer: Offer | None = None
    search: Search | None = None
    handoff: Handoff | None = None
    is_settled: bool = False
    is_spam: bool = False

    def but(self, **changes: Any) -> Decision:
        return replace(self, **changes)

    def after(self, *says: Say) -> Decision:
        """The same decision with these lines said first."""
        return replace(self, says=(*says, *self.says))

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
        if any(say.substance is Substance.SUBSTANTIVE for say in self.says):
            return Substance.SUBSTANTIVE
        return Substance.ACKNOWLEDGEMENT
