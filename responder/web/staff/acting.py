"""What the forms of a dialogue do, by the name of the button: the same actions as the staff API's, for pages."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from responder.desk.service import Desk
from responder.dialogue.states import CloseReason
from responder.staff.audit import Actor
from responder.timing.timeline import Substance
from responder.web.access import Staff
from responder.web.problems import Problem
from responder.web.staff.api import actor_of, operator_of


class Posted(BaseModel):
    """The fields of the form; a button sends `action`, those of one visit or message with its id after a colon."""

    action: str
    text: str = ""
    kind: str = "reply"  # or "note"
    key: str = ""
    operator: str = ""
    hint: str = ""
    assignee: str = ""
    tags: str = ""


class Act:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    close_reasons: Sequence[CloseReason] = (CloseReason.RESOLVED, CloseReason.SPAM)

    async def do(self, staff: Staff, thread_id: int, posted: Posted) -> None:
        """Raises `NotFound` for a dialogue of another salon, `Refused` for what cannot be, 400 for no such action."""
        action, _, about = posted.action.partition(":")
        if action == "reply" and posted.kind == "note":
            action = "note"
        salon, actor, desk = staff.salon, _named(staff, posted.operator), self._desk
        match action:
            case "take-over":
                await desk.take_over(salon.id, thread_id, actor=actor)
            case "reply":
                await desk.reply(salon.id, thread_id, posted.text, actor=actor, key=posted.key or None)
            case "note":
                await desk.notes.add(salon, thread_id, posted.text, actor=actor, key=posted.key or None)
            case "give-back":
                await desk.give_back(salon.id, thread_id, actor=actor, hint=posted.hint)
            case "close" if about in set(CloseReason):
                await desk.close(salon.id, thread_id, actor=actor, reason=CloseReason(about))
            case "confirm" if about.isdecimal():
                await desk.confirm_visit(salon.id, thread_id, int(about), actor=actor)
            case "substance" if about.partition(":")[2] in set(Substance) and about.partition(":")[0].isdecimal():
                message, _, substance = about.partition(":")
                await desk.correct_substance(salon.id, thread_id, int(message), Substance(substance), actor=actor)
            case _:
                await self._care_for(staff, thread_id, posted, actor=actor)

    async def _care_for(self, staff: Staff, thread_id: int, posted: Posted, *, actor: Actor) -> None:
        salon, care = staff.salon.id, self._desk.care
        action, _, about = posted.action.partition(":")
        match action:
            case "assign":
                operator = operator_of(staff, posted.assignee) if posted.assignee else None
                await care.assign(salon, thread_id, operator, actor=actor)
            case "tags":
                await care.set_tags(salon, thread_id, posted.tags.split(","), actor=actor)
            case "bar":
                await care.bar(salon, thread_id, actor=actor)
            case "unbar":
                await care.unbar(salon, thread_id, actor=actor)
            case "vip" if about in ("on", "off"):
                await care.mark_vip(salon, thread_id, is_vip=about == "on", actor=actor)
            case "retry" if about.isdecimal():
                await care.send_again(salon, thread_id, int(about), actor=actor, may_arrive_twice=True)
            case _:
                raise Problem(400, "no_action", action=posted.action)


def _named(staff: Staff, operator: str) -> Actor:
    """An operator's form says nothing of who they are: only the installation's key may choose a name."""
    return staff.actor if staff.account_id is not None else actor_of(staff, operator or None)
