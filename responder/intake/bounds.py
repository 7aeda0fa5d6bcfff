"""What of an inbound item can be stored as it is, and what becomes of the rest: no item that a messenger sent may fail
in the database, or the messenger would send it again for ever.

In comes an item of any connector, out goes one within the contract's limits. An identifier that no index could hold
makes it UNKNOWN, kept raw under a digest of its key, so that a redelivery is still recognised; courtesies (names,
marks, a language) are cut or left out, and a time that cannot be is none. `raw` is never touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.contract import (
    ADDRESS_LIMIT,
    ATTACHMENTS_LIMIT,
    KEY_LIMIT,
    MARKS_LIMIT,
    NAME_LIMIT,
    ORDER_KEY_LIMIT,
    PAYLOAD_LIMIT,
    PHONE_LIMIT,
    TEXT_LIMIT,
    Attachment,
    ContactCard,
    Inbound,
    InboundKind,
    Source,
)
from connectors.json_body import storable_text

T = TypeVar("T", Inbound, ContactCard, Attachment)

EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # older than every messenger we speak
AHEAD = timedelta(days=1)  # no clock is wrong by more; a smaller skew is clamped and recorded (timing.md, "Stamps")
LANGUAGE_LIMIT = 8  # of a primary tag, RFC 5646


def within_bounds(item: Inbound, *, received_at: datetime) -> Inbound:
    """The item as it can be stored."""
    if not _is_storable(item):
        return set_aside(item)
    return _with(
        item,
        text=storable(item.text, TEXT_LIMIT),
        payload=_cut(item.payload, PAYLOAD_LIMIT),
        sent_at=_believable(item.sent_at, received_at),
        sender_name=_cut(item.sender_name, NAME_LIMIT),
        sender_username=_cut(item.sender_username, NAME_LIMIT),
        language=_language(item.language),
        contact=item.contact and _contact(item.contact),
        attachments=_attachments(item.attachments) if item.attachments else item.attachments,
        source=item.source and _source(item.source),
        failure=_cut(item.failure, NAME_LIMIT),
    )


def set_aside(item: Inbound) -> Inbound:
    """The item as one that is kept raw and not acted on."""
    return Inbound(
        kind=InboundKind.UNKNOWN,
        provider_key=item.provider_key if _is_key(item.provider_key) else _digest(item.provider_key),
        thread_key=item.thread_key if _is_key(item.thread_key) else "",
        raw=item.raw,
    )


def storable(text: str, limit: int) -> str:
    """At most `limit` characters, with U+FFFD for what PostgreSQL cannot hold: U+0000 and half a surrogate pair."""
    text = text if len(text) <= limit else text[:limit]
    if "\x00" not in text and (text.isascii() or _is_unicode(text)):
        return text
    return storable_text(text)


def _is_storable(item: Inbound) -> bool:
    return (
        _is_key(item.provider_key)
        and _is_key(item.thread_key)
        and _is_key(item.provider_message_id or "")
        and _is_key(item.reply_to or "")
        and _is_key(item.press_id or "")
        and (item.payload is None or len(item.payload) <= PAYLOAD_LIMIT)
        and (item.contact is None or len(item.contact.phone) <= PHONE_LIMIT)
        and -ORDER_KEY_LIMIT <= item.order_key < ORDER_KEY_LIMIT
        and not any(len(attachment.provider_id) > ADDRESS_LIMIT for attachment in item.attachments)
    )


def _is_key(key: str) -> bool:
    return len(key) <= KEY_LIMIT and key.isprintable()  # neither controls nor halves of a surrogate pair


def _digest(key: str) -> str:
    return f"sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _believable(sent_at: datetime | None, received_at: datetime) -> datetime | None:
    is_time = sent_at is not None and sent_at.tzinfo is not None and EARLIEST <= sent_at <= received_at + AHEAD
    return sent_at if is_time else None


def _with(value: T, **fields: Any) -> T:
    """The value with these fields: itself where nothing changes, which is nearly always and much cheaper."""
    changed = {name: field for name, field in fields.items() if field is not getattr(value, name)}
    return replace(value, **changed) if changed else value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cut(text: str | None, limit: int) -> str | None:
    return None if text is None else storable(text, limit)


def _language(tag: str | None) -> str | None:
    is_tag = tag is not None and len(tag) <= LANGUAGE_LIMIT and tag.isascii() and tag.isalpha()
    return tag if is_tag else None


def _contact(card: ContactCard) -> ContactCard:
    return _with(card, phone=storable(card.phone, PHONE_LIMIT), name=_cut(card.name, NAME_LIMIT))


def _attachments(attachments: Sequence[Attachment]) -> Sequence[Attachment]:
    return [
        _with(
            attachment,
            provider_id=storable(attachment.provider_id, ADDRESS_LIMIT),
            mime_type=_cut(attachment.mime_type, NAME_LIMIT),
            size_bytes=size if (size := attachment.size_bytes) is not None and 0 <= size < ORDER_KEY_LIMIT else None,
            name=_cut(attachment.name, NAME_LIMIT),
        )
        for attachment in attachments[:ATTACHMENTS_LIMIT]
    ]


def _source(source: Source) -> Source:
    return Source(
        ref=_cut(source.ref, NAME_LIMIT),
        utm=_marks(source.utm),
        click_ids=_marks(source.click_ids),
        page_url=_cut(source.page_url, ADDRESS_LIMIT),
        referrer=_cut(source.referrer, ADDRESS_LIMIT),
    )


def _marks(marks: Mapping[str, str]) -> dict[str, str]:
    few = list(marks.items())[:MARKS_LIMIT]
    return {storable(name, NAME_LIMIT): storable(mark, ADDRESS_LIMIT) for name, mark in few}
