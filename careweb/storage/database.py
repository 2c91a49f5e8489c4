"""One pool for the process, one transaction per request or job, opened and committed at the door."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import aiosql
import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from careweb import paths

Transaction = AsyncConnection
Engine = AsyncEngine
ReadOnly = asyncpg.ReadOnlySQLTransactionError  # this database takes no writing
Deadlock = asyncpg.DeadlockDetectedError  # two waited for each other, and this one was rolled back: it may try again


def open_engine(url: str, *, pool_size: int = 20, **server: str) -> AsyncEngine:
    """`url` is postgresql://...; a Unix socket folder goes in `?host=`. `server`: what the server is told about us.

    At most `pool_size` connections, opened as they are wanted and then kept: to open one anew, and plan every statement
    anew in it, costs as much as a hundred statements, and just when many come at once. The one used last is taken first.
    """
    _, _, rest = url.partition("://")
    return create_async_engine(
        f"postgresql+asyncpg://{rest}",
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,
        connect_args={"server_settings": {"jit": "off", "application_name": "careweb", **server}},
    )


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[Transaction]:
    """Begun and ended by asyncpg; SQLAlchemy, told to leave that alone, would take three times the processor time."""
    async with reading(engine) as tx, (await driver(tx)).transaction():
        yield tx


@asynccontextmanager
async def attempt(tx: Transaction) -> AsyncIterator[None]:
    """For what may be refused half-way where the transaction goes on: then nothing of it has happened."""
    async with (await driver(tx)).transaction():
        yield


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[Transaction]:
    """For pages that change nothing: each query by itself, which at our isolation sees as much, two journeys fewer."""
    async with _leaving_alone(engine).connect() as tx:
        connection = await driver(tx)
        while connection.is_closed():  # while it lay in the pool
            await tx.invalidate()
            connection = await driver(tx)
        try:
            yield tx
        finally:
            if connection.is_closed():
                await tx.invalidate()


def _leaving_alone(engine: AsyncEngine) -> AsyncEngine:
    """The same engine and pool, without transactions of SQLAlchemy's own."""
    if engine not in _LEAVING_ALONE:
        _LEAVING_ALONE[engine] = engine.execution_options(isolation_level="AUTOCOMMIT")
    return _LEAVING_ALONE[engine]


_LEAVING_ALONE: WeakKeyDictionary[AsyncEngine, AsyncEngine] = WeakKeyDictionary()


async def driver(tx: Transaction) -> asyncpg.Connection:
    """The asyncpg connection under this transaction, for named queries: same transaction, a fifth of the CPU."""
    raw = await tx.get_raw_connection()
    connection: asyncpg.Connection = raw.driver_connection  # type: ignore[assignment]
    if tx.in_transaction() and not connection.is_in_transaction():
        # SQLAlchemy says BEGIN only before its own first statement: without this, ours would commit one by one.
        await tx.exec_driver_sql("SELECT 1")
    return connection


@cache
def queries() -> Any:
    """Every named query of sql/queries/<noun>.sql, as `queries().<name>(await driver(tx), ...)`; names are unique."""
    return aiosql.from_path(paths.SQL / "queries", "asyncpg")


async def run(tx: Transaction, query: str, /, **values: Any) -> Any:
    """One named query: a list of rows, a row, a value or a count, as the mark after its name says."""
    result = getattr(queries(), query)(await driver(tx), **values)
    return [row async for row in result] if isinstance(result, AsyncGenerator) else await result
