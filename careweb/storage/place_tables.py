"""The reference tables with shapes, for statements that pass through GeoAlchemy2; sql/migrations owns the schema.

Shapes come in and go out as Shapely objects in longitude and latitude (EPSG:4326).
"""

from collections.abc import Iterable

from geoalchemy2 import Geography, WKBElement
from geoalchemy2.shape import from_shape, to_shape
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import CHAR, REAL, Column, Identity, Integer, MetaData, Table, Text

WGS84 = 4326
reference = MetaData()

zone = Table(
    "zone",
    reference,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("province", CHAR(2), nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_fr", Text, nullable=False),
    Column("town", Text, nullable=False),
    Column("centre", Geography("POINT", srid=WGS84, spatial_index=False), nullable=False),
    Column("outline", Geography("MULTIPOLYGON", srid=WGS84, spatial_index=False)),
    Column("r50_km", REAL, nullable=False),
    Column("r90_km", REAL, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("residents", Integer, nullable=False),
)

region = Table(
    "region",
    reference,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("region_set", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("name_fr", Text, nullable=False),
    Column("outline", Geography("MULTIPOLYGON", srid=WGS84, spatial_index=False)),
    Column("parent_id", Integer),
)


def stored_point(latitude: float, longitude: float) -> WKBElement:
    return from_shape(Point(longitude, latitude), srid=WGS84)


def stored_outline(shape: BaseGeometry | None) -> WKBElement | None:
    """The polygons of any shape; None where it has none."""
    polygons = _polygons([shape] if shape is not None else [])
    return from_shape(MultiPolygon(polygons), srid=WGS84) if polygons else None


def read_outline(stored: WKBElement | None) -> MultiPolygon | None:
    if stored is None:
        return None
    shape = to_shape(stored)
    return shape if isinstance(shape, MultiPolygon) else MultiPolygon(_polygons([shape]))


def _polygons(shapes: Iterable[BaseGeometry]) -> list[Polygon]:
    found: list[Polygon] = []
    for shape in shapes:
        if isinstance(shape, Polygon):
            found.extend([] if shape.is_empty else [shape])
        elif hasattr(shape, "geoms"):
            found.extend(_polygons(shape.geoms))
    return found
