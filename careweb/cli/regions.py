"""`careweb regions`: what coordinators watch."""

import asyncio
from pathlib import Path

import click

from careweb.cli.door import opened_engine
from careweb.config import settings
from careweb.domain.boundaries import Boundaries
from careweb.domain.regions import BoundaryError, RegionSet, split_name
from careweb.flows.boundary_files import read_boundaries
from careweb.flows.regions import Imported, import_regions, import_zone_outlines
from careweb.storage.database import transaction
from careweb.storage.regions import region_sets


@click.group()
def regions() -> None:
    """Regions that coordinators watch, in sets."""


@regions.command("list")
def list_sets() -> None:
    """Say which region sets there are, of which year and from where."""
    for found in asyncio.run(_sets()):
        click.echo(f"{found.slug:20} {found.reference_year}  {found.name_en} / {found.name_fr}  ({found.source})")


@regions.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--set", "slug", help="short name of the set, as census-divisions; an import replaces the set of this name"
)
@click.option("--name", help="its name for people, English or 'English / French'")
@click.option("--year", type=click.IntRange(1867, 2200), help="the year its borders are of")
@click.option("--source", default="", help="who published it, for the page that shows it")
@click.option("--code", "code_column", help="column with a code for each region; found by itself in official files")
@click.option("--name-column", help="column with the name of each region; the same")
@click.option("--as-zones", is_flag=True, help="official outlines of postal areas (CFSAUID): draw the zones by them")
def import_file(
    file: Path,
    slug: str | None,
    name: str | None,
    year: int | None,
    source: str,
    code_column: str | None,
    name_column: str | None,
    as_zones: bool,
) -> None:
    """Take regions from FILE: GeoJSON, or a shapefile (.shp with .dbf and .prj beside it)."""
    try:
        boundaries = read_boundaries(file, code_column=code_column, name_column=name_column)
        if as_zones:
            _say(asyncio.run(_import_zones(boundaries)), boundaries, "zones have an official outline")
            return
        region_set = _region_set(slug, name, year, source or file.name)
        _say(asyncio.run(_import(region_set, boundaries)), boundaries, f"zones lie in it; year {year}")
    except BoundaryError as error:
        raise click.ClickException(f"{file.name}: {type(error).__doc__}") from error


def _region_set(slug: str | None, name: str | None, year: int | None, source: str) -> RegionSet:
    if not slug or not name or not year:
        raise click.UsageError("say --set, --name and --year (or --as-zones)")
    if not slug.replace("-", "").isalnum() or not slug.isascii() or slug != slug.lower() or slug.startswith("-"):
        raise click.BadParameter("small letters, digits and hyphens only", param_hint="--set")
    english, french = split_name(name)
    return RegionSet(slug=slug, name_en=english, name_fr=french, reference_year=year, source=source)


def _say(done: Imported, boundaries: Boundaries, what: str) -> None:
    click.echo(f"{done.regions} regions (EPSG:{boundaries.srid}); {done.linked_zones} {what}")
    if done.unlinked_zones:
        click.echo(f"{done.unlinked_zones} zones lie outside")
    if done.mended:
        click.echo(f"{len(done.mended)} had rings that cross, and were mended: {', '.join(done.mended)}")


async def _import(region_set: RegionSet, boundaries: Boundaries) -> Imported:
    async with opened_engine(settings()) as engine, transaction(engine) as tx:
        return await import_regions(tx, region_set, boundaries)


async def _import_zones(boundaries: Boundaries) -> Imported:
    async with opened_engine(settings()) as engine, transaction(engine) as tx:
        return await import_zone_outlines(tx, boundaries)


async def _sets() -> list[RegionSet]:
    async with opened_engine(settings()) as engine, transaction(engine) as tx:
        return await region_sets(tx)
