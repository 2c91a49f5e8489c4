"""What a solve of a file says: who is asked for what, how fair it came out, and the proof."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from careweb.domain.solving.graph import Floats
from careweb.domain.solving.market import Solved
from careweb.domain.solving.pairs import pair_cost, tie_break
from careweb.domain.solving.problem import TIERS, Carried
from careweb.domain.solving.proof import gap, violators
from careweb.domain.solving.solve import Clock, Solution


def answer(solution: Solution) -> dict[str, Any]:
    pool = solution.pool
    by_need, by_offer = {n.id: n for n in pool.needs}, {o.id: o for o in pool.offers}
    pairs = [*((by_need[need], by_offer[offer]) for need, offer in pool.pinned), *solution.claimed()]
    assign: dict[str, list[str]] = defaultdict(list)
    for need, offer in pairs:
        assign[need.id].append(offer.id)
    cost = sum(pair_cost(need, offer) for need, offer in pairs)
    clock = Clock(solution.seconds)
    with clock("certificate"):
        proof = {
            "gap": gap(solution.solved),
            "violators": _violators(solution.solved),
            "certificate": certificate(solution.solved),
        }
    return {
        "assign": {need: sorted(offers) for need, offers in sorted(assign.items())},
        "served": {tier: sum(len(assign[n.id]) for n in pool.needs if n.tier is tier) for tier in TIERS},
        "communities": _communities(solution, assign),
        "cost": cost,
        "objective": cost + sum(tie_break(need.id, offer.id) for need, offer in pairs),
        "unserved": {n.id: n.helpers - len(assign[n.id]) for n in pool.needs if len(assign[n.id]) < n.helpers},
        **proof,
        "seconds": {name: clock.seconds[name] for name in ("candidates", "selection", "cost", "certificate")},
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


def certificate(solved: Solved) -> dict[str, Any]:
    """Prices of tasks, worth of slots by tier and community, and what fully served needs leave of it; zeros left out."""
    market, dual = solved.market, solved.assignment
    return {
        "price": _named(market.offers, dual.price),
        "thrift": _named(market.needs, dual.thrift),
        "worth": [
            {"tier": tier, "community": community, "worth": worth}
            for (tier, community), worth in zip(market.classes.kinds, dual.worth.tolist(), strict=True)
        ],
    }


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {name: value for name, value in zip(names, values.tolist(), strict=True) if value}


def _violators(solved: Solved) -> list[dict[str, list[str]]]:
    market = solved.market
    return [
        {"needs": [market.needs[i] for i in one.needs], "offers": [market.offers[j] for j in one.offers]}
        for one in violators(solved)
    ]
