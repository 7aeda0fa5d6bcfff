"""How a simulated customer makes out what the bot wants: by its phrases, as a person would by their sense."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from responder.turns.wording import phrases


class Asked(StrEnum):
    """What the customer is to do next."""

    NOTHING = "nothing"
    SERVICE = "service"
    WHEN = "when"
    CHOICE = "choice"
    CONTACT = "contact"
    NAME = "name"
    PHONE = "phone"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    BOOKED = "booked"
    PERSON_COMES = "person_comes"


# the later in a reply, the more it counts; of those in one place, the earlier in this list
MEANS: Sequence[tuple[str, Asked]] = (
    ("ask_name_and_phone", Asked.CONTACT),
    ("ask_name", Asked.NAME),
    ("ask_phone", Asked.PHONE),
    ("bad_phone", Asked.PHONE),
    ("read_back", Asked.CONFIRM),
    ("ask_cancel", Asked.CANCEL),
    ("booked", Asked.BOOKED),
    ("moved", Asked.BOOKED),
    ("offer_ask", Asked.CHOICE),
    ("offer_ask_one", Asked.CHOICE),
    ("ask_when_with_nearest", Asked.CHOICE),
    ("ask_when", Asked.WHEN),
    ("ask_move", Asked.WHEN),
    ("ask_past", Asked.WHEN),
    ("ask_weekday", Asked.WHEN),
    ("ask_am_pm", Asked.WHEN),
    ("ask_change", Asked.WHEN),
    ("ask_service", Asked.SERVICE),
    ("ask_which_service", Asked.SERVICE),
    ("not_understood", Asked.SERVICE),
    ("handoff_asked", Asked.PERSON_COMES),
    ("handoff_anger", Asked.PERSON_COMES),
    ("handoff_risk", Asked.PERSON_COMES),
    ("handoff_not_understood", Asked.PERSON_COMES),
    ("handoff_failed", Asked.PERSON_COMES),
    ("handoff_attachment", Asked.PERSON_COMES),
    ("nothing_to_cancel", Asked.PERSON_COMES),
    ("offer_none", Asked.PERSON_COMES),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """Something to press. A key without payload sends its label as words; one of `shares_phone` sends the phone."""

    label: str
    payload: str | None = None
    shares_phone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What came back since the customer last did anything."""

    language: str
    texts: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.texts)

    @property
    def asked(self) -> Asked:
        text = "\n".join(self.texts)
        places = [
            (matches[-1].start(), -rank, asked)
            for rank, (phrase, asked) in enumerate(MEANS)
            if (matches := list(_pattern(self.language, phrase).finditer(text)))
        ]
        return max(places)[2] if places else Asked.NOTHING


@cache
def _pattern(language: str, phrase: str) -> re.Pattern[str]:
    template = phrases(language)[phrase]
    parts = re.split(r"\{\w+\}", template)
    return re.compile(r"[^\n]*?".join(re.escape(part.strip(" ")) for part in parts))
