"""The chat's HTTP API: sessions, messages, and the stream of what is new (docs/webchat.md is its description).

A visitor proves who they are with a bearer token; the stream, which cannot carry headers, with a ticket of a minute.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from connectors.contract import Malformed, RejectedRequest
from connectors.json_body import read_object
from connectors.messengers.webchat import visitor_request
from responder.clock import Clock
from responder.live import Live
from responder.web.chat.catalogue import choose_language, texts
from responder.web.chat.desk import ChatDesk, ChatSite, live_topic
from responder.web.chat.limits import (
    MESSAGES_BY_ADDRESS,
    MESSAGES_BY_VISITOR,
    NEW_VISITORS_BY_ADDRESS,
    READS_BY_VISITOR,
    TYPING_BY_VISITOR,
    Limits,
    OpenStreams,
    network_of,
)
from responder.web.chat.origins import admit_origin
from responder.web.chat.refusals import ChatRefusal, json_response
from responder.web.chat.stream import OpenStream, VisitorStream, line_json
from responder.web.chat.tokens import BadToken, Purpose, Visitor, VisitorTokens, new_visitor_id

BODY_LIMIT = 64 * 1024
LARGEST_ID = 2**63 - 1
PREFLIGHT = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, last-event-id",
    "access-control-max-age": "600",
}


class ChatApi:
    """The endpoints; each takes the raw request, since reading bodies by hand is cheaper and limits their size."""

    def __init__(self, desk: ChatDesk, *, secret_key: str, clock: Clock, live: Live, ping_s: float) -> None:
        self._desk, self._live, self._ping_s = desk, live, ping_s
        self._tokens = VisitorTokens(secret_key, clock)
        self._limits = Limits(live)
        self._streams = OpenStreams()

    async def open_session(self, request: Request) -> Response:
        """A token for a new visitor, or a fresh one and the history for a visitor who shows an earlier token."""
        body = _read_object(await _read_body(request))
        site = await self._site(_string(body, "site"))
        admit_origin(request, site)
        visitor = self._earlier_visitor(_string(body, "token"), site)
        messages: list[dict[str, object]] = []
        if visitor is None:
            await self._limits.spend(NEW_VISITORS_BY_ADDRESS, network_of(request), message=_busy(request, site))
            visitor = Visitor(site_key=site.key, id=new_visitor_id())
        else:
            await self._limits.spend(READS_BY_VISITOR, visitor.id, message=_busy(request, site))
            messages = await self._lines(site, visitor, after=0)
        token = self._tokens.issue(Purpose.VISITOR, visitor)
        return json_response(
            {
                "visitor_id": visitor.id,
                "token": token.text,
                "expires_at": token.expires_at,
                "messages": messages,
            }
        )

    async def post_message(self, request: Request) -> Response:
        """Store a message; 202 also when it was stored before."""
        site, visitor = await self._bearer(request)
        busy = _busy(request, site)
        await self._limits.spend(MESSAGES_BY_ADDRESS, network_of(request), message=busy)
        await self._limits.spend(MESSAGES_BY_VISITOR, visitor.id, message=busy)
        body = await _read_body(request)
        try:
            stored = (await self._desk.accept(site, visitor_request(visitor.id, body)))[0]
        except RejectedRequest as error:
            code = "malformed" if error.status < 500 else "unavailable"
            raise ChatRefusal(error.status, code, str(error)) from error
        await self._live.publish(live_topic(site.channel_account_id, visitor.id), {"kind": "message"})
        return json_response(
            {"id": stored.id, "received_at": stored.received_at, "duplicate": stored.is_duplicate}, status=202
        )

    async def typing(self, request: Request) -> Response:
        """The visitor is typing: whoever looks at the dialogue sees it; nothing is kept."""
        site, visitor = await self._bearer(request)
        await self._limits.spend(TYPING_BY_VISITOR, visitor.id, message=_busy(request, site))
        await self._desk.typing(site, visitor.id)
        return json_response({}, status=202)

    async def get_messages(self, request: Request) -> Response:
        """Lines after `after`: to catch up, and for pages that cannot hold a stream."""
        site, visitor = await self._bearer(request)
        await self._limits.spend(READS_BY_VISITOR, visitor.id, message=_busy(request, site))
        after = _line_id(request.query_params.get("after"))
        return json_response({"messages": await self._lines(site, visitor, after=after)})

    async def issue_ticket(self, request: Request) -> Response:
        """A short-lived key to `stream_events`, harmless in a server's log."""
        site, visitor = await self._bearer(request)
        await self._limits.spend(READS_BY_VISITOR, visitor.id, message=_busy(request, site))
        ticket = self._tokens.issue(Purpose.EVENTS, visitor)
        return json_response({"ticket": ticket.text, "expires_at": ticket.expires_at})

    async def stream_events(self, request: Request) -> Response:
        """Server-sent events after `Last-Event-ID`, else after `after`."""
        site, visitor = await self._holder(Purpose.EVENTS, request.query_params.get("ticket", ""), request)
        await self._limits.spend(READS_BY_VISITOR, visitor.id, message=_busy(request, site))
        after = _line_id(request.headers.get("last-event-id") or request.query_params.get("after"))
        leave = self._streams.enter(visitor_id=visitor.id, network=network_of(request), message=_busy(request, site))
        stream = VisitorStream(self._desk, self._live, site=site, visitor_id=visitor.id, after=after)
        return OpenStream(
            stream.events(ping_s=self._ping_s),
            leave=leave,
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no", "x-content-type-options": "nosniff"},
        )

    async def preflight(self, request: Request) -> Response:
        """A page elsewhere asks whether it may call; it names its chat with `?site=`, as there is no token yet."""
        site = await self._site(request.query_params.get("site", ""))
        admit_origin(request, site)
        return Response(status_code=204, headers=PREFLIGHT)

    async def _bearer(self, request: Request) -> tuple[ChatSite, Visitor]:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        return await self._holder(Purpose.VISITOR, text.strip() if scheme.lower() == "bearer" else "", request)

    async def _holder(self, purpose: Purpose, text: str, request: Request) -> tuple[ChatSite, Visitor]:
        try:
            visitor = self._tokens.read(purpose, text)
        except BadToken:
            message = f"A valid {'ticket' if purpose is Purpose.EVENTS else 'bearer token'} is needed."
            raise ChatRefusal(401, "unauthentic", message) from None
        site = await self._site(visitor.site_key)
        admit_origin(request, site)
        return site, visitor

    def _earlier_visitor(self, text: str, site: ChatSite) -> Visitor | None:
        try:
            visitor = self._tokens.read(Purpose.VISITOR, text)
        except BadToken:
            return None
        return visitor if visitor.site_key == site.key else None

    async def _site(self, key: str) -> ChatSite:
        site = await self._desk.site(key) if key else None
        if site is None:
            raise ChatRefusal(404, "unknown_site", "There is no chat of that name.")
        return site

    async def _lines(self, site: ChatSite, visitor: Visitor, *, after: int) -> list[dict[str, object]]:
        return [line_json(line) for line in await self._desk.messages(site, visitor.id, after)]


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise ChatRefusal(413, "too_large", f"The body is larger than {BODY_LIMIT // 1024} KiB.")
    return bytes(body)


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        return read_object(body)
    except Malformed as error:
        raise ChatRefusal(400, "malformed", f"The body must be a JSON object: {error}.") from None


def _string(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ChatRefusal(400, "malformed", f"{name} must be a string.")
    return value or ""


def _line_id(value: str | None) -> int:
    if not value:
        return 0
    if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= LARGEST_ID):
        raise ChatRefusal(400, "malformed", "after must be the id of a message.")
    return int(value)


def _busy(request: Request, site: ChatSite) -> str:
    accepted = request.headers.get("accept-language", "")
    language = choose_language(None, accepted, offered=site.languages, default=site.language)
    return texts(language)["rate_limited"]
