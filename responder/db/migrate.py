"""Bring a database to the schema of this version; safe to run from many processes at once."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from procrastinate.schema import SchemaManager
from sqlalchemy import create_engine, pool

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 7_246_001  # any constant: one migration at a time per database


def migrate(url: str) -> None:
    """Apply every missing migration; harmless when there is none. `url` is a libpq URI."""
    with psycopg.connect(url, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=pool.NullPool)
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        if guard.execute("SELECT to_regclass('procrastinate_jobs')").fetchone() == (None,):
            guard.execute(SchemaManager.get_schema())
