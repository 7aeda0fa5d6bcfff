"""Everything besides state and meaning that a decision may look at; a value, so that decisions stay pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connectors.contract import AttachmentKind
from responder.dialogue.state import DialogueState, Offer
from responder.salon.profile import SalonProfile, Service, Specialist
from responder.turns.decision import QuickReply, Say
from responder.turns.wording import Voice


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """`is_answered`: this enquiry already has a reply of ours. `attachments` came with the words of this turn.
    `asked_days`: days whose opening hours were asked about, which is no wish to come then."""

    salon: SalonProfile
    voice: Voice
    now: datetime
    is_answered: bool = False
    is_started: bool = False
    attachments: tuple[AttachmentKind, ...] = ()
    asked_days: tuple[date, ...] = ()
    can_ask_contact: bool = False

    def say(self, phrase: str, **params: str | int) -> Say:
        return Say(phrase, self.voice.say(phrase, **params))

    def button(self, phrase: str, payload: str) -> QuickReply:
        return QuickReply(self.voice.say(phrase), payload)

    def contact_label(self) -> str | None:
        return self.voice.say("share_phone") if self.can_ask_contact else None

    def handoff_line(self, phrase: str) -> Say:
        return self.say(phrase, when_people=self.voice.when_people())

    def service_of(self, state: DialogueState) -> Service | None:
        return self.salon.service(state.service)

    def specialist_of(self, offer: Offer | None) -> Specialist | None:
        return None if offer is None else self.salon.specialist(offer.specialist)

    def chosen(self, state: DialogueState) -> dict[str, str]:
        """What names the chosen slot in a phrase: service, when, with_whom."""
        offer = state.chosen
        if offer is None or state.service is None:
            return {}
        return self._visit((state.service, *state.also), offer.specialist, offer.starts_at)

    def visit(self, state: DialogueState) -> dict[str, str]:
        """The same for the booked visit."""
        visit = state.visit
        if visit is None:
            return {}
        return self._visit((visit.service, *visit.also), visit.specialist, visit.starts_at)

    def services(self, keys: Sequence[str]) -> tuple[Service, ...]:
        """Those of the keys that the salon (still) has."""
        return tuple(service for service in map(self.salon.service, keys) if service is not None)

    def _visit(self, keys: Sequence[str], specialist_key: str, starts_at: datetime) -> dict[str, str]:
        return {
            "service": self.voice.services(self.services(keys)),
            "when": self.voice.when(starts_at),
            "with_whom": self.voice.with_whom(self.salon.specialist(specialist_key)),
        }
