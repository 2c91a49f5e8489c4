"""`careweb audit`: is the account of who opened or changed what still what was written?"""

import asyncio

import click

from careweb.cli.door import context
from careweb.config import settings
from careweb.flows.verifying import verify_audit


@click.group("audit")
def audit() -> None:
    """Look after the account of who opened or changed what."""


@audit.command("verify")
def verify() -> None:
    """Find any line that was changed, taken out or put in. Exit code 1 if there is one."""
    wrong = asyncio.run(_verify())
    for text in wrong:
        click.echo(text)
    if wrong:
        raise SystemExit(1)
    click.echo("the audit is whole")


async def _verify() -> list[str]:
    async with context(settings()) as ctx:
        return await verify_audit(ctx)
