"""Reads region files: GeoJSON, or a shapefile with its neighbours (.dbf, .prj, .cpg)."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import shapefile
from shapely.errors import ShapelyError
from shapely.geometry import shape as shape_of

from careweb.domain.boundaries import (
    LONGITUDE_LATITUDE,
    STATISTICS_CANADA_LAMBERT,
    Boundaries,
    Feature,
    gather,
    read_projection,
)
from careweb.domain.regions import NotABoundaryFileError, UnknownProjectionError

_POLYGONS = ("Polygon", "MultiPolygon")


def read_boundaries(path: Path, *, code_column: str | None = None, name_column: str | None = None) -> Boundaries:
    try:
        srid, features = _shapefile(path) if path.suffix.casefold() == ".shp" else _geojson(path)
    except (OSError, ValueError, KeyError, TypeError, shapefile.ShapefileException, ShapelyError) as error:
        raise NotABoundaryFileError from error
    return gather(features, srid, code_column=code_column, name_column=name_column)


def _shapefile(path: Path) -> tuple[int, list[Feature]]:
    srid = _projection_beside(path)
    encoding = _encoding(path)
    with closing(shapefile.Reader(shp=str(path), dbf=str(_beside(path, ".dbf")), encoding=encoding)) as reader:
        return srid, [feature for item in reader.iterShapeRecords() if (feature := _polygon(item)) is not None]


def _polygon(item: Any) -> Feature | None:
    if item.shape is None or not item.shape.shapeTypeName.startswith("POLYGON"):
        return None
    return Feature(row=_text(item.record.as_dict()), shape=shape_of(item.shape.__geo_interface__))


def _projection_beside(path: Path) -> int:
    prj = _beside(path, ".prj")
    srid = read_projection(prj.read_text(encoding="utf-8", errors="replace")) if prj.exists() else None
    if srid is None:
        raise UnknownProjectionError
    return srid


def _beside(path: Path, suffix: str) -> Path:
    """Given to pyshp one by one: it would warn about a .cpg that spells its encoding in its own way."""
    upper = path.with_suffix(suffix.upper())
    return upper if upper.exists() else path.with_suffix(suffix)


def _encoding(path: Path) -> str:
    """The .cpg file says; without one, UTF-8 if all names can be read so, else Latin-1."""
    cpg = _beside(path, ".cpg")
    if cpg.exists() and (said := _python_name(cpg.read_text(encoding="ascii", errors="replace").strip())):
        return said
    try:
        with closing(shapefile.Reader(dbf=str(_beside(path, ".dbf")), encoding="utf-8")) as reader:
            for _ in reader.iterRecords():
                pass
    except (UnicodeDecodeError, shapefile.dbfFileException):
        return "latin-1"
    return "utf-8"


def _python_name(codepage: str) -> str | None:
    name = codepage.casefold().removeprefix("ansi ").replace("_", "-")
    if name in ("65001", "utf8", "utf-8"):
        return "utf-8"
    if name in ("1252", "cp1252", "windows-1252"):
        return "cp1252"
    return "latin-1" if name.replace("-", "") in ("iso88591", "88591", "28591", "latin1") else None


def _geojson(path: Path) -> tuple[int, list[Feature]]:
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(content, dict):
        raise NotABoundaryFileError
    srid = _projection_of(content.get("crs"))
    return srid, list(_features(content))


def _features(content: dict[str, Any]) -> Iterator[Feature]:
    items = content["features"] if content["type"] == "FeatureCollection" else [content]
    for item in items:
        geometry = item.get("geometry")
        if geometry and geometry["type"] in _POLYGONS:
            row = _text(item.get("properties") or {})
            row.setdefault("id", str(item.get("id", "")))
            yield Feature(row=row, shape=shape_of(geometry))


def _projection_of(crs: dict[str, Any] | None) -> int:
    """GeoJSON is longitude and latitude; older files may say otherwise."""
    if crs is None:
        return LONGITUDE_LATITUDE
    name = str(crs.get("properties", {}).get("name", ""))
    if name.endswith("CRS84") or name.endswith(":4326") or name.endswith(":4269"):
        return LONGITUDE_LATITUDE
    if name.endswith(":3347"):
        return STATISTICS_CANADA_LAMBERT
    raise UnknownProjectionError


def _text(row: dict[str, Any]) -> dict[str, str]:
    return {key: "" if value is None else str(value) for key, value in row.items()}
