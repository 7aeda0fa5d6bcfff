"""What a model finds wrong in a file of ours, worded for whoever wrote it and with the place where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from responder.salon.document import Mistake, Place
from responder.salon.notation import close_to

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


def spelled(place: Place) -> str:
    """`services[2].duration`; empty for the file as a whole."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def mistakes_of(error: ValidationError, data: Any, *, model: type[BaseModel], file: str) -> Iterator[Mistake]:
    """The mistakes in `data`, read as a `model`, worded for whoever wrote the file; `file` is what to call it."""
    for each in error.errors(include_url=False):
        place = _place(each["loc"], data)
        kind, context = each["type"], each.get("ctx", {})
        if kind == "too_short" and each["input"]:
            continue  # pydantic counts only the items that are right, and those that are not are reported themselves
        if kind in ("union_tag_not_found", "union_tag_invalid"):
            known = [tag.strip().strip("'") for tag in str(context.get("expected_tags", "")).split(",") if tag]
            place = (*place, "type")
        if kind == "extra_forbidden":
            problem = f"is not a field of the {file} here" + close_to(
                str(place[-1]), _fields_at(place[:-1], data, model)
            )
        elif kind == "union_tag_not_found":
            problem = "is missing"
        elif kind == "union_tag_invalid":
            tag = str(context.get("tag", ""))
            problem = f"`{tag}` is unknown; known: {', '.join(known)}{close_to(tag, known)}"
        elif kind != "missing" and each["input"] is None:
            problem = "is empty"
        elif kind == "literal_error":
            known = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
            problem = f"`{each['input']}` is not one of {', '.join(known)}{close_to(str(each['input']), known)}"
        elif kind in ("greater_than_equal", "greater_than", "less_than_equal"):
            problem = _bound(kind, context)
        else:
            problem = MUST_BE.get(kind) or each["msg"].removeprefix("Value error, ")
        if each["loc"][-1] == "[key]" and _value(place, data) is None:
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


def _fields_at(place: Place, data: Any, model: type[BaseModel]) -> list[str]:
    """Names of the fields that may stand in the mapping at `place`."""
    models = [model]
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
