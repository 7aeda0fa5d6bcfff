"""A salon file on disk to a checked `SalonFile`, or to every mistake in it with file, line and field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from responder.errors import BadFile, FileProblem
from responder.salon.checks import cross_check
from responder.salon.document import Document, Mistake, read_document
from responder.salon.fields import FileContext
from responder.salon.mistakes import mistakes_of, spelled
from responder.salon.schema import SalonFile


def read_salon_file(path: Path, *, phrases: Collection[str] | None = None) -> SalonFile:
    """The checked file. `phrases` are the keys that `texts` may replace (None: not checked). Raises `BadFile`
    with every mistake, in the order of lines."""
    document = read_document(path)
    file: SalonFile | None = None
    mistakes = list(document.mistakes)
    if document.data is not None:
        try:
            file = SalonFile.model_validate(document.data, context=_context(document.data))
        except ValidationError as error:
            mistakes += mistakes_of(error, document.data, model=SalonFile, file="salon file")
        mistakes += cross_check(document.data, phrases)
    if mistakes or file is None:
        first_of_each = {(mistake.place, mistake.line): mistake for mistake in reversed(mistakes)}
        problems = [_problem(path, document, mistake) for mistake in first_of_each.values()]
        raise BadFile(sorted(problems, key=lambda problem: (problem.line, problem.field)))
    return file


def _problem(path: Path, document: Document, mistake: Mistake) -> FileProblem:
    line = mistake.line if mistake.line is not None else document.line(mistake.place)
    return FileProblem(file=str(path), line=line, field=spelled(mistake.place), problem=mistake.problem)


def _context(data: Mapping[str, Any]) -> FileContext:
    """What can be said before anything is checked; wrong values are reported at their own fields."""
    language = _text(data.get("language"))
    listed = data.get("languages")
    spoken = [_text(item) for item in listed] if isinstance(listed, list) else []
    return FileContext(
        language=language,
        languages=tuple(dict.fromkeys([language, *filter(None, spoken)])),
        country=_text(data.get("country")),
        currency=_text(data.get("currency")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
