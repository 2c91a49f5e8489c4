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
from careweb.flows.members import forget_contact, sign_out_contact
from careweb.flows.ways_back import reset_by_operator


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


@members.command("sign-out")
@contact_argument
def sign_out(contact: Contact) -> None:
    """End every session of whoever has this e-mail address or phone number; they may sign in again."""
    asyncio.run(_sign_out(contact))
    click.echo("signed out everywhere")


async def _sign_out(contact: Contact) -> None:
    async with context(settings()) as ctx:
        try:
            await sign_out_contact(ctx, contact)
        except NotHereError:
            raise UnusableError("nobody here has that contact") from None


@members.command("reset-second-step")
@contact_argument
@click.option("--reason", required=True, help="how you know that it is them; they read it, and so does their group")
def reset_second_step(contact: Contact, reason: str) -> None:
    """For staff who lost it, and whom no colleague can vouch for: they sign in by mail and set it up again."""
    if not 0 < len(reason.strip()) <= 500:
        raise click.UsageError("--reason has between 1 and 500 characters")
    asyncio.run(_reset_second_step(contact, reason.strip()))
    click.echo("taken away; it begins anew at the next sign-in")


async def _reset_second_step(contact: Contact, reason: str) -> None:
    async with context(settings()) as ctx:
        try:
            await reset_by_operator(ctx, contact, reason)
        except NotHereError:
            raise UnusableError("nobody here has that contact") from None
