"""What a Telegram message carries besides text, by reference: a file id that `fetch` takes, or a place."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import Audio, Document, Message, PhotoSize, Sticker, Video, VideoNote, Voice

from connectors.contract import Attachment, AttachmentKind
from connectors.messengers.telegram.typed import optional_integer, optional_text, text_of

_File = PhotoSize | Voice | Audio | Video | VideoNote | Document | Sticker


def attachments_of(message: Message) -> Sequence[Attachment]:
    """At most one, since every file of an album is a message of its own."""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return [_file(AttachmentKind.PHOTO, largest)]
    files: Sequence[tuple[AttachmentKind, _File | None]] = (
        (AttachmentKind.VOICE, message.voice),
        (AttachmentKind.AUDIO, message.audio),
        (AttachmentKind.VIDEO, message.video),
        (AttachmentKind.VIDEO, message.video_note),
        (AttachmentKind.DOCUMENT, message.document),
        (AttachmentKind.STICKER, message.sticker),
    )
    for kind, file in files:
        if file is not None:
            return [_file(kind, file)]
    return _place(message)


def _file(kind: AttachmentKind, file: _File) -> Attachment:
    return Attachment(
        kind=kind,
        provider_id=text_of(file.file_id),
        mime_type=optional_text(getattr(file, "mime_type", None)),
        size_bytes=optional_integer(file.file_size),
        duration_s=_seconds(getattr(file, "duration", None)),
        name=optional_text(file.emoji if isinstance(file, Sticker) else getattr(file, "file_name", None)),
    )


def _place(message: Message) -> Sequence[Attachment]:
    place = message.location
    if place is None:
        return []
    title = message.venue.title if message.venue is not None else None
    where = f"{float(place.latitude):.6f},{float(place.longitude):.6f}"
    return [Attachment(kind=AttachmentKind.LOCATION, provider_id=where, name=optional_text(title))]


def _seconds(duration: object) -> float | None:
    """PTB gives a number now and has announced a `timedelta`."""
    total = getattr(duration, "total_seconds", None)
    if total is not None:
        return float(total())
    return float(duration) if isinstance(duration, (int, float)) else None
