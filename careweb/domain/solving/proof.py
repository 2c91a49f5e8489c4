"""Why an answer is right, for anyone to check: prices that leave no cheaper one, and who shares too few offers."""

from dataclasses import dataclass

import numpy as np

from careweb.domain.solving.graph import Bools, Ints
from careweb.domain.solving.market import Solved


@dataclass(frozen=True, kw_only=True)
class Violator:
    """These needs reach these offers only, and want more than they can do. Positions in the market."""

    needs: tuple[int, ...]
    offers: tuple[int, ...]


def gap(solved: Solved) -> float:
    """How far the prices leave room for a cheaper assignment, relative to the objective: 0 but for rounding."""
    from careweb.domain.solving.saving import saving

    graph, dual = solved.graph, solved.assignment
    primal = float(graph.cost[dual.used].sum())
    bound = (
        float((dual.worth * solved.selection.count).sum())
        - float((dual.thrift * graph.slots).sum())
        - float((dual.price * graph.capacity).sum())
        - saving(graph.first, graph.offer, graph.cost, dual.worth[graph.kind] - dual.thrift, dual.price)
    )
    return abs(primal - bound) / max(1.0, abs(primal))


def violators(solved: Solved) -> list[Violator]:
    """Why somebody stays unserved: each as small as they come apart."""
    from careweb.domain.solving.sharing import connected

    graph, selection = solved.graph, solved.selection
    group = connected(graph.first, graph.offer, selection.closed_needs, selection.closed_offers)
    of_need, of_offer = group[: graph.needs], group[graph.needs :]
    telling = np.zeros(len(group), np.bool_)  # groups in which somebody stays unserved
    telling[of_need[selection.closed_needs & (solved.served() < graph.slots)]] = True
    needs = _together(of_need, selection.closed_needs & telling[of_need])
    offers = _together(of_offer, selection.closed_offers & telling[of_offer])
    return [Violator(needs=these, offers=offers.get(one, ())) for one, these in needs.items()]


def _together(group: Ints, among: Bools) -> dict[int, tuple[int, ...]]:
    """Positions by group, in their order."""
    found: dict[int, list[int]] = {}
    at = np.flatnonzero(among)
    for position, one in zip(at.tolist(), group[at].tolist(), strict=True):
        found.setdefault(one, []).append(position)
    return {one: tuple(these) for one, these in found.items()}
