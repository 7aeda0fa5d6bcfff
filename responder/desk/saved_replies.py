"""Replies that staff send often: kept by salon under a shortcut, filled in for the dialogue they are used in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel.dates import format_skeleton

from responder.desk.base import DeskRoom
from responder.errors import NotFound, Refused
from responder.salon.profile import SalonProfile
from responder.staff.audit import Actor, record

SHORTCUT = re.compile(r"[\w-]{1,32}")
LONGEST = 4_000
PLACEHOLDER = re.compile(r"\{([^{}\s]*)\}")
KNOWN = ("name", "first_name", "service", "specialist", "date", "time", "address", "phone", "salon", "operator")

LIST = "SELECT id, shortcut, text FROM saved_reply WHERE salon_id = %(salon)s ORDER BY shortcut"
PUT = """
INSERT INTO saved_reply (salon_id, shortcut, text, updated_at, updated_by_id)
VALUES (%(salon)s, %(shortcut)s, %(text)s, %(now)s, %(operator)s)
ON CONFLICT (salon_id, shortcut) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at,
    updated_by_id = excluded.updated_by_id
"""
DELETE = "DELETE FROM saved_reply WHERE salon_id = %(salon)s AND shortcut = %(shortcut)s"

# who it is about, and the visit that is next, else the last
FACTS = """
SELECT c.name, t.display_name, p.starts_at, s.key AS service, w.key AS specialist
FROM thread t JOIN customer c ON c.id = t.customer_id
LEFT JOIN LATERAL (
    SELECT * FROM appointment WHERE thread_id = t.id AND state IN ('booked', 'held', 'came')
    ORDER BY starts_at < %(now)s, abs(extract(epoch FROM starts_at - %(now)s)) LIMIT 1) p ON true
LEFT JOIN service s ON s.id = p.service_id LEFT JOIN specialist w ON w.id = p.specialist_id
WHERE t.id = %(thread)s AND t.salon_id = %(salon)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedReply:
    shortcut: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FilledReply:
    """A saved reply for one dialogue; placeholders named in `missing` stand in `filled` as they were."""

    shortcut: str
    text: str
    filled: str
    missing: tuple[str, ...]


class SavedReplies(DeskRoom):
    async def all(self, salon_id: int) -> list[SavedReply]:
        async with self._database.connection() as connection:
            rows = await (await connection.execute(LIST, {"salon": salon_id})).fetchall()
        return [SavedReply(shortcut=row["shortcut"], text=row["text"]) for row in rows]

    async def filled(self, salon: SalonProfile, thread_id: int, *, operator: str | None) -> list[FilledReply]:
        """Every saved reply of the salon, filled in for a dialogue; raises `NotFound`."""
        replies = await self.all(salon.id)
        async with self._database.connection() as connection:
            values = {"salon": salon.id, "thread": thread_id, "now": self._clock.now()}
            facts = await (await connection.execute(FACTS, values)).fetchone()
        if facts is None:
            raise NotFound(f"There is no dialogue {thread_id}.", code="no_dialogue", dialogue=thread_id)
        known = _values(salon, facts, operator)
        return [_filled(reply, known) for reply in replies]

    async def put(self, salon_id: int, shortcut: str, text: str, *, actor: Actor) -> None:
        """Keep a reply under a shortcut, instead of the one that was there; raises `Refused`."""
        text = text.strip()
        if not SHORTCUT.fullmatch(shortcut):
            raise Refused("A shortcut has 1 to 32 letters, digits, - or _.", code="bad_shortcut", shortcut=shortcut)
        if not 0 < len(text) <= LONGEST:
            raise Refused("The text is empty or too long.", code="saved_reply_length", length=len(text), limit=LONGEST)
        unknown = [name for name in PLACEHOLDER.findall(text) if name not in KNOWN]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in KNOWN)
            raise Refused("Unknown placeholder.", code="unknown_placeholder", placeholder=unknown[0], known=known)
        values = {"salon": salon_id, "shortcut": shortcut.lower(), "text": text, "operator": actor.operator_id}
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await connection.execute(PUT, values | {"now": now})
            subject = f"saved_reply:{shortcut.lower()}"
            await record(connection, actor, salon_id=salon_id, action="saved_reply.put", subject=subject, now=now)

    async def delete(self, salon_id: int, shortcut: str, *, actor: Actor) -> None:
        """Raises `NotFound`."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            cursor = await connection.execute(DELETE, {"salon": salon_id, "shortcut": shortcut.lower()})
            if not cursor.rowcount:
                raise NotFound(f"There is no saved reply /{shortcut}.", code="no_saved_reply", shortcut=shortcut)
            subject = f"saved_reply:{shortcut.lower()}"
            await record(connection, actor, salon_id=salon_id, action="saved_reply.delete", subject=subject, now=now)


def fill(text: str, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """A text with its placeholders replaced, and which of them have no value."""
    missing = tuple(dict.fromkeys(name for name in PLACEHOLDER.findall(text) if not values.get(name)))
    return PLACEHOLDER.sub(lambda match: values.get(match[1]) or match[0], text), missing


def _filled(reply: SavedReply, values: Mapping[str, str]) -> FilledReply:
    filled, missing = fill(reply.text, values)
    return FilledReply(shortcut=reply.shortcut, text=reply.text, filled=filled, missing=missing)


def _values(salon: SalonProfile, facts: Mapping[str, Any], operator: str | None) -> dict[str, str]:
    language, name = salon.language, str(facts["name"] or facts["display_name"] or "")
    service, specialist = salon.service(facts["service"]), salon.specialist(facts["specialist"])
    starts_at = facts["starts_at"] and facts["starts_at"].astimezone(salon.zone)
    addresses: Sequence[Any] = salon.addresses
    return {
        "name": name,
        "first_name": name.split(" ")[0],
        "service": service.name.to(language) if service else "",
        "specialist": specialist.name.to(language) if specialist else "",
        "date": format_skeleton("MMMMd", starts_at, locale=language) if starts_at else "",
        "time": f"{starts_at:%H:%M}" if starts_at else "",
        "address": addresses[0].text.to(language) if addresses else "",
        "phone": salon.phone or "",
        "salon": salon.name.to(language),
        "operator": operator or "",
    }
