"""The board's map: one level at a time, as a small SVG. Colours are attributes, since no inline style is allowed."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from starlette.datastructures import State

from careweb.domain.board import Area, Line
from careweb.domain.places import Province
from careweb.domain.regions import PROVINCES
from careweb.storage.database import Transaction
from careweb.storage.places import zone_outlines
from careweb.storage.regions import region_outlines, regions_of_set, zone_weights

WIDTH, HEIGHT = 640, 460
MOST_BYTES = 36_000  # of outlines; the rest of 40 KB is for the marks
_SHADES = (0.18, 0.4, 0.62, 0.85)  # of the colour, for one, two to three, four to nine, ten or more unmet


@dataclass(frozen=True, kw_only=True)
class Shape:
    key: str
    path: str
    mark: tuple[float, float]


async def map_of(state: State, tx: Transaction, area: Area, lines: Mapping[str, Line]) -> str:
    """Outlines never change while a process runs; the shading is of now."""
    if not hasattr(state, "map_shapes"):
        state.map_shapes = {}
    kept: dict[Area, list[Shape]] = state.map_shapes
    if area not in kept:
        if len(kept) > 200:
            kept.clear()
        kept[area] = draw(await _outlines(tx, area))
    return _svg(kept[area], lines)


async def _outlines(tx: Transaction, area: Area) -> dict[str, MultiPolygon]:
    if not area.province:
        return {str(code): shape for code, shape in (await zone_outlines(tx, list(Province.__members__))).items()}
    provinces = {region.code: region.id for region in await regions_of_set(tx, PROVINCES)}
    inside = [one for one in await regions_of_set(tx, area.layer) if one.parent_id == provinces.get(area.province)]
    if not area.region:
        shapes = await region_outlines(tx, [one.id for one in inside])
        return {one.code: shapes[one.id] for one in inside if one.id in shapes}
    region = next((one for one in inside if one.code == area.region), None)
    if region is None:
        return {}
    zones = [code for code, share in (await zone_weights(tx, region.id)).items() if share >= 0.5 and len(code) == 3]
    return {str(code): shape for code, shape in (await zone_outlines(tx, zones)).items()}


Points = NDArray[np.float64]


def draw(outlines: Mapping[str, MultiPolygon]) -> list[Shape]:
    """Longitude and latitude onto the page, coarse enough to be small."""
    if not outlines:
        return []
    everything = shapely.union_all([shapely.box(*shape.bounds) for shape in outlines.values()])
    flat = {key: shapely.transform(shape, _conic(everything.centroid.x)) for key, shape in outlines.items()}
    fit = _onto_page(shapely.total_bounds(list(flat.values())))
    flat = {key: shapely.transform(shape, fit) for key, shape in flat.items()}
    for coarseness in (0.4, 0.8, 1.5, 3.0, 6.0):
        shapes = [_shape(key, shape, coarseness) for key, shape in flat.items()]
        if sum(len(shape.path) for shape in shapes) <= MOST_BYTES:
            break
    return shapes


def _conic(middle: float) -> Callable[[Points], Points]:
    """Lambert's conformal conic on the sphere with 49 and 77 degrees north, as maps of Canada are drawn."""
    one, two = math.radians(49), math.radians(77)

    def height(latitude: float) -> float:
        return math.tan(math.pi / 4 + latitude / 2)

    n = math.log(math.cos(one) / math.cos(two)) / math.log(height(two) / height(one))
    scale = math.cos(one) * height(one) ** n / n

    def project(points: Points) -> Points:
        longitude, latitude = np.radians(points[:, 0] - middle), np.radians(points[:, 1])
        rho = scale / np.tan(np.pi / 4 + latitude / 2) ** n
        return np.column_stack((rho * np.sin(n * longitude), rho * np.cos(n * longitude)))  # y grows downwards

    return project


def _onto_page(bounds: Points) -> Callable[[Points], Points]:
    left, top, right, bottom = bounds
    scale = min((WIDTH - 16) / max(right - left, 1e-9), (HEIGHT - 16) / max(bottom - top, 1e-9))
    shift = np.array([(WIDTH - (right - left) * scale) / 2, (HEIGHT - (bottom - top) * scale) / 2])
    corner = np.array([left, top])
    return lambda points: (points - corner) * scale + shift


def _shape(key: str, shape: MultiPolygon, coarseness: float) -> Shape:
    simple = shape.simplify(coarseness)
    parts = [part for part in _polygons(simple) if part.area > coarseness * 2] or list(_polygons(shape))[:1]
    point = max(parts, key=lambda part: part.area).representative_point()
    path = "".join(_ring(part.exterior.coords) for part in parts)
    return Shape(key=key, path=path, mark=(round(point.x, 1), round(point.y, 1)))


def _polygons(shape: shapely.Geometry) -> Iterable[shapely.Polygon]:
    return (part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon))


def _ring(points: Iterable[tuple[float, ...]]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}".replace(".0", "") for x, y, *_ in points) + "Z"


def _svg(shapes: list[Shape], lines: Mapping[str, Line]) -> str:
    areas = "".join(_area(shape, lines.get(shape.key)) for shape in shapes)
    marks = "".join(_mark(shape, lines[shape.key]) for shape in shapes if shape.key in lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<g stroke="#94866f" stroke-width="1" stroke-linejoin="round">{areas}</g>'
        f'<g font-family="sans-serif" font-size="17" font-weight="700" text-anchor="middle">{marks}</g></svg>'
    )


def _area(shape: Shape, line: Line | None) -> str:
    if line is None or not line.unmet:
        colour = 'fill="#2f8a7d" fill-opacity=".4"' if line else 'fill="#a5967f" fill-opacity=".24"'
    else:
        step = (line.unmet > 1) + (line.unmet > 3) + (line.unmet > 9)
        colour = f'fill="#c85a2c" fill-opacity="{_SHADES[step]}"'
    return f'<path {colour} d="{shape.path}"/>'


def _mark(shape: Shape, line: Line) -> str:
    x, y = shape.mark
    colour = "#a3401d" if line.unmet else "#1f5f57"
    said = f"{line.unmet}/{line.open}" if line.unmet else str(line.open)
    return (
        f'<rect x="{x - 8 - 5 * len(said):.1f}" y="{y - 14:.1f}" width="{16 + 10 * len(said)}" height="28" rx="14" fill="{colour}"/>'
        f'<text x="{x}" y="{y + 6:.1f}" fill="#fff">{said}</text>'
    )
