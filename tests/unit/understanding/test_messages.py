"""Labelled messages as customers type them: each row says what a reader must and must not make of it."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from responder.dialogue.meaning import Asked, Context, Meaning, Offered, Wish
from responder.understanding.reader import Reader

OFFERS = (
    Offered(token="a", day=date(2026, 11, 24), at=time(15), specialist="anna"),
    Offered(token="b", day=date(2026, 11, 24), at=time(16, 30), specialist="anna"),
    Offered(token="c", day=date(2026, 11, 25), at=time(18), specialist="maria"),
)
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "messages.jsonl").read_text(encoding="utf-8").splitlines()
]
PLAIN_FIELDS = (
    "name", "service", "specialist", "any_specialist", "choice", "knowledge", "language", "risk",
    "needs_no_reply", "understood", "bad_phone",
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.get("text", " / ".join(row.get("texts", ())))[:60])
def test_message(reader: Reader, monday: datetime, row: dict[str, Any]) -> None:
    """A labelled message means what its row says."""
    context = Context(
        asked=Asked(row.get("asked", "nothing")),
        offers=OFFERS if row.get("offers") else (),
        has_appointment=row.get("has_appointment", False),
    )

    meaning = reader.read(row.get("texts", [row.get("text", "")]), now=monday, context=context)

    assert differences(row, meaning) == []


def test_there_are_enough_messages() -> None:
    """The labelled set stays large enough to mean something."""
    assert len(ROWS) >= 360


def differences(row: dict[str, Any], meaning: Meaning) -> list[str]:
    """What of the row the meaning misses, in words."""
    intents = {str(intent) for intent in meaning.intents}
    found: list[str] = []
    if missing := set(row.get("has", ())) - intents:
        found.append(f"lacks {sorted(missing)}, has {sorted(intents)}")
    if extra := set(row.get("not", ())) & intents:
        found.append(f"should not be {sorted(extra)}")
    for field in PLAIN_FIELDS:
        if field in row and getattr(meaning, field) != row[field]:
            found.append(f"{field} is {getattr(meaning, field)!r}, not {row[field]!r}")
    for field in ("phones", "services", "also"):
        if field in row and list(getattr(meaning, field)) != row[field]:
            found.append(f"{field} is {getattr(meaning, field)!r}, not {row[field]!r}")
    if "wishes" in row and [shown(wish) for wish in meaning.wishes] != row["wishes"]:
        found.append(f"wishes are {[shown(wish) for wish in meaning.wishes]}, not {row['wishes']}")
    if "ambiguous" in row and meaning.wishes[0].ambiguous != row["ambiguous"]:
        found.append(f"ambiguous is {meaning.wishes[0].ambiguous!r}, not {row['ambiguous']!r}")
    return found


def shown(wish: Wish) -> str:
    """`11-24 17:00`, `11-28..11-29 18:00-23:59`, `12:00-`, `asap`."""
    words: list[str] = []
    if wish.date_from is not None:
        words.append(f"{wish.date_from:%m-%d}" + (f"..{wish.date_to:%m-%d}" if wish.date_to != wish.date_from else ""))
    if wish.exact_time is not None:
        words.append(f"{wish.exact_time:%H:%M}")
    elif wish.time_from is not None or wish.time_to is not None:
        words.append("-".join(f"{at:%H:%M}" if at else "" for at in (wish.time_from, wish.time_to)))
    if wish.asap:
        words.append("asap")
    return " ".join(words)
