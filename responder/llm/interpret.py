"""Calls of the LLM become a `Meaning`: every key, token, name and wish is held against the salon and the customer's own
words, and what is not there is dropped, or costs the whole reading where guessing could do harm."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import assert_never

from pydantic import ValidationError

from responder.dialogue.meaning import Asked, Context, Intent, Meaning, Wish
from responder.dialogue.state import DialogueState
from responder.llm.reply import Call
from responder.llm.tools import (
    TOOLS,
    AnswerQuestion,
    Arguments,
    ChooseOffer,
    HandReason,
    HandToPerson,
    NoReplyNeeded,
    UnderstandRequest,
    WishArguments,
)
from responder.salon.profile import SalonProfile

_NAME = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:[ '’.-]+[^\W\d_'’.-]+){0,3}\.?")
_MAX_NAME_CHARS = 60
_INTENTS_BY_REASON = {
    HandReason.ASKED: frozenset({Intent.HUMAN}),
    HandReason.COMPLAINT: frozenset({Intent.COMPLAINT, Intent.HUMAN}),
    HandReason.OTHER: frozenset({Intent.HUMAN}),
}
_RISK = frozenset({Intent.RISK})


class UnusableReading(Exception):
    """What the LLM chose cannot be used at all; `str()` says why, without the customer's words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What calls are held against."""

    salon: SalonProfile
    state: DialogueState
    context: Context
    words: str  # all the customer said in the conversation
    today: date


def interpret(calls: Sequence[Call], turn: Turn) -> Meaning:
    """One meaning of all calls; `answer` is not guarded yet. Raises `UnusableReading`."""
    meaning = Meaning(understood=False)
    for call in calls:
        meaning = _read(_arguments(call), meaning, turn)
    if meaning.needs_no_reply and (
        meaning.intents - {Intent.THANKS, Intent.BYE} or meaning.answer or meaning.knowledge
    ):
        meaning = replace(meaning, needs_no_reply=False)
    return meaning


def _arguments(call: Call) -> Arguments:
    model = TOOLS.get(call.name)
    if model is None:
        raise UnusableReading("unknown tool")
    try:
        return model.model_validate(call.arguments)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UnusableReading(f"arguments of {call.name}: {place or 'no object'}") from None


def _read(arguments: Arguments, meaning: Meaning, turn: Turn) -> Meaning:
    match arguments:
        case UnderstandRequest():
            return _request(arguments, meaning, turn)
        case ChooseOffer():
            return _choice(arguments, meaning, turn)
        case AnswerQuestion():
            return _answer(arguments, meaning, turn)
        case HandToPerson():
            intents = _INTENTS_BY_REASON.get(arguments.reason, _RISK)
            risk = arguments.reason.value if intents is _RISK else meaning.risk
            return replace(meaning, intents=meaning.intents | intents, risk=risk, understood=True)
        case NoReplyNeeded():
            return replace(meaning, needs_no_reply=True, understood=True)
    assert_never(arguments)


def _request(said: UnderstandRequest, meaning: Meaning, turn: Turn) -> Meaning:
    service = turn.salon.service(said.service_key)
    specialist = turn.salon.specialist(said.specialist_key)
    wishes = tuple(wish for each in said.wishes if (wish := _wish(each, turn)) is not None)
    name = _name(said.name, turn)
    found = said.intents or service or specialist or wishes or name or said.any_specialist
    return replace(
        meaning,
        intents=meaning.intents | frozenset(said.intents),
        service=service.key if service else meaning.service,
        specialist=specialist.key if specialist else meaning.specialist,
        any_specialist=meaning.any_specialist or (said.any_specialist and specialist is None),
        wishes=meaning.wishes + wishes,
        name=name or meaning.name,
        understood=meaning.understood or bool(found),
    )


def _choice(said: ChooseOffer, meaning: Meaning, turn: Turn) -> Meaning:
    """A token that was not offered could stand for anything: nothing else of such a reading is believed."""
    if said.offer_token not in {offer.token for offer in turn.state.offers}:
        raise UnusableReading("token that was not offered")
    if meaning.offer_token not in (None, said.offer_token):
        raise UnusableReading("two offers chosen")
    intents = meaning.intents | {Intent.CHOOSE}
    return replace(meaning, intents=intents, offer_token=said.offer_token, understood=True)


def _answer(said: AnswerQuestion, meaning: Meaning, turn: Turn) -> Meaning:
    """The salon's own answer wins over wording; a question without either is still a question."""
    keys = {item.key for item in turn.salon.knowledge}
    key = said.knowledge_key if said.knowledge_key in keys else None
    answer = said.text.strip() if said.text and key is None else None
    return replace(
        meaning,
        intents=meaning.intents | {Intent.QUESTION},
        knowledge=key or meaning.knowledge,
        answer=answer or meaning.answer,
        understood=True,
    )


def _wish(said: WishArguments, turn: Turn) -> Wish | None:
    """None for a wish without content, past, beyond a year, or the wrong way round: the rules may know better."""
    first, last = said.date_from, said.date_to
    if said.exact_time is None and said.time_from is not None and said.time_from == said.time_to:
        said = said.model_copy(update={"exact_time": said.time_from, "time_from": None, "time_to": None})
    days = [day for day in (first, last) if day is not None]
    if days and (min(days) < turn.today or max(days) > turn.today + timedelta(days=366) or days != sorted(days)):
        return None
    if said.time_from is not None and said.time_to is not None and said.time_from > said.time_to:
        return None
    wish = Wish(
        date_from=first,
        date_to=last,
        time_from=said.time_from,
        time_to=said.time_to,
        exact_time=said.exact_time,
        asap=said.asap,
    )
    return None if wish == Wish() else wish


def _name(said: str | None, turn: Turn) -> str | None:
    """The name only if the customer wrote it, in this or another case of it, and it is no specialist's."""
    if said is None or len(said) > _MAX_NAME_CHARS or not _NAME.fullmatch(said.strip()):
        return None
    words = re.findall(r"[^\W\d_]+", turn.words.casefold())
    parts = re.findall(r"[^\W\d_]+", said.casefold())
    if not all(any(_same_name(part, word) for word in words) for part in parts):
        return None
    if turn.state.asked is not Asked.NAME and _is_specialist(parts[0], turn.salon):
        return None
    return said.strip()


def _is_specialist(part: str, salon: SalonProfile) -> bool:
    names = (name for person in salon.specialists for name in (*person.name.every(), *person.aliases))
    return any(_same_name(part, word) for name in names for word in re.findall(r"[^\W\d_]+", name.casefold()))


def _same_name(one: str, other: str) -> bool:
    """Equal but for the ending: Анна, Анну, Анне."""
    if one == other:
        return True
    kept = max(len(one), len(other)) - 2
    return kept >= 1 and abs(len(one) - len(other)) <= 1 and one[: kept + 1] == other[: kept + 1]
