"""One pool for the process, one transaction per request or job, opened and committed at the door."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import aiosql
import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from careweb import paths

Transaction = AsyncConnection
Engine = AsyncEngine


def open_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """`url` is postgresql://...; a Unix socket folder goes in `?host=`."""
    _, _, rest = url.partition("://")
    return create_async_engine(
        f"postgresql+asyncpg://{rest}",
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"server_settings": {"jit": "off", "application_name": "careweb"}},
    )


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[Transaction]:
    async with engine.begin() as tx:
        yield tx


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
