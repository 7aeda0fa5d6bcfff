"""`docs/salon-file.md` explains the salon file as it is: every field, none that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from responder.salon.file import read_salon_file
from responder.salon.schema import SalonFile

PAGE = (Path(__file__).parents[3] / "docs" / "salon-file.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z_.\[\]0-9]+)` \|([^|]*)\| (.*?) \|", re.MULTILINE)


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Every field's path and whether it is required, through all kinds of a union."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        yield path, field.is_required()
        for inner, is_list in parts_in(field.annotation):
            yield from fields(inner, f"{path}[]." if is_list else f"{path}.")


def parts_in(annotation: Any, *, is_list: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, is_list
    elif get_origin(annotation) in (tuple, Union, UnionType) or hasattr(annotation, "__metadata__"):
        for inner in get_args(annotation):
            yield from parts_in(inner, is_list=is_list or get_origin(annotation) is tuple)


def test_every_field_is_documented_with_an_example() -> None:
    """Each field of the schema has a row with an example, and each row is of a field of the schema."""
    rows = {name: example for name, _, example in ROW.findall(PAGE)}

    assert set(rows) == {path for path, _ in fields(SalonFile)}
    assert [name for name, example in rows.items() if "`" not in example and example != "see below"] == []


def test_required_fields_are_marked() -> None:
    """A row says "required" exactly where the schema does."""
    rows = {name: "required" in need for name, need, _ in ROW.findall(PAGE)}
    required = {path for path, is_required in fields(SalonFile) if is_required and not path.endswith("price.from")}

    assert {name for name, is_marked in rows.items() if is_marked} == required


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_examples_are_right_files(example: str, tmp_path: Path) -> None:
    """Whoever copies an example from the page gets a file without mistakes."""
    path = tmp_path / "salon.yaml"
    path.write_text(example, encoding="utf-8")

    assert read_salon_file(path).slug == "my-salon"
