"""Plays scenarios one after another through a running Responder whose clock it owns, and judges them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from responder.assembly import Responder
from responder.clock import ShiftedClock
from responder.dialogue.meaning import Asked
from responder.dialogue.state import DialogueState
from responder.errors import Refused
from responder.evals import promises
from responder.evals.checks import Came, Ended, differences, final_differences
from responder.evals.file import Found
from responder.evals.schema import Step
from responder.evals.stage import Line, Stage, set_stage
from responder.evals.verdict import Exchange, Verdict

_OFFER_LINES = 4  # three offers and the question
MOST_ALIKE = 4  # times in a row that one question is asked: a loop; the third repeat should call a person

NEW_LINES = """
SELECT id, author, text, payload FROM message
WHERE thread_id = %(thread)s AND id > %(after)s AND direction = 'out' AND send_state <> 'withdrawn' AND text <> ''
ORDER BY id
"""
NEW_TURNS = """
SELECT id, decision, tokens_in, tokens_out FROM turn WHERE thread_id = %(thread)s AND id > %(after)s ORDER BY id
"""
NEW_HANDOFFS = "SELECT id, reason FROM handoff WHERE thread_id = %(thread)s AND id > %(after)s ORDER BY id"
PERSON = "SELECT name, phone FROM customer WHERE id = %(customer)s"
IS_SPAM = "SELECT bool_or(excluded = 'spam') AS is_spam FROM enquiry WHERE thread_id = %(thread)s"


@dataclass(kw_only=True)
class _Talk:
    """What has been seen so far of one play."""

    state: DialogueState = field(default_factory=DialogueState)
    words: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    questions: list[tuple[str, object]] = field(default_factory=list)  # each open question, and what was known then
    handoffs: list[str] = field(default_factory=list)
    visits: list[dict[str, Any]] = field(default_factory=list)
    promises: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    said: int = 0  # messages of the customer
    booked_after: int | None = None
    seen: dict[str, int] = field(default_factory=lambda: {"lines": 0, "turns": 0, "handoffs": 0})
    tokens_in: int = 0
    tokens_out: int = 0
    slowest_s: float = 0.0


class Player:
    """`base` is the salon file, as data, that scenarios are played in."""

    def __init__(self, running: Responder, clock: ShiftedClock, *, base: Mapping[str, Any]) -> None:
        self._running, self._clock, self._base = running, clock, base
        self._count = 0

    async def play(self, found: Found) -> Verdict:
        """One scenario from its first word to its end, in a salon of its own. Raises `Refused` with file and line when
        it cannot be played at all."""
        self._count += 1
        scenario = found.scenario
        try:
            stage = await set_stage(
                self._running, self._clock, scenario, base=self._base, slug=f"scenario-{self._count}"
            )
            talk = _Talk()
            today = stage.now.astimezone(stage.salon.zone).date()
            if scenario.returning is not None:
                await stage.introduce(scenario.returning)
                await self._catch_up(stage, talk)
            exchanges = [await self._step(stage, talk, step, today) for step in scenario.talk]
            ended = await self._end(stage, talk, today)
        except Refused as error:
            raise Refused(f"{found.file}:{found.line}: {scenario.name}: {error}") from None
        return Verdict(
            found=found,
            exchanges=tuple(exchanges),
            problems=tuple(final_differences(scenario.end, ended)),
            promises=tuple(talk.promises),
            loops=tuple(talk.loops),
            with_person=bool(talk.handoffs),
            turns_to_booking=talk.booked_after,
            tokens_in=talk.tokens_in,
            tokens_out=talk.tokens_out,
            slowest_s=talk.slowest_s,
        )

    async def _step(self, stage: Stage, talk: _Talk, step: Step, today: Any) -> Exchange:
        is_customer = not (step.waits or step.taken or step.staff)
        before = talk.state
        if is_customer:
            talk.said += len(step.customer or "1")
            talk.words += step.customer or ()
        began = time.monotonic()
        await stage.act(step)
        talk.slowest_s = max(talk.slowest_s, time.monotonic() - began) if is_customer else talk.slowest_s
        lines, decision, handoffs = await self._catch_up(stage, talk)
        self._judge(stage, talk, before, lines, decision)
        came = Came(
            replies=lines, state=talk.state, handoffs=handoffs, visits=talk.visits, salon=stage.salon, today=today
        )
        if talk.booked_after is None and any(visit["state"] == "booked" for visit in talk.visits):
            talk.booked_after = talk.said
        return Exchange(
            happened=_in_words(step),
            replies=tuple(line.text for line in lines),
            is_customer=is_customer,
            decision=decision,
            problems=tuple(differences(step.expect, came)),
        )

    async def _catch_up(self, stage: Stage, talk: _Talk) -> tuple[list[Line], str, list[str]]:
        """What is new since the last time: lines, the last decision, reasons of hand-offs."""
        thread = await stage.thread()
        number = thread["id"]
        lines = await stage.rows(NEW_LINES, thread=number, after=talk.seen["lines"])
        turns = await stage.rows(NEW_TURNS, thread=number, after=talk.seen["turns"])
        handoffs = await stage.rows(NEW_HANDOFFS, thread=number, after=talk.seen["handoffs"])
        for name, rows in (("lines", lines), ("turns", turns), ("handoffs", handoffs)):
            talk.seen[name] = rows[-1]["id"] if rows else talk.seen[name]
        talk.state = DialogueState.from_json(thread["state"])
        talk.visits = await stage.rows(promises.VISITS, thread=number)
        talk.tokens_in += sum(turn["tokens_in"] for turn in turns)
        talk.tokens_out += sum(turn["tokens_out"] for turn in turns)
        reasons = [row["reason"] for row in handoffs]
        talk.handoffs += reasons
        if lines:
            stage.buttons = tuple((lines[-1]["payload"] or {}).get("buttons", ()))
        said = [Line(id=row["id"], author=row["author"], text=row["text"]) for row in lines]
        return said, (turns[-1]["decision"] if turns else ""), reasons

    def _judge(self, stage: Stage, talk: _Talk, before: DialogueState, lines: Sequence[Line], decision: str) -> None:
        for line in lines:
            talk.texts.append(line.text)
            if line.author != "bot":
                talk.words.append(line.text)  # what a person of the salon says is true for the bot
                continue
            said = promises.Said(
                salon=stage.salon,
                text=line.text,
                now=stage.now,
                before=before,
                after=talk.state,
                decision=decision,
                words=talk.words,
                visits=talk.visits,
            )
            talk.promises += promises.broken_promises(said)
            talk.questions.append((_question(line.text, talk.state.asked), _known(talk.state)))
        last = talk.questions[-MOST_ALIKE:]
        if lines and len(last) == MOST_ALIKE and last[0][0] and all(one == last[0] for one in last):
            talk.loops.append(last[0][0].splitlines()[-1])

    async def _end(self, stage: Stage, talk: _Talk, today: Any) -> Ended:
        thread = await stage.thread()
        [person] = await stage.rows(PERSON, customer=thread["customer_id"])
        [spam] = await stage.rows(IS_SPAM, thread=thread["id"])
        return Ended(
            visits=talk.visits,
            handoffs=talk.handoffs,
            texts=talk.texts,
            state=talk.state,
            name=talk.state.name or person["name"],
            phone=talk.state.phone or person["phone"],
            is_spam=bool(spam["is_spam"]),
            salon=stage.salon,
            today=today,
        )


def _known(state: DialogueState) -> object:
    """What has been found out: a question asked again after something new is no loop."""
    return state.service, state.candidates, state.specialist, state.wishes, state.chosen, state.name, state.phone


def _question(reply: str, asked: Asked) -> str:
    """What a reply asks: its last line, and the offers to choose from; nothing where it asks nothing."""
    if asked is Asked.NOTHING:
        return ""
    return "\n".join(reply.splitlines()[-_OFFER_LINES:] if asked is Asked.CHOICE else reply.splitlines()[-1:])


def _in_words(step: Step) -> str:
    if step.customer is not None:
        return " / ".join(step.customer)
    if step.contact is not None:
        return f"[contact card: {step.contact.name or 'no name'}, {step.contact.phone}]"
    if step.sends is not None:
        return f"[sends a {step.sends}]"
    if step.presses is not None:
        return f"[presses {step.presses}]"
    if step.waits is not None:
        return f"[{step.waits // 60} min pass]"
    if step.taken is not None:
        return "[somebody else takes a time]"
    return f"[staff: {step.staff}]"
