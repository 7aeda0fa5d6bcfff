"""What staff tell the bot when they give a dialogue back: read by the rules as if the customer had said it, shown to an
LLM as a fact, kept as a note. Never quoted to the customer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from responder.dialogue.meaning import Context, Meaning
from responder.dialogue.state import DialogueState

LONGEST = 300  # characters

ReadHint = Callable[[int, str, Context], Awaitable[Meaning]]  # of a salon's id


def with_hint(state: DialogueState, meaning: Meaning, hint: str) -> DialogueState:
    """The state with what the hint says of service, specialist, time and name; a booking under way is asked about anew
    when the hint changes what it is for."""
    said: dict[str, Any] = {}
    if meaning.service:
        said |= {"service": meaning.service, "also": meaning.also, "candidates": ()}
    if meaning.specialist:
        said["specialist"] = meaning.specialist
    if meaning.wishes:
        said["wishes"] = meaning.wishes
    if said and state.hold_id is None:
        said |= {"offers": (), "chosen": None}
    if meaning.name and not state.name:
        said["name"] = meaning.name
    return replace(state, **said, hint=" ".join(hint.split()))
