"""Scores on expressions nobody here wrote. The data lies beside the repository; where it is absent these tests skip.

A floor below what is reached guards against falling back; the general rule counts, not the single row.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from responder.dialogue.meaning import Asked, Context, Wish
from responder.understanding.reader import Reader
from tests.factories import ZONE

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
RUSSIAN_FLOOR = 0.92
ENGLISH_FLOOR = 0.98


def rows(name: str) -> list[dict[str, Any]]:
    file = DATA / name
    if not file.exists():
        pytest.skip(f"{name} lies in ../shared/data beside the repository, and there is none here")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_russian_expressions_of_time(reader: Reader) -> None:
    """Most Russian booking expressions are read to the right date and hour."""
    booking = [row for row in rows("ru_time.jsonl") if row["kind"] == "booking"]

    wrong = [row["text"] for row in booking if not _is_right(row, _first(reader, row))]

    assert 1 - len(wrong) / len(booking) >= RUSSIAN_FLOOR, wrong


def test_russian_texts_without_time(reader: Reader) -> None:
    """What is no expression of time gives no wish."""
    negative = [row for row in rows("ru_time.jsonl") if row["kind"] == "negative"]

    assert [row["text"] for row in negative if _first(reader, row) is not None] == []


def test_english_turns(reader: Reader) -> None:
    """Most English booking turns give both the right date and the right time."""
    turns = rows("sgd_turns.jsonl")

    wrong = [row["text"] for row in turns if _said(_first(reader, row)) != (row["gold_date"], row["gold_time"])]

    assert 1 - len(wrong) / len(turns) >= ENGLISH_FLOOR, wrong


@pytest.mark.parametrize("asked", [Asked.NOTHING, Asked.NAME, Asked.PHONE])
def test_naughty_strings(reader: Reader, monday: datetime, asked: Asked) -> None:
    """Hostile strings are read like any other words."""
    file = DATA / "naughty_strings.json"
    if not file.exists():
        pytest.skip("naughty_strings.json lies in ../shared/data beside the repository, and there is none here")

    for text in json.loads(file.read_text(encoding="utf-8")):
        assert reader.read([text], now=monday, context=Context(asked=asked)) is not None


def _first(reader: Reader, row: dict[str, Any]) -> Wish | None:
    said_at = datetime.fromisoformat(row["ref"] or "2012-08-10T00:00:00").replace(tzinfo=ZONE)
    wishes = reader.read([row["text"]], now=said_at.astimezone(UTC)).wishes
    return wishes[0] if wishes else None


def _is_right(row: dict[str, Any], wish: Wish | None) -> bool:
    if wish is None:
        return False
    if row["next_weekday_conflict"] and wish.ambiguous == "weekday":
        return True
    start, said_at = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["ref"])
    at = wish.exact_time or wish.time_from or wish.time_to or time(0)
    is_day = (wish.date_from or said_at.date()) == start.date()
    return is_day and (not row["has_clock"] or (at.hour, at.minute) == (start.hour, start.minute))


def _said(wish: Wish | None) -> tuple[str | None, str | None]:
    if wish is None:
        return None, None
    at = wish.exact_time or wish.time_from or wish.time_to
    return wish.date_from.isoformat() if wish.date_from else None, f"{at:%H:%M}" if at else None
