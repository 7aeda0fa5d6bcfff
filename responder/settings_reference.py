"""Every setting as a page, made from `responder.settings`, so that the page cannot say anything else than the code.

`responder settings` prints it, `make docs` writes it to docs/settings.md, and a test compares the two.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from responder.settings import Settings

HEAD = """<!-- Written by `make docs` from responder/settings.py; change it there. -->
# Settings

Environment variables, or lines of a file `.env` in the folder Responder is started in; the environment wins. An empty
value is the same as none. A wrong one stops the start with one line that names it. `responder doctor` shows what is in
force. What belongs to one salon (hours, services, channel accounts, texts, targets) is not here but in its salon file.

| variable | default | what it takes | what it does |
|---|---|---|---|
"""


def settings_reference() -> str:
    """The whole page in Markdown; one row for each field of `Settings`, in its order."""
    return HEAD + "\n".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    description = (field.description or "").replace("|", "\\|")
    return f"| `{name.upper()}` | {_default(field)} | {_takes(field)} | {description} |"


def _default(field: FieldInfo) -> str:
    return "" if field.default is None else f"`{field.default}`"


def _takes(field: FieldInfo) -> str:
    kind, bounds = _unwrapped(field.annotation), [_bound(item) for item in field.metadata]
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    words = {Path: "a folder", int: "a whole number", float: "a number", str: "text", SecretStr: "text, kept secret"}
    if kind not in words:
        raise TypeError(f"no words for {kind!r}: add them to responder/settings_reference.py")
    return ", ".join([words[kind], *(bound for bound in bounds if bound)])


def _unwrapped(annotation: object) -> object:
    """The type without `Annotated` and without `| None`."""
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
