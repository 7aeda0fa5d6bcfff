"""A live dialogue written down as a scenario, without anything that tells who it was.

Phones become numbers that nobody has, names common ones, links and mail addresses are cut; the same person keeps the
same stand-in throughout. What the bot said stands as comments, and what it should have said is left to whoever saves
it: the file says TODO there, and cannot be played before that is answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from responder.db.engine import Database
from responder.errors import NotFound
from responder.evals.schema import TODO
from responder.understanding.phones import PhoneReader
from responder.understanding.utterance import LINK

PAUSE = timedelta(minutes=10)  # shorter ones change nothing in a talk
STAND_INS = {"ru": ("Анна", "Мария", "Ольга", "Елена", "Ирина"), "en": ("Alice", "Mary", "Emma", "Grace", "Lucy")}
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?<!\w)@\w{4,}")
_DIGITS = re.compile(r"(?<!\d)(?:\d[\s-]?){9,}\d(?!\d)")  # long numbers of any kind: cards, orders, passports
ATTACHED = frozenset({"photo", "voice", "sticker", "document", "location"})

FIND = """
SELECT t.id, t.display_name, t.state, c.name, c.phone, s.slug, s.profile ->> 'zone' AS zone,
    s.profile ->> 'country' AS country, s.profile ->> 'language' AS language
FROM thread t JOIN customer c ON c.id = t.customer_id JOIN salon s ON s.id = t.salon_id WHERE t.id = %(thread)s
"""
LINES = """
SELECT direction, author, kind, text, payload, COALESCE(sent_at, received_at, composed_at) AS at
FROM message WHERE thread_id = %(thread)s AND deleted_at IS NULL AND send_state IS DISTINCT FROM 'withdrawn'
ORDER BY COALESCE(received_at, composed_at), id
"""


async def scenario_of(database: Database, thread_id: int, *, name: str) -> str:
    """The text of a scenario file with the one dialogue. Raises `NotFound`."""
    async with database.connection() as connection:
        thread = await (await connection.execute(FIND, {"thread": thread_id})).fetchone()
        if thread is None:
            raise NotFound(f"there is no dialogue {thread_id}; its number stands in the address of its page")
        lines = await (await connection.execute(LINES, {"thread": thread_id})).fetchall()
    if not any(line["direction"] == "in" for line in lines):
        raise NotFound(f"the customer wrote nothing in dialogue {thread_id}")
    return _written(thread, lines, name=name)


@dataclass
class Disguise:
    """Stands other people's names and numbers in for real ones, the same for the same."""

    country: str
    language: str
    names: Sequence[str] = ()
    _phones: dict[str, str] = field(default_factory=dict)

    def text(self, said: str) -> str:
        said = LINK.sub("example.com", _MAIL.sub("someone@example.com", said))
        found = PhoneReader(self.country).read(said)
        for (start, end), number in reversed(list(zip(found.spans, found.numbers, strict=False))):
            typed = said[start:end]
            before, after = typed[: len(typed) - len(typed.lstrip())], typed[len(typed.rstrip()) :]
            said = f"{said[:start]}{before}{self.phone(number)}{after}{said[end:]}"
        said = _DIGITS.sub(lambda match: match.group() if self._is_ours(match.group()) else "0000", said)
        for real, stand_in in self._named():
            said = re.sub(rf"(?<!\w){re.escape(real)}(?!\w)", stand_in, said, flags=re.IGNORECASE)
        return said

    def phone(self, number: str) -> str:
        """A number of the same length whose last digits count up; no operator hands them out."""
        made = f"{number[:5]}{len(self._phones):0{max(len(number) - 5, 1)}d}"
        return self._phones.setdefault(number, made)

    def _is_ours(self, typed: str) -> bool:
        digits = re.sub(r"\D", "", typed)
        return any(number.lstrip("+") == digits for number in self._phones.values())

    def _named(self) -> Iterator[tuple[str, str]]:
        stand_ins = STAND_INS.get(self.language, STAND_INS["en"])
        for number, real in enumerate(self.names):
            yield real, stand_ins[number % len(stand_ins)]


def _written(thread: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], *, name: str) -> str:
    zone = ZoneInfo(thread["zone"])
    told = (thread["name"], thread["display_name"], thread["state"].get("name"))
    names = dict.fromkeys(word for one in told if one for word in one.split() if len(word) > 1)
    disguise = Disguise(country=thread["country"], language=thread["language"], names=tuple(names))
    start = next(line["at"] for line in lines if line["direction"] == "in")
    text = [
        f"# Dialogue {thread['id']} of {thread['slug']}; names and numbers are not the real ones.",
        f"# Play it with its own salon: responder eval FILE --salon {thread['slug']}.yaml",
        "scenarios:",
        f"  - name: {_scalar(name)}",
        f"    start: {start.astimezone(zone):%Y-%m-%d %H:%M}",
        "    talk:",
        *_talk(lines, disguise, start),
        f"    end: {TODO} # what must be true: booked, cancelled, handed_over, says, never_says (docs/evaluation.md)",
    ]
    return "\n".join(text) + "\n"


def _talk(lines: Sequence[Mapping[str, Any]], disguise: Disguise, start: datetime) -> Iterator[str]:
    before = start
    burst: list[str] = []
    for line in lines:
        step = _step(line, disguise)
        is_words = line["direction"] == "in" and step is not None and step.startswith("customer: ")
        if burst and not is_words:
            yield from _said(burst)
            burst = []
        if line["at"] - before > PAUSE and line["direction"] == "in":
            yield from _said(burst)
            burst = []
            yield f"      - waits: {int((line['at'] - before).total_seconds() // 60)}m"
        before = line["at"]
        if is_words and step is not None:
            burst.append(step.removeprefix("customer: "))
        elif step is not None:
            yield f"      - {step}"
        elif line["author"] == "bot":
            yield from (f"        # bot: {part}" for part in disguise.text(line["text"]).splitlines())
    yield from _said(burst)


def _said(burst: Sequence[str]) -> Iterator[str]:
    if burst:
        yield f"      - customer: {burst[0] if len(burst) == 1 else '[' + ', '.join(burst) + ']'}"


def _step(line: Mapping[str, Any], disguise: Disguise) -> str | None:
    """The step of a line; None for what the bot said and for what is no part of a talk."""
    payload = line["payload"] or {}
    if line["direction"] == "out":
        return f"staff: {_scalar(disguise.text(line['text']))}" if line["author"] in ("human", "human_device") else None
    if contact := payload.get("contact"):
        return f"contact: {{phone: {_scalar(disguise.phone(str(contact.get('phone'))))}}}"
    if line["kind"] == "pressed":
        return f"presses: {_scalar(disguise.text(line['text']))}"
    if line["kind"] not in ("message", "edited"):
        return None
    if line["text"]:
        return f"customer: {_scalar(disguise.text(line['text']))}"
    kinds = [one.get("kind") for one in payload.get("attachments", ())]
    sent = next((kind for kind in kinds if kind in ATTACHED), "document" if kinds else None)
    return None if sent is None else f"sends: {sent}"


def _scalar(text: str) -> str:
    """Text as YAML on one line."""
    return yaml.safe_dump(text, allow_unicode=True, width=10_000, default_style='"').strip()
