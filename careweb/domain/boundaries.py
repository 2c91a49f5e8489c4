"""Regions as files hold them: which columns matter, which projection it is, and mending what is broken."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from careweb.domain.regions import CoordinatesOutOfRangeError, NoCodeColumnError, NoPolygonsError, split_name

LONGITUDE_LATITUDE = 4326
STATISTICS_CANADA_LAMBERT = 3347
_CANADA = {  # least and greatest x and y, with room to spare
    LONGITUDE_LATITUDE: (-145.0, 40.0, -50.0, 85.0),
    STATISTICS_CANADA_LAMBERT: (3.3e6, 0.3e6, 9.4e6, 5.6e6),
}
_STEP = {LONGITUDE_LATITUDE: 0.0005, STATISTICS_CANADA_LAMBERT: 50.0}  # a map needs no finer border
_MANY_CORNERS = 20_000
# Finest first: a file of census divisions also has a column with the province.
_CODES: tuple[str, ...] = ("DAUID", "CTUID", "CSDUID", "CCSUID", "CDUID", "CMAPUID", "CMAUID", "ERUID", "HRUID")
_CODES += ("HR_UID", "FEDUID", "FED_NUM", "CFSAUID", "PRUID", "CODE", "ID")
_NAMES: tuple[str, ...] = ("CSDNAME", "CCSNAME", "CDNAME", "CMANAME", "ERNAME", "HRNAME", "FEDNAME", "FEDENAME")
_NAMES += ("ED_NAMEE", "NAME_EN", "NAME", "PRNAME")
_FRENCH = {"FEDENAME": "FEDFNAME", "FEDNAME": "FEDFNAME", "ED_NAMEE": "ED_NAMEF", "NAME_EN": "NAME_FR"}


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A polygon with its row, as read."""

    row: Mapping[str, str]
    shape: BaseGeometry


@dataclass(frozen=True, kw_only=True)
class Boundary:
    code: str
    name_en: str
    name_fr: str
    shape: BaseGeometry


@dataclass(frozen=True, kw_only=True)
class Boundaries:
    srid: int
    found: Sequence[Boundary]
    mended: Sequence[str]  # codes whose rings crossed themselves or each other


def read_projection(prj: str) -> int | None:
    """The EPSG number said by a .prj file, among the two we take."""
    if re.search(r'(?:AUTHORITY|ID)\["EPSG",\s*"?3347"?\]\s*\]\s*$', prj):
        return STATISTICS_CANADA_LAMBERT
    if not re.match(r"\s*(?:PROJCS|PROJCRS|BOUNDCRS|COMPD)", prj, re.IGNORECASE):
        known = re.search(
            r"WGS[ _]?(?:19)?84|NAD[ _]?(?:19)?83|North[_ ]American[_ ](?:Datum[_ ]of[_ ])?1983", prj, re.IGNORECASE
        )
        return LONGITUDE_LATITUDE if known and re.match(r"\s*GEOG", prj, re.IGNORECASE) else None
    return STATISTICS_CANADA_LAMBERT if _is_statistics_canada_lambert(prj) else None


def gather(
    features: Iterable[Feature], srid: int, *, code_column: str | None = None, name_column: str | None = None
) -> Boundaries:
    """Regions by code, valid and within Canada; parts with one code become one region."""
    features = [feature for feature in features if not feature.shape.is_empty]
    if not features:
        raise NoPolygonsError
    _refuse_out_of_range(features, srid)
    code = _column(features[0].row, (code_column,) if code_column else _CODES)
    name = _column(features[0].row, (name_column,) if name_column else _NAMES, otherwise=code)
    parts: dict[str, list[Feature]] = {}
    for feature in features:
        parts.setdefault(feature.row[code].strip(), []).append(feature)
    found = [_boundary(key, some, name) for key, some in sorted(parts.items())]
    mended = [key for key, some in sorted(parts.items()) if not all(part.shape.is_valid for part in some)]
    return Boundaries(srid=srid, found=_thinned(found, srid), mended=mended)


def _boundary(code: str, parts: Sequence[Feature], name_column: str) -> Boundary:
    english, french = _names(parts[0].row, name_column)
    shape = shapely.union_all([polygons_of(shapely.make_valid(part.shape)) for part in parts])
    return Boundary(code=code, name_en=english or code, name_fr=french or code, shape=polygons_of(shape))


def polygons_of(shape: BaseGeometry) -> MultiPolygon:
    """Without the lines and points that mending leaves behind."""
    parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
    found = [part for part in parts if isinstance(part, Polygon)]
    for part in parts:
        if isinstance(part, MultiPolygon):
            found.extend(part.geoms)
    return MultiPolygon(found)


def _names(row: Mapping[str, str], column: str) -> tuple[str, str]:
    french = _FRENCH.get(column.upper())
    in_row = next((key for key in row if french and key.upper() == french), None)
    english, other = split_name(row[column])
    return english, (row[in_row].strip() if in_row else other)


def _column(row: Mapping[str, str], wanted: Sequence[str | None], otherwise: str | None = None) -> str:
    by_upper = {key.upper(): key for key in row}
    for name in wanted:
        if name and name.upper() in by_upper:
            return by_upper[name.upper()]
    if otherwise is None:
        raise NoCodeColumnError
    return otherwise


def _refuse_out_of_range(features: Sequence[Feature], srid: int) -> None:
    least_x, least_y, most_x, most_y = _CANADA[srid]
    x1, y1, x2, y2 = shapely.total_bounds([feature.shape for feature in features])
    if not (least_x <= x1 <= x2 <= most_x and least_y <= y1 <= y2 <= most_y):
        raise CoordinatesOutOfRangeError


def _thinned(found: Sequence[Boundary], srid: int) -> Sequence[Boundary]:
    """Official files have millions of corners; neighbours keep a common border."""
    shapes = [boundary.shape for boundary in found]
    if shapely.get_num_coordinates(shapes).sum() < _MANY_CORNERS or not shapely.coverage_is_valid(shapes):
        return found
    smooth = shapely.coverage_simplify(shapes, _STEP[srid])
    return [
        Boundary(code=b.code, name_en=b.name_en, name_fr=b.name_fr, shape=polygons_of(shape))
        for b, shape in zip(found, smooth, strict=True)
    ]


def _is_statistics_canada_lambert(prj: str) -> bool:
    given = {
        name.casefold(): float(value)
        for name, value in re.findall(r'PARAMETER\["([^"]+)",\s*([-+0-9.eE]+)', prj, re.IGNORECASE)
    }
    wanted = {
        "false_easting": 6_200_000.0,
        "false_northing": 3_000_000.0,
        "central_meridian": -91.866667,
        "latitude_of_origin": 63.390675,
    }
    parallels = sorted(value for name, value in given.items() if name.startswith("standard_parallel"))
    near = all(abs(given.get(name, 1e9) - value) < 1e-4 for name, value in wanted.items())
    return near and parallels == [49.0, 77.0]
