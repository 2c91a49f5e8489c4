"""`careweb revive`: what was tried too often is tried again, once its cause is mended."""

import asyncio

import click

from careweb.cli.door import context
from careweb.config import settings
from careweb.flows.notices import revive_parked
from careweb.storage.promises import parked_promises, revive_promises


@click.command()
def revive() -> None:
    """Try parked messages and jobs again; first mend what the log or `careweb doctor` says."""
    messages, jobs = asyncio.run(_revive())
    click.echo(f"{messages} messages and {jobs} jobs are tried again")


async def _revive() -> tuple[int, int]:
    async with context(settings()) as ctx:
        jobs = len(await parked_promises(ctx.tx))
        await revive_promises(ctx.tx)
        return await revive_parked(ctx), jobs
