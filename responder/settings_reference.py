"""Every setting as a page, made from `responder.settings`, so that the page cannot say anything else than the code.

`responder settings` prints it, `make docs` writes it to docs/settings.md, and a test compares the two.
"""

from __future__ import annotations

from pydantic.fields import FieldInfo

from responder.settings import Settings
from responder.settings_words import is_secret, takes

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
    kind, *bounds = takes(field).split(", ")
    return ", ".join([kind, "kept secret", *bounds] if is_secret(field) else [kind, *bounds])
