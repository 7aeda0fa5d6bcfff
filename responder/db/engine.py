"""The two ways to the one PostgreSQL: driver statements from a pool (hot path) and SQLModel sessions (everything else).

Measured (docs/decisions/0002): an ORM unit of work costs 2-3 ms of CPU, a driver statement 0.15 ms; a turn has to fit
into 4 ms, a page does not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
            kwargs={"autocommit": True, "row_factory": dict_row, "options": HOT_PATH_OPTIONS},
            name="responder",
        )
        self._engine: AsyncEngine | None = None

    async def open(self) -> None:
        await self._pool.open(wait=True, timeout=15)

    async def close(self) -> None:
        await self._pool.close()
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection in autocommit: every statement is its own transaction."""
        async with self._pool.connection() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction: commits at the end, rolls back on any exception."""
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A SQLModel session for pages, imports and reports; the caller commits."""
        if self._engine is None:
            self._engine = create_async_engine(
                "postgresql+psycopg://",
                async_creator=self._connect,
                pool_size=3,
                max_overflow=5,
            )
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self.url, options="-c TimeZone=UTC")
