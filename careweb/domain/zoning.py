"""How postal areas become zones: a centre where people live, a spread, and merging where few do.

Points are arrays of (latitude, longitude) in degrees; distances are kilometres on the sphere,
0.3 % from the spheroid, which only PostGIS uses. Weights are estimated residents at a point.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Floats = NDArray[np.float64]

EARTH_KM = 6371.0088
MIN_RESIDENTS = 5_000
MAX_R90_KM = 150.0
URBAN_R90_KM = 40.0
USUAL_R50_KM = 1.2  # the median urban postal area
USUAL_R90_KM = 2.6
KNOWN_SPREAD_KM = 0.15
URBAN_RESIDENTS = 35
RURAL_RESIDENTS = 650
# Office towers, governments, an airport and mail rooms with codes of their own: nobody lives there.
BUILDINGS = frozenset(
    ("G1A", "H4Y", "H4Z", "H5A", "H5B", "K1A", "L5P", "M5K", "M5L", "M5W", "M5X", "M7A", "M7R", "M7Y", "V7X", "V7Y")
)
_NEIGHBOURS = 6
_BLOCK = 512  # rows of a distance matrix held at once: memory stays flat for the largest area


@dataclass(frozen=True, kw_only=True)
class Part:
    """The people of one postal area, as weighted points, each place once."""

    code: str
    points: Floats
    weights: Floats

    @property
    def residents(self) -> float:
        return float(self.weights.sum())

    def distances(self, centre: Point) -> Floats:
        return distances_km(self.points, np.array([centre]))[:, 0]


@dataclass(frozen=True, kw_only=True)
class Area:
    """One or more postal areas of one province. The first part has most residents and names the zone."""

    province: str
    parts: tuple[Part, ...]
    at: Point | None = None  # a centre better known than its codes' points

    @property
    def code(self) -> str:
        return self.parts[0].code

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(part.code for part in self.parts)

    @cached_property
    def points(self) -> Floats:
        return np.concatenate([part.points for part in self.parts])

    @cached_property
    def weights(self) -> Floats:
        return np.concatenate([part.weights for part in self.parts])

    @cached_property
    def centre(self) -> Point:
        return self.at or medoid(self.points, self.weights)

    @cached_property
    def distances(self) -> Floats:
        return distances_km(self.points, np.array([self.centre]))[:, 0]

    @property
    def residents(self) -> int:
        return round(float(self.weights.sum()))

    @property
    def person_km(self) -> float:
        return float(self.weights @ self.distances)

    def within_km(self, share: float) -> float:
        """The distance from the centre within which this share of the residents lives."""
        return weighted_quantile(self.distances, self.weights, share)

    @property
    def spread_km(self) -> tuple[float, float]:
        """r50 and r90; where the codes were only known to the town, a town's usual spread."""
        r50, r90 = self.within_km(0.5), self.within_km(0.9)
        if r50 < KNOWN_SPREAD_KM:
            r50, r90 = USUAL_R50_KM, max(USUAL_R90_KM, r90)
        return round(r50, 1), round(r90, 1)

    @property
    def widest_part_km(self) -> float:
        """The largest r90 of any part by itself, seen from the common centre: a few hundred
        people far away must not vanish behind a town's thousands."""
        return max(weighted_quantile(p.distances(self.centre), p.weights, 0.9) for p in self.parts)


def residents_of_a_code(postal: str) -> int:
    """The post office gives an urban code to a block face and a rural one to a whole post office."""
    if postal in BUILDINGS:
        return 1  # so that its points still have a middle
    return RURAL_RESIDENTS if postal[1] == "0" else URBAN_RESIDENTS


def distances_km(a: Floats, b: Floats) -> Floats:
    chord = np.sqrt(np.clip(2 - 2 * (_unit(a) @ _unit(b).T), 0, 4))
    km: Floats = 2 * EARTH_KM * np.arcsin(chord / 2)
    return km


