"""Imports region sets and official outlines of postal areas; doing it again changes nothing more."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from careweb.domain.boundaries import Boundaries
from careweb.domain.places import Postal
from careweb.domain.regions import PROVINCES, URBAN_AREAS, BoundaryError, RegionSet, weights
from careweb.flows.places import draw_regions
from careweb.storage import places, regions
from careweb.storage.database import Transaction

_OWN_SETS = (PROVINCES, URBAN_AREAS)  # linked by residents, not by overlap


class ReservedSetError(BoundaryError):
    """This name belongs to a set that careweb itself keeps: choose another for --set."""


class NotPostalAreasError(BoundaryError):
    """None of its codes is a postal area that careweb knows: --as-zones wants a file with CFSAUID."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did, for the person who ran it."""

    regions: int
    linked_zones: int
    unlinked_zones: int
    mended: tuple[str, ...]


async def import_regions(tx: Transaction, region_set: RegionSet, boundaries: Boundaries) -> Imported:
    if region_set.slug in _OWN_SETS:
        raise ReservedSetError
    outlines = await regions.in_longitude_latitude(tx, _shapes(boundaries), boundaries.srid)
    rows = [
        regions.RegionRow(code=b.code, name_en=b.name_en, name_fr=b.name_fr, outline=outlines[b.code])
        for b in boundaries.found
    ]
    await regions.save_region_set(tx, region_set)
    await regions.save_regions(tx, region_set.slug, rows)
    linked, zones = await _link(tx, region_set.slug)
    return Imported(
        regions=len(rows), linked_zones=linked, unlinked_zones=zones - linked, mended=tuple(boundaries.mended)
    )


async def import_zone_outlines(tx: Transaction, boundaries: Boundaries) -> Imported:
    """Official outlines of postal areas take the place of the approximate ones."""
    zone_of = await places.postal_areas(tx)
    members: dict[str, list[BaseGeometry]] = defaultdict(list)
    for boundary in boundaries.found:
        if (code := zone_of.get(Postal(boundary.code))) is not None:
            members[code].append(boundary.shape)
    if not members:
        raise NotPostalAreasError
    unions = {code: shapely.union_all(shapes) for code, shapes in members.items()}
    outlines = await regions.in_longitude_latitude(tx, unions, boundaries.srid)
    await places.save_zone_outlines(tx, outlines)
    await places.keep_outlines(tx)
    await draw_regions(tx)
    for region_set in await regions.region_sets(tx):
        if region_set.slug not in _OWN_SETS:
            await _link(tx, region_set.slug)
    zones = len(set(zone_of.values()))
    return Imported(
        regions=len(boundaries.found),
        linked_zones=len(outlines),
        unlinked_zones=zones - len(outlines),
        mended=tuple(boundaries.mended),
    )


async def _link(tx: Transaction, region_set: str) -> tuple[int, int]:
    """Links zones to the regions of a set by the share of their outline; how many, of how many."""
    shares = await regions.overlaps(tx, region_set)
    rows = [(zone, region, weight) for zone, found in shares.items() for region, weight in weights(found).items()]
    await regions.save_zone_weights(tx, region_set, rows)
    await regions.link_wide_zones(tx, region_set)
    zones = set((await places.postal_areas(tx)).values())
    return len(zones & {zone for zone, *_ in rows}), len(zones)


def _shapes(boundaries: Boundaries) -> Mapping[str, BaseGeometry]:
    return {boundary.code: boundary.shape for boundary in boundaries.found}
