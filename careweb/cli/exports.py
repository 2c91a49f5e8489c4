"""`careweb export`: everything into a spreadsheet, without names, contacts and notes unless a reason is given."""

import asyncio
import csv
import io
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TextIO

import click

from careweb.cli.imports import a_reason
from careweb.cli.private_files import replaced_file
from careweb.cli.transactions import beginner, named_group
from careweb.config import settings
from careweb.domain.columns import WITH_CONTACT, Exported
from careweb.domain.ids import GroupId
from careweb.flows.exports import export, record_disclosure
from careweb.flows.imports import Begin


@click.command("export")
@click.argument("what", type=click.Choice([what.value for what in Exported]))
@click.option("--group", "slug", help="the group whose rows leave; `careweb groups` lists them")
@click.option("--all-groups", is_flag=True, help="those of every group of the alliance")
@click.option("--with-contact", callback=a_reason, metavar="REASON", help="names, contacts and notes too; why is kept")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="a file only you can read; else the screen")
def export_(what: str, slug: str | None, all_groups: bool, with_contact: str | None, to: Path | None) -> None:
    """Write needs, offers, asks or matches as CSV; docs/files.md has the columns."""
    exported = Exported(what)
    if bool(slug) == all_groups:
        raise click.UsageError("say whose: --group GROUP, or --all-groups")
    if with_contact and exported not in WITH_CONTACT:
        raise click.UsageError(f"{what} hold no names or contacts: export needs or offers with --with-contact")
    asyncio.run(_run(exported, slug, with_contact or "", to))


async def _run(what: Exported, slug: str | None, reason: str, to: Path | None) -> None:
    async with beginner(settings()) as begin:
        group_id = (await named_group(begin, slug)).id if slug else None
        if reason:
            async with begin() as ctx:
                await record_disclosure(ctx, what, group_id, reason)
        with _out(to) as out:
            count = await _write(begin, what, group_id, out, with_contact=bool(reason))
    click.echo(f"{count:,} {what}", err=True)


async def _write(begin: Begin, what: Exported, group_id: GroupId | None, out: TextIO, *, with_contact: bool) -> int:
    table, lines = csv.writer(out, lineterminator="\n"), 0
    async with begin() as ctx:
        async for cells in export(ctx, what, group_id, with_contact=with_contact):
            table.writerow(cells)
            lines += 1
    return lines - 1  # the header


def _out(to: Path | None) -> AbstractContextManager[TextIO]:
    return replaced_file(to) if to else _screen()


@contextmanager
def _screen() -> Iterator[TextIO]:
    """Standard output in UTF-8, whatever the locale says."""
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield out
        out.flush()
    finally:
        out.detach()
