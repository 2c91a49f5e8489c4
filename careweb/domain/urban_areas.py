"""Larger urban areas: everyone within a radius of a town's middle, and the share of each zone that is in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from careweb.domain.zoning import Area, Floats, Part, Point, distances_km, medoid

SLIVER = 0.01


@dataclass(frozen=True, kw_only=True)
class UrbanArea:
    slug: str
    name_en: str
    name_fr: str
    province: str
    middle: Point
    radius_km: float

    @property
    def zone_code(self) -> str:
        return f"U-{self.slug}"


def shares(zone: Area, urban: Sequence[UrbanArea]) -> dict[str, float]:
    """Share of the zone's residents in each urban area of its province, largest two decimals.

    Someone within reach of two belongs to the one whose middle is nearer for its size.
    """
    local = [area for area in urban if area.province == zone.province]
    if not local:
        return {}
    owner = _owners(zone.points, local)
    total = zone.weights.sum()
    found = {area.slug: float(zone.weights[owner == i].sum() / total) for i, area in enumerate(local)}
    return {slug: round(share, 2) for slug, share in found.items() if share >= SLIVER}


def gathered(code: str, zones: Iterable[Area], share: Mapping[str, float] | None = None) -> Area:
    """One wide place from many zones: its centre is the zone centre with the least travel to it."""
    parts, middles, people = [], [], []
    for zone in zones:
        weight = 1.0 if share is None else share.get(zone.code, 0.0)
        if weight == 0.0:
            continue
        parts.append(Part(code=code, points=zone.points, weights=zone.weights * weight))
        middles.append(zone.centre)
        people.append(zone.residents * weight)
    centre = medoid(np.array(middles), np.array(people))
    return Area(province=code[:2], parts=tuple(parts), at=centre)


def _owners(points: Floats, local: Sequence[UrbanArea]) -> Floats:
    reach = distances_km(points, np.array([area.middle for area in local])) / [area.radius_km for area in local]
    nearest = np.argmin(reach, axis=1)
    return np.where(reach.min(axis=1) <= 1, nearest, -1).astype(np.float64)
