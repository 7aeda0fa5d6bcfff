"""What a setting takes, in words made from its type and bounds: one wording for the page of settings and for errors."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

WORDS: dict[object, str] = {
    Path: "a folder",
    int: "a whole number",
    float: "a number",
    str: "text",
    SecretStr: "text",
}


def takes(field: FieldInfo) -> str:
    """`a whole number, at least 1, at most 65535`; of a choice its words, each in backquotes."""
    kind = type_of(field)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    if kind not in WORDS:
        raise TypeError(f"no words for {kind!r}: add them to responder/settings_words.py")
    return ", ".join([WORDS[kind], *filter(None, (_bound(item) for item in field.metadata))])


def must_be(field: FieldInfo) -> str:
    """The same as what is asked of a wrong value."""
    return f"must be {'one of ' if get_origin(type_of(field)) is Literal else ''}{takes(field)}"


def is_secret(field: FieldInfo) -> bool:
    return type_of(field) is SecretStr


def type_of(field: FieldInfo) -> object:
    """The type without `Annotated` and without `| None`."""
    return _unwrapped(field.annotation)


def _unwrapped(annotation: object) -> object:
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _unwrapped(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation


def _bound(item: object) -> str:
    match item:
        case annotated_types.Ge():
            return f"at least {item.ge}"
        case annotated_types.Gt():
            return f"more than {item.gt}"
        case annotated_types.Le():
            return f"at most {item.le}"
        case annotated_types.Lt():
            return f"less than {item.lt}"
        case annotated_types.MinLen():
            return "not empty" if item.min_length == 1 else f"{item.min_length} characters or more"
        case _:
            return ""
