"""Zones: looking them up for people, drawing them on maps, and loading the shipped table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from careweb.domain.places import Postal, Province, Zone, ZoneCode, ZoneKind, province_of
from careweb.storage.database import Transaction, driver, run
from careweb.storage.place_tables import read_outline, stored_outline, stored_point, zone

OFFICIAL_OUTLINES = "official outlines"
_BATCH = 400  # rows a statement: enough to be quick, far from the limit of 32,767 values


@dataclass(frozen=True, kw_only=True)
class ZoneRow:
    """A line of the shipped table, on its way into the database."""

    code: str
    kind: str
    province: str
    name_en: str
    name_fr: str
    town: str
    latitude: float
    longitude: float
    r50_km: float
    r90_km: float
    time_zone: str
    residents: int
    outline: BaseGeometry | None


@dataclass(frozen=True, kw_only=True)
class Town:
    """A name in the second step of picking a place, with the zones it stands for."""

    name: str
    zones: tuple[Zone, ...]


async def zone_for_postal(tx: Transaction, postal: Postal) -> Zone:
    """The zone of a postal area; its whole province if we do not know that area yet."""
    row = await run(tx, "zone_for_postal", postal=postal, province=province_of(postal).value)
    return _zone(row)


async def zone_by_code(tx: Transaction, code: str) -> Zone | None:
    row = await run(tx, "zone_by_code", code=code)
    return _zone(row) if row else None


async def wider_places(tx: Transaction, code: ZoneCode) -> list[Zone]:
    """Places around this zone that anyone may choose instead, nearest first: towns with suburbs, province."""
    return [_zone(row) for row in await run(tx, "wider_places", code=code)]


async def zones_for_picker(tx: Transaction, locale: str, province: Province | None = None) -> list[Zone]:
    """Every place there is to choose, or those of one province, in reading order of the language."""
    rows = await run(tx, "zones_for_picker", province=province.value if province else None)
    zones = [_zone(row) for row in rows]
    return sorted(zones, key=lambda z: (z.kind is ZoneKind.POSTAL, z.kind is ZoneKind.URBAN, z.name_in(locale), z.code))


async def towns_in(tx: Transaction, province: Province, locale: str) -> list[Town]:
    """Towns of a province by name, each with its zones by name."""
    rows = await run(tx, "zones_for_picker", province=province.value)
    by_town: dict[str, list[Zone]] = {}
    for row in rows:
        if row["kind"] == ZoneKind.POSTAL.value:
            by_town.setdefault(row["town"], []).append(_zone(row))
    return [
        Town(name=name, zones=tuple(sorted(zones, key=lambda z: (z.name_in(locale), z.code))))
        for name, zones in sorted(by_town.items())
    ]


async def zone_outlines(tx: Transaction, codes: Sequence[str]) -> dict[ZoneCode, MultiPolygon]:
    """For drawing maps only: nothing else may know where a zone lies."""
    return await _outlines(tx, zone.c.code.in_(codes))


async def postal_zone_outlines(tx: Transaction) -> dict[ZoneCode, MultiPolygon]:
    """Of all zones that are postal areas, to draw wider places from."""
    return await _outlines(tx, zone.c.kind == ZoneKind.POSTAL.value)


async def _outlines(tx: Transaction, which: ColumnElement[bool]) -> dict[ZoneCode, MultiPolygon]:
    rows = await tx.execute(select(zone.c.code, zone.c.outline).where(which))
    return {ZoneCode(code): shape for code, stored in rows if (shape := read_outline(stored)) is not None}


async def save_zones(tx: Transaction, rows: Iterable[ZoneRow]) -> None:
    """Adds and replaces; a zone that the table no longer has keeps its people and loses its postal areas."""
    kept = {"code", "outline"} if OFFICIAL_OUTLINES in await digests(tx) else {"code"}
    values = [_values(row) for row in rows]
    for start in range(0, len(values), _BATCH):
        statement = insert(zone).values(values[start : start + _BATCH])
        changed = {column.name: statement.excluded[column.name] for column in zone.c if column.name not in kept}
        await tx.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


async def keep_outlines(tx: Transaction) -> None:
    """From now on outlines are an operator's: shipped ones no longer replace them."""
    await save_digest(tx, OFFICIAL_OUTLINES, "imported")


async def save_zone_outlines(tx: Transaction, outlines: Mapping[str, BaseGeometry]) -> None:
    statement = update(zone).where(zone.c.code == bindparam("of")).values(outline=bindparam("shape"))
    values = [{"of": code, "shape": stored_outline(shape)} for code, shape in sorted(outlines.items())]
    if values:
        await tx.execute(statement, values)


async def save_postal_areas(tx: Transaction, zone_of: Mapping[str, str]) -> None:
    raw = await driver(tx)
    await run(tx, "forget_postal_areas")
    await raw.copy_records_to_table("zone_postal", records=sorted(zone_of.items()), columns=["postal", "zone_code"])


async def postal_areas(tx: Transaction) -> dict[Postal, ZoneCode]:
    return {Postal(row["postal"]): ZoneCode(row["zone_code"]) for row in await run(tx, "postal_areas")}


async def measure_nearness(tx: Transaction) -> None:
    """After zones were added or moved."""
    await run(tx, "forget_nearness")
    await run(tx, "measure_nearness")
    await run(tx, "analyze_nearness")
    await run(tx, "gather_zones")


async def digests(tx: Transaction) -> dict[str, str]:
    return {row["name"]: row["sha256"] for row in await run(tx, "reference_digests")}


async def save_digest(tx: Transaction, name: str, sha256: str) -> None:
    await run(tx, "save_reference_digest", name=name, sha256=sha256)


async def only_loader(tx: Transaction) -> None:
    """Waits until no other process is loading reference data; holds until this transaction ends."""
    await run(tx, "lock_reference_data")


def _values(row: ZoneRow) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in ZoneRow.__dataclass_fields__}
    centre = stored_point(fields.pop("latitude"), fields.pop("longitude"))
    return {**fields, "centre": centre, "outline": stored_outline(row.outline)}


def _zone(row: Mapping[str, Any]) -> Zone:
    return Zone(
        code=ZoneCode(row["code"]),
        kind=ZoneKind(row["kind"]),
        province=Province(row["province"]),
        name_en=row["name_en"],
        name_fr=row["name_fr"],
        r50_km=row["r50_km"],
        time_zone=row["time_zone"],
        residents=row["residents"],
    )
