"""The database of a process: the one that is set, else the embedded one; checked and migrated."""

from __future__ import annotations

import re

import psycopg
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from responder.db.embedded import start_server
from responder.db.migrate import migrate
from responder.errors import BadSetting
from responder.settings import Settings

NAME = "DATABASE_URL"


def database_url(settings: Settings) -> str:
    """The address of the database, starting the embedded one where none is set; migrated. Raises `BadSetting`."""
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        _check_database(url)
    else:
        url = start_server(settings.var_dir / "postgres").get_uri()
    try:
        migrate(url)
    except CommandError:
        raise BadSetting(
            NAME, "its tables were made by a newer version of Responder", "Start that version, or name another database"
        ) from None
    except (psycopg.Error, SQLAlchemyError) as error:
        reason = without_password(_first_line(error), url)
        raise BadSetting(
            NAME, f"the tables cannot be made ({reason})", "Its user must own the database, or its schema public"
        ) from None
    return url


def _check_database(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError as error:
        reason = without_password(_first_line(error), url)
        raise BadSetting(NAME, f"no connection ({reason})", "Check host, port, user, password and database") from None
    except psycopg.Error as error:
        reason = without_password(_first_line(error), url)
        raise BadSetting(
            NAME,
            f"is not the address of a database ({reason})",
            "Like postgresql://user:password@host:5432/database; in a password write @ as %40, / as %2F, % as %25",
        ) from None
    if version < 150000:
        raise BadSetting(NAME, f"PostgreSQL {version // 10000} is too old", "15 or newer is needed")


def without_password(reason: str, url: str) -> str:
    """`reason` without any quoted part of the password: where one holds `@` or `/`, the driver takes pieces of it for
    host, port or database and quotes them."""
    _, _, rest = url.partition("://")
    secret = rest.rpartition("@")[0].partition(":")[2]

    def masked(quoted: re.Match[str]) -> str:
        words = re.split(r"[\"'@:/?#\s]+", quoted[0])
        return "***" if any(word and word in secret for word in words) else quoted[0]

    return re.sub(r"""(["'])[^"']*\1""", masked, reason) if secret else reason


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error  # SQLAlchemy adds the statement
    return (str(cause).splitlines() or [type(cause).__name__])[0]
