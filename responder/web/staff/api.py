"""The staff API: what an operator does to dialogues, for the desk's pages and for programs. Bearer token or cookie."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from responder.desk.care import LONGEST_TAG, MOST_TAGS
from responder.desk.service import Desk
from responder.dialogue.states import CloseReason
from responder.salon.profile import Operator
from responder.staff.audit import Actor
from responder.staff.rules import Right
from responder.timing.timeline import Substance
from responder.web.access import Staff
from responder.web.problems import Problem
from responder.web.staff.dialogue import one_dialogue
from responder.web.staff.pages import Frame
from responder.web.staff.queue import Asked, View, read_queue
from responder.web.staff.route import staff_route

OperatorKey = Annotated[
    str | None,
    Field(description="Key of an operator; only a program with the installation's token names one.", max_length=64),
]
Key = Annotated[str | None, Field(max_length=64, description="The same key twice sends once.")]
MOST_ROWS = 500


class ByOperator(BaseModel):
    operator: OperatorKey = None


class Reply(ByOperator):
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    key: Key = None


class NewNote(ByOperator):
    text: Annotated[str, Field(min_length=1, max_length=20_000, description="@key or @Name calls a colleague.")]
    key: Key = None


class GiveBack(ByOperator):
    hint: Annotated[str | None, Field(max_length=1_000, description="What the bot should know; never quoted.")] = None


class Close(ByOperator):
    reason: CloseReason = CloseReason.RESOLVED


class Assign(BaseModel):
    operator: Annotated[str | None, Field(max_length=64, description="Left out or null: nobody in particular.")] = None


class Tags(ByOperator):
    tags: Annotated[list[str], Field(description=f"At most {MOST_TAGS}, of at most {LONGEST_TAG} characters.")]


class Seen(BaseModel):
    message_id: int


class Vip(ByOperator):
    is_vip: bool


class Retry(ByOperator):
    confirm: Annotated[bool, Field(description="Accept that it may arrive twice when its outcome is unknown.")] = False


class Correction(ByOperator):
    substance: Substance


def staff_api(frame: Frame, desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/api/v1/{salon}", tags=["staff"], route_class=staff_route(frame.access))
    care = desk.care

    @router.get("/dialogues")
    async def dialogues(
        request: Request,
        salon: str,
        view: View = View.ALL,
        limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100,
    ) -> list[dict[str, Any]]:
        """Dialogues of a view, those waiting for a person first, the target about to be missed at the top."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        asked = Asked(view=view, operator_id=staff.operator_id, all_waiting=True, rows=limit)
        async with frame.database.connection() as connection:
            queue = await read_queue(connection, staff.salon, asked)
        return [*queue.waiting, *queue.others][:limit]

    @router.get("/dialogues/{thread_id}")
    async def dialogue(request: Request, salon: str, thread_id: int) -> dict[str, Any]:
        """One dialogue with every stamp of every message, its notes, hand-offs and visits."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        found = await one_dialogue(frame.database, staff.salon.id, thread_id)
        notes = [item for item in found.items if item["item"] == "note"]
        return {**found.head, "messages": found.messages, "notes": notes, "appointments": found.appointments}

    @router.post("/dialogues/{thread_id}/take-over", status_code=204)
    async def take_over(request: Request, salon: str, thread_id: int, body: ByOperator) -> None:
        """The bot falls silent at once; what it had not sent is withdrawn."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await desk.take_over(staff.salon.id, thread_id, actor=actor_of(staff, body.operator))

    @router.post("/dialogues/{thread_id}/messages", status_code=202)
    async def reply(request: Request, salon: str, thread_id: int, body: Reply) -> dict[str, str]:
        """Answer as a person; takes the dialogue over."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        actor = actor_of(staff, body.operator)
        await desk.reply(staff.salon.id, thread_id, body.text, actor=actor, key=body.key)
        return {"status": "accepted"}

    @router.post("/dialogues/{thread_id}/notes", status_code=204)
    async def note(request: Request, salon: str, thread_id: int, body: NewNote) -> None:
        """Tell colleagues something about the dialogue; the customer never sees it."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        actor = actor_of(staff, body.operator)
        await desk.notes.add(staff.salon, thread_id, body.text, actor=actor, key=body.key)

    @router.post("/dialogues/{thread_id}/give-back", status_code=204)
    async def give_back(request: Request, salon: str, thread_id: int, body: GiveBack) -> None:
        """The bot answers again, knowing the hint."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        actor = actor_of(staff, body.operator)
        await desk.give_back(staff.salon.id, thread_id, actor=actor, hint=body.hint or "")

    @router.post("/dialogues/{thread_id}/close", status_code=204)
    async def close(request: Request, salon: str, thread_id: int, body: Close) -> None:
        """Close the open enquiry."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await desk.close(staff.salon.id, thread_id, actor=actor_of(staff, body.operator), reason=body.reason)

    @router.post("/dialogues/{thread_id}/assign", status_code=204)
    async def assign(request: Request, salon: str, thread_id: int, body: Assign) -> None:
        """Give the dialogue to an operator, or to nobody in particular; the customer's wait goes on."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        operator = None if not body.operator else operator_of(staff, body.operator)
        await care.assign(staff.salon.id, thread_id, operator, actor=staff.actor)

    @router.put("/dialogues/{thread_id}/tags", status_code=204)
    async def tags(request: Request, salon: str, thread_id: int, body: Tags) -> None:
        """Set exactly these tags."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await care.set_tags(staff.salon.id, thread_id, body.tags, actor=actor_of(staff, body.operator))

    @router.put("/dialogues/{thread_id}/seen", status_code=204)
    async def seen(request: Request, salon: str, thread_id: int, body: Seen) -> None:
        """I have read as far as this message."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await care.see(staff.salon.id, thread_id, body.message_id, actor=staff.actor)

    @router.post("/dialogues/{thread_id}/typing", status_code=204)
    async def typing(request: Request, salon: str, thread_id: int) -> None:
        """I am typing: the customer sees it where the channel can show it, colleagues see who."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await care.typing(staff.salon.id, thread_id, operator=staff.operator)

    @router.post("/dialogues/{thread_id}/presence", status_code=204)
    async def presence(request: Request, salon: str, thread_id: int) -> None:
        """I am looking at this dialogue."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await care.present(staff.salon.id, thread_id, operator=staff.operator)

    @router.post("/dialogues/{thread_id}/bar", status_code=204)
    async def bar(request: Request, salon: str, thread_id: int, body: ByOperator) -> None:
        """Keep what this customer writes and do nothing more with it."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await care.bar(staff.salon.id, thread_id, actor=actor_of(staff, body.operator))

    @router.post("/dialogues/{thread_id}/unbar", status_code=204)
    async def unbar(request: Request, salon: str, thread_id: int, body: ByOperator) -> None:
        """Let this customer in again."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await care.unbar(staff.salon.id, thread_id, actor=actor_of(staff, body.operator))

    @router.put("/dialogues/{thread_id}/vip", status_code=204)
    async def mark_vip(request: Request, salon: str, thread_id: int, body: Vip) -> None:
        """Whether what this customer opens from now on has the targets of a VIP."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        await care.mark_vip(staff.salon.id, thread_id, is_vip=body.is_vip, actor=actor_of(staff, body.operator))

    @router.post("/dialogues/{thread_id}/messages/{message_id}/retry", status_code=204)
    async def retry(request: Request, salon: str, thread_id: int, message_id: int, body: Retry) -> None:
        """Send a reply that failed once more."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        actor = actor_of(staff, body.operator)
        await care.send_again(staff.salon.id, thread_id, message_id, actor=actor, may_arrive_twice=body.confirm)

    @router.put("/dialogues/{thread_id}/messages/{message_id}/substance", status_code=204)
    async def correct_substance(
        request: Request, salon: str, thread_id: int, message_id: int, body: Correction
    ) -> None:
        """Say whether a person's message was of use; figures know at once."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        actor = actor_of(staff, body.operator)
        await desk.correct_substance(staff.salon.id, thread_id, message_id, body.substance, actor=actor)

    @router.post("/dialogues/{thread_id}/visits/{appointment_id}/confirm", status_code=204)
    async def confirm(request: Request, salon: str, thread_id: int, appointment_id: int, body: ByOperator) -> None:
        """A manager vouches for a booking."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        actor = actor_of(staff, body.operator)
        await desk.confirm_visit(staff.salon.id, thread_id, appointment_id, actor=actor)

    return router


def operator_of(staff: Staff, key: str) -> Operator:
    """An operator of the salon by key; raises 404."""
    for operator in staff.salon.operators:
        if operator.key == key:
            return operator
    raise Problem(404, "no_operator", operator=key)


def actor_of(staff: Staff, operator: str | None) -> Actor:
    """Whoever holds the installation's token acts in the name they choose; an operator in their own. Raises 404 for an
    operator the salon does not have, 403 for somebody else's name."""
    if not operator or operator == staff.operator_key:
        return staff.actor
    if staff.account_id is not None:
        raise Problem(403, "not_your_name", operator=operator)
    return Actor(operator_id=operator_of(staff, operator).id, address=staff.address)
