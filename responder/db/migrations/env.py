"""Alembic's entry: always runs on the connection it is handed."""

from __future__ import annotations

import importlib

from alembic import context

# by name: the list of tables lies above this room
metadata = importlib.import_module("responder.tables").metadata()


def only_ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=only_ours,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
