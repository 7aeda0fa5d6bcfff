"""What goes into the LLM reader and what comes out: values only, so that a turn can be tested without any LLM."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from responder.dialogue.meaning import Meaning


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One message of the conversation, oldest first; the customer's last unbroken run is what is to be read."""

    author: Literal["customer", "bot", "person"]
    text: str


class LlmOutcome(StrEnum):
    """How a call ended; only `USED` and sometimes `GUARDED` bring a meaning."""

    USED = "used"
    LATE = "late"  # no answer within the deadline
    REFUSED = "refused"  # the model declined, or what it chose is not there to be chosen
    FAILED = "failed"  # the endpoint failed or answered something that is no answer
    GUARDED = "guarded"  # its wording stated what is not a fact: dropped, the rest of the reading kept
    OFF = "off"  # no LLM, or nothing to read


@dataclass(frozen=True, kw_only=True, slots=True)
class LlmReading:
    """`detail` says why, in words for staff and logs: never the customer's words, never a phone number. `refused` is
    the wording that the guard dropped, contacts hidden: for the record of the turn, not for logs."""

    meaning: Meaning | None
    outcome: LlmOutcome
    detail: str = ""
    refused: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0  # of those sent
    cost_micros: int | None = None  # millionths of the currency; None where no price is set
    currency: str | None = None
    endpoint: str = ""
    model: str = ""
    prompt_version: str = ""
    late: asyncio.Future[LlmReading] | None = field(default=None, compare=False, repr=False)  # of a LATE one


def nothing(outcome: LlmOutcome, detail: str) -> LlmReading:
    """A reading without a meaning."""
    return LlmReading(meaning=None, outcome=outcome, detail=detail)
