"""`careweb places`: the shipped table of zones."""

import asyncio
from pathlib import Path

import click

from careweb import paths
from careweb.cli.door import opened_engine
from careweb.cli.steps import step
from careweb.config import settings
from careweb.flows.derivation import Derived, derive, read_urban_areas, write_outlines, write_tables
from careweb.flows.derivation_sources import SourcesMissingError, read_sources
from careweb.flows.places import load_places
from careweb.storage.database import transaction


@click.group()
def places() -> None:
    """Zones: the coarse places people choose from."""


@places.command("load")
def load() -> None:
    """Bring the shipped places, regions and languages into the database, where they have changed."""
    click.echo("loaded" if asyncio.run(_load()) else "nothing had changed")


@places.command("derive")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=paths.DATA, help="folder to write to")
def derive_tables(into: Path) -> None:
    """Derive the shipped tables again from GeoNames' postal codes; the same sources give the same bytes."""
    into.mkdir(parents=True, exist_ok=True)
    try:
        with step("reading postal codes and places"):
            sources = read_sources()
    except SourcesMissingError as error:
        raise click.ClickException(str(SourcesMissingError.__doc__)) from error
    with step("merging"):
        derived = derive(sources, read_urban_areas(paths.DATA / "urban_areas.csv", sources.towns))
        write_tables(derived, sources, into)
    with step("drawing"):
        write_outlines(derived.zones, into)
    _say(derived)


def _say(derived: Derived) -> None:
    merged = [zone for zone in derived.zones if len(zone.codes) > 1]
    click.echo(f"{len(derived.areas)} postal areas make {len(derived.zones)} zones, {len(merged)} of them merged:")
    for zone in merged:
        click.echo(f"  {zone.code} = {' + '.join(zone.codes)}")
    click.echo("kept apart though small, because a merge would reach too far:")
    for zone in derived.apart:
        click.echo(f"  {zone.code} ({derived.names[zone.code].english}), about {zone.residents} residents")


async def _load() -> bool:
    async with opened_engine(settings()) as engine, transaction(engine) as tx:
        return await load_places(tx)
