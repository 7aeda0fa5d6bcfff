"""The migrated schema is the one the tables describe."""

from __future__ import annotations

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, pool

from responder.db.migrate import migrate
from responder.tables import metadata


def test_migrations_lead_to_the_tables(database_url: str) -> None:
    """A migrated database differs in nothing from the tables of the code."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database_url), poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: not (kind == "table" and str(name).startswith("procrastinate_")),
            },
        )
        differences = compare_metadata(context, metadata())
    assert differences == []


def test_the_database_refuses_an_overlap(database_url: str) -> None:
    """The guarantee against double booking is in the migrated schema itself."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT contype FROM pg_constraint WHERE conname = 'appointment_no_overlap'"
        ).fetchone()
    assert row == ("x",)


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    """Every process may migrate at every start."""
    migrate(database_url)
    migrate(database_url)
