"""`responder understand`: what the rules make of a text, for people and, line by line, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from responder.clock import SystemClock
from responder.salon.demo import DEMO_SALON
from responder.salon.file import read_salon_file
from responder.salon.loader import profile_of_file
from responder.salon.profile import SalonProfile
from responder.understanding.door import BadInput, said_of, understand
from responder.understanding.reader import Reader

LINE_LIMIT = 1 << 20  # bytes


class Interpreter:
    """The rules in the light of one salon's file, the example's when none is named."""

    def __init__(self, file: Path | None) -> None:
        self.salon: SalonProfile = profile_of_file(read_salon_file(file or DEMO_SALON))
        self._reader = Reader(self.salon)
        self._clock = SystemClock()

    def read(self, document: object) -> dict[str, Any]:
        """Raises `BadInput`."""
        said = said_of(document, zone=self.salon.zone, now=self._clock.now(), language=self.salon.language)
        return understand(self._reader, said)


def answers(lines: Iterable[bytes], interpreter: Interpreter) -> Iterator[bytes]:
    """A line of JSON for each line of JSON, in order; for one that cannot be read `error` and `line`, and the next."""
    for number, line in enumerate(lines, start=1):
        try:
            if len(line) > LINE_LIMIT:
                raise BadInput(f"{len(line):,} bytes are more than {LINE_LIMIT:,}")
            yield orjson.dumps(interpreter.read(_parsed(line)), option=orjson.OPT_APPEND_NEWLINE)
        except BadInput as error:
            yield orjson.dumps({"error": f"line {number}: {error}", "line": number}, option=orjson.OPT_APPEND_NEWLINE)


def page(found: Mapping[str, Any]) -> str:
    """What was understood, for a person: a line for everything that was said."""
    said = {name: value for name, value in found.items() if value not in (None, [], "", False) and name != "wishes"}
    lines = [f"{name:<15} {_plain(value)}" for name, value in said.items()]
    for number, wish in enumerate(found["wishes"], start=1):
        told = ", ".join(f"{name} {value}" for name, value in wish.items() if value not in (None, False, "", []))
        lines.append(f"{f'wish {number}':<15} {told}")
    return "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "yes" if value is True else str(value)


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"no JSON ({error})") from None
