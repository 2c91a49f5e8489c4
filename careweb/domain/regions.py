"""What coordinators watch: regions in sets, and the share of each zone that lies in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NewType

RegionId = NewType("RegionId", int)

PROVINCES = "provinces"
URBAN_AREAS = "urban-areas"  # the larger towns of each province, and what lies outside them
SLIVER = 0.01  # a smaller share of a zone is a drawing error, not a place where people live


@dataclass(frozen=True, kw_only=True)
class RegionSet:
    slug: str
    name_en: str
    name_fr: str
    reference_year: int
    source: str

    def name_in(self, locale: str) -> str:
        return self.name_fr if locale.startswith("fr") else self.name_en


@dataclass(frozen=True, kw_only=True)
class Region:
    id: RegionId
    region_set: str
    code: str
    name_en: str
    name_fr: str
    parent_id: RegionId | None

    def name_in(self, locale: str) -> str:
        return self.name_fr if locale.startswith("fr") else self.name_en


def split_name(name: str) -> tuple[str, str]:
    """English and French out of one bilingual field, as in "Nova Scotia / Nouvelle-Écosse"."""
    english, slash, french = (part.strip() for part in name.partition(" / "))
    return (english, french) if slash and english and french else (name.strip(), name.strip())


def weights(shares: Mapping[str, float]) -> dict[str, float]:
    """Weights of one zone in the regions of one set from its shares: no slivers, and never more than 1 in all.

    Less than 1 in all is true of a zone that lies partly outside the set.
    """
    kept = {code: share for code, share in shares.items() if share >= SLIVER}
    total = max(1.0, sum(kept.values()))
    return {code: share / total for code, share in kept.items()}


def rest(shares: Iterable[float]) -> float:
    """What part of a zone lies in none of these; 0 where that is a sliver."""
    left = round(1.0 - sum(shares), 2)
    return left if left >= SLIVER else 0.0
