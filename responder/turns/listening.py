"""Voice messages become words before a turn reads them, where a transcriber is set up; what cannot be heard in time is
left as it is, and a person listens.

The words are kept as the text of the message, marked as a machine's (`payload.transcribed`), before anything is
decided: a turn that is taken again finds them there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.contract import AttachmentKind, ConnectorError, InboundKind, Messenger
from responder.db.engine import Database
from responder.llm.reading import Line
from responder.logs import get_logger
from responder.turns.claim import Claim, Unread

if TYPE_CHECKING:
    from responder.llm.transcriber import Transcriber

log = get_logger(__name__)
KEEP = """
UPDATE message SET text = %(text)s, payload = payload || '{"transcribed": true}'::jsonb
WHERE id = %(id)s AND text = ''
"""
SPOKEN = frozenset({AttachmentKind.VOICE, AttachmentKind.AUDIO})


async def listen(
    claim: Claim, *, messenger: Messenger | None, transcriber: Transcriber, database: Database, deadline_s: float
) -> Claim:
    """The claim with the words of its voice messages; as it was where there are none, or no time is left."""
    spoken = {message.id: voice for message in claim.unread if (voice := _voice(message, transcriber)) is not None}
    if not spoken or messenger is None or deadline_s <= 0:
        return claim
    language = claim.state.language
    asked = [
        _words(voice, messenger, transcriber, language=language, deadline_s=deadline_s) for voice in spoken.values()
    ]
    heard = {number: text for number, text in zip(spoken, await asyncio.gather(*asked), strict=True) if text}
    if not heard:
        return claim
    async with database.transaction() as connection:
        for number, text in heard.items():
            await connection.execute(KEEP, {"id": number, "text": text})
    return replace(
        claim,
        unread=tuple(_told(message, heard) for message in claim.unread),
        lines=(*claim.lines, *(Line(author="customer", text=text) for text in heard.values())) if claim.lines else (),
    )


async def _words(
    voice: Mapping[str, Any], messenger: Messenger, transcriber: Transcriber, *, language: str | None, deadline_s: float
) -> str:
    loop = asyncio.get_running_loop()
    ends = loop.time() + deadline_s
    try:
        async with asyncio.timeout(deadline_s):
            sound = await messenger.fetch(str(voice["id"]))
    except (ConnectorError, TimeoutError) as error:
        log.info("voice_not_fetched", error=type(error).__name__)
        return ""
    left = ends - loop.time()
    return await transcriber.transcribe(sound, mime=voice.get("mime"), language=language, deadline_s=max(left, 0.0))


def _voice(message: Unread, transcriber: Transcriber) -> Mapping[str, Any] | None:
    """The recording of a message that is nothing else and not too long."""
    attachments: Sequence[Mapping[str, Any]] = message.payload.get("attachments") or ()
    if message.kind is not InboundKind.MESSAGE or message.text or len(attachments) != 1:
        return None
    voice = attachments[0]
    is_fit = transcriber.takes(voice.get("size"), seconds=voice.get("seconds"))
    return voice if voice.get("kind") in SPOKEN and is_fit else None


def _told(message: Unread, heard: Mapping[int, str]) -> Unread:
    if message.id not in heard:
        return message
    return replace(message, text=heard[message.id], payload={**message.payload, "transcribed": True})
