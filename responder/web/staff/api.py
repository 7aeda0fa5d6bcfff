"""The staff API: what an operator does, for the desk's pages and for programs. Bearer token or staff cookie."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from responder.db.engine import Database
from responder.desk.service import Desk
from responder.dialogue.states import CloseReason
from responder.leads.service import recent_leads
from responder.salon.loader import SalonCache
from responder.timing.timeline import Substance
from responder.web.access import Access
from responder.web.problems import Problem
from responder.web.staff.route import staff_route
from responder.web.staff.views import one_dialogue, recent_dialogues

Operator = Annotated[str | None, Field(description="Key of an operator in the salon file.", max_length=64)]
MOST_ROWS = 500


class TakeOver(BaseModel):
    operator: Operator = None


class Reply(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    operator: Operator = None
    key: Annotated[str | None, Field(max_length=64, description="The same key twice sends once.")] = None


class Close(BaseModel):
    reason: CloseReason = CloseReason.RESOLVED


class Correction(BaseModel):
    substance: Substance
    operator: Operator = None


def staff_api(desk: Desk, *, database: Database, salons: SalonCache, access: Access) -> APIRouter:
    router = APIRouter(prefix="/api/v1/{salon}", tags=["staff"], route_class=staff_route(access))

    async def id_of(slug: str) -> int:
        for profile in await salons.all():
            if profile.slug == slug:
                return profile.id
        raise Problem(404, "no_salon", salon=slug)

    @router.get("/dialogues")
    async def dialogues(salon: str, limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100) -> list[dict[str, Any]]:
        """Recent dialogues, those waiting for a person first."""
        return await recent_dialogues(database, await id_of(salon), limit=min(limit, MOST_ROWS))

    @router.get("/dialogues/{thread_id}")
    async def dialogue(salon: str, thread_id: int) -> dict[str, Any]:
        """One dialogue with every stamp of every message."""
        found = await one_dialogue(database, await id_of(salon), thread_id)
        messages = [{name: value for name, value in row.items() if name != "raw"} for row in found.messages]
        return {**found.head, "messages": messages, "appointments": found.appointments}

    @router.post("/dialogues/{thread_id}/take-over", status_code=204)
    async def take_over(salon: str, thread_id: int, body: TakeOver) -> None:
        """The bot falls silent at once."""
        await desk.take_over(await id_of(salon), thread_id, operator=body.operator)

    @router.post("/dialogues/{thread_id}/messages", status_code=202)
    async def reply(salon: str, thread_id: int, body: Reply) -> dict[str, str]:
        """Answer as a person; takes the dialogue over."""
        await desk.reply(await id_of(salon), thread_id, body.text, operator=body.operator, key=body.key)
        return {"status": "accepted"}

    @router.post("/dialogues/{thread_id}/give-back", status_code=204)
    async def give_back(salon: str, thread_id: int) -> None:
        """The bot answers again."""
        await desk.give_back(await id_of(salon), thread_id)

    @router.post("/dialogues/{thread_id}/close", status_code=204)
    async def close(salon: str, thread_id: int, body: Close) -> None:
        """Close the open enquiry."""
        await desk.close(await id_of(salon), thread_id, reason=body.reason)

    @router.put("/dialogues/{thread_id}/messages/{message_id}/substance", status_code=204)
    async def correct_substance(salon: str, thread_id: int, message_id: int, body: Correction) -> None:
        """Say whether a person's message was of use; figures know at once."""
        await desk.correct_substance(await id_of(salon), thread_id, message_id, body.substance, operator=body.operator)

    @router.get("/leads")
    async def leads(salon: str, limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100) -> list[dict[str, Any]]:
        """Leads, the latest first, and where each stands in every CRM."""
        return [_plain(lead) for lead in await recent_leads(database, await id_of(salon), min(limit, MOST_ROWS))]

    return router


def _plain(value: Any) -> dict[str, Any]:
    from dataclasses import asdict, is_dataclass

    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else dict(value)
