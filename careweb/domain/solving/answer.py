"""What a solve says: who is asked for what, how fair it came out, and the proof."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from careweb.domain.solving.graph import need_of_pair
from careweb.domain.solving.pairs import pair_cost, tie_break
from careweb.domain.solving.problem import TIERS, Carried
from careweb.domain.solving.solve import Solution, used_pairs


def answer(solution: Solution) -> dict[str, Any]:
    pool = solution.pool
    chosen = [(pool.needs[i], pool.offers[j]) for i, j in used_pairs(solution)]
    by_need, by_offer = {n.id: n for n in pool.needs}, {o.id: o for o in pool.offers}
    pinned = [(by_need[need], by_offer[offer]) for need, offer in pool.pinned]
    assign: dict[str, list[str]] = defaultdict(list)
    for need, offer in [*pinned, *chosen]:
        assign[need.id].append(offer.id)
    costs = [pair_cost(need, offer) for need, offer in [*pinned, *chosen]]
    objective = sum(costs) + sum(tie_break(need.id, offer.id) for need, offer in [*pinned, *chosen])
    return {
        "assign": {need: sorted(offers) for need, offers in sorted(assign.items())},
        "served": {tier: sum(len(assign[n.id]) for n in pool.needs if n.tier is tier) for tier in TIERS},
        "communities": _communities(solution, assign),
        "cost": sum(costs),
        "objective": objective,
        "gap": gap(solution),
        "unserved": {n.id: n.helpers - len(assign[n.id]) for n in pool.needs if len(assign[n.id]) < n.helpers},
        "violators": violators(solution),
        "certificate": certificate(solution),
        "seconds": {name: solution.seconds[name] for name in ("candidates", "selection", "cost", "certificate")},
    }


def _communities(solution: Solution, assign: dict[str, list[str]]) -> dict[str, Any]:
    asked: dict[str, int] = defaultdict(int)
    served: dict[str, int] = defaultdict(int)
    for need in solution.pool.needs:
        asked[need.belongs_to] += need.helpers
        served[need.belongs_to] += len(assign[need.id])
    for name in asked:
        carried = solution.pool.carried.get(name, Carried(asked=0, served=0))
        asked[name] += carried.asked
        served[name] += carried.served
    return {
        name: {"asked": asked[name], "served": served[name], "rate": served[name] / asked[name]}
        for name in sorted(asked)
    }


def gap(solution: Solution) -> float:
    """How far the prices leave room for a cheaper assignment, relative to the objective: 0 but for rounding."""
    graph, dual = solution.graph, solution.assignment
    primal = float(graph.cost[dual.used].sum())
    owner = need_of_pair(graph)
    short = dual.worth[graph.kind[owner]] - dual.thrift[owner] - dual.price[graph.offer] - graph.cost
    bound = (
        float(dual.worth @ solution.selection.count)
        - float(dual.thrift @ graph.slots)
        - float(dual.price @ graph.capacity)
        - float(np.maximum(0.0, short).sum())
    )
    return abs(primal - bound) / max(1.0, abs(primal))


def certificate(solution: Solution) -> dict[str, Any]:
    """Prices of tasks, worth of slots by tier and community, and what fully served needs leave of it; zeros left out."""
    dual, kinds = solution.assignment, solution.kinds
    pool = solution.pool
    return {
        "price": _named((pool.offers[j].id for j in solution.offers), dual.price),
        "thrift": _named((pool.needs[i].id for i in solution.needs), dual.thrift),
        "worth": [
            {"tier": tier, "community": community, "worth": float(worth)}
            for tier, community, worth in zip(kinds.tiers, kinds.communities, dual.worth, strict=True)
        ],
    }


def _named(names: Iterable[str], values: Any) -> dict[str, float]:
    return {name: value for name, value in zip(names, values.tolist(), strict=True) if value}


def violators(solution: Solution) -> list[dict[str, list[str]]]:
    """Why somebody stays unserved: needs that share offers which together are too few, as small as they come apart."""
    graph, selection = solution.graph, solution.selection
    group = _Groups(graph.needs + graph.offers)
    owner = need_of_pair(graph)
    inside = selection.closed_needs[owner] & selection.closed_offers[graph.offer]
    for i, j in zip(owner[inside].tolist(), graph.offer[inside].tolist(), strict=True):
        group.join(i, graph.needs + j)
    sets: dict[int, dict[str, list[str]]] = {}
    for i in np.flatnonzero(selection.closed_needs).tolist():
        one = sets.setdefault(group.of(i), {"needs": [], "offers": []})
        one["needs"].append(solution.pool.needs[solution.needs[i]].id)
    for j in np.flatnonzero(selection.closed_offers).tolist():
        if group.of(graph.needs + j) in sets:
            sets[group.of(graph.needs + j)]["offers"].append(solution.pool.offers[solution.offers[j]].id)
    return [one for one in sets.values() if _short(solution, one)]


def _short(solution: Solution, one: dict[str, list[str]]) -> bool:
    served: dict[str, int] = defaultdict(int)
    for i, _ in used_pairs(solution):
        served[solution.pool.needs[i].id] += 1
    slots = {solution.pool.needs[i].id: int(k) for i, k in zip(solution.needs, solution.graph.slots, strict=True)}
    return any(served[need] < slots[need] for need in one["needs"])


class _Groups:
    """Union-find."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def of(self, item: int) -> int:
        while self._above[item] != item:
            self._above[item] = self._above[self._above[item]]
            item = self._above[item]
        return item

    def join(self, one: int, other: int) -> None:
        self._above[self.of(one)] = self.of(other)
