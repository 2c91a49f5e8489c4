"""Why an answer is right, for anyone to check: prices that leave no cheaper one, and who shares too few offers."""

from dataclasses import dataclass

import numpy as np

from careweb.domain.solving.graph import need_of_pair
from careweb.domain.solving.market import Solved


@dataclass(frozen=True, kw_only=True)
class Violator:
    """These needs reach these offers only, and want more than they can do. Positions in the market."""

    needs: tuple[int, ...]
    offers: tuple[int, ...]


def gap(solved: Solved) -> float:
    """How far the prices leave room for a cheaper assignment, relative to the objective: 0 but for rounding."""
    graph, dual = solved.graph, solved.assignment
    primal = float(graph.cost[dual.used].sum())
    owner = need_of_pair(graph)
    short = (dual.worth[graph.kind] - dual.thrift)[owner] - dual.price[graph.offer] - graph.cost
    bound = (
        float(dual.worth @ solved.selection.count)
        - float(dual.thrift @ graph.slots)
        - float(dual.price @ graph.capacity)
        - float(np.maximum(0.0, short).sum())
    )
    return abs(primal - bound) / max(1.0, abs(primal))


def violators(solved: Solved) -> list[Violator]:
    """Why somebody stays unserved: each as small as they come apart."""
    from careweb.domain.solving.sharing import connected

    graph, selection = solved.graph, solved.selection
    owner = need_of_pair(graph)
    inside = np.flatnonzero(selection.closed_needs[owner] & selection.closed_offers[graph.offer])
    group = connected(graph.needs + graph.offers, owner[inside], graph.needs + graph.offer[inside]).tolist()
    needs: dict[int, list[int]] = {}
    for i in np.flatnonzero(selection.closed_needs).tolist():
        needs.setdefault(group[i], []).append(i)
    offers: dict[int, list[int]] = {}
    for j in np.flatnonzero(selection.closed_offers).tolist():
        offers.setdefault(group[graph.needs + j], []).append(j)
    short = solved.served() < graph.slots
    return [
        Violator(needs=tuple(these), offers=tuple(offers.get(one, ())))
        for one, these in needs.items()
        if short[these].any()
    ]
