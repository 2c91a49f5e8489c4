"""`careweb members`: what an operator does for a person who writes to them."""

import asyncio
from datetime import datetime

import click

from careweb.cli.door import context
from careweb.cli.groups import contact_argument
from careweb.cli.private_files import UnusableError
from careweb.config import settings
from careweb.domain.contacts import Contact
from careweb.domain.errors import NotHereError
from careweb.flows.members import forget_contact


@click.group("members")
def members() -> None:
    """Look after members."""


@members.command("forget")
@contact_argument
@click.confirmation_option(prompt="This cannot be undone. Forget this person?", help="do not ask whether this is meant")
def forget(contact: Contact) -> None:
    """Remove whoever has this e-mail address or phone number: roles, offers, live needs, name and contact."""
    kept = asyncio.run(_forget(contact))
    click.echo(f"stopped; a report keeps name and contact until {kept:%Y-%m-%d} at the latest" if kept else "forgotten")


async def _forget(contact: Contact) -> datetime | None:
    async with context(settings()) as ctx:
        try:
            return await forget_contact(ctx, contact)
        except NotHereError:
            raise UnusableError("nobody here has that contact") from None
