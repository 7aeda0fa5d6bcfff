"""What a database error means for whoever meets it: it passes, it is about the values and will be refused for ever, or
the database is not there. Who answers a messenger must know: what passes is answered "come again", a value never.
"""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolTimeout

DATABASE_ERRORS = (psycopg.Error, PoolTimeout, UnicodeError)
_PROGRAM_LIMIT_EXCEEDED = "54"  # class of SQLSTATE, which psycopg counts among the operational errors


def is_outage(error: BaseException) -> bool:
    """Whether the same statement may succeed later: no connection, no room, no time, a deadlock."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    return not (error.sqlstate or "").startswith(_PROGRAM_LIMIT_EXCEEDED)


def is_away(error: BaseException) -> bool:
    """Whether it is the database that is missing, and not this statement that is too much for it: one that ran out of
    its time (`statement_timeout`, `lock_timeout`) may do so every time, and is not to be waited for like an outage."""
    return is_outage(error) and not isinstance(error, (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable))


def is_about_values(error: BaseException) -> bool:
    """Whether the database refuses these very values, however often they are brought."""
    is_limit = isinstance(error, psycopg.OperationalError) and not is_outage(error)
    return is_limit or isinstance(error, (psycopg.DataError, UnicodeError))
