"""Notes of staff about a dialogue: for each other alone, never for the customer, an LLM or a CRM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from responder.db.engine import Connection
from responder.desk.base import DeskRoom
from responder.errors import Refused
from responder.salon.profile import Operator, SalonProfile
from responder.staff.audit import Actor

LONGEST = 4_000

# a repeated key is the same note: the line may have been lost after it was kept
ADD = """
INSERT INTO note (salon_id, thread_id, operator_id, mentions, text, at, idempotency_key,
    is_hint)
VALUES (%(salon)s, %(thread)s, %(operator)s, %(mentions)s, %(text)s, %(now)s, %(key)s,
    %(is_hint)s)
ON CONFLICT (thread_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
RETURNING id
"""


class Notes(DeskRoom):
    async def add(
        self, salon: SalonProfile, thread_id: int, text: str, *, actor: Actor, key: str | None = None
    ) -> None:
        """Keep a note and call whom it mentions; the same `key` twice is one note. Raises `NotFound`, or `Refused` for
        an empty one or one that is too long."""
        text = text.strip()
        if not text:
            raise Refused("The note is empty: write something first.", code="note_empty")
        if len(text) > LONGEST:
            raise Refused("The note is too long.", code="note_too_long", length=len(text), limit=LONGEST)
        called = mentions(text, salon.operators)
        mentioned = [operator.id for operator in called]
        async with self._database.transaction() as connection:
            await self._thread(connection, salon.id, thread_id)
            note_id = await self.keep(connection, salon.id, thread_id, text, actor=actor, key=key, mentioned=mentioned)
            if note_id is not None:
                await self._record(connection, actor, salon.id, thread_id, "note.add", {"note": note_id})
        if note_id is not None and mentioned:
            keys = [operator.key for operator in called]
            event = {"type": "mention", "thread_id": thread_id, "operators": keys}
            await self._live.publish(f"salon:{salon.id}", event)
        await self._tell(salon.id, thread_id)

    async def keep(
        self,
        connection: Connection,
        salon_id: int,
        thread_id: int,
        text: str,
        *,
        actor: Actor,
        key: str | None = None,
        mentioned: Sequence[int] = (),
        is_hint: bool = False,
    ) -> int | None:
        """Write a note on the caller's connection; its id, or None for one that was there already."""
        values = {
            "salon": salon_id,
            "thread": thread_id,
            "operator": actor.operator_id,
            "mentions": list(mentioned),
            "text": text,
            "now": self._clock.now(),
            "key": key,
            "is_hint": is_hint,
        }
        row = await (await connection.execute(ADD, values)).fetchone()
        return None if row is None else int(row["id"])


def mentions(text: str, operators: Iterable[Operator]) -> list[Operator]:
    """Whom a text calls by "@key" or "@Name", the longest name first, each once."""
    found: dict[int, Operator] = {}
    spoken = [(name, operator) for operator in operators for name in (operator.name, operator.key)]
    for name, operator in sorted(spoken, key=lambda pair: -len(pair[0])):
        pattern = re.compile(rf"(?<!\w)@{re.escape(name)}(?!\w)", re.IGNORECASE)
        text, count = pattern.subn(" ", text)
        if count:
            found.setdefault(operator.id, operator)
    return list(found.values())
