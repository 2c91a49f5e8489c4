"""What a command needs to call a flow: the database, the keys, one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from careweb.cli.installation import open_database
from careweb.config import Settings
from careweb.flows.context import Context
from careweb.storage.database import Engine, open_engine, transaction
from careweb.storage.sealing import open_vault


@asynccontextmanager
async def opened_engine(chosen: Settings) -> AsyncIterator[Engine]:
    with open_database(chosen) as url:
        engine = open_engine(url, pool_size=2)
        try:
            yield engine
        finally:
            await engine.dispose()


@asynccontextmanager
async def context(chosen: Settings) -> AsyncIterator[Context]:
    """One transaction, committed at the end; a private database that does not run is started for it."""
    async with opened_engine(chosen) as engine, transaction(engine) as tx:
        yield Context(tx=tx, vault=open_vault(chosen), settings=chosen, now=datetime.now(UTC))
