"""A salon file on disk to a checked `SalonFile`, or to every mistake in it with file, line and field."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from responder.errors import BadSalonFile, SalonFileProblem
from responder.salon.checks import cross_check
from responder.salon.document import Document, Mistake, Place, read_document
from responder.salon.fields import FileContext
from responder.salon.notation import close_to
from responder.salon.schema import SalonFile

MUST_BE = {
    "model_type": "must be a mapping of fields",
    "model_attributes_type": "must be a mapping of fields",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list, like [one, two]",
    "list_type": "must be a list, like [one, two]",
    "string_type": "must be text",
    "string_too_short": "is empty",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_parsing": "must be true or false",
    "too_short": "must not be empty",
    "missing": "is missing",
}


def read_salon_file(path: Path, *, phrases: Collection[str] | None = None) -> SalonFile:
    """The checked file. `phrases` are the keys that `texts` may replace (None: not checked). Raises `BadSalonFile`
    with every mistake, in the order of lines."""
    document = read_document(path)
    file: SalonFile | None = None
    mistakes = list(document.mistakes)
    if document.data is not None:
        try:
            file = SalonFile.model_validate(document.data, context=_context(document.data))
        except ValidationError as error:
            mistakes += _translated(error.errors(include_url=False), document.data)
        mistakes += cross_check(document.data, phrases)
    if mistakes or file is None:
        first_of_each = {(mistake.place, mistake.line): mistake for mistake in reversed(mistakes)}
        problems = [_problem(path, document, mistake) for mistake in first_of_each.values()]
        raise BadSalonFile(sorted(problems, key=lambda problem: (problem.line, problem.field)))
    return file


def spelled(place: Place) -> str:
    """`services[2].duration`; empty for the file as a whole."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def _problem(path: Path, document: Document, mistake: Mistake) -> SalonFileProblem:
    line = mistake.line if mistake.line is not None else document.line(mistake.place)
    return SalonFileProblem(file=str(path), line=line, field=spelled(mistake.place), problem=mistake.problem)


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


def _translated(errors: Sequence[ErrorDetails], data: Any) -> Iterator[Mistake]:
    for error in errors:
        place = _place(error["loc"], data)
        kind, context = error["type"], error.get("ctx", {})
        if kind == "too_short" and error["input"]:
            continue  # pydantic counts only the items that are right, and those that are not are reported themselves
        if kind in ("union_tag_not_found", "union_tag_invalid"):
            known = [tag.strip().strip("'") for tag in str(context.get("expected_tags", "")).split(",") if tag]
            place = (*place, "type")
        if kind == "extra_forbidden":
            problem = "is not a field of the salon file here" + close_to(str(place[-1]), _fields_at(place[:-1], data))
        elif kind == "union_tag_not_found":
            problem = "is missing"
        elif kind == "union_tag_invalid":
            tag = str(context.get("tag", ""))
            problem = f"`{tag}` is unknown; known: {', '.join(known)}{close_to(tag, known)}"
        elif kind != "missing" and error["input"] is None:
            problem = "is empty"
        elif kind == "literal_error":
            known = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
            problem = f"`{error['input']}` is not one of {', '.join(known)}{close_to(str(error['input']), known)}"
        elif kind in ("greater_than_equal", "greater_than", "less_than_equal"):
            problem = _bound(kind, context)
        else:
            problem = MUST_BE.get(kind) or error["msg"].removeprefix("Value error, ")
        if error["loc"][-1] == "[key]" and _value(place, data) is None:
            problem += "; inside { } and [ ] a text with a comma needs quotes"
        yield Mistake(place, problem)


def _bound(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "greater_than":
        return f"must be more than {context['gt']}"
    return f"must be at least {context['ge']}" if "ge" in context else f"must be at most {context['le']}"


def _place(location: Sequence[int | str], data: Any) -> Place:
    """Where an error stands in the file: pydantic's location without its marks for keys and kinds of union."""
    place: list[int | str] = []
    for number, part in enumerate(location):
        if _holds(data, part):
            data = data[part]
        elif part == "[key]" or number < len(location) - 1 or not isinstance(data, dict):
            continue
        place.append(part)
    return tuple(place)


def _holds(data: Any, part: int | str) -> bool:
    if isinstance(data, list):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def _value(place: Place, data: Any) -> Any:
    for part in place:
        data = data[part] if _holds(data, part) else None
    return data


def _fields_at(place: Place, data: Any) -> list[str]:
    """Names of the fields that may stand in the mapping at `place`."""
    models: list[type[BaseModel]] = [SalonFile]
    for part in place:
        data = data[part]
        if isinstance(part, int):
            continue
        annotations = [field.annotation for model in models for name, field in _by_alias(model) if name == part]
        models = [model for annotation in annotations for model in _models(annotation)]
    kind = data.get("type") if isinstance(data, dict) else None
    chosen = [model for model in models if kind is None or _is_of_type(model, kind)]
    return sorted({name for model in chosen for name, _ in _by_alias(model)})


def _by_alias(model: type[BaseModel]) -> list[tuple[str, Any]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _is_of_type(model: type[BaseModel], kind: str) -> bool:
    field = model.model_fields.get("type")
    return field is None or kind in get_args(field.annotation)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (tuple, Union, UnionType) or hasattr(annotation, "__metadata__"):
        for inner in get_args(annotation):
            yield from _models(inner)
