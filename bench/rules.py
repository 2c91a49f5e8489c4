"""Three rules for whom to serve when help is short, over the same candidates: need by need, the offer or nothing."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from careweb.domain.costs import cost
from careweb.domain.solving.answer import answer
from careweb.domain.solving.pairs import haversine_km
from careweb.domain.solving.problem import Pool, PoolNeed, PoolOffer
from careweb.domain.solving.solve import solve
from careweb.domain.solving.verify import faults

DAY = date(2026, 11, 25)  # breaks ties between communities
_SCALE = 10**9  # OR-tools counts costs in whole numbers


@dataclass(frozen=True, kw_only=True)
class Option:
    """A candidate: this offer could serve the need."""

    offer: int
    km: float
    cost: float  # without the tie-break


Options = Mapping[int, list[Option]]  # of each need, by position in the pool
Served = Mapping[int, Option]
Rule = Callable[[Pool, Options], Served]


class UnprovenError(Exception):
    """The answer did not stand up to `verify.py`."""


def options(pool: Pool) -> Options:
    """All candidate pairs, found without the solver."""
    latitude = np.array([offer.latitude for offer in pool.offers])
    longitude = np.array([offer.longitude for offer in pool.offers])
    serves: dict[tuple[str, str], set[int]] = defaultdict(set)
    for j, offer in enumerate(pool.offers):
        for category in offer.categories:
            for language in offer.languages:
                serves[category, language].add(j)
    found: dict[int, list[Option]] = {}
    for i, need in enumerate(pool.needs):
        able = sorted(set[int]().union(*(serves[need.category, language] for language in need.languages)))
        away = haversine_km(need.latitude, need.longitude, latitude[able], longitude[able])
        found[i] = [
            Option(offer=j, km=km, cost=_cost(need, pool.offers[j], km))
            for j, km in zip(able, away.tolist(), strict=True)
            if km <= pool.offers[j].radius_km or km == 0
        ]
    return found


def _cost(need: PoolNeed, offer: PoolOffer, km: float) -> float:
    return cost(
        km=km, need_r50_km=need.r50_km, offer_r50_km=offer.r50_km, radius_km=offer.radius_km,
        second_language=need.languages[0] not in offer.languages, load=offer.load,
    ).total  # fmt: skip


def nearest_first(pool: Pool, able: Options) -> Served:
    """Who comes first is served first, by the nearest who still has time; of equally near ones by the cheaper."""
    free = [offer.capacity for offer in pool.offers]
    served = {}
    for i in range(len(pool.needs)):
        nearest = min((one for one in able[i] if free[one.offer]), key=lambda one: (one.km, one.cost), default=None)
        if nearest:
            served[i] = nearest
            free[nearest.offer] -= 1
    return served


def minimum_cost(pool: Pool, able: Options) -> Served:
    """As many as can be served, and of all ways to do that the cheapest: OR-tools' minimum-cost flow."""
    from ortools.graph.python import min_cost_flow

    flow = min_cost_flow.SimpleMinCostFlow()
    source, sink = 0, 1
    first = 2 + len(pool.needs)
    pairs = [(i, one) for i, found in able.items() for one in found]
    for i in range(len(pool.needs)):
        flow.add_arc_with_capacity_and_unit_cost(source, 2 + i, 1, 0)
    for j, offer in enumerate(pool.offers):
        flow.add_arc_with_capacity_and_unit_cost(first + j, sink, offer.capacity, 0)
    arcs = [
        flow.add_arc_with_capacity_and_unit_cost(2 + i, first + one.offer, 1, round(one.cost * _SCALE))
        for i, one in pairs
    ]
    flow.set_node_supply(source, len(pool.needs))
    flow.set_node_supply(sink, -len(pool.needs))
    if flow.solve_max_flow_with_min_cost() != flow.OPTIMAL:
        raise UnprovenError("OR-tools found no optimum")
    return {i: one for arc, (i, one) in zip(arcs, pairs, strict=True) if flow.flow(arc)}


def ours(pool: Pool, able: Options) -> Served:
    """As many as can be served, and of all ways to do that the worst-served community first; then the cheapest."""
    said = answer(solve(pool, DAY))
    wrong = faults(pool, said)
    if wrong:
        raise UnprovenError("; ".join(wrong))
    place = {offer.id: j for j, offer in enumerate(pool.offers)}
    chosen = {i: {place[offer] for offer in said["assign"].get(need.id, ())} for i, need in enumerate(pool.needs)}
    return {i: one for i, found in able.items() for one in found if one.offer in chosen[i]}


RULES: Mapping[str, Rule] = {"nearest first": nearest_first, "minimum cost": minimum_cost, "careweb": ours}
