"""The whole solve of a pool: lists, selection, assignment, and lists made longer until no cut can matter."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from careweb.domain.solving.assignment import Assignment, assign
from careweb.domain.solving.graph import Bools, Floats, Graph, Ints, need_of_pair
from careweb.domain.solving.pairs import List, Pairs
from careweb.domain.solving.problem import TIERS, Carried, Pool, PoolNeed, rank_of
from careweb.domain.solving.selection import Selection, select
from careweb.domain.states import Urgency

SHORT = 32  # the first length of a list
_NEVER = Carried(asked=0, served=0)


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Classes: a community within a tier, numbered tier by tier."""

    tiers: Sequence[Urgency]
    communities: Sequence[str]
    of_need: Ints
    asked: Ints
    served: Ints
    rank: Ints


@dataclass(frozen=True, kw_only=True)
class Solution:
    pool: Pool
    kinds: Kinds
    needs: Sequence[int]  # positions in the pool of the graph's needs: those with an open slot
    offers: Sequence[int]  # the same of its offers: those with a free task
    graph: Graph
    plain_cost: Floats  # of each pair, without the tie-break
    selection: Selection
    assignment: Assignment
    seconds: Mapping[str, float]


def solve(pool: Pool, day: date) -> Solution:
    """Exact whatever the length of lists: prices and closed sets prove every cut harmless, or the lists grow."""
    clock: dict[str, float] = defaultdict(float)
    with _Timed(clock, "candidates"):
        kinds = _kinds(pool, day)
        open_slots, free = _left(pool)
        needs = [i for i, slots in enumerate(open_slots) if slots > 0]
        offers = [j for j, tasks in enumerate(free) if tasks > 0]
        pairs = Pairs(pool, free)
        lists = [pairs.of(i, SHORT) for i in needs]
    while True:
        with _Timed(clock, "candidates"):
            graph = _graph(kinds, needs, offers, lists, open_slots, free)
        with _Timed(clock, "selection"):
            selection = select(graph)
        cut = np.array([np.isfinite(one.next_cost) for one in lists], np.bool_)
        longer = np.flatnonzero(selection.closed_needs & cut)
        if not len(longer):
            with _Timed(clock, "cost"):
                assignment = assign(graph, selection.count)
            longer = _perhaps_cheaper(graph, assignment, lists)
        if not len(longer):
            break
        with _Timed(clock, "candidates"):
            for i in longer:
                lists[i] = pairs.of(needs[i], 4 * len(lists[i].offer))
    plain = np.concatenate([one.cost for one in lists]) if lists else np.empty(0)
    return Solution(
        pool=pool, kinds=kinds, needs=needs, offers=offers, graph=graph, plain_cost=plain,
        selection=selection, assignment=assignment, seconds=clock,
    )  # fmt: skip


class _Timed:
    def __init__(self, clock: dict[str, float], name: str) -> None:
        self._clock, self._name = clock, name

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._clock[self._name] += time.perf_counter() - self._start


def _left(pool: Pool) -> tuple[list[int], list[int]]:
    """Open slots of each need and free tasks of each offer, pins taken off."""
    needs = Counter(need for need, _ in pool.pinned)
    offers = Counter(offer for _, offer in pool.pinned)
    return [n.helpers - needs[n.id] for n in pool.needs], [o.capacity - offers[o.id] for o in pool.offers]


def _kinds(pool: Pool, day: date) -> Kinds:
    """The rate counts all that is open in this tier, with its pins; what is carried counts alike in every tier."""
    open_now: Counter[tuple[Urgency, str]] = Counter()
    for need in pool.needs:
        open_now[need.tier, need.belongs_to] += need.helpers
    placed = Counter((need.tier, need.belongs_to) for need in _pinned_needs(pool))
    order = sorted(open_now, key=lambda kind: (TIERS.index(kind[0]), kind[1]))
    number = {kind: at for at, kind in enumerate(order)}
    carried = [pool.carried.get(community, _NEVER) for _, community in order]
    ranks = np.argsort(np.argsort([rank_of(community, day) for _, community in order]))
    return Kinds(
        tiers=[tier for tier, _ in order],
        communities=[community for _, community in order],
        of_need=np.array([number[need.tier, need.belongs_to] for need in pool.needs], np.int64),
        asked=np.array([one.asked + open_now[kind] for one, kind in zip(carried, order, strict=True)], np.int64),
        served=np.array([one.served + placed[kind] for one, kind in zip(carried, order, strict=True)], np.int64),
        rank=ranks.astype(np.int64),
    )


def _pinned_needs(pool: Pool) -> list[PoolNeed]:
    by_id = {need.id: need for need in pool.needs}
    return [by_id[need] for need, _ in pool.pinned]


def _graph(
    kinds: Kinds,
    needs: Sequence[int],
    offers: Sequence[int],
    lists: Sequence[List],
    open_slots: Sequence[int],
    free: Sequence[int],
) -> Graph:
    place = np.full(len(free), -1, np.int64)
    place[list(offers)] = np.arange(len(offers))
    ends = np.cumsum([len(one.offer) for one in lists], dtype=np.int64)
    cost = np.concatenate([one.cost + one.tie for one in lists]) if lists else np.empty(0)
    return Graph(
        first=np.concatenate((np.zeros(1, np.int64), ends)),
        offer=place[np.concatenate([one.offer for one in lists])] if lists else np.empty(0, np.int64),
        cost=cost,
        slots=np.array([open_slots[i] for i in needs], np.int64),
        kind=kinds.of_need[list(needs)] if len(needs) else np.empty(0, np.int64),
        capacity=np.array([free[j] for j in offers], np.int64),
        tier=np.array([TIERS.index(tier) for tier in kinds.tiers], np.int64),
        asked=kinds.asked, served=kinds.served, rank=kinds.rank,
    )  # fmt: skip


def _perhaps_cheaper(graph: Graph, assignment: Assignment, lists: Sequence[List]) -> Ints:
    """Needs whose cut list might hide a cheaper pair: one that costs less than its slot is worth."""
    hidden = np.array([one.next_cost for one in lists])
    return np.flatnonzero(hidden < assignment.worth[graph.kind] - assignment.thrift)


def used_pairs(solution: Solution) -> list[tuple[int, int]]:
    """Positions in the pool of need and offer."""
    graph = solution.graph
    chosen: Bools = solution.assignment.used
    needs, offers = need_of_pair(graph)[chosen], graph.offer[chosen]
    return [(solution.needs[i], solution.offers[j]) for i, j in zip(needs.tolist(), offers.tolist(), strict=True)]
