"""Brings the shipped places, regions and languages into the database; does nothing where they are there."""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from careweb import paths
from careweb.domain.places import Province
from careweb.domain.regions import NAMES, PROVINCES, URBAN_AREAS, RegionSet, rest
from careweb.domain.zone_names import elsewhere_name
from careweb.storage import languages, places, regions
from careweb.storage.database import Transaction

_PLACE_FILES = ("zones.csv", "postal_areas.csv", "zone_urban.csv", "urban_areas.csv", "outlines.geojson")
_LANGUAGE_FILES = ("languages.tsv", "language_aliases.tsv", "language_pairs.tsv")
_DERIVED_YEAR = 2024
_SOURCE = "GeoNames, CC BY 4.0 (geonames.org), derived as data/README.md says"

Shares = Mapping[str, Mapping[str, float]]  # zone -> urban area -> share of its residents


async def load_places(tx: Transaction) -> bool:
    """Loads what has changed since it was loaded last; True if anything had. Safe from several processes at once."""
    loaded = await places.digests(tx)
    now = {"places": _digest(_PLACE_FILES), "languages": _digest(_LANGUAGE_FILES)}
    if loaded.items() >= now.items():
        return False
    await places.only_loader(tx)
    loaded = await places.digests(tx)  # another process may have loaded while this one waited
    if loaded.get("languages") != now["languages"]:
        await _load_languages(tx)
    if loaded.get("places") != now["places"]:
        await _load_zones(tx)
    for name, digest in now.items():
        await places.save_digest(tx, name, digest)
    return True


async def _load_languages(tx: Transaction) -> None:
    await languages.save_languages(tx, [_language_values(row) for row in _table("languages.tsv")])
    await languages.save_aliases(tx, [(row["alias"], row["tag"]) for row in _table("language_aliases.tsv")])
    pairs = [(row["spoken_a"], row["spoken_b"], row["note"]) for row in _table("language_pairs.tsv")]
    await languages.add_pairs(tx, pairs)


async def _load_zones(tx: Transaction) -> None:
    outlines = _outlines()
    await places.save_zones(tx, [_zone_row(row, outlines.get(row["code"])) for row in _table("zones.csv")])
    await places.save_postal_areas(tx, {row["postal"]: row["zone"] for row in _table("postal_areas.csv")})
    await places.measure_nearness(tx)
    await draw_regions(tx, outlines)


async def draw_regions(tx: Transaction, outlines: Mapping[str, BaseGeometry] | None = None) -> None:
    """Provinces and urban areas, as zones and as regions, from the outlines of the zones in them."""
    if outlines is None or places.OFFICIAL_OUTLINES in await places.digests(tx):
        outlines = {str(code): outline for code, outline in (await places.postal_zone_outlines(tx)).items()}
    rows, shares = _table("zones.csv"), _shares()
    wide = _wide_outlines(rows, outlines, shares)
    await places.save_zone_outlines(tx, wide)
    shapes = {**outlines, **wide}
    await _load_provinces(tx, rows, shapes)
    await _load_urban_areas(tx, rows, shapes, shares)


async def _load_provinces(tx: Transaction, zones: list[dict[str, str]], shapes: Mapping[str, BaseGeometry]) -> None:
    await regions.save_region_set(tx, _region_set(PROVINCES))
    rows = [
        regions.RegionRow(code=p.value, name_en=p.name_in("en"), name_fr=p.name_in("fr"), outline=shapes.get(p.value))
        for p in Province
    ]
    ids = await regions.save_regions(tx, PROVINCES, rows)
    await regions.save_zone_weights(tx, PROVINCES, [(zone["code"], ids[zone["province"]], 1.0) for zone in zones])


async def _load_urban_areas(
    tx: Transaction, zones: list[dict[str, str]], shapes: Mapping[str, BaseGeometry], shares: Shares
) -> None:
    await regions.save_region_set(tx, _region_set(URBAN_AREAS))
    parents = {region.code: region.id for region in await regions.regions_of_set(tx, PROVINCES)}
    rows = [_urban_row(row, shapes, parents) for row in _table("urban_areas.csv")]
    rows += [_elsewhere_row(province, zones, shapes, shares, parents) for province in Province]
    ids = await regions.save_regions(tx, URBAN_AREAS, rows)
    found = [(code, ids[slug], share) for code, in_areas in shares.items() for slug, share in in_areas.items()]
    found += [(z["code"], ids[z["code"].removeprefix("U-")], 1.0) for z in zones if z["kind"] == "urban"]
    found += [
        (z["code"], ids[z["province"]], left)
        for z in zones
        if z["kind"] != "urban" and (left := rest(shares.get(z["code"], {}).values()))
    ]
    await regions.save_zone_weights(tx, URBAN_AREAS, found)


