"""Is a database error an outage, which passes, or about the values, which will be refused for ever? Who answers a
messenger must know: an outage is answered "come again", a value never.
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


def is_about_values(error: BaseException) -> bool:
    """Whether the database refuses these very values, however often they are brought."""
    is_limit = isinstance(error, psycopg.OperationalError) and not is_outage(error)
    return is_limit or isinstance(error, (psycopg.DataError, UnicodeError))
