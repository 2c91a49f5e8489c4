"""For commands that need more than one transaction: one after another, all with the time at which the command began."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import click

from careweb.cli.door import opened_engine, refuse_other_keys, vault_of
from careweb.cli.private_files import UnusableError
from careweb.config import Settings
from careweb.domain.errors import NotHereError
from careweb.flows.context import Context
from careweb.flows.groups import Group, group_by_slug
from careweb.flows.imports import Begin
from careweb.storage.away import is_away
from careweb.storage.database import transaction


@asynccontextmanager
async def beginner(chosen: Settings) -> AsyncIterator[Begin]:
    vault, now = vault_of(chosen), datetime.now(UTC)
    async with opened_engine(chosen) as engine:

        @asynccontextmanager
        async def begin() -> AsyncIterator[Context]:
            async with transaction(engine) as tx:
                yield Context(tx=tx, vault=vault, settings=chosen, now=now)

        try:
            await refuse_other_keys(engine, vault)
            yield begin
        except Exception as error:
            if not is_away(error):
                raise
            raise click.ClickException("the database went away; what was done before it did is kept") from None


async def named_group(begin: Begin, slug: str) -> Group:
    async with begin() as ctx:
        try:
            return await group_by_slug(ctx, slug)
        except NotHereError:
            raise UnusableError(f"there is no group {slug!r}: `careweb groups` lists them") from None
