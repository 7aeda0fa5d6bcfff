"""Understanding one turn's words: by rules always, by an LLM beside them under a deadline, never waiting longer.

What the LLM read counts only when it came in time and passed its checks; the rules' reading is always ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import phonenumbers

from connectors.contract import InboundKind
from responder.dialogue.meaning import Asked, Context, Intent, Meaning, Offered
from responder.dialogue.state import DialogueState
from responder.llm.merge import merge
from responder.llm.reading import LlmOutcome, LlmReading
from responder.salon.profile import SalonProfile
from responder.turns.claim import Claim, Unread
from responder.understanding.reader import Reader

if TYPE_CHECKING:
    from responder.llm.reader import LlmReader

# A yes on an old button answers the question it stood under, not the one that is open now.
_ANSWERS_NOW = {
    Asked.CONFIRM: ("confirm:yes", "confirm:no"),
    Asked.CANCEL_CONFIRM: ("cancel:yes", "cancel:no"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What the LLM cost; `cost_micros` None where no price is set."""

    model: str | None = None
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_micros: int | None = None
    currency: str | None = None

    @classmethod
    def of(cls, answer: LlmReading | None) -> Spent:
        if answer is None:
            return cls()
        return cls(
            model=answer.model or None,
            tokens_in=answer.tokens_in,
            tokens_cached=answer.tokens_cached,
            tokens_out=answer.tokens_out,
            cost_micros=answer.cost_micros,
            currency=None if answer.cost_micros is None else answer.currency,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the words mean and who said so."""

    meaning: Meaning
    by: str  # "rules", "llm", "buttons"
    llm_outcome: str | None = None
    llm_detail: str = ""  # why it was not used
    llm_refused: str = ""  # its wording that the guard dropped
    prompt_version: str | None = None
    spent: Spent = Spent()
    late: asyncio.Future[LlmReading] | None = field(default=None, compare=False, repr=False)  # may still come

    def as_document(self) -> dict[str, Any]:
        """What was said, for the record of the turn, and what the LLM said in vain; customer details are left to their
        own columns."""
        document: dict[str, Any] = {}
        for slot in fields(self.meaning):
            value = getattr(self.meaning, slot.name)
            if value and slot.name not in ("phones", "name", "bad_phone") and value is not True:
                document[slot.name] = _plain(value)
        refused = {"llm_detail": self.llm_detail, "llm_refused": self.llm_refused}
        return document | {name: text for name, text in refused.items() if text}


async def read(
    claim: Claim,
    *,
    salon: SalonProfile,
    rules: Reader,
    llm: LlmReader | None,
    now: datetime,
    deadline_s: float,
) -> Reading:
    """The reading of a claim's unread messages, at most `deadline_s` from now."""
    context = context_of(claim.state, salon)
    pressed = _pressed(claim.unread, context)
    texts = claim.texts
    if not texts:
        return Reading(meaning=_with_contact(pressed, claim, salon), by="buttons")
    asking = None
    if llm is not None and deadline_s > 0:
        asking = asyncio.create_task(
            llm.read(claim.lines, salon=salon, state=claim.state, context=context, now=now, deadline_s=deadline_s)
        )
    try:
        if asking is not None:
            await asyncio.sleep(0)  # the request leaves before the rules take the processor
        by_rules = rules.read(texts, now=now, context=context)
        answer: LlmReading | None = None if asking is None else await asking
    finally:
        if asking is not None:
            asking.cancel()
    meaning, by = by_rules, "rules"
    if answer is not None and answer.outcome is LlmOutcome.USED and answer.meaning is not None:
        meaning, by = merge(by_rules, answer.meaning, asked=context.asked), "llm"
    return Reading(
        meaning=_with_contact(_both(meaning, pressed), claim, salon),
        by=by,
        llm_outcome=None if answer is None else str(answer.outcome),
        llm_detail="" if answer is None else answer.detail,
        llm_refused="" if answer is None else answer.refused,
        prompt_version=None if answer is None else answer.prompt_version,
        spent=Spent.of(answer),
        late=None if answer is None else answer.late,
    )


def context_of(state: DialogueState, salon: SalonProfile) -> Context:
    """What was going on when the words were said."""
    offers = []
    for offer in state.offers:
        local = offer.starts_at.astimezone(salon.zone)
        offers.append(Offered(token=offer.token, day=local.date(), at=local.time(), specialist=offer.specialist))
    known = {
        "service": state.service,
        "when": state.chosen,
        "name": state.name,
        "phone": state.phone,
    }
    return Context(
        asked=state.asked,
        offers=tuple(offers),
        language=state.language or salon.language,
        service=state.service,
        has_appointment=state.is_booked,
        known=frozenset(name for name, value in known.items() if value),
    )


def _pressed(unread: Sequence[Unread], context: Context) -> Meaning:
    """The meaning of our own buttons, read from their payload and never guessed from their label."""
    meaning = Meaning()
    for message in unread:
        payload = message.payload.get("payload")
        if message.kind is not InboundKind.PRESSED or not isinstance(payload, str):
            continue
        kind, _, value = payload.partition(":")
        match kind, value:
            case "slot", token:
                intents = {Intent.CHOOSE} if any(offer.token == token for offer in context.offers) else {Intent.BOOK}
                meaning = replace(meaning, offer_token=token, intents=meaning.intents | intents)
            case "service", key:
                meaning = replace(meaning, service=key, intents=meaning.intents | {Intent.BOOK})
            case (("confirm" | "cancel"), answer) if payload in _ANSWERS_NOW.get(context.asked, ()):
                intent = Intent.CONFIRM if answer == "yes" else Intent.DECLINE
                meaning = replace(meaning, intents=meaning.intents | {intent})
            case _:
                meaning = replace(meaning, understood=False)
    return meaning


def _both(words: Meaning, pressed: Meaning) -> Meaning:
    if not pressed.intents:
        return words
    return replace(
        words,
        intents=words.intents | pressed.intents,
        offer_token=pressed.offer_token or words.offer_token,
        service=pressed.service or words.service,
        needs_no_reply=False,
    )


def _with_contact(meaning: Meaning, claim: Claim, salon: SalonProfile) -> Meaning:
    """A contact card is a phone and, if nothing better is known, a name."""
    for message in claim.unread:
        card = message.payload.get("contact")
        if not isinstance(card, dict) or not card.get("phone"):
            continue
        e164 = _e164(str(card["phone"]), salon.country)
        if e164 is not None:
            name = meaning.name or (None if claim.state.name else card.get("name"))
            meaning = replace(meaning, phones=(*meaning.phones, e164), name=name, needs_no_reply=False)
    return meaning


def _e164(number: str, country: str) -> str | None:
    """A card's number, which may come without "+" or without the country; None when it can be neither."""
    for spelling in (number, f"+{number}"):
        try:
            parsed = phonenumbers.parse(spelling, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, (date, time, datetime)):
        return value.isoformat()
    if isinstance(value, (frozenset, set)):
        return sorted(str(item) for item in value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if getattr(value, f.name)}
    return value
