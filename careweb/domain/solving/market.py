"""One attempt at a market: solved and proven with the lists given, or which lists have to grow.

Pure, and it searches nothing itself: the pairs of a file and the queries of a tick are two sources of lists for the
same loop. numba comes with the first attempt, so that whoever only holds markets does not pay for it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date

import numpy as np

from careweb.domain.solving.graph import Assignment, Bools, Floats, Graph, Ints, Selection, need_of_pair
from careweb.domain.solving.problem import TIERS, Carried, rank_of
from careweb.domain.states import Urgency

SHORT = 32  # a good first length of a list
_GROWTH = 4
_NEVER = Carried(asked=0, served=0)

Kind = tuple[Urgency, str]  # a tier and a community
Stage = Callable[[str], AbstractContextManager[object]]  # told what is done meanwhile, for those who time it


@dataclass(frozen=True, kw_only=True)
class Classes:
    """Communities within tiers, the most urgent tier first. `g` of them."""

    kinds: Sequence[Kind]
    asked: Ints  # (g,) carried and open now, pins included: the denominator of the rate
    served: Ints  # (g,) carried and pinned: its numerator before anything is placed
    rank: Ints  # (g,) order among classes whose rates tie


@dataclass(frozen=True, kw_only=True)
class Market:
    """What is open: `n` needs with an open slot, `m` offers with a free task (in a tick: people).

    Ids are only names. What decides between exact ties are the lists, whose `tie` is a hash of ids.
    """

    needs: Sequence[str]
    slots: Ints  # (n,) open, pins taken off, at least 1
    kind: Ints  # (n,) class of each need
    offers: Sequence[str]
    capacity: Ints  # (m,) free, pins taken off, at least 1
    classes: Classes


@dataclass(frozen=True, kw_only=True)
class List:
    """The cheapest offers for one need, each once, the cheapest with its tie-break first."""

    offer: Ints  # positions in the market
    cost: Floats  # without the tie-break
    tie: Floats  # `tie_break` of each pair
    next_cost: float  # no offer left out costs less, without tie-break; infinite if none was left out


@dataclass(frozen=True, kw_only=True)
class Longer:
    """Lists too short to prove anything: by position of the need, how many offers each must hold, or all there are."""

    lengths: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class Solved:
    """Exact for all candidates, also those left out of the lists. `proof.py` says why."""

    market: Market
    graph: Graph  # the lists as one array of pairs
    plain_cost: Floats  # (e,) of each pair, without the tie-break
    selection: Selection  # slots filled of each class, and what is closed to the unserved
    assignment: Assignment  # pairs used, prices and worths

    def claimed(self) -> list[tuple[int, int]]:
        """Positions of need and offer, in the order of needs."""
        used = np.flatnonzero(self.assignment.used)
        return list(zip(need_of_pair(self.graph)[used].tolist(), self.graph.offer[used].tolist(), strict=True))

    def served(self) -> Ints:
        """(n,) slots of each need that are filled."""
        return np.bincount(need_of_pair(self.graph)[self.assignment.used], minlength=self.graph.needs)


def attempt(market: Market, lists: Sequence[List], stage: Stage = nullcontext) -> Solved | Longer:
    """`lists`: one for each need. Deterministic; the order of needs and offers changes nothing but positions."""
    from careweb.domain.solving.assignment import assign
    from careweb.domain.solving.selection import select

    graph = _graph(market, lists)
    next_cost = np.array([one.next_cost for one in lists], np.float64)
    with stage("selection"):
        selection = select(graph)
    longer = selection.closed_needs & np.isfinite(next_cost)
    if longer.any():
        return _longer(longer, lists)
    with stage("cost"):
        assignment = assign(graph, selection)
    with stage("certificate"):
        longer = _perhaps_cheaper(graph, assignment, next_cost)
    if longer.any():
        return _longer(longer, lists)
    plain = np.concatenate([one.cost for one in lists]) if lists else np.empty(0)
    return Solved(market=market, graph=graph, plain_cost=plain, selection=selection, assignment=assignment)


def classify(
    kinds: Sequence[Kind], helpers: Ints, pinned: Ints, carried: Mapping[str, Carried], day: date
) -> tuple[Classes, Ints]:
    """Classes, and which one each need is in. All three by need, those included whose slots are all pinned.

    The rate counts all that is open in a tier, with its pins; what is carried counts alike in every tier.
    """
    order = sorted(set(kinds), key=lambda kind: (TIERS.index(kind[0]), kind[1]))
    number = {kind: at for at, kind in enumerate(order)}
    of_need = np.array([number[kind] for kind in kinds], np.int64)
    before = [carried.get(community, _NEVER) for _, community in order]
    classes = Classes(
        kinds=order,
        asked=np.array([one.asked for one in before], np.int64) + _sums(of_need, helpers, len(order)),
        served=np.array([one.served for one in before], np.int64) + _sums(of_need, pinned, len(order)),
        rank=np.argsort(np.argsort([rank_of(community, day) for _, community in order])).astype(np.int64),
    )
    return classes, of_need


def _sums(of_need: Ints, each: Ints, classes: int) -> Ints:
    return np.bincount(of_need, weights=each, minlength=classes).astype(np.int64)


def _graph(market: Market, lists: Sequence[List]) -> Graph:
    classes = market.classes
    ends = np.cumsum([len(one.offer) for one in lists], dtype=np.int64)
    return Graph(
        first=np.concatenate((np.zeros(1, np.int64), ends)),
        offer=np.concatenate([one.offer for one in lists]) if lists else np.empty(0, np.int64),
        cost=np.concatenate([one.cost + one.tie for one in lists]) if lists else np.empty(0),
        slots=market.slots, kind=market.kind, capacity=market.capacity,
        tier=np.array([TIERS.index(tier) for tier, _ in classes.kinds], np.int64),
        asked=classes.asked, served=classes.served, rank=classes.rank,
    )  # fmt: skip


def _perhaps_cheaper(graph: Graph, assignment: Assignment, next_cost: Floats) -> Bools:
    """Needs whose cut list might hide a cheaper pair: one that costs less than its slot is worth."""
    hidden: Bools = next_cost < assignment.worth[graph.kind] - assignment.thrift
    return hidden


def _longer(these: Bools, lists: Sequence[List]) -> Longer:
    return Longer(lengths={i: max(SHORT, _GROWTH * len(lists[i].offer)) for i in np.flatnonzero(these).tolist()})
