"""What a customer's words mean, as values: produced by the rules and by the LLM alike, consumed by the decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum


class Intent(StrEnum):
    """What the customer does with a message; several may hold at once."""

    GREET = "greet"
    BOOK = "book"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    CONFIRM = "confirm"  # yes
    DECLINE = "decline"  # no
    PRICE = "price"
    ADDRESS = "address"
    HOURS = "hours"
    SERVICES = "services"  # "what do you do?"
    SPECIALISTS = "specialists"  # "who works on Saturday?"
    QUESTION = "question"  # something `knowledge` may answer
    COMPLAINT = "complaint"
    HUMAN = "human"
    THANKS = "thanks"
    BYE = "bye"
    SPAM = "spam"
    ABUSE = "abuse"
    RISK = "risk"
    CHOOSE = "choose"  # picks one of the offered slots: `choice`, `offer_token` or an exact wish
    LATER = "later"  # a later time than offered
    EARLIER = "earlier"
    OTHER_DAY = "other_day"
    APPOINTMENT = "appointment"  # "when am I booked?": asks about a visit that is already agreed


class Asked(StrEnum):
    """What the previous reply asked for: a bare answer is read in its light."""

    NOTHING = "nothing"
    SERVICE = "service"
    WHEN = "when"
    CHOICE = "choice"
    NAME = "name"
    PHONE = "phone"
    CONFIRM = "confirm"
    CANCEL_CONFIRM = "cancel_confirm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """When the customer would like to come, in the salon's local time; None means "not said"."""

    date_from: date | None = None
    date_to: date | None = None
    time_from: time | None = None
    time_to: time | None = None
    exact_time: time | None = None
    asap: bool = False
    ambiguous: str | None = None  # the question to ask back: "weekday", "am_pm", "past"
    text: str = field(default="", compare=False)  # the span it was read from


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """Everything read from the messages of one turn. Empty fields mean "not said"."""

    intents: frozenset[Intent] = frozenset()
    wishes: tuple[Wish, ...] = ()
    phones: tuple[str, ...] = ()  # E.164
    bad_phone: str | None = None  # digits that look like a phone and are none
    name: str | None = None
    service: str | None = None  # key in the salon file
    services: tuple[str, ...] = ()  # candidates, best first, when one name fits several
    also: tuple[str, ...] = ()  # keys of further services wanted in the same visit, in order; `service` is the first
    specialist: str | None = None  # key
    any_specialist: bool = False
    shift_min: int | None = None  # minutes later (negative: earlier) than what was chosen or booked
    choice: int | None = None  # 1-based; -1 is the last
    offer_token: str | None = None
    is_unknown_service: bool = False  # something the salon does not list was asked for
    knowledge: str | None = None  # key of the item that answers
    answer: str | None = None  # free wording by the LLM, already guarded
    language: str | None = None
    risk: str | None = None  # what kind, for staff
    needs_no_reply: bool = False
    understood: bool = True  # False: words were said and nothing was made of them


NOTHING_SAID = Meaning()


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """A slot shown to the customer, as understanding needs it: position 1.. in `offers`, local start."""

    token: str
    day: date
    at: time
    specialist: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What was going on when the words were said."""

    asked: Asked = Asked.NOTHING
    offers: tuple[Offered, ...] = ()
    language: str = "ru"
    service: str | None = None
    has_appointment: bool = False
    previous_reply: str = ""
    known: frozenset[str] = field(default_factory=frozenset)  # of "service", "when", "name", "phone"
