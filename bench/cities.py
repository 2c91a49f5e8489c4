"""A surge, drawn from the shipped tables: far more needs than volunteers can take, in five large cities.

Askers and volunteers are drawn alike: where people live, and what they speak. No database is needed.
"""

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from bench.town import LANGUAGES, Place, Town
from careweb import paths
from careweb.domain.solving.problem import Pool, PoolNeed, PoolOffer
from careweb.domain.states import Urgency

CITIES = ("toronto", "montreal", "vancouver", "edmonton", "ottawa")
CATEGORIES = ("groceries", "meals", "ride", "medicine", "appointment", "company", "childcare", "household")
RADII_KM = (2.0, 5.0, 10.0, 15.0, 25.0, 50.0)
TASKS = (1, 2)  # free in the week
ALSO_FINE = 0.5  # of those whose language is not the common one of the province: that one is fine too


def _rows(name: str) -> list[dict[str, str]]:
    with (paths.DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if name.endswith(".tsv") else ","))


def tongues() -> Sequence[Mapping[str, Any]]:
    """The spoken languages that most people in Canada know, with their names; the largest first."""
    known = [row for row in _rows("languages.tsv") if row["is_spoken"] == "true" and row["knowledge_2021"]]
    known.sort(key=lambda row: -int(row["knowledge_2021"]))
    return [row | {"knowledge_2021": int(row["knowledge_2021"])} for row in known[:LANGUAGES]]


def draw(*, volunteers: int, needs: int, seed: int) -> Pool:
    """Needs come in the order of their arrival. All are of one tier, for one helper each; nobody is busy yet."""
    zones = {row["code"]: row for row in _rows("zones.csv")}
    town = Town(_places(zones), tongues(), CATEGORIES, seed)

    def where(place: Place) -> dict[str, Any]:
        zone = zones[place.code]
        return {
            "latitude": float(zone["latitude"]), "longitude": float(zone["longitude"]), "r50_km": float(zone["r50_km"])
        }  # fmt: skip

    return Pool(
        offers=[
            PoolOffer(
                id=f"volunteer {number}", languages=tuple(town.speaks(place)), categories=tuple(town.gives()),
                radius_km=town.pick(RADII_KM), capacity=town.pick(TASKS), **where(place),
            )
            for number, place in enumerate(town.somewhere(volunteers))
        ],
        needs=[
            PoolNeed(
                id=f"need {number}", languages=_wants(town, place), category=town.pick(CATEGORIES),
                urgency=Urgency.MEDIUM, **where(place),
            )
            for number, place in enumerate(town.somewhere(needs))
        ],
    )  # fmt: skip


def _wants(town: Town, place: Place) -> tuple[str, ...]:
    first, common = town.tongue(place), town.common(place)
    return (first, common) if first != common and town.chance(ALSO_FINE) else (first,)


def _places(zones: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Postal zones of the cities, by how many of their people live there."""
    return [
        dict(zones[row["zone"]])
        | {
            "postal": row["zone"],
            "city": row["urban"],
            "residents": float(zones[row["zone"]]["residents"]) * float(row["share"]),
        }
        for row in _rows("zone_urban.csv")
        if row["urban"] in CITIES and zones[row["zone"]]["kind"] == "postal"
    ]
