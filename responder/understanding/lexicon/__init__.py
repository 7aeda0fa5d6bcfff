"""What is language and not logic: words and phrases by language, read from the YAML files of this folder.

A language is a folder with `time.yaml`, `talk.yaml` and `cancelling.yaml`; adding one needs no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TypeAlias

import yaml

Yaml: TypeAlias = "str | int | bool | list[Yaml] | dict[str | int, Yaml] | None"

LANGUAGES = ("ru", "en")


@cache
def section(language: str, file: str) -> Mapping[str, Yaml]:
    """The parsed `file`.yaml of a language."""
    text = files(__name__).joinpath(language, f"{file}.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    parsed: Mapping[str, Yaml] = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader either way
    return parsed


def strings(node: Yaml) -> tuple[str, ...]:
    """A list of entries as text; empty when there is none."""
    return tuple(str(item) for item in node) if isinstance(node, list) else ()


def table(node: Yaml) -> dict[str, tuple[str, ...]]:
    """A mapping of key to entries, keys as text."""
    return {str(key): strings(entries) for key, entries in node.items()} if isinstance(node, dict) else {}


def patterns(node: Yaml) -> tuple[str, ...]:
    """The lines of a block of regular expressions, or a plain list of them."""
    if isinstance(node, str):
        return tuple(line.strip() for line in node.splitlines() if line.strip())
    return strings(node)


def pattern_table(node: Yaml | Mapping[str, Yaml]) -> dict[str, tuple[str, ...]]:
    """A mapping of key to blocks of regular expressions."""
    return {str(key): patterns(entries) for key, entries in node.items()} if isinstance(node, Mapping) else {}


def any_of(expressions: Iterable[str]) -> re.Pattern[str] | None:
    """One expression that begins at the start of a word and matches what any of the given ones does; None for none."""
    joined = "|".join(expressions)
    return re.compile(rf"(?<![^\W_])(?:{joined})") if joined else None
