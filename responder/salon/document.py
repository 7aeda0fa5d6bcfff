"""YAML to plain data with line numbers. Every scalar stays the text it was written as.

PyYAML follows YAML 1.1, where `10:30` is the number 630, `NO` is false and `2027-01-01` a date, and where of two equal
keys the last silently wins. Composing nodes and reading their text avoids all of that; no tag is ever obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]  # ("services", 2, "duration")
NODES_LIMIT = 200_000  # aliases can multiply a small file beyond memory
UNREADABLE: Mapping[type[OSError], str] = {
    FileNotFoundError: "there is no such file",
    IsADirectoryError: "is a folder; name the file in it",
    PermissionError: "may not be read by this user",
}
EMPTY = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a line, or where `place` stands when no line is known."""

    place: Place
    problem: str
    line: int | None = None


@dataclass(slots=True)
class Document:
    """`data` holds dicts, lists, text and None; `lines` says where each key and list item stands."""

    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """The line of `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_document(path: Path) -> Document:
    """The file's data; what cannot be read at all is in `mistakes` and `data` is None."""
    document = Document()
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        document.mistakes.append(Mistake((), UNREADABLE.get(type(error), f"cannot be read ({error.strerror})"), 0))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        document.mistakes.append(Mistake((), "is not UTF-8 text; save the file as UTF-8", line))
    except yaml.YAMLError as error:
        document.mistakes.append(_syntax(error, text))
    else:
        _Reader(document).read(root)
    return document


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0
        self._open: set[int] = set()

    def read(self, root: yaml.Node | None) -> None:
        if isinstance(root, yaml.MappingNode):
            self._document.data = self._plain(root, ())
        elif root is None or (isinstance(root, yaml.ScalarNode) and root.value in EMPTY):
            self._document.mistakes.append(Mistake((), "is empty", 0))
        else:
            self._document.mistakes.append(Mistake((), "must be a mapping of fields like `name: ...`", 1))

    def _plain(self, node: yaml.Node, place: Place) -> Any:
        self._count += 1
        if id(node) in self._open:
            self._mistake(node, place, "contains itself (a YAML alias inside its own anchor)")
            return None
        if self._count > NODES_LIMIT:
            if self._count == NODES_LIMIT + 1:
                self._mistake(node, place, f"the file has more than {NODES_LIMIT} values once aliases are followed")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, place)
            if isinstance(node, yaml.SequenceNode):
                return [self._item(item, (*place, number)) for number, item in enumerate(node.value)]
            return None if not getattr(node, "style", None) and node.value in EMPTY else node.value
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._mistake(key_node, place, "a key must be plain text")
                continue
            key = key_node.value
            if key in data:
                first = self._document.lines[(*place, key)]
                self._mistake(key_node, (*place, key), f"is given twice (first in line {first})")
                continue
            self._document.lines[(*place, key)] = key_node.start_mark.line + 1
            data[key] = self._plain(value_node, (*place, key))
        return data

    def _item(self, node: yaml.Node, place: Place) -> Any:
        self._document.lines[place] = node.start_mark.line + 1
        return self._plain(node, place)

    def _mistake(self, node: yaml.Node, place: Place, problem: str) -> None:
        self._document.mistakes.append(Mistake(place, problem, node.start_mark.line + 1))


def _syntax(error: yaml.YAMLError, text: str) -> Mistake:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Mistake((), "holds a character that may not stand in a text file", line)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else 1
    if mark and mark.index < len(text) and text[mark.index] == "\t":
        return Mistake((), "a tab stands where only spaces may; indent with spaces", line)
    problem = getattr(error, "problem", None) or "cannot be understood"
    hint = "; put text that holds `: ` in quotes" if "mapping values" in problem else ""
    if "expected a single document" in str(error):
        problem = "`---` starts a second document; a file holds one"
    return Mistake((), f"is not valid YAML: {problem}{hint}", line)
