"""A customer's file for staff: a proven picture is shown, everything else is only ever saved."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from responder.desk.attachments import Attachments, File
from responder.staff.rules import Right
from responder.web.staff.pages import Frame
from responder.web.staff.route import staff_route

# should a browser open it all the same, nothing in it may run or load
HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, max-age=3600",
    "cross-origin-resource-policy": "same-origin",
}


def attachment_pages(frame: Frame, attachments: Attachments) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=staff_route(frame.access))

    @router.get("/dialogues/{thread_id}/messages/{message_id}/files/{number}")
    async def file(request: Request, thread_id: int, message_id: int, number: int) -> Response:
        staff = await frame.enter(request, Right.DIALOGUES)
        found = await attachments.fetch(staff.salon.id, thread_id, message_id, number)
        headers = HEADERS | {"content-disposition": disposition(found)}
        return Response(found.content, media_type=found.picture or "application/octet-stream", headers=headers)

    return router


def disposition(file: File) -> str:
    """How a browser is to treat it, with the name in both spellings of RFC 6266; nothing of it breaks the header."""
    kind = "inline" if file.picture else "attachment"
    name = "".join(character for character in file.name if character.isprintable() and character not in '/\\"')[-120:]
    plain = name.encode("ascii", "ignore").decode().strip() or "file"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name or 'file', safe='')}"