def _urban_row(
    row: Mapping[str, str], shapes: Mapping[str, BaseGeometry], parents: Mapping[str, int]
) -> regions.RegionRow:
    outline = shapes.get(f"U-{row['slug']}")
    return regions.RegionRow(
        code=row["slug"],
        name_en=row["name_en"],
        name_fr=row["name_fr"],
        outline=outline,
        parent_id=parents[row["province"]],
    )


def _elsewhere_row(
    province: Province,
    zones: list[dict[str, str]],
    shapes: Mapping[str, BaseGeometry],
    shares: Shares,
    parents: Mapping[str, int],
) -> regions.RegionRow:
    """What is left of a province, so that every need of it is in some region of the set."""
    outside = [
        shapes[z["code"]]
        for z in zones
        if z["kind"] == "postal" and z["province"] == province.value and z["code"] in shapes
        if rest(shares.get(z["code"], {}).values()) > 0.5
    ]
    name = elsewhere_name(province)
    return regions.RegionRow(
        code=province.value,
        name_en=name.english,
        name_fr=name.french,
        outline=_union(outside),
        parent_id=parents[province.value],
    )


def _wide_outlines(
    rows: list[dict[str, str]], outlines: Mapping[str, BaseGeometry], shares: Shares
) -> dict[str, BaseGeometry]:
    """A province is all its zones; an urban area those that are mostly in it."""
    members: dict[str, list[BaseGeometry]] = defaultdict(list)
    for row in rows:
        if (outline := outlines.get(row["code"])) is None:
            continue
        members[row["province"]].append(outline)
        for slug, share in shares.get(row["code"], {}).items():
            if share >= 0.5:
                members[f"U-{slug}"].append(outline)
    return {code: union for code, shapes in members.items() if (union := _union(shapes)) is not None}


def _union(shapes: Iterable[BaseGeometry]) -> BaseGeometry | None:
    shapes = list(shapes)
    return shapely.union_all(shapes) if shapes else None


def _zone_row(row: Mapping[str, str], outline: BaseGeometry | None) -> places.ZoneRow:
    return places.ZoneRow(
        code=row["code"],
        kind=row["kind"],
        province=row["province"],
        name_en=row["name_en"],
        name_fr=row["name_fr"],
        town=row["town"],
        latitude=float(row["latitude"]),
        longitude=float(row["longitude"]),
        r50_km=float(row["r50_km"]),
        r90_km=float(row["r90_km"]),
        time_zone=row["time_zone"],
        residents=int(row["residents"]),
        outline=outline,
    )


def _language_values(row: Mapping[str, str]) -> dict[str, object]:
    return {
        **row,
        "is_spoken": row["is_spoken"] == "true",
        "is_written": row["is_written"] == "true",
        "knowledge_2021": int(row["knowledge_2021"]) if row["knowledge_2021"] else None,
        "babel_locale": row["babel_locale"] or None,
    }


def _region_set(slug: str) -> RegionSet:
    english, french = NAMES[slug]
    return RegionSet(slug=slug, name_en=english, name_fr=french, reference_year=_DERIVED_YEAR, source=_SOURCE)


def _shares() -> Shares:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in _table("zone_urban.csv"):
        found[row["zone"]][row["urban"]] = float(row["share"])
    return found


def _outlines() -> dict[str, BaseGeometry]:
    path = paths.DATA / "outlines.geojson"
    if not path.exists():
        return {}
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    return {feature["properties"]["zone"]: shape(feature["geometry"]) for feature in features}


def _table(name: str) -> list[dict[str, str]]:
    path: Path = paths.DATA / name
    with path.open(encoding="utf-8", newline="") as file:
        tabs = path.suffix == ".tsv"
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.DictReader(file)
        return list(reader)


def _digest(names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        path = paths.DATA / name
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.exists() else b""))
    return digest.hexdigest()
