"""PTB copies values out of JSON without looking at their types; these look. Whatever fails makes the update unknown."""

from __future__ import annotations

_INT64 = 2**63


def integer(value: object) -> int:
    """A whole number that a database column can hold; TypeError for anything else."""
    if type(value) is not int or not -_INT64 <= value < _INT64:
        raise TypeError("whole number expected")
    return value


def optional_integer(value: object) -> int | None:
    return None if value is None else integer(value)


def optional_text(value: object) -> str | None:
    """A text or nothing; TypeError for anything else."""
    if value is not None and not isinstance(value, str):
        raise TypeError("text expected")
    return value


def text_of(value: object) -> str:
    """A text, empty where there is none; TypeError for anything else."""
    return optional_text(value) or ""
