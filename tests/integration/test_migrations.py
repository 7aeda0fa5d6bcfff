"""The migrated schema is the one the tables describe."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool

from responder.db.migrate import MIGRATIONS, migrate
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


SHAPE = """
SELECT 'column', table_name, column_name, data_type || coalesce(column_default, '') || is_nullable
FROM information_schema.columns WHERE table_schema = ANY(%(schemas)s)
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = ANY(%(schemas)s)
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = ANY(SELECT oid FROM pg_namespace WHERE nspname = ANY(%(schemas)s))
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', '', proname, prosrc FROM pg_proc
    WHERE pronamespace = ANY(SELECT oid FROM pg_namespace WHERE nspname = ANY(%(schemas)s))
ORDER BY 1, 2, 3, 4
"""


def shape(database_url: str) -> list[tuple[object, ...]]:
    """Every column, index, constraint, trigger and function of ours."""
    with psycopg.connect(database_url) as connection:
        return connection.execute(SHAPE, {"schemas": ["public", "bi"]}).fetchall()


def test_every_migration_goes_down_and_up_again(database_url: str) -> None:
    """Taking back a release leaves what was there before it; going forward again leads to the same place."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    shapes = {revisions[0]: shape(database_url)}
    for earlier in revisions[1:]:
        move(database_url, config, command.downgrade, earlier)
        shapes[earlier] = shape(database_url)
    for later in reversed(revisions[:-1]):
        move(database_url, config, command.upgrade, later)
        assert shape(database_url) == shapes[later], later


def move(database_url: str, config: Config, how: Callable[[Config, str], None], revision: str) -> None:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database_url), poolclass=pool.NullPool
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        how(config, revision)


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    """Every process may migrate at every start."""
    migrate(database_url)
    migrate(database_url)
