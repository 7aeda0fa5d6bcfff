"""The database of a process: the one that is set, else the embedded one; checked and migrated."""

from __future__ import annotations

import psycopg

from responder.db.embedded import start_server
from responder.db.migrate import migrate
from responder.errors import BadSetting
from responder.settings import Settings


def database_url(settings: Settings) -> str:
    """The address of the database, starting the embedded one where none is set; migrated."""
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        _check_database(url)
    else:
        url = start_server(settings.var_dir / "postgres").get_uri()
    migrate(url)
    return url


def _check_database(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0]
        raise BadSetting(
            "DATABASE_URL", f"no connection ({reason})", "Check host, user, password and database"
        ) from None
    if version < 150000:
        raise BadSetting("DATABASE_URL", f"PostgreSQL {version // 10000} is too old", "15 or newer is needed")
