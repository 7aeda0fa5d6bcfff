"""From what an endpoint answered to what may be believed of it: calls are checked, wording is guarded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from responder.dialogue.meaning import Context
from responder.dialogue.state import DialogueState
from responder.llm.contacts import mask
from responder.llm.facts import Facts
from responder.llm.guard import refusals
from responder.llm.interpret import Turn, UnusableReading, interpret
from responder.llm.prompt import Template
from responder.llm.reading import Line, LlmOutcome, LlmReading
from responder.llm.reply import Reply
from responder.salon.profile import SalonProfile

MAX_ANSWER_CHARS = 500
_MAX_KEPT_CHARS = 2 * MAX_ANSWER_CHARS


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Everything one call is about."""

    conversation: Sequence[Line]
    salon: SalonProfile
    state: DialogueState
    context: Context
    now: datetime
    template: Template
    deadline_s: float


def judge(reply: Reply, question: Question) -> LlmReading:
    """The reading of a reply; `meaning` is None when nothing of it can be used."""
    spent = LlmReading(
        meaning=None,
        outcome=reply.outcome,
        detail=reply.detail,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        tokens_cached=reply.tokens_cached,
    )
    if not reply.calls:
        return spent
    turn = Turn(
        salon=question.salon,
        state=question.state,
        context=question.context,
        words="\n".join(line.text for line in question.conversation if line.author == "customer"),
        today=question.now.astimezone(question.salon.zone).date(),
    )
    try:
        meaning = interpret(reply.calls, turn)
    except UnusableReading as error:
        return replace(spent, outcome=LlmOutcome.REFUSED, detail=str(error))
    return _guarded(replace(spent, meaning=meaning), question)


def _guarded(reading: LlmReading, question: Question) -> LlmReading:
    """The reading without an answer that states what is no fact; the rest of it was checked already."""
    meaning = reading.meaning
    if meaning is None or meaning.answer is None:
        return reading
    facts = Facts.of(
        salon=question.salon,
        state=question.state,
        now=question.now,
        with_wishes=False,
        max_chars=MAX_ANSWER_CHARS,
    )
    untrue = refusals(meaning.answer, facts)
    if not untrue:
        return reading
    kinds = ", ".join(dict.fromkeys(each.partition(":")[0] for each in untrue))
    return replace(
        reading,
        meaning=replace(meaning, answer=None),
        outcome=LlmOutcome.GUARDED,
        detail=f"answer states: {kinds}",
        refused=mask(meaning.answer[:_MAX_KEPT_CHARS]),
    )
