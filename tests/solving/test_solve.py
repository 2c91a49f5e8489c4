"""The whole solve against the truth, and against solvers that others wrote."""

import os
import random
import subprocess
import sys
from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ortools.graph.python import max_flow, min_cost_flow
from scipy.optimize import linear_sum_assignment, linprog

from careweb.domain.solving.answer import answer
from careweb.domain.solving.graph import need_of_pair
from careweb.domain.solving.problem import TIERS, Carried, Pool, PoolNeed, PoolOffer
from careweb.domain.solving.solve import Solution, solve
from careweb.domain.solving.verify import _World, faults
from careweb.domain.states import Urgency
from tests.solving.brute import best
from tests.solving.pools import pools, shuffled

DAY = date(2026, 11, 23)
EXAMPLES = int(os.environ.get("CAREWEB_EXAMPLES", "100"))  # more in `make assurance`
SLOW = settings(
    deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def counts_of(solution: Solution) -> dict[tuple[Urgency, str], int]:
    solved = solution.solved
    return {kind: int(n) for kind, n in zip(solved.market.classes.kinds, solved.selection.count, strict=True) if n}


def objective(solution: Solution) -> float:
    return float(solution.solved.graph.cost[solution.solved.assignment.used].sum())


@given(pools())
@SLOW
def test_everything_tried_finds_nothing_better(pool: Pool) -> None:
    if sum(len(offers) for offers in _World(pool).candidates.values()) > 11:
        return
    solution = solve(pool, DAY)
    truth, _ = best(pool)
    counts = tuple(sorted(counts_of(solution).items()))
    assert counts in truth
    assert objective(solution) == pytest.approx(truth[counts], abs=1e-12)


@given(pools(needs=40, offers=25, slots=3))
@SLOW
def test_an_answer_proves_itself(pool: Pool) -> None:
    found = answer(solve(pool, DAY))
    assert faults(pool, found) == []
    assert found["gap"] <= 1e-9


@given(pools(needs=30, offers=20, slots=3), st.randoms(use_true_random=False))
@SLOW
def test_the_order_of_input_changes_nothing(pool: Pool, order: random.Random) -> None:
    one, other = (answer(solve(p, DAY)) for p in (pool, shuffled(pool, order)))
    assert (one["assign"], one["communities"]) == (other["assign"], other["communities"])


@given(pools(needs=40, offers=25, slots=3, pins=False))
@SLOW
def test_as_many_slots_as_the_largest_flow_tier_by_tier(pool: Pool) -> None:
    served = answer(solve(pool, DAY))["served"]
    total = 0
    for at in range(len(TIERS)):
        total += served[TIERS[at]]
        assert total == largest_flow(pool, dict.fromkeys(TIERS[: at + 1]))


@given(pools(needs=30, offers=12, slots=2, pins=False))
@SLOW
def test_the_worst_served_community_is_as_well_served_as_flow_allows(pool: Pool) -> None:
    """Max-min by bisection: no rate above the lowest one reached can be given to every community of the tier."""
    solution = solve(pool, DAY)
    counts = Counter(counts_of(solution))
    for tier in TIERS:
        classes = solution.solved.market.classes
        names = {community: k for k, (of, community) in enumerate(classes.kinds) if of is tier}
        if not names:
            continue
        asked = {n: int(classes.asked[k]) for n, k in names.items()}
        before = {n: int(classes.served[k]) for n, k in names.items()}
        lowest = min((before[n] + counts[tier, n]) / asked[n] for n in names)
        steps = sorted({(before[n] + extra) / asked[n] for n in names for extra in range(asked[n] + 1)})
        above = [rate for rate in steps if rate > lowest + 1e-12]
        if above:
            wanted = {n: max(0, int(np.ceil(above[0] * asked[n] - 1e-9)) - before[n]) for n in names}
            assert not can_be_given(pool, solution, tier, wanted)


def can_be_given(pool: Pool, solution: Solution, tier: Urgency, wanted: dict[str, int]) -> bool:
    """With all that more urgent tiers can have taken first."""
    limits: dict[Urgency, dict[str, int] | None] = dict.fromkeys(TIERS[: TIERS.index(tier)])
    first = largest_flow(pool, limits)
    return largest_flow(pool, limits | {tier: wanted}) == first + sum(wanted.values()) and all(
        wanted[n] <= sum(x.helpers for x in pool.needs if x.tier is tier and x.belongs_to == n) for n in wanted
    )


def largest_flow(pool: Pool, tiers: dict[Urgency, dict[str, int] | None]) -> int:
    """By OR-tools, over the needs of these tiers; a dictionary limits what each community may take."""
    world = _World(pool)
    number: dict[object, int] = {"source": 0, "sink": 1}
    flow = max_flow.SimpleMaxFlow()

    def node(key: object) -> int:
        return number.setdefault(key, len(number))

    communities = set()
    for need in pool.needs:
        if need.tier not in tiers:
            continue
        kind = (need.tier, need.belongs_to)
        limits = tiers[need.tier]
        if kind not in communities:
            communities.add(kind)
            flow.add_arc_with_capacity(0, node(kind), 10**6 if limits is None else limits[need.belongs_to])
        flow.add_arc_with_capacity(node(kind), node(need.id), world.slots[need.id])
        for offer in world.candidates[need.id]:
            flow.add_arc_with_capacity(node(need.id), node(offer), 1)
    for offer, free in world.free.items():
        if offer in number:
            flow.add_arc_with_capacity(node(offer), 1, max(0, free))
    flow.solve(0, 1)
    return int(flow.optimal_flow())


@given(pools(needs=30, offers=40, slots=1, pins=False))
@SLOW
def test_as_cheap_as_scipy_where_everybody_is_served(pool: Pool) -> None:
    solution = solve(pool, DAY)
    graph = solution.solved.graph
    if int(solution.solved.selection.count.sum()) < graph.needs or not graph.needs:
        return
    columns = np.repeat(np.arange(graph.offers), graph.capacity)
    table = np.full((graph.needs, graph.offers), 1e3)
    table[need_of_pair(graph), graph.offer] = graph.cost
    rows, chosen = linear_sum_assignment(table[:, columns])
    assert objective(solution) == pytest.approx(table[:, columns][rows, chosen].sum(), abs=1e-9)


@given(pools(needs=25, offers=12, slots=2))
@SLOW
def test_as_cheap_as_a_linear_programme_with_the_same_counts(pool: Pool) -> None:
    solution = solve(pool, DAY)
    graph = solution.solved.graph
    if not len(graph.offer):
        return
    owner = need_of_pair(graph)
    pair = np.arange(len(owner))
    limits = np.zeros((graph.needs + graph.offers, len(owner)))
    limits[owner, pair] = 1
    limits[graph.needs + graph.offer, pair] = 1
    same = np.zeros((len(graph.tier), len(owner)))
    same[graph.kind[owner], pair] = 1
    found = linprog(  # it stops where 1e-7 could still be won: tie-breaks are smaller, unless costs are made larger
        graph.cost * 1e6, A_ub=limits, b_ub=np.concatenate((graph.slots, graph.capacity)), A_eq=same,
        b_eq=solution.solved.selection.count, bounds=(0, 1),
    )  # fmt: skip
    assert objective(solution) == pytest.approx(found.fun / 1e6, abs=1e-9)


def big_pool(needs: int, offers: int, seed: int) -> Pool:
    chance = random.Random(seed)
    places = [(43 + chance.random(), -80 + chance.random()) for _ in range(60)]

    def where() -> dict[str, Any]:
        latitude, longitude = chance.choice(places)
        return {"latitude": latitude, "longitude": longitude}

    tongues = ["en", "fr", "yue", "ti", "ta"]
    return Pool(
        offers=[
            PoolOffer(
                id=f"o{k}", languages=tuple(chance.sample(tongues, 2)), categories=("ride",), radius_km=40.0,
                capacity=chance.randint(1, 2), load=chance.random(), **where(),
            )
            for k in range(offers)
        ],
        needs=[
            PoolNeed(
                id=f"n{k}", languages=(chance.choice(tongues),), category="ride", urgency=chance.choice(list(Urgency)),
                **where(),
            )
            for k in range(needs)
        ],
        carried={"ti": Carried(asked=20, served=2)},
    )  # fmt: skip


@pytest.mark.parametrize(("needs", "offers"), [(300, 700), (600, 200)])
def test_as_cheap_as_ortools_on_hundreds_though_lists_begin_short(needs: int, offers: int) -> None:
    """The oracle gets every candidate pair, of which there are far more than the solver's lists hold."""
    pool = big_pool(needs, offers, seed=7)
    solution = solve(pool, DAY)
    world = _World(pool)
    scale = 10**9
    flow = min_cost_flow.SimpleMinCostFlow()
    number: dict[object, int] = {"source": 0, "sink": 1}

    def node(key: object) -> int:
        return number.setdefault(key, len(number))

    for kind, count in counts_of(solution).items():
        flow.add_arc_with_capacity_and_unit_cost(0, node(kind), count, 0)
    pairs = 0
    for need in pool.needs:
        flow.add_arc_with_capacity_and_unit_cost(node((need.tier, need.belongs_to)), node(need.id), need.helpers, 0)
        for offer, cost in world.candidates[need.id].items():
            pairs += 1
            flow.add_arc_with_capacity_and_unit_cost(node(need.id), node(offer), 1, round(cost * scale))
    for offer, free in world.free.items():
        flow.add_arc_with_capacity_and_unit_cost(node(offer), 1, free, 0)
    total = int(solution.solved.selection.count.sum())
    flow.set_node_supply(0, total)
    flow.set_node_supply(1, -total)
    assert flow.solve() == flow.OPTIMAL
    assert pairs > len(solution.solved.graph.offer) or needs > offers  # where too few offer, all lists have grown
    assert objective(solution) == pytest.approx(flow.optimal_cost() / scale, abs=total / scale)
    assert faults(pool, answer(solution)) == []


def test_in_a_surge_the_same_number_is_served_and_the_least_served_first() -> None:
    """Forty offers for a hundred and twenty needs, most of them English: nobody is lost, and rates come together."""
    chance = random.Random(3)
    needs = [
        PoolNeed(
            id=f"n{k}", latitude=43.7, longitude=-79.3, category="ride", urgency=Urgency.MEDIUM, languages=(tongue,)
        )
        for k, tongue in enumerate(["en"] * 90 + ["ti"] * 30)
    ]
    offers = [
        PoolOffer(
            id=f"o{k}", latitude=43.7, longitude=-79.3, languages=("en", "ti"), categories=("ride",), radius_km=9.0,
            capacity=1, load=chance.random(),
        )
        for k in range(40)
    ]  # fmt: skip
    rates = answer(solve(Pool(offers=offers, needs=needs), DAY))["communities"]
    assert (rates["en"]["served"], rates["ti"]["served"]) == (30, 10)


def test_a_sabotaged_answer_is_found_out() -> None:
    pool = big_pool(60, 30, seed=1)
    good = answer(solve(pool, DAY))
    need, offers = next((n, o) for n, o in good["assign"].items() if o)
    for wrong in (
        good | {"assign": good["assign"] | {need: offers[1:]}},
        good | {"assign": good["assign"] | {need: ["o999"]}},
        good | {"certificate": good["certificate"] | {"price": {}}},
        good | {"certificate": good["certificate"] | {"thrift": {need: -1.0}}},
    ):
        assert faults(pool, wrong)


def test_an_unfair_answer_is_found_out() -> None:
    def need(name: str, tongue: str) -> PoolNeed:
        return PoolNeed(
            id=name, latitude=43.7, longitude=-79.3, languages=(tongue,), category="ride", urgency=Urgency.LOW
        )

    pool = Pool(
        needs=[need("a", "en"), need("b", "en"), need("c", "ti"), need("d", "ti")],
        offers=[
            PoolOffer(
                id="o",
                latitude=43.7,
                longitude=-79.3,
                languages=("en", "ti"),
                categories=("ride",),
                radius_km=5.0,
                capacity=2,
            )
        ],
    )
    unfair = answer(solve(pool, DAY)) | {"assign": {"a": ["o"], "b": ["o"]}}
    assert any("ti" in line for line in faults(pool, unfair))


def test_violators_say_who_and_that_they_are_too_many() -> None:
    pool = big_pool(200, 60, seed=5)
    solution = solve(pool, DAY)
    world = _World(pool)
    found = answer(solution)
    unserved = set(found["unserved"])
    for one in found["violators"]:
        inside = set(one["offers"])
        outside = sum(offer not in inside for need in one["needs"] for offer in world.candidates[need])
        slots = sum(world.slots[need] for need in one["needs"])
        assert slots > sum(world.free[offer] for offer in inside) + outside
        assert unserved & set(one["needs"])
    assert unserved <= {need for one in found["violators"] for need in one["needs"]}
    assert solution.claimed()


@pytest.mark.parametrize("seed", [1, 2])
def test_without_numba_the_answer_is_the_same(seed: int) -> None:
    code = (
        "from datetime import date; import json\n"
        "from tests.solving.test_solve import big_pool\n"
        "from careweb.domain.solving.answer import answer; from careweb.domain.solving.solve import solve\n"
        f"found = answer(solve(big_pool(120, 60, {seed}), date(2026, 11, 23))); del found['seconds']\n"
        "print(json.dumps(found, sort_keys=True))"
    )
    hidden = "import sys; sys.modules['numba'] = None\n"
    outputs = [
        subprocess.run([sys.executable, "-c", first + code], capture_output=True, check=True, text=True).stdout
        for first in ("", hidden)
    ]
    assert outputs[0] == outputs[1]
