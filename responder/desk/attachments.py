"""Files that customers sent, fetched from the messenger when staff look at them; nothing is kept here."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contract import ConnectorError, TransientError
from responder.desk.base import DeskRoom
from responder.errors import NotFound, Refused

LARGEST = 25 * 1024 * 1024  # bytes

FIND = """
SELECT m.channel_account_id, m.payload -> 'attachments' -> %(number)s AS file
FROM message m JOIN thread t ON t.id = m.thread_id
WHERE m.id = %(message)s AND t.id = %(thread)s AND t.salon_id = %(salon)s AND m.direction = 'in'
"""

# what a picture begins with; whatever else a file calls itself, it is not shown as one
PICTURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A customer's file; `picture` is its media type when its bytes prove it to be one."""

    content: bytes
    name: str
    picture: str | None


class Attachments(DeskRoom):
    async def fetch(self, salon_id: int, thread_id: int, message_id: int, number: int) -> File:
        """The `number`-th file (from 0) of a message; raises `NotFound` when there is none, or the messenger has it no
        more, `Refused` when it cannot be had at the moment or is too large."""
        values = {"salon": salon_id, "thread": thread_id, "message": message_id, "number": number}
        async with self._database.connection() as connection:
            row = await (await connection.execute(FIND, values)).fetchone()
        messenger = None if row is None else self._messenger_of(row["channel_account_id"])
        if row is None or not row["file"] or messenger is None:
            raise NotFound("There is no such file.", code="no_file")
        if (row["file"].get("size") or 0) > LARGEST:
            raise Refused("The file is too large.", code="file_too_large", most=LARGEST // (1024 * 1024))
        try:
            content = await messenger.fetch(str(row["file"]["id"]))
        except TransientError as error:
            raise Refused("The messenger does not give it now.", code="file_later") from error
        except ConnectorError as error:
            raise NotFound("The messenger has it no more.", code="no_file") from error
        if len(content) > LARGEST:
            raise Refused("The file is too large.", code="file_too_large", most=LARGEST // (1024 * 1024))
        return File(content=content, name=str(row["file"].get("name") or ""), picture=picture_type(content))


def picture_type(content: bytes) -> str | None:
    """The media type of a picture by its first bytes; None for everything else, SVG and HTML above all."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in PICTURES if content.startswith(mark)), None)
