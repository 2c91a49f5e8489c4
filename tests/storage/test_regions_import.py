"""Region files as they are found in the world, written here with pyshp."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import shapefile
from click.testing import CliRunner
from sqlalchemy import text

from careweb.cli.regions import regions as regions_command
from careweb.domain.boundaries import read_projection
from careweb.domain.regions import (
    CoordinatesOutOfRangeError,
    NoCodeColumnError,
    NoPolygonsError,
    NotABoundaryFileError,
    RegionSet,
    UnknownProjectionError,
    split_name,
    weights,
)
from careweb.flows.boundary_files import read_boundaries
from careweb.flows.places import load_places
from careweb.flows.regions import NotPostalAreasError, ReservedSetError, import_regions, import_zone_outlines
from careweb.storage.database import Transaction
from careweb.storage.places import zone_outlines
from careweb.storage.regions import region_outlines, regions_of_set, zone_weights

WGS84 = 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
LAMBERT = (
    'PROJCS["PCS_Lambert_Conformal_Conic",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",'
    'SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",6200000.0],PARAMETER["False_Northing",3000000.0],'
    'PARAMETER["Central_Meridian",-91.86666666666666],PARAMETER["Standard_Parallel_1",49.0],PARAMETER["Standard_Parallel_2",77.0],'
    'PARAMETER["Latitude_Of_Origin",63.390675],UNIT["Meter",1.0]]'
)
UTM = 'PROJCS["NAD_1983_UTM_Zone_17N",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983"]],PARAMETER["Central_Meridian",-81.0]]'
WEST = [(-79.7, 43.4), (-79.7, 44.0), (-79.4, 44.0), (-79.4, 43.4), (-79.7, 43.4)]
EAST = [(-79.4, 43.4), (-79.4, 44.0), (-79.0, 44.0), (-79.0, 43.4), (-79.4, 43.4)]
BOW_TIE = [(-79.4, 43.4), (-79.0, 44.0), (-79.0, 43.4), (-79.4, 44.0), (-79.4, 43.4)]
SET = RegionSet(slug="halves", name_en="Halves", name_fr="Moitiés", reference_year=2021, source="a test")
Ring = Sequence[tuple[float, float]]


def write_shapefile(
    folder: Path,
    rows: Sequence[tuple[str, str, Ring]],
    *,
    encoding: str = "utf-8",
    prj: str = WGS84,
    cpg: str = "",
    code: str = "CDUID",
) -> Path:
    path = folder / "areas.shp"
    with closing(shapefile.Writer(str(path), shapeType=shapefile.POLYGON, encoding=encoding)) as opened:
        writer: Any = opened  # pyshp's decorated methods have no usable types
        for column in (code, "PRUID", "CDNAME"):
            writer.field(column, "C", 80)
        for key, name, ring in rows:
            writer.poly([list(ring)])
            writer.record(key, "35", name)
    path.with_suffix(".prj").write_text(prj, encoding="ascii")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg:
        path.with_suffix(".cpg").write_text(cpg, encoding="ascii")
    return path


def write_geojson(folder: Path, rows: Sequence[tuple[str, str, Ring]], **more: Any) -> Path:
    path = folder / "areas.geojson"
    features = [
        {
            "type": "Feature",
            "properties": {"code": key, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [list(ring)]},
        }
        for key, name, ring in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [("latin-1", ""), ("utf-8", ""), ("utf-8", "UTF-8"), ("latin-1", "ISO-8859-1"), ("cp1252", "1252")],
)
def test_names_are_read_in_the_encoding_they_were_written_in(tmp_path: Path, encoding: str, cpg: str) -> None:
    name = "Nova Scotia / Nouvelle-Écosse"
    found = read_boundaries(write_shapefile(tmp_path, [("1", name, WEST)], encoding=encoding, cpg=cpg)).found
    assert [(b.code, b.name_en, b.name_fr) for b in found] == [("1", "Nova Scotia", "Nouvelle-Écosse")]


def test_the_finest_code_names_the_regions(tmp_path: Path) -> None:
    found = read_boundaries(write_shapefile(tmp_path, [("3520", "Toronto", EAST), ("3521", "Peel", WEST)])).found
    assert [b.code for b in found] == ["3520", "3521"]


def test_a_ring_that_crosses_itself_is_mended_and_reported(tmp_path: Path) -> None:
    boundaries = read_boundaries(write_shapefile(tmp_path, [("1", "West", WEST), ("2", "East", BOW_TIE)]))
    assert boundaries.mended == ["2"]
    assert all(b.shape.is_valid and b.shape.area > 0 for b in boundaries.found)


def test_parts_with_one_code_are_one_region(tmp_path: Path) -> None:
    found = read_boundaries(write_geojson(tmp_path, [("1", "Both", WEST), ("1", "Both", EAST)])).found
    assert len(found) == 1
    assert found[0].shape.area == pytest.approx(0.42)


def test_a_projection_we_do_not_take_is_said_in_one_line(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, [("1", "West", WEST)], prj=UTM)
    with pytest.raises(UnknownProjectionError):
        read_boundaries(path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(UnknownProjectionError):
        read_boundaries(path)
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::26917"}}
    with pytest.raises(UnknownProjectionError):
        read_boundaries(write_geojson(tmp_path, [("1", "West", WEST)], crs=crs))


def test_official_projections_are_recognised() -> None:
    assert read_projection(LAMBERT) == 3347
    assert read_projection(WGS84) == 4326
    assert read_projection(LAMBERT.replace("77.0", "60.0")) is None
    assert read_projection("nonsense") is None


def test_coordinates_outside_canada_are_refused(tmp_path: Path) -> None:
    swapped = [(y, x) for x, y in WEST]
    with pytest.raises(CoordinatesOutOfRangeError):
        read_boundaries(write_geojson(tmp_path, [("1", "West", swapped)]))
    with pytest.raises(CoordinatesOutOfRangeError):
        read_boundaries(write_shapefile(tmp_path, [("1", "West", WEST)], prj=LAMBERT))


def test_files_that_hold_no_regions_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.geojson"
    for content in ("not json", "[]", '{"type": "FeatureCollection"}'):
        broken.write_text(content, encoding="utf-8")
        with pytest.raises(NotABoundaryFileError):
            read_boundaries(broken)
    broken.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    with pytest.raises(NoPolygonsError):
        read_boundaries(broken)
    with pytest.raises(NoCodeColumnError):
        read_boundaries(write_geojson(tmp_path, [("1", "West", WEST)]), code_column="nothing")
    (tmp_path / "torn.shp").write_bytes(b"torn")
    (tmp_path / "torn.prj").write_text(WGS84, encoding="ascii")
    with pytest.raises(NotABoundaryFileError):
        read_boundaries(tmp_path / "torn.shp")


def test_bilingual_names_are_split_and_others_kept_whole() -> None:
    assert split_name("Nova Scotia / Nouvelle-Écosse") == ("Nova Scotia", "Nouvelle-Écosse")
    assert split_name("Trois-Rivières") == ("Trois-Rivières", "Trois-Rivières")
    assert split_name("A/B") == ("A/B", "A/B")


def test_slivers_are_dropped_and_weights_are_never_more_than_one() -> None:
    assert weights({"a": 0.995, "b": 0.005}) == {"a": 0.995}
    assert sum(weights({"a": 0.7, "b": 0.7}).values()) == pytest.approx(1)
    assert weights({"a": 0.4}) == {"a": 0.4}


async def test_zones_are_linked_by_the_share_of_their_outline(tx: Transaction, tmp_path: Path) -> None:
    path = write_geojson(tmp_path, [("w", "West / Ouest", WEST), ("e", "East / Est", EAST)])
    done = await import_regions(tx, SET, read_boundaries(path))
    found = {region.code: region for region in await regions_of_set(tx, "halves")}
    west, east = await zone_weights(tx, found["w"].id), await zone_weights(tx, found["e"].id)
    assert found["w"].name_fr == "Ouest"
    assert done.regions == 2
    assert 90 < done.linked_zones < 300
    assert west["M9W"] == pytest.approx(1)
    assert east["M1B"] == pytest.approx(1)
    both = {code: west[code] + east[code] for code in west.keys() & east.keys()}
    assert "M5V" in both
    assert all(share <= 1 + 1e-6 for share in both.values())
    assert 0.4 < west["U-toronto"] + east["U-toronto"] <= 1
    assert "U-ottawa" not in west
    assert "QC" not in east


async def test_an_import_in_metres_lands_where_one_in_degrees_does(tx: Transaction, tmp_path: Path) -> None:
    corners = text(
        "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_SetSRID(ST_MakePoint(:x, :y), 4326), 3347) p) t"
    )
    metres = [tuple((await tx.execute(corners, {"x": x, "y": y})).one()) for x, y in EAST]
    path = write_shapefile(tmp_path, [("e", "East", metres)], prj=LAMBERT)
    await import_regions(tx, SET, read_boundaries(path))
    region = (await regions_of_set(tx, "halves"))[0]
    shape = (await region_outlines(tx, [region.id]))[region.id]
    assert shape.bounds == pytest.approx((-79.4, 43.4, -79.0, 44.0), abs=1e-6)
    assert (await zone_weights(tx, region.id))["M1B"] == pytest.approx(1, abs=1e-6)


async def test_a_second_import_replaces_the_set_and_keeps_ids_by_code(tx: Transaction, tmp_path: Path) -> None:
    first = read_boundaries(write_geojson(tmp_path, [("w", "West", WEST), ("e", "East", EAST)]))
    await import_regions(tx, SET, first)
    ids = {region.code: region.id for region in await regions_of_set(tx, "halves")}
    before = await zone_weights(tx, ids["e"])
    await import_regions(tx, SET, first)
    assert {region.code: region.id for region in await regions_of_set(tx, "halves")} == ids
    assert await zone_weights(tx, ids["e"]) == before
    await import_regions(
        tx, SET, read_boundaries(write_geojson(tmp_path, [("e", "The East", EAST), ("n", "New", WEST)]))
    )
    after = {region.code: region for region in await regions_of_set(tx, "halves")}
    assert set(after) == {"e", "n"}
    assert (after["e"].id, after["e"].name_en) == (ids["e"], "The East")


async def test_the_sets_careweb_keeps_itself_cannot_be_imported_over(tx: Transaction, tmp_path: Path) -> None:
    taken = RegionSet(slug="provinces", name_en="x", name_fr="x", reference_year=2021, source="x")
    with pytest.raises(ReservedSetError):
        await import_regions(tx, taken, read_boundaries(write_geojson(tmp_path, [("w", "West", WEST)])))


async def test_official_outlines_take_the_place_of_approximate_ones_and_stay(tx: Transaction, tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, [("M5V", "", WEST), ("M5A", "", EAST), ("Z9Z", "", EAST)], code="CFSAUID")
    done = await import_zone_outlines(tx, read_boundaries(path))
    assert (done.regions, done.linked_zones) == (3, 2)
    assert (await zone_outlines(tx, ["M5V"]))[next(iter(await zone_outlines(tx, ["M5V"])))].bounds == (
        -79.7,
        43.4,
        -79.4,
        44.0,
    )
    await tx.execute(text("UPDATE reference_data SET sha256 = 'older' WHERE name = 'places'"))
    assert await load_places(tx) is True
    found = await zone_outlines(tx, ["M5V", "M5A", "M5B", "ON"])
    assert [shape.bounds for code, shape in found.items() if code == "M5V"] == [(-79.7, 43.4, -79.4, 44.0)]
    assert len(found) == 4


async def test_outlines_of_something_else_are_not_taken_for_postal_areas(tx: Transaction, tmp_path: Path) -> None:
    with pytest.raises(NotPostalAreasError):
        await import_zone_outlines(tx, read_boundaries(write_shapefile(tmp_path, [("3520", "Toronto", EAST)])))


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, [("1", "West", WEST)], prj=UTM)
    said = CliRunner().invoke(regions_command, ["import", str(path), "--set", "x", "--name", "X", "--year", "2021"])
    assert said.exit_code == 1
    assert said.output.startswith("Error: areas.shp: Its projection is neither EPSG:4326")
    assert said.output.count("\n") == 1
