"""What the web side says no with: a sentence for people in their language, a status and a code for programs.

The sentences stand in `locale/problems.<language>.yaml`. JSON has the English one, so that logs and programs see one
form: {"error": 404, "code": "no_dialogue", "message": "There is no dialogue 5 in this salon."}
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from starlette.exceptions import HTTPException

from responder.errors import NotFound, Refused

FOLDER = Path(__file__).parent / "locale"
FALLBACK = "en"
LONGEST_FACT = 80  # characters of the caller's own words that a sentence repeats


class Problem(HTTPException):
    """A refusal; `code` names its sentence, `facts` fill it in."""

    def __init__(self, status: int, code: str, *, headers: Mapping[str, str] | None = None, **facts: Any) -> None:
        super().__init__(status, _sentence(FALLBACK, code, facts), headers)
        self.code, self.facts = code, facts

    def to(self, language: str) -> str:
        return _sentence(language, self.code, self.facts)


def problem_of(error: Refused) -> Problem:
    """A refusal of the rooms within as one of the web side."""
    status = 404 if isinstance(error, NotFound) else 400
    if error.code not in problem_texts(FALLBACK):
        return Problem(status, "refused", reason=error)
    return Problem(status, error.code, headers=None, **error.facts)


def problem_of_status(error: HTTPException) -> Problem:
    """A refusal of the framework, which knows a status and English words only."""
    if isinstance(error, Problem):
        return error
    code = f"status_{error.status_code}"
    known = code if code in problem_texts(FALLBACK) else "refused"
    return Problem(error.status_code, known, headers=error.headers, reason=error.detail)


@cache
def problem_texts(language: str) -> Mapping[str, str]:
    """Every sentence in `language`, else in English."""
    file = FOLDER / f"problems.{language}.yaml"
    texts: dict[str, str] = yaml.safe_load(
        (file if file.is_file() else FOLDER / f"problems.{FALLBACK}.yaml").read_text("utf-8")
    )
    return texts


def _sentence(language: str, code: str, facts: Mapping[str, object]) -> str:
    return problem_texts(language)[code].format_map({name: _short(fact) for name, fact in facts.items()})


def _short(fact: object) -> str:
    """A fact in a line of its own words: what a caller sent may be long, and may hold what no screen shows."""
    text = f"{fact:g}" if isinstance(fact, float) else str(fact)
    text = "".join(character if character.isprintable() else "\ufffd" for character in text[: LONGEST_FACT + 1])
    return text if len(text) <= LONGEST_FACT else f"{text[:LONGEST_FACT]}…"
