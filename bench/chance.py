"""A pool by chance: a country's needs and offers, clustered as people live, in 35 languages with a long tail."""

import csv

import numpy as np

from careweb import paths
from careweb.domain.solving.problem import Pool, PoolNeed, PoolOffer
from careweb.domain.states import Urgency

LANGUAGES, CATEGORIES = 35, 12
_TAIL = 1.1  # the k-th of the other languages is spoken by 1/k^1.1 as many
_OTHERS = 0.35  # share of people whose first language is neither English nor French
_RADII_KM = (5.0, 10.0, 15.0, 25.0, 50.0)
_CAPACITY = ((1, 2, 3), (0.6, 0.25, 0.15))
_URGENCY = ((Urgency.URGENT, Urgency.MEDIUM, Urgency.LOW), (0.15, 0.45, 0.4))


def pool(*, needs: int, offers: int, seed: int = 1) -> Pool:
    """The same seed draws the same people."""
    town = _Country(np.random.default_rng(seed))
    return Pool(offers=[town.offer(k) for k in range(offers)], needs=[town.need(k) for k in range(needs)])


class _Country:
    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        with (paths.DATA / "zones.csv").open(encoding="utf-8", newline="") as file:
            self._zones = [row for row in csv.DictReader(file) if row["kind"] == "postal"]
        residents = np.array([float(zone["residents"]) for zone in self._zones])
        self._spread = np.cumsum(residents / residents.sum())
        shares = 1 / np.arange(1, LANGUAGES - 1) ** _TAIL
        self._tail = np.cumsum(shares / shares.sum())

    def offer(self, number: int) -> PoolOffer:
        zone = self._somewhere()
        spoken = {self._common(zone), self._tongue(zone)} if self._chance(0.9) else {self._tongue(zone)}
        gives = 1 + self._index(np.array((0.25, 0.6, 0.85, 1.0)))
        return PoolOffer(
            id=f"o{number}", languages=tuple(sorted(spoken)),
            categories=tuple(f"c{k}" for k in self._random.choice(CATEGORIES, gives, replace=False)),
            radius_km=_RADII_KM[self._random.integers(len(_RADII_KM))],
            capacity=_CAPACITY[0][self._index(np.cumsum(_CAPACITY[1]))], load=float(self._random.integers(5)) / 5,
            **_centre(zone),
        )  # fmt: skip

    def need(self, number: int) -> PoolNeed:
        zone = self._somewhere()
        first = self._tongue(zone)
        also = (self._common(zone),) if first != self._common(zone) and self._chance(0.4) else ()
        return PoolNeed(
            id=f"n{number}", languages=(first, *also), category=f"c{self._random.integers(CATEGORIES)}",
            urgency=_URGENCY[0][self._index(np.cumsum(_URGENCY[1]))], helpers=2 if self._chance(0.1) else 1,
            age_days=float(self._random.integers(10)), **_centre(zone),
        )  # fmt: skip

    def _somewhere(self) -> dict[str, str]:
        return self._zones[self._index(self._spread)]

    def _common(self, zone: dict[str, str]) -> str:
        return "fr" if zone["province"] == "QC" else "en"

    def _tongue(self, zone: dict[str, str]) -> str:
        if not self._chance(_OTHERS):
            return self._common(zone)
        return f"l{self._index(self._tail)}"

    def _index(self, ends: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> int:
        return min(int(np.searchsorted(ends, self._random.random(), side="right")), len(ends) - 1)

    def _chance(self, share: float) -> bool:
        return bool(self._random.random() < share)


def _centre(zone: dict[str, str]) -> dict[str, float]:
    return {
        "latitude": float(zone["latitude"]), "longitude": float(zone["longitude"]), "r50_km": float(zone["r50_km"])
    }  # fmt: skip
