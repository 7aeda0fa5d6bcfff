"""The list of every table, for migrations and the check that they match."""

from __future__ import annotations

from sqlalchemy import DefaultClause, MetaData, text
from sqlmodel import SQLModel

from responder.alerts import tables as alerts
from responder.booking import tables as booking
from responder.dialogue import tables as dialogue
from responder.leads import tables as leads
from responder.reports import tables as reports
from responder.salon import tables as salon
from responder.staff import tables as staff
from responder.watch import tables as watch

MODULES = (staff, salon, dialogue, booking, leads, alerts, reports, watch)


def metadata() -> MetaData:
    """All tables of Responder (procrastinate keeps its own). Plain Python defaults are the database's defaults too,
    since the hot path writes with driver statements."""
    for table in SQLModel.metadata.tables.values():
        for column in table.columns:
            default = column.default
            if column.server_default is None and default is not None and default.is_scalar:
                value = default.arg  # type: ignore[attr-defined]
                literal = str(value).lower() if isinstance(value, bool) else repr(value)
                column.server_default = DefaultClause(text(literal))
    return SQLModel.metadata
