"""The web chat as a messenger: our own page on the other side, held to the same contract as everybody else's.

In: JSON made by the chat page and handed on by our own route. Out: a nudge on the live topic; the page then reads the
stored message, so nothing is lost when nobody listens.

It must never be reachable from a public webhook address: `receive` believes the `VISITOR_HEADER`, which only our
route sets, after it has verified the visitor's token. Build requests with `visitor_request`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from connectors.contract import (
    ADDRESS_LIMIT,
    MARKS_LIMIT,
    PHONE_LIMIT,
    Capabilities,
    ChannelKind,
    ContactCard,
    Inbound,
    InboundKind,
    Malformed,
    Outbound,
    PermanentError,
    RawRequest,
    Receipt,
    Source,
    Unauthentic,
    WebhookResult,
)
from connectors.json_body import read_object

VISITOR_HEADER = "x-responder-visitor"
TEXT_LIMIT = 4000  # characters a visitor may write at once; the page stops there too
SHORT_LIMIT = 256  # payloads, labels, names
DEPTH_LIMIT = 16

_KINDS = {
    "message": InboundKind.MESSAGE,
    "pressed": InboundKind.PRESSED,
    "started": InboundKind.STARTED,
}
_CLIENT_MESSAGE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")

Publish = Callable[[str, Mapping[str, object]], Awaitable[None]]


def visitor_request(visitor_id: str, body: bytes) -> RawRequest:
    """The request `receive` expects; only for a visitor whose token was verified."""
    return RawRequest(method="POST", headers={VISITOR_HEADER: visitor_id}, query={}, body=body)


class WebChatMessenger:
    """One web chat account. `publish(thread_key, event)` nudges whoever looks at that visitor's chat."""

    kind = ChannelKind.WEBCHAT
    capabilities = Capabilities(
        text_limit=4096,
        max_buttons=10,
        button_label_limit=60,
        button_payload_limit_bytes=SHORT_LIMIT,
        has_typing=True,
        send_is_idempotent=True,
        sent_at_resolution_s=0.001,
    )

    def __init__(self, *, publish: Publish) -> None:
        self._publish = publish

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    def admit(self, headers: Mapping[str, str]) -> None:
        if not headers.get(VISITOR_HEADER):
            raise Unauthentic("the request names no verified visitor")

    def receive(self, request: RawRequest) -> WebhookResult:
        """One message of the visitor named by `VISITOR_HEADER`."""
        self.admit(request.headers)
        visitor_id = request.headers[VISITOR_HEADER]
        body = _read_object(request.body)
        return WebhookResult(items=(_inbound(visitor_id, body),), status=202)

    async def send(self, message: Outbound) -> Receipt:
        """Accepted as soon as it is called: the stored row is what the visitor reads, so a repeat changes nothing."""
        await self._publish(message.thread_key, {"kind": "message"})
        return Receipt(provider_message_id=message.idempotency_key)

    async def show_typing(self, thread_key: str) -> None:
        await self._publish(thread_key, {"kind": "typing"})

    async def acknowledge_press(self, press_id: str) -> None:
        """The page shows a press by itself."""

    async def fetch(self, attachment_id: str) -> bytes:
        raise PermanentError("the web chat takes no attachments")

    async def probe(self) -> str:
        return "web chat"


def _inbound(visitor_id: str, body: dict[str, Any]) -> Inbound:
    client_message_id = _text(body, "client_message_id", limit=64)
    if not _CLIENT_MESSAGE_ID.fullmatch(client_message_id):
        raise Malformed("client_message_id must be 1 to 64 of letters, digits, '.', '_' and '-'")
    kind = _KINDS.get(body.get("kind", "message")) if isinstance(body.get("kind", "message"), str) else None
    if kind is None:
        raise Malformed(f"kind must be one of {', '.join(_KINDS)}")
    text = _text(body, "label" if kind is InboundKind.PRESSED and "label" in body else "text", limit=TEXT_LIMIT)
    payload = _text(body, "payload", limit=SHORT_LIMIT) or None
    contact = _contact(body.get("contact"))
    if kind is InboundKind.MESSAGE and not text.strip() and contact is None:
        raise Malformed("a message needs text or contact")
    if kind is InboundKind.PRESSED and payload is None:
        raise Malformed("a pressed button needs payload")
    return Inbound(
        kind=kind,
        provider_key=f"{visitor_id}:{client_message_id}",
        thread_key=visitor_id,
        provider_message_id=client_message_id,
        text=text,
        payload=payload,
        sent_at=None,  # a visitor's clock proves nothing; it stays in `raw`
        sent_at_resolution_s=WebChatMessenger.capabilities.sent_at_resolution_s,
        language=_language(body.get("lang")),
        contact=contact,
        source=_source(body),
        raw=body,
    )


def _read_object(body: bytes) -> dict[str, Any]:
    """The body as an object whose every value can be stored."""
    document = read_object(body)
    _check_depth(document, DEPTH_LIMIT)
    return document


def _check_depth(value: Any, left: int) -> None:
    if left < 0:
        raise Malformed(f"the body is nested more than {DEPTH_LIMIT} deep")
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            _check_depth(inner, left - 1)


def _text(body: Mapping[str, Any], name: str, *, limit: int) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{name} must be a string")
    if len(value) > limit:
        raise Malformed(f"{name} is longer than {limit} characters")
    return value


def _contact(value: Any) -> ContactCard | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Malformed("contact must be an object")
    phone = _text(value, "phone", limit=PHONE_LIMIT)
    if not phone.strip():
        raise Malformed("contact needs phone")
    return ContactCard(phone=phone, name=_text(value, "name", limit=SHORT_LIMIT) or None)


def _source(body: Mapping[str, Any]) -> Source | None:
    """Marks are a courtesy of the page: what is wrong or too long is left out, never a reason to refuse a message."""
    given = body.get("source")
    marks: Mapping[str, Any] = given if isinstance(given, dict) else {}
    source = Source(
        ref=_mark(marks.get("ref"), limit=SHORT_LIMIT),
        utm=_marks(marks.get("utm")),
        click_ids=_marks(marks.get("click_ids")),
        page_url=_mark(body.get("page_url"), limit=ADDRESS_LIMIT),
        referrer=_mark(marks.get("referrer"), limit=ADDRESS_LIMIT),
    )
    return None if source == Source() else source


def _mark(value: Any, *, limit: int) -> str | None:
    return value[:limit] if isinstance(value, str) and value else None


def _marks(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    kept = {name[:64]: mark for name, item in value.items() if (mark := _mark(item, limit=512))}
    return dict(list(kept.items())[:MARKS_LIMIT])


def _language(value: Any) -> str | None:
    match = _LANGUAGE.fullmatch(value) if isinstance(value, str) else None
    return match.group(1).lower() if match else None
