"""What coordinators watch: regions in sets, and the share of each zone that lies in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NewType, TypeVar

from careweb.domain.errors import CareError

RegionId = NewType("RegionId", int)
_Key = TypeVar("_Key")

PROVINCES = "provinces"
URBAN_AREAS = "urban-areas"  # the larger towns of each province, and what lies outside them
NAMES = {  # of the shipped sets, in English and French
    PROVINCES: ("Provinces and territories", "Provinces et territoires"),
    URBAN_AREAS: ("Larger towns with their surroundings", "Grandes villes et leurs environs"),
}
SLIVER = 0.01  # a smaller share of a zone is a drawing error, not a place where people live


@dataclass(frozen=True, kw_only=True)
class RegionSet:
    slug: str
    name_en: str
    name_fr: str
    reference_year: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Region:
    id: RegionId
    region_set: str
    code: str
    name_en: str
    name_fr: str
    parent_id: RegionId | None


def split_name(name: str) -> tuple[str, str]:
    """English and French out of one bilingual field, as in "Nova Scotia / Nouvelle-Écosse"."""
    english, slash, french = (part.strip() for part in name.partition(" / "))
    return (english, french) if slash and english and french else (name.strip(), name.strip())


def weights(shares: Mapping[_Key, float]) -> dict[_Key, float]:
    """Weights of one zone in the regions of one set from its shares: no slivers, and never more than 1 in all.

    Less than 1 in all is true of a zone that lies partly outside the set.
    """
    kept = {key: share for key, share in shares.items() if share >= SLIVER}
    total = max(1.0, sum(kept.values()))
    return {key: share / total for key, share in kept.items()}


def rest(shares: Iterable[float]) -> float:
    """What part of a zone lies in none of these; 0 where that is a sliver."""
    left = round(1.0 - sum(shares), 2)
    return left if left >= SLIVER else 0.0


class BoundaryError(CareError):
    """A file of regions that cannot be taken as it is. Its words say what to do, in one line."""


class NotABoundaryFileError(BoundaryError):
    """Neither GeoJSON (.geojson, .json) nor a shapefile (.shp with its .dbf beside it)."""


class UnknownProjectionError(BoundaryError):
    """Its projection is neither EPSG:4326 (longitude and latitude) nor EPSG:3347 (Statistics Canada Lambert)."""


class CoordinatesOutOfRangeError(BoundaryError):
    """Its coordinates lie outside Canada in the projection it says it has; perhaps latitude came before longitude."""


class NoCodeColumnError(BoundaryError):
    """No column with a code for each region was found: name it with --code."""


class NoPolygonsError(BoundaryError):
    """It holds no polygons."""
