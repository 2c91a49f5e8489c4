"""`careweb init`: a real installation, with its first group and that group's first coordinator."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

import click

from careweb.cli.door import context, opened_engine
from careweb.cli.prepare import prepare
from careweb.cli.state import ensure_keys
from careweb.cli.steps import step
from careweb.config import Settings, settings
from careweb.domain.contacts import Contact, ContactError, read_email
from careweb.domain.errors import NotHereError
from careweb.domain.ids import GroupId
from careweb.domain.records import RecordError, read_place, read_tags
from careweb.domain.states import Role
from careweb.flows.context import Context
from careweb.flows.groups import grant_role, group_by_slug, open_group
from careweb.flows.imports import what_is_known
from careweb.storage.logins import give_passwords


def _slug(_ctx: click.Context, _parameter: click.Parameter, text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,40}", text):
        raise click.BadParameter("two letters or more of a-z, 0-9 and -; it is part of the group's web address")
    return text


def _email(_ctx: click.Context, _parameter: click.Parameter, text: str) -> Contact:
    try:
        return read_email(text)
    except ContactError as error:
        raise click.BadParameter("that is not an e-mail address") from error


@dataclass(frozen=True, kw_only=True)
class First:
    """The first group and its coordinator."""

    slug: str
    name: str
    area: str
    phone_line: str
    languages: str
    coordinator: Contact
    coordinator_name: str = field(repr=False)


@click.command()
@click.option("--slug", prompt="The group's short name for its web address (a-z, 0-9, -)", callback=_slug)
@click.option("--name", prompt="The group's name as people know it")
@click.option("--area", prompt="Where it works: a postal area such as M5V, or a province such as ON")
@click.option("--phone-line", default="", help="the group's own telephone line, shown to askers")
@click.option("--languages", default="", help="tags of the languages its coordinators speak, separated by spaces")
@click.option("--coordinator", prompt="E-mail address of its first coordinator", callback=_email)
@click.option("--coordinator-name", prompt="What to call them")
def init(**answers: Any) -> None:
    """Set up for real people: keys, tables, places, the first group and its coordinator."""
    chosen, first = settings(), First(**answers)
    asyncio.run(_init(chosen, first))
    click.echo(f"\n  {first.name} asks for help at   {chosen.public_url}/g/{first.slug}/ask")
    click.echo(f"  its coordinator signs in at   {chosen.public_url}/sign-in")
    click.echo("\n  next: careweb doctor, then docs/operating.md")


async def _init(chosen: Settings, first: First) -> None:
    if not chosen.keys.get_secret_value():
        ensure_keys(chosen.state)
        click.echo(f"  the keys that seal names and contacts are in {chosen.state / 'keys'}: keep a copy elsewhere")
    async with opened_engine(chosen) as engine:
        await prepare(engine, demo=False)
        await give_passwords(engine, chosen)
    with step(f"{first.name} and its coordinator"):
        async with context(chosen) as ctx:
            group_id = await _group(ctx, first)
            await grant_role(ctx, group_id, first.coordinator, Role.COORDINATOR, name=first.coordinator_name)


async def _group(ctx: Context, first: First) -> GroupId:
    try:
        return (await group_by_slug(ctx, first.slug)).id
    except NotHereError:
        area, languages = await _read(ctx, first)
        return await open_group(
            ctx, first.slug, first.name, area_code=area, phone_line=first.phone_line, languages=languages
        )


async def _read(ctx: Context, first: First) -> tuple[str, tuple[str, ...]]:
    known = await what_is_known(ctx)
    try:
        return read_place(first.area, known), read_tags(first.languages, known) if first.languages.strip() else ()
    except RecordError as error:
        raise click.UsageError(f"--{error.column.replace('place', 'area')} {error.reason}") from None
