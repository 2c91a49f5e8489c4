"""What a command needs to call a flow: the database, the keys, one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import click

from careweb.cli.installation import open_database
from careweb.config import Settings
from careweb.flows.context import Context
from careweb.flows.renewing import check_keys
from careweb.storage.database import Engine, open_engine, transaction
from careweb.storage.sealing import KeysMissingError, Vault, open_vault


@asynccontextmanager
async def opened_engine(chosen: Settings) -> AsyncIterator[Engine]:
    with open_database(chosen) as url:
        engine = open_engine(url, pool_size=4)
        try:
            yield engine
        finally:
            await engine.dispose()


@asynccontextmanager
async def context(chosen: Settings) -> AsyncIterator[Context]:
    """One transaction, committed at the end; a private database that does not run is started for it."""
    vault = vault_of(chosen)
    async with opened_engine(chosen) as engine:
        await refuse_other_keys(engine, vault)
        async with transaction(engine) as tx:
            yield Context(tx=tx, vault=vault, settings=chosen, now=datetime.now(UTC))


def vault_of(chosen: Settings) -> Vault:
    try:
        return open_vault(chosen)
    except KeysMissingError as error:
        raise click.ClickException(str(error)) from None


async def refuse_other_keys(engine: Engine, vault: Vault) -> None:
    """Before anything is sealed with a key that the database does not know."""
    try:
        async with transaction(engine) as tx:
            await check_keys(tx, vault)
    except KeysMissingError as error:
        raise click.ClickException(str(error)) from None
