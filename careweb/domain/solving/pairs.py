"""Candidate pairs from a file: who could serve whom, and for how much, the cheapest first.

Points are centres of coarse places, so few differ: needs that share place, category and languages share their list.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from careweb.domain.costs import DISTANCE_SHARE, LEAST_RADIUS_KM, LOAD_SHARE, SECOND_LANGUAGE, TIE_BREAK, cost
from careweb.domain.solving.graph import Bools, Floats, Ints
from careweb.domain.solving.market import List
from careweb.domain.solving.problem import PoolNeed, PoolOffer

EARTH_RADIUS_KM = 6371.0088
_PREFIX_BITS = 2.0**32


def haversine_km(lat1: float, lon1: float, lat2: Floats, lon2: Floats) -> Floats:
    """Great-circle distance on a sphere of the Earth's mean radius; degrees in, kilometres out."""
    a, b = np.radians(lat1), np.radians(lat2)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    km: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return km


class Pairs:
    """Lists made when asked for: each as long as it has to be."""

    def __init__(
        self, needs: Sequence[PoolNeed], offers: Sequence[PoolOffer], pinned: Iterable[tuple[str, str]]
    ) -> None:
        """Offers with a free task; `pinned` are pairs of ids that are no candidates any more."""
        self._needs, self._offers = needs, offers
        self._serves: dict[tuple[str, str], list[int]] = defaultdict(list)
        for j, offer in enumerate(offers):
            for category in set(offer.categories):
                for language in set(offer.languages):
                    self._serves[category, language].append(j)
        self._at = _Places(offers)
        self._alike: dict[tuple[object, ...], tuple[Ints, Floats]] = {}
        self._pinned = set(pinned)

    def of(self, i: int, most: int) -> List:
        need = self._needs[i]
        offers, costs = self._all(need)
        keep = self._not_pinned(need, offers)
        offers, costs = offers[keep], costs[keep]
        shown = slice(0, most)
        tie = np.array([tie_break(need.id, self._offers[j].id) for j in offers[shown]])
        order = np.argsort(costs[shown] + tie, kind="stable")
        left_out = float(costs[most]) if len(costs) > most else np.inf
        return List(offer=offers[shown][order], cost=costs[shown][order], tie=tie[order], next_cost=left_out)

    def _not_pinned(self, need: PoolNeed, offers: Ints) -> Bools:
        if not self._pinned:
            return np.ones(len(offers), np.bool_)
        return np.array([(need.id, self._offers[j].id) not in self._pinned for j in offers], np.bool_)

    def _all(self, need: PoolNeed) -> tuple[Ints, Floats]:
        key = (need.latitude, need.longitude, need.r50_km, need.category, need.languages)
        if key not in self._alike:
            self._alike[key] = self._price(need)
        return self._alike[key]

    def _price(self, need: PoolNeed) -> tuple[Ints, Floats]:
        found = [np.asarray(self._serves[need.category, tongue], np.int64) for tongue in need.languages]
        offers = np.unique(np.concatenate(found))
        at = self._at
        km = haversine_km(need.latitude, need.longitude, at.latitude[offers], at.longitude[offers])
        within = (km <= at.radius[offers]) | (km == 0)
        offers, km = offers[within], km[within]
        second = ~np.isin(offers, found[0])
        spread = np.sqrt(km**2 + need.r50_km**2 + at.r50[offers] ** 2)
        costs = (
            DISTANCE_SHARE * np.minimum(1.0, spread / np.maximum(at.radius[offers], LEAST_RADIUS_KM))
            + SECOND_LANGUAGE * second
            + LOAD_SHARE * at.load[offers]
        )
        order = np.argsort(costs, kind="stable")
        return offers[order], costs[order]


class _Places:
    def __init__(self, offers: Sequence[PoolOffer]) -> None:
        def column(name: str) -> Floats:
            return np.array([getattr(offer, name) for offer in offers], np.float64)

        self.latitude, self.longitude = column("latitude"), column("longitude")
        self.radius, self.r50, self.load = map(column, ("radius_km", "r50_km", "load"))


def tie_break(need: str, offer: str) -> float:
    digest = hashlib.blake2b(need.encode() + b"\x00" + offer.encode()).digest()
    return float(TIE_BREAK * int.from_bytes(digest[:4], "big") / _PREFIX_BITS)


def pair_cost(need: PoolNeed, offer: PoolOffer) -> float:
    """Of one pair, candidate or pinned."""
    there = np.array([offer.latitude]), np.array([offer.longitude])
    km = float(haversine_km(need.latitude, need.longitude, *there)[0])
    return cost(
        km=km, need_r50_km=need.r50_km, offer_r50_km=offer.r50_km, radius_km=offer.radius_km,
        second_language=need.languages[0] not in offer.languages, load=offer.load,
    ).total  # fmt: skip
