"""`careweb groups` and `careweb roles`: which groups there are, and who coordinates them."""

import asyncio
import re

import click

from careweb.cli.door import context
from careweb.cli.private_files import UnusableError
from careweb.config import settings
from careweb.domain.contacts import Contact, ContactError, read_contact
from careweb.domain.errors import NotHereError
from careweb.domain.ids import MemberId
from careweb.domain.records import Known, RecordError, read_place, read_tags
from careweb.domain.states import Role
from careweb.domain.whys import why
from careweb.flows.auditing import OPERATOR, note
from careweb.flows.context import Context
from careweb.flows.groups import Group, all_groups, grant_role, group_by_slug, open_group, take_role, want_second_step
from careweb.flows.imports import what_is_known


def _slug(_ctx: click.Context, _parameter: click.Parameter, text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,40}", text):
        raise click.BadParameter("two characters or more of a-z, 0-9 and -, as it is in the group's web address")
    return text


def _contact(_ctx: click.Context, _parameter: click.Parameter, text: str) -> Contact:
    try:
        return read_contact(text)
    except ContactError as error:
        raise click.BadParameter("neither an e-mail address nor a phone number") from error


@click.group("groups", invoke_without_command=True)
@click.pass_context
def groups(command: click.Context) -> None:
    """List the groups, slug first; or open one."""
    if command.invoked_subcommand is None:
        for line in asyncio.run(_list()):
            click.echo(line)


async def _list() -> list[str]:
    async with context(settings()) as ctx:
        found = await all_groups(ctx)
    width = max((len(group.slug) for group in found), default=0)
    return [f"{group.slug:{width}}  {_described(group)}" for group in sorted(found, key=lambda one: one.slug)]


def _described(group: Group) -> str:
    parts = (group.name, group.area_code, " ".join(group.languages), group.phone_line, "demonstration" * group.demo)
    return "  ".join(part for part in parts if part)


@groups.command("open")
@click.argument("slug", callback=_slug)
@click.option("--name", required=True, help="as people know it")
@click.option("--area", required=True, help="where it works: a postal area as M5V, or a zone as U-toronto or ON")
@click.option("--phone", default="", help="its own telephone line, shown to askers")
@click.option("--languages", default="", help="tags of the languages it speaks, with spaces between")
def open_(slug: str, name: str, area: str, phone: str, languages: str) -> None:
    """Open a group."""
    if not 0 < len(name.strip()) <= 120 or len(phone.strip()) > 40:
        raise click.UsageError("a name has at most 120 characters, a telephone line 40")
    asyncio.run(_open(slug, name.strip(), area, phone.strip(), languages))
    click.echo(f"{name.strip()} asks for help at {settings().public_url}/g/{slug}/ask")
    click.echo(f"next: careweb roles grant CONTACT coordinator --group {slug}")


async def _open(slug: str, name: str, area: str, phone: str, languages: str) -> None:
    async with context(settings()) as ctx:
        there = await all_groups(ctx)
        if any(group.slug == slug for group in there):
            raise UnusableError(f"there is a group {slug!r} already")
        try:
            area_code, spoken = _read(area, languages, await what_is_known(ctx))
        except RecordError as error:
            raise click.UsageError(f"--{error.column.replace('place', 'area')} {error.reason}") from None
        demo = any(group.demo for group in there)  # the demonstration and real people never share a database
        await open_group(ctx, slug, name, area_code=area_code, phone_line=phone, languages=spoken, demo=demo)


@groups.command("second-step")
@click.argument("slug", callback=_slug)
@click.argument("wanted", type=click.Choice(["required", "many", "off", "usual"]))
def second_step(slug: str, wanted: str) -> None:
    """Whether its staff show a second step: required, off, many (once they are three), or usual (CAREWEB_SECOND_STEP)."""
    asyncio.run(_second_step(slug, wanted))
    click.echo(f"second step in {slug}: {wanted}")


async def _second_step(slug: str, wanted: str) -> None:
    async with context(settings()) as ctx:
        await want_second_step(ctx, (await _named(ctx, slug)).id, None if wanted == "usual" else wanted)


def _read(area: str, languages: str, known: Known) -> tuple[str, tuple[str, ...]]:
    return read_place(area, known), read_tags(languages, known) if languages.strip() else ()


@click.group("roles")
def roles() -> None:
    """Give roles in a group, and take them back."""


contact_argument = click.argument("contact", callback=_contact)
_role = click.argument("role", type=click.Choice([role.value for role in Role]))
_group = click.option("--group", "slug", required=True, help="`careweb groups` lists them")


@roles.command("grant")
@contact_argument
@_role
@_group
@click.option("--name", default="", help="what to call them, if they are new here")
def grant(contact: Contact, role: str, slug: str, name: str) -> None:
    """Whoever has this e-mail address or phone number gets the role, and signs in as everyone does."""
    asyncio.run(_grant(contact, Role(role), slug, name))
    click.echo(f"granted: {role} of {slug}")


async def _grant(contact: Contact, role: Role, slug: str, name: str) -> None:
    async with context(settings()) as ctx:
        group = await _named(ctx, slug)
        member_id = await grant_role(ctx, group.id, contact, role, name=name)
        await _account(ctx, group, "role_granted", member_id, role)


@roles.command("take")
@contact_argument
@_role
@_group
def take(contact: Contact, role: str, slug: str) -> None:
    """They are no longer that."""
    asyncio.run(_take(contact, Role(role), slug))
    click.echo(f"taken: {role} of {slug}")


async def _take(contact: Contact, role: Role, slug: str) -> None:
    async with context(settings()) as ctx:
        try:
            group = await _named(ctx, slug)
            member_id = await take_role(ctx, group.id, contact, role)
        except NotHereError:
            raise UnusableError("nobody here has that contact") from None
        await _account(ctx, group, "role_taken", member_id, role)


async def _account(ctx: Context, group: Group, action: str, member_id: MemberId, role: Role) -> None:
    await note(ctx, group.id, "operator", MemberId(OPERATOR), action, "member", member_id, why("role", role))


async def _named(ctx: Context, slug: str) -> Group:
    try:
        return await group_by_slug(ctx, slug)
    except NotHereError:
        raise UnusableError(f"there is no group {slug!r}: `careweb groups` lists them") from None
