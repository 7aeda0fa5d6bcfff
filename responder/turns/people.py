"""When a person is needed, and how the bot behaves until one comes (docs/decisions/0007).

A hand-off of the bot calls a person and silences nobody: only a person who takes over does that. Until then each
reason is told once, plain matters of a booking go on, and who writes what only a person can answer hears at times
that the message is seen. After anger the bot says nothing else. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connectors.contract import AttachmentKind
from responder.dialogue.meaning import Intent, Meaning
from responder.dialogue.state import DialogueState
from responder.dialogue.states import HandoffReason
from responder.salon.profile import KnowledgeItem
from responder.turns.absorb import absorb_contact
from responder.turns.answers import answers
from responder.turns.decision import Decision, Handoff, Say
from responder.turns.outcomes import Outcome
from responder.turns.situation import Situation
from responder.understanding.talk import talk

REASSURE_EVERY = timedelta(hours=1)  # oftener it would be the machine insisting that it is not one
ONLY_PEOPLE_CAN_READ = frozenset(
    {AttachmentKind.VOICE, AttachmentKind.AUDIO, AttachmentKind.PHOTO, AttachmentKind.VIDEO, AttachmentKind.DOCUMENT}
)
_SAYS_NOTHING = frozenset({Outcome.MISUNDERSTOOD, Outcome.SILENCE, Outcome.STILL_WAITING})


def needs_person(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """Risk, anger, the wish for a person, and what only people can look at or listen to."""
    told = absorb_contact(state, meaning)  # "call me back on ...": kept, whatever follows
    if Intent.RISK in meaning.intents and not _is_answered_by_the_salon(meaning, at):
        return _with_facts(told, meaning, at, HandoffReason.RISK, detail=meaning.risk or "")
    if meaning.intents & {Intent.COMPLAINT, Intent.ABUSE}:
        return hand_off(told, at, HandoffReason.ANGER)
    if Intent.HUMAN in meaning.intents:
        return _with_facts(told, meaning, at, HandoffReason.ASKED)
    if needs_eyes(at) and not _says_something(meaning):
        return hand_off(state, at, HandoffReason.ATTACHMENT)
    return None


def quiet_after_anger(state: DialogueState, meaning: Meaning, at: Situation) -> Decision | None:
    """An angry customer waits for a person; no machine chats on meanwhile. A phone number is remembered."""
    if HandoffReason.ANGER not in state.handed_off:
        return None
    return still_waiting(absorb_contact(state, meaning), at)


def hand_off(
    state: DialogueState, at: Situation, reason: HandoffReason, *, detail: str = "", line: Say | None = None
) -> Decision:
    """Call a person and say so; each reason is said once, further calls for it are only kept waiting."""
    if reason in state.handed_off:
        return still_waiting(state, at)
    return Decision(
        name=Outcome.handoff(reason),
        state=state.but(handed_off=(*state.handed_off, reason), misunderstood=0),
        says=(line or at.handoff_line(f"handoff_{reason.value}"),),
        handoff=Handoff(reason=reason, detail=detail),
    )


def still_waiting(state: DialogueState, at: Situation) -> Decision:
    """One honest line for who writes on while nobody has come, and not again for `REASSURE_EVERY`."""
    if state.reassured_at is not None and at.now - state.reassured_at < REASSURE_EVERY:
        return Decision(name=Outcome.SILENCE, state=state)
    reassured = state.but(reassured_at=at.now, misunderstood=0)
    return Decision(name=Outcome.STILL_WAITING, state=reassured, says=(at.handoff_line("still_waiting"),))


def with_attachments_passed_on(decision: Decision, at: Situation) -> Decision:
    """The words beside a photo are answered, and the photo goes to a person all the same."""
    state = decision.state
    is_known = decision.handoff is not None or HandoffReason.ATTACHMENT in state.handed_off
    if is_known or not needs_eyes(at) or decision.is_spam:
        return decision
    called = hand_off(state, at, HandoffReason.ATTACHMENT)
    if decision.name in _SAYS_NOTHING:
        return called
    return decision.but(state=called.state, handoff=called.handoff).after(at.say("attachment_passed_on"))


def needs_eyes(at: Situation) -> bool:
    return any(kind in ONLY_PEOPLE_CAN_READ for kind in at.attachments)


def _with_facts(
    state: DialogueState, meaning: Meaning, at: Situation, reason: HandoffReason, *, detail: str = ""
) -> Decision:
    """A price asked for in the same breath is answered; the free wording of an LLM is not used here."""
    facts = answers(state, replace(meaning, answer=None), at)
    rest = at.handoff_line("handoff_risk_rest") if facts and reason is HandoffReason.RISK else None
    return hand_off(state, at, reason, detail=detail, line=rest).answering(*facts)


def _is_answered_by_the_salon(meaning: Meaning, at: Situation) -> bool:
    """The salon has written down an answer to this very kind of question. An answer about parking is none to an
    allergy that is mentioned beside it."""
    item = next((item for item in at.salon.knowledge if item.key == meaning.knowledge), None)
    return item is not None and _is_about_risk(item, meaning.risk)


def _is_about_risk(item: KnowledgeItem, kind: str | None) -> bool:
    risks = talk().risks
    patterns = [risks[kind]] if kind is not None and kind in risks else list(risks.values())
    return any(pattern.search(question.lower()) for pattern in patterns for question in item.questions)


def _says_something(meaning: Meaning) -> bool:
    return bool(meaning.intents or meaning.wishes or meaning.phones or meaning.service or meaning.name)
