"""The words of the chat page by language, from `locale/chat.<language>.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[1] / "locale"
FALLBACK = "en"


@cache
def catalogue_languages() -> tuple[str, ...]:
    return tuple(sorted(path.name.split(".")[1] for path in FOLDER.glob("chat.*.yaml")))


@cache
def texts(language: str) -> Mapping[str, str]:
    """Every text in `language`, else in English."""
    known = language if language in catalogue_languages() else FALLBACK
    loaded: dict[str, str] = yaml.safe_load((FOLDER / f"chat.{known}.yaml").read_text("utf-8"))
    return loaded


def choose_language(wanted: str | None, accepted: str, *, offered: Sequence[str], default: str) -> str:
    """The language to show: `wanted` by the address, else the first of the browser's `Accept-Language` that the salon
    offers, else the salon's own."""
    candidates = [wanted or "", *(part.split(";")[0] for part in accepted.split(","))]
    for candidate in candidates:
        primary = candidate.strip().lower().replace("_", "-").split("-")[0]
        if primary in offered and primary in catalogue_languages():
            return primary
    return default
