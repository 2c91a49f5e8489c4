"""Approximate outlines of zones from where their people are, until an operator imports official ones.

Each place where people live gets the ground nearest to it (a Voronoi cell); a zone's outline is
the cells of its places, cut off where nobody lives for a distance: the empty North stays empty.
In: latitude and longitude; out: shapes in longitude and latitude (EPSG:4326).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from careweb.domain.lambert import from_plane, to_plane
from careweb.domain.zoning import Area, Floats

GRID_DEGREES = 0.0001  # outlines are rounded to about ten metres
_PLACES_ACROSS = 4  # places kept along a zone's r50: enough for a shape, few enough for a map
_MIN_STEP_KM = 0.2
_REACH_KM = (2.5, 45.0)  # how far around a place its ground goes, in town and in the North
_REACH_SHARE = 0.8  # of r50, between the two
_STRAY = 0.05  # a part with a smaller share of a zone's people is a misplaced address
_SMOOTH_KM = 0.5
_CRUMB = 0.01  # a part with a smaller share of its zone's ground is left out


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Distinct places on the plane (km), each with the index of its zone, its people and its reach."""

    points: Floats
    zone: NDArray[np.intp]
    people: Floats
    reach: Floats

    def only(self, keep: NDArray[np.bool_]) -> "_Places":
        return _Places(points=self.points[keep], zone=self.zone[keep], people=self.people[keep], reach=self.reach[keep])


def outlines(zones: Sequence[Area]) -> dict[str, MultiPolygon]:
    places = _places(zones)
    cells = _cells(places)
    settled = places.only(~_strays(places, cells, len(zones)))
    shapes = _dissolved(settled, _cells(settled), len(zones))
    drawn = _smoothed(shapes, _extent(settled))
    found = {zone.code: _on_the_globe(shape) for zone, shape in zip(zones, drawn, strict=True)}
    return {code: shape for code, shape in found.items() if not shape.is_empty}


def _places(zones: Sequence[Area]) -> _Places:
    """Places of all zones; one that two zones claim goes to the one with more people there."""
    taken: dict[tuple[float, float], tuple[float, int, float]] = {}
    for index, zone in enumerate(zones):
        r50 = zone.spread_km[0]
        for point, people in _thinned(zone, max(_MIN_STEP_KM, r50 / _PLACES_ACROSS)):
            claim = (people, -index, float(np.clip(r50 * _REACH_SHARE, *_REACH_KM)))
            taken[point] = max(claim, taken.get(point, claim))
    points = sorted(taken)
    claims = [taken[point] for point in points]
    return _Places(
        points=np.array(points),
        zone=np.array([-index for _, index, _ in claims], dtype=np.intp),
        people=np.array([people for people, _, _ in claims]),
        reach=np.array([reach for *_, reach in claims]),
    )


def _thinned(zone: Area, step_km: float) -> Iterable[tuple[tuple[float, float], float]]:
    """One place per square of this size: the mean of those in it."""
    points = to_plane(zone.points)
    squares, where = np.unique(np.floor(points / step_km), axis=0, return_inverse=True)
    people = np.bincount(where.ravel(), weights=zone.weights)
    middle = [np.bincount(where.ravel(), weights=zone.weights * points[:, i]) / people for i in (0, 1)]
    for i in range(len(squares)):
        yield (round(float(middle[0][i]), 3), round(float(middle[1][i]), 3)), float(people[i])


def _cells(places: _Places) -> NDArray[np.object_]:
    """The ground nearest to each place, in the order of the places."""
    cells = shapely.voronoi_polygons(shapely.MultiPoint(places.points), ordered=True)
    return shapely.get_parts(cells)


def _dissolved(places: _Places, cells: NDArray[np.object_], count: int) -> list[BaseGeometry]:
    return [shapely.coverage_union_all(cells[places.zone == index]) for index in range(count)]


def _strays(places: _Places, cells: NDArray[np.object_], count: int) -> NDArray[np.bool_]:
    """Places cut off from the rest of their zone where few of its people are."""
    stray = np.zeros(len(places.points), dtype=bool)
    for index, shape in enumerate(_dissolved(places, cells, count)):
        mine = np.flatnonzero(places.zone == index)
        parts = shapely.get_parts(shape)
        if len(parts) < 2:
            continue
        tree = shapely.STRtree(parts)
        place, part = tree.query(shapely.points(places.points[mine]), predicate="within")
        people = np.bincount(part, weights=places.people[mine][place], minlength=len(parts))
        lost = people < _STRAY * people.sum()
        stray[mine[place[lost[part]]]] = True
    return stray


def _extent(places: _Places) -> BaseGeometry:
    grounds = shapely.buffer(shapely.points(places.points), places.reach, quad_segs=3)
    return shapely.union_all(grounds).buffer(8).buffer(-8).simplify(2)


def _smoothed(shapes: Sequence[BaseGeometry], extent: BaseGeometry) -> list[BaseGeometry]:
    smooth = shapely.coverage_simplify(list(shapes), _SMOOTH_KM)
    shapely.prepare(extent)
    return [shape if extent.contains(shape) else shapely.intersection(shape, extent) for shape in smooth]


def _on_the_globe(shape: BaseGeometry) -> MultiPolygon:
    globe = shapely.transform(shape, lambda xy: from_plane(xy)[:, ::-1])
    parts = [
        part for part in shapely.get_parts(shapely.set_precision(globe, GRID_DEGREES)) if isinstance(part, Polygon)
    ]
    enough = _CRUMB * sum(part.area for part in parts)
    return MultiPolygon([part for part in parts if part.area > enough])
