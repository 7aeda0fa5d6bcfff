"""Texts of the staff pages by language, and which language a reader gets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

LOCALE = Path(__file__).parents[1] / "locale"
FALLBACK = "en"


@cache
def staff_languages() -> tuple[str, ...]:
    return tuple(sorted(path.name.split(".")[1] for path in LOCALE.glob("staff.*.yaml")))


@cache
def staff_texts(language: str) -> Mapping[str, str]:
    """Texts of the staff pages, of every `staff*.yaml` of a language; English where a language has none."""
    known = language if language in staff_languages() else FALLBACK
    words: dict[str, str] = {}
    for path in sorted(LOCALE.glob(f"staff*.{known}.yaml")):
        words |= yaml.safe_load(path.read_text("utf-8"))
    return words


def staff_language(wanted: str | None, accepted: str, *, default: str) -> str:
    """`wanted` by the address, else the first of the browser's languages that the pages speak, else the salon's."""
    for candidate in (wanted or "", *(part.split(";")[0] for part in accepted.split(","))):
        primary = candidate.strip().lower().replace("_", "-").split("-")[0]
        if primary in staff_languages():
            return primary
    return default if default in staff_languages() else FALLBACK
