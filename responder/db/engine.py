"""The two ways to the one PostgreSQL: driver statements from a pool (hot path) and SQLModel sessions (everything else).

Measured (docs/decisions/0002): an ORM unit of work costs 2-3 ms of CPU, a driver statement 0.15 ms; a turn has to fit
into 4 ms, a page does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any

import orjson
import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

Connection = psycopg.AsyncConnection[DictRow]

# Statements of the hot path are few, prepared and look rows up by key: planning them anew costs more than running them.
# A database that is away is found out soon, by whoever waits for it, and found again soon when it is back.
CONNECTION_WITHIN_S = 3.0
NETWORK: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

HOT_PATH_OPTIONS = "-c TimeZone=UTC -c plan_cache_mode=force_generic_plan -c jit=off"


set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)


class Database:
    """One PostgreSQL. `url` is a libpq URI; open before use, close once."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            open=False,
            timeout=CONNECTION_WITHIN_S,
            reconnect_timeout=CONNECTION_WITHIN_S,  # its pauses double: a patient pool would sleep through the return
            kwargs={"autocommit": True, "row_factory": dict_row, "options": HOT_PATH_OPTIONS, **NETWORK},
            name="responder",
        )
        self._checking: asyncio.Task[None] | None = None
        self._engine: AsyncEngine | None = None

    async def open(self) -> None:
        await self._pool.open(wait=True, timeout=15)

    async def close(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
        await self._pool.close()
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection in autocommit: every statement is its own transaction."""
        return _Lent(self)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction: commits at the end, rolls back on any exception."""
        async with _Lent(self) as connection, connection.transaction():
            yield connection

    async def _lend(self) -> Connection:
        return await self._pool.getconn()

    async def _take_back(self, connection: Connection, error: BaseException | None) -> None:
        """The pool ends whatever transaction was left open, and lets go of a connection that is broken."""
        try:
            if isinstance(error, psycopg.OperationalError):
                await self._found_broken(connection)
        finally:
            await self._pool.putconn(connection)

    async def _found_broken(self, connection: Connection) -> None:
        """Where one connection is broken, the idle ones most likely are: nobody else shall have to find out."""
        if connection.closed and (self._checking is None or self._checking.done()):
            self._checking = asyncio.create_task(self._pool.check(), name="check_pool")
            await asyncio.sleep(0)  # from here on no idle connection is given out unchecked

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A SQLModel session for pages, imports and reports; the caller commits."""
        if self._engine is None:
            self._engine = create_async_engine(
                "postgresql+psycopg://",
                async_creator=self._connect,
                pool_size=3,
                max_overflow=5,
                pool_pre_ping=True,  # pages can wait for a round trip, and must not fail after a restart
            )
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self.url, options="-c TimeZone=UTC", **NETWORK)


class _Lent:
    """A connection of the pool for as long as the block lasts. The pool's own context manager also commits at the end,
    which in autocommit says nothing and costs a twentieth of a turn."""

    __slots__ = ("_connection", "_database")

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> Connection:
        self._connection = await self._database._lend()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database._take_back(self._connection, error)