def medoid(points: Floats, weights: Floats) -> Point:
    """The one of these points with the least total distance to all; the south-westernmost of equals."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    points, weights = points[order], weights[order]
    totals = np.concatenate(
        [distances_km(points[i : i + _BLOCK], points) @ weights for i in range(0, len(points), _BLOCK)]
    )
    best = points[int(np.argmin(totals.round(2)))]
    return float(best[0]), float(best[1])


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) >= share * weights.sum() - 1e-9
    return float(values[order][int(np.argmax(reached))])


def area_of(postal: str, province: str, points: Floats, row: Point | None = None) -> Area:
    """A postal area from the points of its full codes, which may repeat. `row` is the postal area's own
    published point: wrong for people as a rule, and right where an urban area's codes lie all over the map."""
    area = Area(province=province, parts=(_part(postal, points),))
    if postal[1] == "0" or area.within_km(0.9) <= URBAN_R90_KM:
        return area
    return _gathered(area, points, row)


def _part(postal: str, points: Floats) -> Part:
    places, counts = np.unique(points, axis=0, return_counts=True)
    return Part(code=postal, points=places, weights=counts.astype(np.float64) * residents_of_a_code(postal))


def _gathered(area: Area, points: Floats, row: Point | None) -> Area:
    """Keeps the codes near the trusted point and counts the strays as living there too."""
    home = row or area.centre
    near = points[distances_km(points, np.array([home]))[:, 0] <= URBAN_R90_KM]
    if not len(near):
        near = np.array([home])
    everyone = np.resize(near, (len(points), 2))
    return Area(province=area.province, parts=(_part(area.code, everyone),), at=row)


def joined(a: Area, b: Area) -> Area:
    parts = sorted((*a.parts, *b.parts), key=lambda part: (-part.residents, part.code))
    return Area(province=a.province, parts=tuple(parts))


def merged(areas: Iterable[Area]) -> tuple[list[Area], list[Area]]:
    """Zones, and those of them kept apart though small because any merge would spread too far.

    The smallest area goes first, to the neighbour where the move blurs least: a village joins the
    town next to it rather than the county around it.
    """
    zones = {area.code: area for area in areas}
    apart: dict[str, Area] = {}
    while small := [a for a in zones.values() if _too_small(a) and a.code not in apart]:
        area = min(small, key=lambda a: (a.residents, a.code))
        partner = _best_partner(area, zones)
        if partner is None:
            apart[area.code] = area
            continue
        union = joined(area, partner)
        for gone in (area.code, partner.code):
            zones.pop(gone)
            apart.pop(gone, None)
        zones[union.code] = union
    return sorted(zones.values(), key=lambda a: a.code), sorted(apart.values(), key=lambda a: a.code)


def _too_small(area: Area) -> bool:
    return area.residents < MIN_RESIDENTS


def _best_partner(area: Area, zones: Mapping[str, Area]) -> Area | None:
    others = [z for z in zones.values() if z.province == area.province and z.code != area.code]
    if not others:
        return None
    away = distances_km(np.array([area.centre]), np.array([z.centre for z in others]))[0]
    near = [others[i] for i in np.argsort(away, kind="stable")[:_NEIGHBOURS]]
    unions = [(z, joined(area, z)) for z in near]
    costs = [(_blur(area, z, union), z.code, z) for z, union in unions if union.widest_part_km <= MAX_R90_KM]
    return min(costs, key=lambda cost: cost[:2])[2] if costs else None


def _blur(area: Area, other: Area, union: Area) -> float:
    """What a merge costs, in person-kilometres: the way from a person to the centre of their zone, how
    vague the newcomers become, and how much vaguer those who were there."""
    moved = union.person_km - area.person_km - other.person_km
    r50 = union.within_km(0.5)
    vaguer = area.residents * r50 + other.residents * max(0.0, r50 - other.within_km(0.5))
    return round(moved + vaguer / 2, 1)  # a wrong place is worse than a vague one that says so


def _unit(points: Floats) -> Floats:
    lat, lon = np.radians(points).T
    return np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=1)
