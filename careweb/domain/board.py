"""Adding up open needs for those who watch a region."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from careweb.domain.regions import URBAN_AREAS


@dataclass(frozen=True, kw_only=True)
class Tally:
    """So many open needs alike."""

    zone: str
    category: str
    urgency: str
    language: str
    age: str
    unmet: bool
    needs: int = 1


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a zone lies: its province, and its region in the layer that is watched."""

    zone: str
    name_en: str
    name_fr: str
    kind: str
    province: str
    province_en: str
    province_fr: str
    region: str  # the province's code where the zone lies in no region of that layer
    region_en: str
    region_fr: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One region of the board."""

    key: str
    name_en: str
    name_fr: str
    open: int
    unmet: int


@dataclass(frozen=True, kw_only=True)
class Area:
    """A level of the board: the country, a province, or a region in one. Regions are of one layer (a region set)."""

    province: str = ""
    region: str = ""
    layer: str = URBAN_AREAS

    def holds(self, place: Place) -> bool:
        if self.province and place.province != self.province:
            return False
        return not self.region or place.region == self.region

    def line_of(self, place: Place) -> tuple[str, str, str]:
        """Key, English and French name of the line that this place belongs to at this level."""
        if self.region:
            return place.zone, place.name_en, place.name_fr
        if self.province:
            return place.region, place.region_en, place.region_fr
        return place.province, place.province_en, place.province_fr


def within(area: Area, tallies: Iterable[Tally], places: Mapping[str, Place]) -> list[Tally]:
    return [tally for tally in tallies if area.holds(places[tally.zone])]


def lines(area: Area, tallies: Iterable[Tally], places: Mapping[str, Place]) -> list[Line]:
    """The worst first."""
    names: dict[str, tuple[str, str]] = {}
    all_open: Counter[str] = Counter()
    unmet: Counter[str] = Counter()
    for tally in within(area, tallies, places):
        key, *both = area.line_of(places[tally.zone])
        names[key] = (both[0], both[1])
        all_open[key] += tally.needs
        unmet[key] += tally.needs * tally.unmet
    found = [
        Line(key=key, name_en=names[key][0], name_fr=names[key][1], open=all_open[key], unmet=unmet[key])
        for key in names
    ]
    return sorted(found, key=lambda line: (-line.unmet, -line.open, line.key))


def shares(tallies: Iterable[Tally], of: Callable[[Tally], str]) -> list[tuple[str, int, int]]:
    """Value, open and unmet of one column (language, category, ...), the most unmet first."""
    all_open: Counter[str] = Counter()
    unmet: Counter[str] = Counter()
    for tally in tallies:
        all_open[of(tally)] += tally.needs
        unmet[of(tally)] += tally.needs * tally.unmet
    return sorted(((key, n, unmet[key]) for key, n in all_open.items()), key=lambda row: (-row[2], -row[1], row[0]))
