"""Derives the shipped tables of places from their sources, the same byte for byte each time."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely import LinearRing, MultiPolygon

from careweb.domain.outlines import outlines
from careweb.domain.places import Postal, Province, province_of
from careweb.domain.urban_areas import UrbanArea, gathered, shares
from careweb.domain.zone_names import (
    ZoneName,
    area_within,
    head_of,
    hub_of,
    official,
    rural_name,
    same_name,
    spellings,
    urban_name,
)
from careweb.domain.zoning import Area, Part, Point, area_of, distances_km, merged, residents_of_a_code
from careweb.flows.derivation_sources import Row, Sources, Town

_BESIDE_KM = 4.0  # a known place this near names a part of town
_ASTRAY_KM = 50.0  # a published point this far from the place it is named after is wrong
_SPREAD_COLUMNS = ["r50_km", "r90_km"]
_ZONE_COLUMNS = ["code", "kind", "province", "name_en", "name_fr", "town", "latitude", "longitude", *_SPREAD_COLUMNS]
_ZONE_COLUMNS += ["time_zone", "residents"]
_POSTAL_COLUMNS = ["postal", "zone", "province", "latitude", "longitude", *_SPREAD_COLUMNS, "residents"]


@dataclass(frozen=True, kw_only=True)
class Derived:
    areas: Mapping[str, Area]  # one postal area each
    zones: Sequence[Area]
    apart: Sequence[Area]  # too small, and too far from anyone to merge
    names: Mapping[str, ZoneName]
    urban: Sequence[UrbanArea]
    shares: Mapping[str, Mapping[str, float]]  # zone code -> urban slug -> share of its residents


def derive(sources: Sources, urban: Sequence[UrbanArea]) -> Derived:
    areas = {
        code: area_of(
            code, province_of(Postal(code)).value, points, row.at if (row := sources.rows.get(code)) else None
        )
        for code, points in sources.points.items()
    }
    areas |= {code: _area_without_codes(code, sources) for code in sources.rows if code not in areas}
    zones, apart = merged(areas.values())
    return Derived(
        areas=areas,
        zones=zones,
        apart=apart,
        names=_names(zones, sources),
        urban=urban,
        shares={zone.code: shares(zone, urban) for zone in zones},
    )


def read_urban_areas(path: Path, towns: Iterable[Town]) -> list[UrbanArea]:
    places = {(town.name, town.province.value): town.at for town in reversed(list(towns))}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            UrbanArea(
                slug=row["slug"],
                name_en=row["name_en"],
                name_fr=row["name_fr"],
                province=row["province"],
                middle=places[row["place"], row["province"]],
                radius_km=float(row["radius_km"]),
            )
            for row in csv.DictReader(file)
        ]


def write_tables(derived: Derived, sources: Sources, folder: Path) -> None:
    _write(folder / "zones.csv", _ZONE_COLUMNS, _zone_rows(derived, sources))
    _write(folder / "postal_areas.csv", _POSTAL_COLUMNS, _postal_rows(derived))
    _write(folder / "zone_urban.csv", ["zone", "urban", "share"], _share_rows(derived))


def write_outlines(zones: Sequence[Area], folder: Path) -> None:
    """GeoJSON, one zone a line, so that a change shows as the lines of the zones it touched."""
    drawn = outlines(zones)
    lines = [json.dumps(_feature(code, drawn[code]), separators=(",", ":")) for code in sorted(drawn)]
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    (folder / "outlines.geojson").write_text(text, encoding="utf-8")


def _feature(code: str, shape: MultiPolygon) -> dict[str, object]:
    polygons = [[_ring(polygon.exterior)] + [_ring(hole) for hole in polygon.interiors] for polygon in shape.geoms]
    geometry = {"type": "MultiPolygon", "coordinates": polygons}
    return {"type": "Feature", "properties": {"zone": code}, "geometry": geometry}


def _ring(ring: LinearRing) -> list[list[float]]:
    return [[round(lon, 4), round(lat, 4)] for lon, lat in ring.normalize().coords]


def _zone_rows(derived: Derived, sources: Sources) -> Iterable[list[object]]:
    for zone in derived.zones:
        name = derived.names[zone.code]
        yield _zone_row(zone.code, "postal", zone, name, sources)
    for urban in derived.urban:
        share = {code: found[urban.slug] for code, found in derived.shares.items() if urban.slug in found}
        area = gathered(urban.zone_code, derived.zones, share)
        name = ZoneName(english=urban.name_en, french=urban.name_fr, town="")
        yield _zone_row(urban.zone_code, "urban", area, name, sources, urban.province)
    for province in Province:
        area = gathered(province.value, [zone for zone in derived.zones if zone.province == province.value])
        name = ZoneName(english=province.name_in("en"), french=province.name_in("fr"), town="")
        yield _zone_row(province.value, "province", area, name, sources)


def _zone_row(
    code: str, kind: str, area: Area, name: ZoneName, sources: Sources, province: str | None = None
) -> list[object]:
    r50, r90 = area.spread_km
    lat, lon = area.centre
    where = [province or area.province, name.english, name.french, name.town]
    return [code, kind, *where, f"{lat:.4f}", f"{lon:.4f}", r50, r90, sources.time_zone_at(area.centre), area.residents]


def _postal_rows(derived: Derived) -> Iterable[list[object]]:
    zone_of = {code: zone.code for zone in derived.zones for code in zone.codes}
    for code, area in sorted(derived.areas.items()):
        lat, lon = area.centre
        yield [code, zone_of[code], area.province, f"{lat:.4f}", f"{lon:.4f}", *area.spread_km, area.residents]


def _share_rows(derived: Derived) -> Iterable[list[object]]:
    for code, found in derived.shares.items():
        for slug, share in sorted(found.items()):
            yield [code, slug, share]


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _area_without_codes(code: str, sources: Sources) -> Area:
    """A postal area published without any full code: the place it is named after, else its own point."""
    row, province = sources.rows[code], province_of(Postal(code))
    named = [t for t in sources.towns if t.province is province and same_name(t.name) == same_name(row.name)]
    people, at = float(residents_of_a_code(code)), row.at
    if named and _km(named[0].at, row.at) > _ASTRAY_KM:
        people, at = float(named[0].population), named[0].at
    return Area(province=province.value, parts=(Part(code=code, points=np.array([at]), weights=np.array([people])),))


def _names(zones: Sequence[Area], sources: Sources) -> dict[str, ZoneName]:
    gazetteers = {province.value: _Gazetteer.of(province, sources) for province in Province}
    first = {zone.code: _name(zone, gazetteers[zone.province]) for zone in zones}
    shared = Counter((zone.province, first[zone.code].english) for zone in zones)
    for zone in zones:
        name = first[zone.code]
        if shared[zone.province, name.english] > 1 and name.english == name.town:
            beside = _beside(zone.centre, name.town, gazetteers[zone.province].towns)
            first[zone.code] = urban_name(name.town, beside)
    return first


@dataclass(frozen=True, kw_only=True)
class _Gazetteer:
    """What is known of one province's names."""

    towns: Sequence[Town]
    rows: Mapping[str, Row]
    post_towns: Mapping[str, str]
    known: Mapping[str, str]

    @classmethod
    def of(cls, province: Province, sources: Sources) -> "_Gazetteer":
        towns = [town for town in sources.towns if town.province is province]
        rows = {code: row for code, row in sources.rows.items() if province_of(Postal(code)) is province}
        known = spellings([*(town.name for town in towns), *(row.name for row in rows.values())])
        return cls(towns=towns, rows=rows, post_towns=sources.post_towns, known=known)


def _name(zone: Area, gazetteer: _Gazetteer) -> ZoneName:
    row_name = row.name if (row := gazetteer.rows.get(zone.code)) else ""
    post_town = gazetteer.post_towns.get(zone.code, row_name)
    if same_name(post_town) not in gazetteer.known and same_name(head_of(row_name)) in gazetteer.known:
        post_town = head_of(row_name)  # the post office abbreviates what it cannot fit
    post_town = official(post_town, gazetteer.known)
    if zone.code[1] == "0":
        return rural_name(official(hub_of(row_name), gazetteer.known) or post_town)
    return urban_name(post_town, area_within(row_name, post_town))


def _beside(centre: Point, post_town: str, towns: Sequence[Town]) -> str:
    """The nearest known place that is not the town itself."""
    others = [town for town in towns if same_name(town.name) != same_name(post_town)]
    if not others:
        return ""
    away = distances_km(np.array([centre]), np.array([town.at for town in others]))[0]
    nearest = int(np.argmin(away))
    return others[nearest].name if away[nearest] <= _BESIDE_KM else ""


def _km(a: Point, b: Point) -> float:
    return float(distances_km(np.array([a]), np.array([b]))[0, 0])
