"""Messages as customers of a salon type them, with what an administrator would take them for.

`salon_messages.jsonl` was written before it was run. A row names what matters: `want` holds fields of the public door
(docs/understanding.md), `intents` being at least those, `without` intents that must not be heard, `wishes` the wishes
there are, each with the parts that are certain. Read on Wednesday 2026-11-25 at ten, by the example salon.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from responder.commands.understand import Interpreter

ROWS = Path(__file__).with_name("salon_messages.jsonl")
NOW = "2026-11-25T10:00"
FLOOR = 0.98


def test_salon_messages() -> None:
    """Nearly all of them are read as they were meant, and no text that does not cancel cancels."""
    interpreter = Interpreter(None)
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 300

    wrong: dict[str, list[str]] = {}
    for row in rows:
        said = {name: row[name] for name in ("text", "asked", "prev") if name in row}
        found = interpreter.read({"now": NOW, **said})
        if problems := list(differences(row["want"], found)):
            wrong[row["text"]] = problems
        assert "cancel" not in row["want"].get("without", ()) or "cancel" not in found["intents"], row["text"]

    assert 1 - len(wrong) / len(rows) >= FLOOR, wrong


def differences(want: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What was meant and not read, or read and not meant."""
    told = []
    for name, value in want.items():
        match name:
            case "intents":
                told += [f"no {intent}" for intent in value if intent not in found["intents"]]
            case "without":
                told += [f"has {intent}" for intent in value if intent in found["intents"]]
            case "wishes":
                same = len(value) == len(found["wishes"]) and all(
                    wish[part] == wanted
                    for one, wish in zip(value, found["wishes"], strict=True)
                    for part, wanted in one.items()
                )
                told += [] if same else [f"wishes {found['wishes']}"]
            case _:
                told += [] if found[name] == value else [f"{name} {found[name]!r}"]
    return told
