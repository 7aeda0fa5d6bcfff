"""What the bot remembers of a dialogue between turns; stored as JSON in the thread, never customer text at large."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from responder.dialogue.meaning import Asked, Wish
from responder.dialogue.states import HandoffReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A free slot shown to the customer; `token` is opaque and all an LLM ever sees of it."""

    token: str
    specialist: str  # key
    starts_at: datetime  # UTC


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """The customer's latest booking made in this dialogue."""

    appointment_id: int
    service: str  # key
    specialist: str  # key
    starts_at: datetime  # UTC
    also: tuple[str, ...] = ()  # keys of further services


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogueState:
    """Frozen: a decision makes a new one with `but()`. From `service` to `is_move` it is the booking under way."""

    enquiry_id: int | None = None  # progress below belongs to it; a new enquiry starts afresh
    asked: Asked = Asked.NOTHING
    greeted: bool = False
    language: str | None = None
    service: str | None = None  # key
    candidates: tuple[str, ...] = ()  # keys of services that were named by one word; which one, has been asked
    also: tuple[str, ...] = ()  # keys of further services of the same visit
    later: tuple[str, ...] = ()  # keys of services that another visit is booked for next
    specialist: str | None = None  # key
    wishes: tuple[Wish, ...] = ()
    offers: tuple[Offer, ...] = ()
    chosen: Offer | None = None
    hold_id: int | None = None  # the appointment row that holds `chosen`
    is_move: bool = False  # `visit` will be given up for `chosen`
    visit: Visit | None = None
    name: str | None = None
    phone: str | None = None
    misunderstood: int = 0  # in a row
    repeats: int = 0  # how often the open question was asked again with nothing new
    handed_off: tuple[HandoffReason, ...] = ()  # what a person was called for and the customer was told
    reassured_at: datetime | None = None  # when the customer last heard that a person will come
    hint: str | None = None  # what staff told the bot when they gave the dialogue back; for one turn

    def but(self, **changes: Any) -> DialogueState:
        """The same with these changes; itself where they change nothing, which is usual and costs a tenth of a copy."""
        if all(getattr(self, name) == value for name, value in changes.items()):
            return self
        return replace(self, **changes)

    def for_enquiry(self, enquiry_id: int | None) -> DialogueState:
        """The same while the enquiry goes on; in a new one only what is known of the person and the booking."""
        if self.enquiry_id == enquiry_id:
            return self
        return self.without_progress().but(enquiry_id=enquiry_id, handed_off=(), reassured_at=None)

    def without_progress(self) -> DialogueState:
        """The booking under way forgotten; the person and the booked visit kept."""
        return DialogueState(
            enquiry_id=self.enquiry_id,
            greeted=self.greeted,
            language=self.language,
            name=self.name,
            phone=self.phone,
            visit=self.visit,
            handed_off=self.handed_off,
            reassured_at=self.reassured_at,
        )

    @property
    def is_booked(self) -> bool:
        return self.visit is not None

    def to_json(self) -> dict[str, Any]:
        """Only what differs from a fresh state."""
        document = {}
        for name, fresh in _FRESH:
            value = getattr(self, name)
            if value != fresh:
                document[name] = _plain(value)
        return document

    @staticmethod
    def from_json(data: dict[str, Any]) -> DialogueState:
        """The inverse of `to_json`; unknown names (of another version) are dropped."""
        if not data:
            return DialogueState()
        known = {name: value for name, value in data.items() if name in DialogueState.__dataclass_fields__}
        if "asked" in known:
            known["asked"] = Asked(known["asked"])
        if "handed_off" in known:
            known["handed_off"] = tuple(HandoffReason(reason) for reason in known["handed_off"])
        if "reassured_at" in known:
            known["reassured_at"] = datetime.fromisoformat(known["reassured_at"])
        if "wishes" in known:
            known["wishes"] = tuple(_wish(wish) for wish in known["wishes"])
        if "offers" in known:
            known["offers"] = tuple(_offer(offer) for offer in known["offers"])
        if known.get("chosen"):
            known["chosen"] = _offer(known["chosen"])
        if known.get("visit"):
            known["visit"] = _visit(known["visit"])
        known |= {name: tuple(known[name]) for name in ("candidates", "also", "later") if name in known}
        return DialogueState(**known)


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, (Offer, Visit, Wish)):
        named = ((name, getattr(value, name)) for name in type(value).__dataclass_fields__)
        return {name: _plain(item) for name, item in named if item is not None}
    return value


_FRESH = tuple((name, getattr(DialogueState(), name)) for name in DialogueState.__dataclass_fields__)


def _offer(data: dict[str, Any]) -> Offer:
    return Offer(
        token=data["token"], specialist=data["specialist"], starts_at=datetime.fromisoformat(data["starts_at"])
    )


def _visit(data: dict[str, Any]) -> Visit:
    starts_at = datetime.fromisoformat(data["starts_at"])
    return Visit(**{**data, "starts_at": starts_at, "also": tuple(data.get("also", ()))})


def _wish(data: dict[str, Any]) -> Wish:
    return Wish(
        date_from=_date(data.get("date_from")),
        date_to=_date(data.get("date_to")),
        time_from=_time(data.get("time_from")),
        time_to=_time(data.get("time_to")),
        exact_time=_time(data.get("exact_time")),
        asap=data.get("asap", False),
        ambiguous=data.get("ambiguous"),
        text=data.get("text", ""),
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None
