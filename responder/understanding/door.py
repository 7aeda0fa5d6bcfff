"""Understanding for whoever is outside: a plain document in, a plain document out. What `responder understand` speaks.

The fields are described in docs/understanding.md. Everything said about the circumstances (the time, what was asked,
what was said before) may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from responder.dialogue.meaning import Asked, Context, Meaning, Offered, Wish
from responder.errors import Refused
from responder.understanding.reader import Reader

LONGEST: Final = 20_000  # characters of one text
FIELDS: Final = ("text", "now", "asked", "prev", "lang")
ASKED_WORDS: Final = {"date": Asked.WHEN, "day": Asked.WHEN, "time": Asked.WHEN, "slot": Asked.CHOICE}

# What a reply asked for, by how such questions are put; the last question of a reply is the open one.
_QUESTIONS: Final = (
    (Asked.PHONE, re.compile(r"телефон|номер\w* для связи|phone|number (?:can|to) (?:we|reach)|contact number", re.I)),
    (Asked.NAME, re.compile(r"ваше имя|вас зовут|к вам обращаться|your name|may i (?:call|address) you", re.I)),
    (Asked.CONFIRM, re.compile(r"записать вас|записыва\w+|вс[её] верно|подтвержда|shall i book|confirm", re.I)),
    (Asked.WHEN, re.compile(r"когда|на какой день|какое время|во сколько|what (?:day|date|time)|when ", re.I)),
    (Asked.SERVICE, re.compile(r"какую услугу|на какую процедуру|which service|what service", re.I)),
)


class BadInput(Refused):
    """A document that cannot be read; the message names the field."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A customer's text and its circumstances; `now` is aware."""

    text: str
    now: datetime
    context: Context


def said_of(document: object, *, zone: tzinfo, now: datetime, language: str) -> Said:
    """What a document says was said; `now` and `language` where it does not tell. Raises `BadInput`."""
    if not isinstance(document, Mapping):
        raise BadInput('write an object like {"text": "завтра после шести"}')
    text = document.get("text")
    if not isinstance(text, str):
        raise BadInput("text: is missing, or no string")
    if len(text) > LONGEST:
        raise BadInput(f"text: {len(text):,} characters are more than {LONGEST:,}")
    previous = _string(document, "prev")
    return Said(
        text=text,
        now=(_instant(document.get("now"), zone=zone) or now).astimezone(zone),
        context=Context(
            asked=_asked(document.get("asked"), previous),
            language=_string(document, "lang") or language,
            previous_reply=previous,
        ),
    )


def understand(reader: Reader, said: Said) -> dict[str, Any]:
    """What a text means, as docs/understanding.md describes it."""
    context = said.context
    if context.asked is Asked.CHOICE:
        context = replace(context, offers=_offers(reader, said))
    return document_of(reader.read([said.text], now=said.now, context=context), said)


def _offers(reader: Reader, said: Said) -> tuple[Offered, ...]:
    """The slots that the reply before named, in its order."""
    wishes = reader.read([said.context.previous_reply], now=said.now).wishes
    day, offers = said.now.date(), list[Offered]()
    for wish in wishes:
        day = wish.date_from or day
        if wish.exact_time is not None:
            offers.append(Offered(token=str(len(offers) + 1), day=day, at=wish.exact_time))
    return tuple(offers)


def document_of(meaning: Meaning, said: Said) -> dict[str, Any]:
    """A meaning in plain values: dates and times in ISO 8601, the salon's own."""
    return {
        "lang": meaning.language,
        "intents": sorted(intent.value for intent in meaning.intents),
        "understood": meaning.understood,
        "needs_no_reply": meaning.needs_no_reply,
        "phones": list(meaning.phones),
        "bad_phone": meaning.bad_phone,
        "name": meaning.name,
        "service": meaning.service,
        "services": list(meaning.services),
        "also": list(meaning.also),
        "specialist": meaning.specialist,
        "any_specialist": meaning.any_specialist,
        "wishes": [_wish(wish, said.text) for wish in meaning.wishes],
        "choice": meaning.choice,
        "knowledge": meaning.knowledge,
        "risk": meaning.risk,
        "asked": said.context.asked.value,
        "now": said.now.isoformat(),
    }


def _wish(wish: Wish, text: str) -> dict[str, Any]:
    start = text.casefold().find(wish.text.casefold()) if wish.text else -1
    return {
        **{name: _iso(getattr(wish, name)) for name in ("date_from", "date_to")},
        **{name: _clock(getattr(wish, name)) for name in ("time_from", "time_to", "exact_time")},
        "asap": wish.asap,
        "ambiguous": wish.ambiguous,
        "text": wish.text,
        "span": [start, start + len(wish.text)] if start >= 0 else None,
    }


def _iso(value: Any) -> str | None:
    return None if value is None else str(value.isoformat())


def _clock(value: Any) -> str | None:
    return None if value is None else f"{value:%H:%M}"


def _string(document: Mapping[Any, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadInput(f"{name}: is no string")
    return value


def _instant(value: object, *, zone: tzinfo) -> datetime | None:
    """A time without a zone is the salon's own."""
    if value is None:
        return None
    try:
        if not isinstance(value, str):
            raise ValueError
        found = datetime.fromisoformat(value)
        if not 1970 <= found.year <= 2200:
            raise ValueError
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"now: {value!r} is no time like 2026-11-25T10:00 or 2026-11-25T10:00+05:00") from None


def _asked(value: object, previous: str) -> Asked:
    """What was asked for: as told, else as the last question of the reply before suggests."""
    if value is None or value == "":
        return _open_question(previous)
    word = value.casefold() if isinstance(value, str) else ""
    if word in ASKED_WORDS:
        return ASKED_WORDS[word]
    if word not in set(Asked):
        raise BadInput(f"asked: {value!r} is none of {', '.join([*Asked, *ASKED_WORDS])}")
    return Asked(word)


def _open_question(previous: str) -> Asked:
    last = re.split(r"(?<=[.!…\n])\s+", previous.strip())[-1]
    if "?" not in last:
        return Asked.NOTHING
    return next((asked for asked, pattern in _QUESTIONS if pattern.search(last)), Asked.NOTHING)
