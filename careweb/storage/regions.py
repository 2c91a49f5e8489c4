"""Region sets: what coordinators watch. Zones belong to regions by weight."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geoalchemy2 import functions
from geoalchemy2.shape import from_shape, to_shape
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from careweb.domain.regions import Region, RegionId, RegionSet
from careweb.storage.database import Transaction, driver, run
from careweb.storage.place_tables import WGS84, read_outline, region, stored_outline

_BATCH = 400


@dataclass(frozen=True, kw_only=True)
class RegionRow:
    """A region on its way into the database."""

    code: str
    name_en: str
    name_fr: str
    outline: BaseGeometry | None
    parent_id: int | None = None


async def region_sets(tx: Transaction) -> list[RegionSet]:
    return [RegionSet(**row) for row in await run(tx, "region_sets")]


async def regions_of_set(tx: Transaction, region_set: str) -> list[Region]:
    return [_region(row) for row in await run(tx, "regions_of_set", region_set=region_set)]


async def region_by_id(tx: Transaction, region_id: int) -> Region | None:
    row = await run(tx, "region_by_id", region_id=region_id)
    return _region(row) if row else None


async def regions_within(tx: Transaction, region_id: int) -> list[Region]:
    """One step down: the regions whose parent this is."""
    return [_region(row) for row in await run(tx, "regions_within", region_id=region_id)]


async def zone_weights(tx: Transaction, region_id: int) -> dict[str, float]:
    """Share of each zone that lies in this region."""
    rows = await run(tx, "zones_of_region", region_id=region_id)
    return {row["zone_code"]: row["weight"] for row in rows}


async def region_outlines(tx: Transaction, ids: Sequence[int]) -> dict[RegionId, MultiPolygon]:
    """For drawing maps only."""
    rows = await tx.execute(select(region.c.id, region.c.outline).where(region.c.id.in_(ids)))
    return {RegionId(id_): shape for id_, stored in rows if (shape := read_outline(stored)) is not None}


async def save_region_set(tx: Transaction, region_set: RegionSet) -> None:
    await run(
        tx,
        "save_region_set",
        slug=region_set.slug,
        name_en=region_set.name_en,
        name_fr=region_set.name_fr,
        reference_year=region_set.reference_year,
        source=region_set.source,
    )


async def save_regions(tx: Transaction, region_set: str, rows: Sequence[RegionRow]) -> dict[str, RegionId]:
    """Replaces the regions of a set in place and returns their ids by code: a code that stays keeps its id."""
    await run(tx, "forget_other_regions", region_set=region_set, codes=[row.code for row in rows])
    for start in range(0, len(rows), _BATCH):
        values = [_values(region_set, row) for row in rows[start : start + _BATCH]]
        statement = insert(region).values(values)
        changed = {name: statement.excluded[name] for name in ("name_en", "name_fr", "outline", "parent_id")}
        await tx.execute(statement.on_conflict_do_update(index_elements=["region_set", "code"], set_=changed))
    return {r.code: r.id for r in await regions_of_set(tx, region_set)}


async def save_zone_weights(tx: Transaction, region_set: str, weights: Iterable[tuple[str, int, float]]) -> None:
    """Rows of zone, region and weight: all there are for this set."""
    raw = await driver(tx)
    await run(tx, "forget_zone_weights", region_set=region_set)
    columns = ["zone_code", "region_id", "weight"]
    await raw.copy_records_to_table("zone_region", records=list(weights), columns=columns)


async def overlaps(tx: Transaction, region_set: str) -> dict[str, dict[RegionId, float]]:
    """By postal zone: the share of its outline in each region of a set."""
    shares: dict[str, dict[RegionId, float]] = {}
    for row in await run(tx, "zone_overlaps", region_set=region_set):
        shares.setdefault(row["zone_code"], {})[RegionId(row["region_id"])] = row["share"]
    return shares


async def link_wide_zones(tx: Transaction, region_set: str) -> None:
    """Once the postal zones are linked; what holds of them holds of the wider places they make up."""
    await run(tx, "link_wide_zones", region_set=region_set)


async def in_longitude_latitude(
    tx: Transaction, shapes: Mapping[str, BaseGeometry], srid: int
) -> dict[str, BaseGeometry]:
    """PostGIS reprojects; shapes already in longitude and latitude come back as they are."""
    if srid == WGS84:
        return dict(shapes)
    moved = {}
    for code, shape in shapes.items():
        stored = await tx.scalar(select(functions.ST_Transform(from_shape(shape, srid=srid), WGS84)))
        moved[code] = to_shape(stored)
    return moved


def _values(region_set: str, row: RegionRow) -> dict[str, Any]:
    return {
        "region_set": region_set,
        "code": row.code,
        "name_en": row.name_en,
        "name_fr": row.name_fr,
        "outline": stored_outline(row.outline),
        "parent_id": row.parent_id,
    }


def _region(row: Mapping[str, Any]) -> Region:
    return Region(
        id=RegionId(row["id"]),
        region_set=row["region_set"],
        code=row["code"],
        name_en=row["name_en"],
        name_fr=row["name_fr"],
        parent_id=None if row["parent_id"] is None else RegionId(row["parent_id"]),
    )
