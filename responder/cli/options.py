"""Options that several commands share: their names, how they are read, and how a wrong one is worded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from responder.logs import configure_logs
from responder.settings import Settings, load_environment, load_settings

LANGUAGES = ("ru", "en")


def number(low: int, high: int) -> Callable[[str | int], int]:
    """How an option reads a whole number (a default is one already), and words what is not one."""

    def parse(given: str | int) -> int:
        text = str(given).strip()
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise typer.BadParameter(f"`{given}` is not a whole number from {low} to {high}.")
        return int(text)

    return parse


def language_of(text: str) -> str:
    if text not in LANGUAGES:
        raise typer.BadParameter(f"`{text}` is not one of {', '.join(LANGUAGES)}.")
    return text


SalonOption = Annotated[
    str | None, typer.Option("--salon", metavar="SLUG", help="Which salon; the first when left out.")
]
SalonFile = Annotated[Path, typer.Argument(metavar="FILE", help="The salon file (YAML).", show_default=False)]
Language = Annotated[
    str | None, typer.Option(parser=language_of, metavar="ru|en", help="The salon's own when left out.")
]


def settings_of(*, quiet: bool = False, level: str | None = None) -> Settings:
    """Settings, and logs in the form they ask for; commands for people keep to warnings, or to `level`."""
    load_environment()
    loaded = load_settings()
    usual = "warning" if quiet and loaded.log_level == "info" else loaded.log_level
    configure_logs(level=level or usual, style=loaded.log_format)
    return loaded
