"""What a scenario file holds: a talk, what must be true after each turn of it, and what must be true at the end.

Written for the person who runs a salon. Docs: docs/evaluation.md. Times are the salon's own; days are dates or, seen
from the day of the talk, `today`, `tomorrow`, `+3`, `saturday` (the next one).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from responder.dialogue.meaning import Asked
from responder.dialogue.states import HandoffReason
from responder.salon.notation import DAYS, duration_seconds, time_of_day

DEFAULT_START = datetime(2026, 11, 24, 11, 0)  # noqa: DTZ001 - a Tuesday, by the salon's clock
DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WHAT_IS_TOLD = "write yes, no or what is expected"
TODO = "TODO"


def _start(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M")  # noqa: DTZ007
    except ValueError:
        raise ValueError(f"`{text}` is not a day and a time; write it like 2026-11-24 11:00") from None


def _day(text: str) -> str:
    word = text.strip().casefold()
    if word in ("today", "tomorrow", *DAY_NAMES, *DAYS) or re.fullmatch(r"\+\d{1,3}", word):
        return word
    try:
        return date.fromisoformat(word).isoformat()
    except ValueError:
        raise ValueError(
            f"`{text}` is not a day; write 2026-11-28, today, tomorrow, +3 or a weekday like saturday"
        ) from None


def day_of(word: str, today: date) -> date:
    """The date that a checked day means on `today`."""
    if word == "today":
        return today
    if word == "tomorrow":
        return today + timedelta(days=1)
    if word.startswith("+"):
        return today + timedelta(days=int(word))
    for names in (DAY_NAMES, DAYS):
        if word in names:
            return today + timedelta(days=(names.index(word) - today.weekday() - 1) % 7 + 1)
    return date.fromisoformat(word)


def _phrases(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


def _minute(text: str) -> time:
    return time_of_day(text)


def _flag(given: Any) -> Any:
    if isinstance(given, str) and given.strip().casefold() in ("yes", "true", "no", "false"):
        return given.strip().casefold() in ("yes", "true")
    return given


def _asked(given: Any) -> Any:
    known = [str(each) for each in Asked]
    for word in _phrases(given) or ():
        if word not in known:
            raise ValueError(f"`{word}` is nothing that can be asked for; known: {', '.join(known)}")
    return _phrases(given)


def _seconds(text: str) -> int:
    return duration_seconds(text)


def _not_todo(given: Any) -> Any:
    if given == TODO:
        raise ValueError(f"still says {TODO}: write what must be true, or remove the line")
    return given


Start = Annotated[datetime, BeforeValidator(_start)]
Day = Annotated[str, AfterValidator(_day)]
Clock = Annotated[time, BeforeValidator(_minute)]
Phrases = Annotated[tuple[str, ...], BeforeValidator(_phrases)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class Part(BaseModel):
    """A mapping of the file: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Times(Part):
    """Of offers or of a visit: each field narrows what fits."""

    day: Day | None = None
    time: Clock | None = None
    earliest: Clock | None = Field(None, alias="from")
    latest: Clock | None = Field(None, alias="to")
    specialist: str | None = None


class Offers(Times):
    """Slots offered in a reply. `count` is how many; every one of them must fit the rest."""

    count: int | None = Field(None, ge=0)
    at_least: int = 1

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        data = _flag(data)
        if data is True:
            return {}
        if data is False:
            return {"count": 0}
        if isinstance(data, str):
            if not data.strip().isdigit():
                raise ValueError(f"`{data}` says nothing of offers; {WHAT_IS_TOLD}: a number, or day, from, to")
            return {"count": data.strip()}
        return data


class VisitPart(Times):
    """A visit in the appointment book."""

    service: str | None = None
    also: Phrases | None = None
    name: str | None = None
    phone: str | None = None


def _handed_over(given: Any) -> Any:
    given = _flag(given)
    known = [each.value for each in HandoffReason]
    if not isinstance(given, bool) and given not in known:
        raise ValueError(f"`{given}` is no reason to hand over; write yes, no or one of {', '.join(known)}")
    return given


HandedOver = Annotated[bool | str, BeforeValidator(_handed_over)]


class Expectation(Part):
    """What must be true of the replies to one step. Left out: not looked at."""

    asks: Annotated[tuple[Asked, ...], BeforeValidator(_asked)] | None = None
    offers: Offers | None = None
    says: Phrases = ()  # each must occur, capitals aside; `one|other` is either
    never_says: Phrases = ()
    handed_over: HandedOver | None = None
    silent: Flag | None = None
    booked: Flag | None = None


def _visits(given: Any) -> Any:
    given = _flag(given)
    return [given] if isinstance(given, dict) else given


class Ending(Part):
    """What must be true when all is said."""

    booked: Annotated[bool | tuple[VisitPart, ...], BeforeValidator(_visits)] | None = None
    cancelled: Flag | None = None
    handed_over: HandedOver | None = None
    spam: Flag | None = None
    language: Literal["ru", "en"] | None = None
    name: str | None = None
    phone: str | None = None
    says: Phrases = ()  # somewhere in the talk
    never_says: Phrases = ()


class Contact(Part):
    phone: str
    name: str | None = None


class Taken(Times):
    """Somebody else takes this time meanwhile: of an offer by number, or of a specialist."""

    offer: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _is_told(self) -> Taken:
        if self.offer is None and None in (self.day, self.time, self.specialist):
            raise ValueError("needs `offer` with its number, or `day`, `time` and `specialist`")
        return self


ACTIONS = ("customer", "contact", "presses", "sends", "waits", "taken", "staff")


class Step(Part):
    """One thing that happens, and what must be true afterwards. Several lines of `customer` are sent in one go."""

    customer: Phrases | None = None
    contact: Contact | None = None
    presses: str | None = None  # the label of a button, or its number
    sends: Literal["photo", "voice", "sticker", "document", "location"] | None = None
    waits: Annotated[int | None, BeforeValidator(_seconds)] = None
    taken: Taken | None = None
    staff: str | None = None  # takes_over, gives_back, closes, or what they write
    expect: Annotated[Expectation, BeforeValidator(_not_todo)] = Expectation()

    @model_validator(mode="after")
    def _is_one_thing(self) -> Step:
        given = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"one thing happens in a step: one of {', '.join(ACTIONS)}")
        return self


class Returning(Part):
    """A customer the salon knows already, with a visit agreed earlier if one is given."""

    name: str | None = None
    phone: str | None = None
    visit: VisitPart | None = None

    @model_validator(mode="after")
    def _visit_is_whole(self) -> Returning:
        visit = self.visit
        if visit is not None and None in (visit.day, visit.time, visit.service, visit.specialist):
            raise ValueError("the visit needs `service`, `specialist`, `day` and `time`")
        return self


class Scenario(Part):
    """One talk from its first word to its end. `fails_because` marks one that is known to fail, with the reason."""

    name: str
    start: Start = DEFAULT_START
    salon: dict[str, Any] = {}  # fields of the salon file that differ
    returning: Returning | None = None
    talk: Annotated[tuple[Step, ...], Field(min_length=1)]
    end: Annotated[Ending, BeforeValidator(_not_todo)] = Ending()
    fails_because: str | None = None


class ScenarioFile(Part):
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
