"""The staff API beside dialogues: saved replies, alerts, leads."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from responder.desk.saved_replies import FilledReply, SavedReply
from responder.desk.service import Desk
from responder.leads.service import recent_leads
from responder.live import Live
from responder.staff.rules import Right
from responder.web.staff.alerts import list_alerts, see_alerts
from responder.web.staff.pages import Frame
from responder.web.staff.route import staff_route

MOST_ROWS = 500


class SeenAlerts(BaseModel):
    ids: Annotated[list[int] | None, Field(max_length=10_000, description="Left out: all alerts of the salon.")] = None


class ReplyText(BaseModel):
    text: Annotated[str, Field(max_length=20_000, description="May hold placeholders such as {name}.")]


def salon_api(frame: Frame, desk: Desk, *, live: Live) -> APIRouter:
    router = APIRouter(prefix="/api/v1/{salon}", tags=["staff"], route_class=staff_route(frame.access))

    @router.get("/saved-replies")
    async def saved_replies(request: Request, salon: str) -> list[SavedReply]:
        """The salon's saved replies as they were written."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        return await desk.saved_replies.all(staff.salon.id)

    @router.get("/dialogues/{thread_id}/saved-replies")
    async def filled_replies(request: Request, salon: str, thread_id: int) -> list[FilledReply]:
        """The same, filled in for one dialogue."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        name = staff.operator.name if staff.operator else None
        return await desk.saved_replies.filled(staff.salon, thread_id, operator=name)

    @router.put("/saved-replies/{shortcut}", status_code=204)
    async def put_reply(request: Request, salon: str, shortcut: str, body: ReplyText) -> None:
        """Keep a reply under a shortcut."""
        staff = await frame.enter_api(request, salon, Right.SETTINGS)
        await desk.saved_replies.put(staff.salon.id, shortcut, body.text, actor=staff.actor)

    @router.delete("/saved-replies/{shortcut}", status_code=204)
    async def delete_reply(request: Request, salon: str, shortcut: str) -> None:
        staff = await frame.enter_api(request, salon, Right.SETTINGS)
        await desk.saved_replies.delete(staff.salon.id, shortcut, actor=staff.actor)

    @router.get("/alerts")
    async def alerts(
        request: Request,
        salon: str,
        standing: Annotated[bool, Field(description="Those that stand, or those that are over.")] = True,
        language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en",
        limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100,
    ) -> list[dict[str, Any]]:
        """Alerts, the latest first, in the latest step of each, with what they say."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        now = frame.clock.now()
        return await list_alerts(
            frame.database, staff.salon.id, is_standing=standing, language=language, now=now, limit=limit
        )

    @router.post("/alerts/seen")
    async def seen(request: Request, salon: str, body: SeenAlerts) -> dict[str, int]:
        """Mark alerts as seen; gives of how many that was news."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        number = await see_alerts(
            frame.database, staff.salon.id, body.ids, actor=staff.actor, clock=frame.clock, live=live
        )
        return {"seen": number}

    @router.get("/leads")
    async def leads(
        request: Request, salon: str, limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100
    ) -> list[dict[str, Any]]:
        """Leads, the latest first, and where each stands in every CRM."""
        staff = await frame.enter_api(request, salon, Right.DIALOGUES)
        return [asdict(lead) for lead in await recent_leads(frame.database, staff.salon.id, limit)]

    return router
