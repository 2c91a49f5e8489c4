"""`careweb import`: needs and offers from a spreadsheet's CSV."""

import asyncio
import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import click

from careweb.cli.private_files import UnusableError, private_file
from careweb.cli.transactions import beginner, named_group
from careweb.config import settings
from careweb.domain.cells import guarded
from careweb.domain.columns import HeaderError, Imported, read_header
from careweb.domain.records import read_need, read_offer
from careweb.domain.rows import CHARACTERS_MOST, Row, split_rows
from careweb.flows.imported_needs import take_needs
from careweb.flows.imported_offers import take_offers
from careweb.flows.imports import Import, Refusal, Tally

SOME_REFUSED = 3
REASON_MOST = 200
_PROGRESS_EVERY = 5_000  # rows, where there is no terminal
_BY_PHONE = (
    "are of people with a telephone number only: volunteers are asked by e-mail, so these are never asked. "
    "Ask them for an e-mail address, and import them with it under another ref"
)
_READ = {Imported.NEEDS: read_need, Imported.OFFERS: read_offer}
_TAKE: dict[Imported, Callable[..., Any]] = {Imported.NEEDS: take_needs, Imported.OFFERS: take_offers}


def a_reason(_ctx: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    if not 0 < len(text.strip()) <= REASON_MOST:
        raise click.BadParameter(f"say why, in at most {REASON_MOST} characters", param=parameter)
    return text.strip()


@click.group("import")
def import_() -> None:
    """Bring needs or offers in from a CSV file; docs/files.md has the columns."""


_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
_group = click.option("--group", "slug", required=True, help="the group they belong to; `careweb groups` lists them")
_consent = click.option("--consent", callback=a_reason, help="why these people need not confirm first; kept with each")


@import_.command("needs")
@_file
@_group
@_consent
def import_needs(file: Path, slug: str, consent: str | None) -> None:
    """Needs; each person gets one message to confirm, and nothing else until then."""
    _import(Imported.NEEDS, file, slug, consent or "")


@import_.command("offers")
@_file
@_group
@_consent
def import_offers(file: Path, slug: str, consent: str | None) -> None:
    """Offers; each person gets one message to confirm, and waits for a coordinator to admit them."""
    _import(Imported.OFFERS, file, slug, consent or "")


def _import(what: Imported, file: Path, slug: str, consent: str) -> None:
    refused = refused_path(file)
    with _rows_of(file, what) as (columns, rows):
        tally = asyncio.run(_run(what, columns, rows, slug=slug, consent=consent, refused=refused))
    if sys.stderr.isatty():
        click.echo(err=True)
    click.echo(f"{tally.new:,} {what} taken, {tally.there:,} were there already, {tally.refused:,} refused", err=True)
    if tally.paused:
        click.echo(f"{tally.paused:,} are of members here already: theirs to switch on, on their page", err=True)
    if tally.by_phone:
        click.echo(f"{tally.by_phone:,} {_BY_PHONE}", err=True)
    if tally.refused:
        click.echo(f"why, line by line: {refused}", err=True)
        raise SystemExit(SOME_REFUSED)
    refused.unlink()


def refused_path(file: Path) -> Path:
    name = file.stem if file.suffix.lower() == ".csv" else file.name
    return file.with_name(f"{name}.rejected.csv")


async def _run(
    what: Imported, columns: tuple[str, ...], rows: Iterator[Row], *, slug: str, consent: str, refused: Path
) -> Tally:
    async with beginner(settings()) as begin:
        group = await named_group(begin, slug)
        with private_file(refused) as out:
            one: Import[Any] = Import(
                begin=begin, columns=columns, read=partial(_READ[what], consented=bool(consent)),
                take=partial(_TAKE[what], group_id=group.id, consent=consent), refuse=_writer(out), progress=_progress(),
            )  # fmt: skip
            return await one.run(rows)


def _writer(out: TextIO) -> Callable[[Refusal], None]:
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("line", "ref", "column", "reason"))

    def write(refusal: Refusal) -> None:
        table.writerow((refusal.line, guarded(refusal.ref), refusal.column, refusal.reason))

    return write


def _progress() -> Callable[[Tally], None]:
    """On a terminal one line that changes; in a log a line now and then."""
    said, terminal = 0, sys.stderr.isatty()

    def say(tally: Tally) -> None:
        nonlocal said
        if terminal:
            click.echo(f"\r  {tally.rows:,} rows", nl=False, err=True)
        elif tally.rows - said >= _PROGRESS_EVERY:
            said = tally.rows
            click.echo(f"  {tally.rows:,} rows", err=True)

    return say


@contextmanager
def _rows_of(path: Path, what: Imported) -> Iterator[tuple[tuple[str, ...], Iterator[Row]]]:
    """The header's columns, and the rows below it."""
    with path.open("rb") as raw:
        _refuse_other_formats(path.name, raw.read(4))
    # Bytes that are not UTF-8 come through as lone surrogates, so that the row that holds them can be named.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = split_rows(_lines(file))
        header = next(rows, None)
        if header is None:
            raise UnusableError(f"{path.name} is empty")
        try:
            columns = read_header(header.cells, what)
        except HeaderError as error:
            raise UnusableError(f"{path.name}: {error}") from None
        yield columns, rows


def _refuse_other_formats(name: str, start: bytes) -> None:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise UnusableError(f"{name} is not UTF-8 but, it seems, UTF-16: save it as CSV UTF-8")
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnusableError(f"{name} is a spreadsheet, not CSV: save it as CSV UTF-8")


def _lines(file: TextIO) -> Iterator[str]:
    """Of a line too long to be anything only the beginning, so that memory stays flat."""
    most = CHARACTERS_MOST + 1
    while text := file.readline(most):
        rest = text
        while len(rest) == most and not rest.endswith(("\n", "\r")):
            rest = file.readline(most)
        yield text
