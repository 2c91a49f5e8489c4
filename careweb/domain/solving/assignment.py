"""Stage three: with the counts of each class fixed, the cheapest assignment, and the prices that prove it.

The selection's closed set splits the graph. Outside it everybody is fully served, in every assignment with these
counts: an ordinary transport of needs to offers with room to spare. Inside it every task is used: there the offers are
the scarce side, and are transported to needs, classes being groups with as much room as they are served inside. No
pair from inside to an offer outside is left unused, and none from outside to an offer inside can be used.
The two proofs become one by a toll, added to all prices inside, that keeps the outside out.
"""

from dataclasses import dataclass

import numpy as np

from careweb.domain.solving.graph import Assignment, Bools, Floats, Graph, Ints, Selection, need_of_pair
from careweb.domain.solving.inside import Placed, place
from careweb.domain.solving.outside import Served, serve
from careweb.domain.solving.sharing import by_offer
from careweb.domain.solving.units import Table


class UnreachableError(Exception):
    """What the selection promised cannot be placed: never, unless one of the two is wrong."""


@dataclass(frozen=True, kw_only=True)
class _Split:
    """The graph with what is inside the closed set, by need, offer and pair."""

    graph: Graph
    owner: Ints
    needs: Bools
    offers: Bools
    forced: Bools  # pairs used by every assignment with these counts
    room: Ints  # tasks of offers outside that forced pairs leave
    wanted: Ints  # slots of needs inside that may be filled inside
    count: Ints  # of each class, inside


def assign(graph: Graph, selection: Selection) -> Assignment:
    split = _split(graph, selection)
    used = split.forced.copy()
    outside = _outside(split, used)
    inside, task_worth = _inside(split, used)
    return _proof(split, used, _Prices(split, used, outside, inside, task_worth))


def _split(graph: Graph, selection: Selection) -> _Split:
    owner, needs, offers = need_of_pair(graph), selection.closed_needs, selection.closed_offers
    forced = np.zeros(len(owner), np.bool_)
    room, wanted = np.where(offers, 0, graph.capacity), np.where(needs, graph.slots, 0)
    classes = len(selection.count)
    count = selection.count - _sum(graph.kind[~needs], graph.slots[~needs], classes)
    if needs.any():
        forced = selection.used & needs[owner] & ~offers[graph.offer]
        room = room - np.bincount(graph.offer[forced], minlength=graph.offers)
        wanted = wanted - np.bincount(owner[forced], minlength=graph.needs)
        count = count - np.bincount(graph.kind[owner[forced]], minlength=classes)
    return _Split(
        graph=graph, owner=owner, needs=needs, offers=offers, forced=forced, room=room, wanted=wanted, count=count
    )


def _sum(index: Ints, values: Ints, size: int) -> Ints:
    return np.bincount(index, weights=values, minlength=size).astype(np.int64)


def _outside(split: _Split, used: Bools) -> Served:
    graph = split.graph
    slots, left = np.where(split.needs, 0, graph.slots), np.minimum(split.room, len(graph.offer) + 1)
    served = serve(
        graph.first, graph.offer.astype(np.int32), split.owner.astype(np.int32), graph.cost, slots.astype(np.int32),
        left.astype(np.int32),
    )  # fmt: skip
    if not served.all:
        raise UnreachableError
    used |= served.used
    return served


def _inside(split: _Split, used: Bools) -> tuple[Placed, Floats]:
    """By offer and need; classes with no slot inside take no part. And what each offer's task is worth there."""
    graph = split.graph
    part = split.needs & (split.count > 0)[graph.kind]
    pairs = np.flatnonzero(part[split.owner] & split.offers[graph.offer])
    pairs, first = by_offer(pairs, graph.offer, graph.cost, graph.offers)
    offer, need = graph.offer[pairs], split.owner[pairs]
    placed = place(
        Table(
            first=first, col=need.astype(np.int32), row=offer.astype(np.int32), cost=graph.cost[pairs],
            units=np.where(split.offers, graph.capacity, 0).astype(np.int32), left=split.wanted.astype(np.int32),
            group=graph.kind.astype(np.int32), spare=split.count.astype(np.int32),
        )
    )  # fmt: skip
    if not placed.all:
        raise UnreachableError
    worth = np.full(graph.offers, -np.inf)
    np.maximum.at(worth, offer[placed.used], (graph.cost[pairs] + placed.price[need])[placed.used])
    used[pairs[placed.used]] = True
    return placed, worth


class _Prices:
    """Of the outside as they are; of the inside relative to a toll: a price is toll - `task`, a slot toll - `slot`."""

    def __init__(self, split: _Split, used: Bools, outside: Served, inside: Placed, task: Floats) -> None:
        graph, owner = split.graph, split.owner
        chosen = np.flatnonzero(used)
        edge = np.flatnonzero((split.offers | (split.room <= 0))[graph.offer] & ~used)  # what a toll may be needed for
        pays = np.full(graph.needs, -np.inf)  # a need's dearest pair outside
        free = chosen[~split.needs[owner[chosen]]]
        np.maximum.at(pays, owner[free], graph.cost[free] + outside.price[graph.offer[free]])
        price = np.where(split.room > 0, outside.price, 0.0)
        shut = edge[~split.needs[owner[edge]] & ~split.offers[graph.offer[edge]]]  # all of it is forced
        np.maximum.at(price, graph.offer[shut], pays[owner[shut]] - graph.cost[shut])
        forced = np.flatnonzero(split.forced)
        np.maximum.at(pays, owner[forced], graph.cost[forced] + price[graph.offer[forced]])
        slot = np.where(split.wanted > 0, inside.price, inside.level[graph.kind])
        within = edge[split.needs[owner[edge]] & split.offers[graph.offer[edge]]]
        tight = within[(split.wanted[owner[within]] <= 0)]
        np.maximum.at(slot, owner[tight], task[graph.offer[tight]] - graph.cost[tight])
        self.price, self.task, self.pays, self.slot, self.level = price, task, pays, slot, inside.level
        self.edge, self.forced, self.within = edge, forced, within


def _proof(split: _Split, used: Bools, prices: _Prices) -> Assignment:
    graph, kind = split.graph, split.graph.kind
    belongs = split.count > 0  # classes served inside: their worth is relative to the toll
    worth = np.full(len(belongs), -np.inf)
    np.maximum.at(worth, kind, prices.pays)
    toll = _toll(split, prices, belongs, worth)
    price = np.where(split.offers, toll - prices.task, prices.price)
    cheapest = np.full(len(belongs), np.inf)
    never = np.flatnonzero((np.isneginf(worth) & ~belongs)[kind][split.owner])  # pairs of classes that nobody serves
    np.minimum.at(cheapest, kind[split.owner[never]], graph.cost[never] + price[graph.offer[never]])
    worth = np.where(np.isfinite(worth), worth, np.where(np.isfinite(cheapest), cheapest, 0.0))
    worth = np.where(belongs, toll - prices.level, worth)
    full = np.bincount(split.owner[used], minlength=graph.needs) == graph.slots
    own = np.where(split.needs & belongs[kind], toll - prices.slot, prices.pays)
    thrift = np.where(full, np.maximum(0.0, worth[kind] - own), 0.0)
    return Assignment(used=used, price=price, worth=worth, thrift=thrift)


def _toll(split: _Split, prices: _Prices, belongs: Bools, worth: Floats) -> float:
    """The least that lets every pair be used that is, and none else; that leaves no price below 0, no thrift either."""
    graph, kind, owner = split.graph, split.graph.kind, split.owner
    out = ~split.needs & belongs[kind]
    crossing = prices.edge[~split.needs[owner[prices.edge]] & split.offers[graph.offer[prices.edge]]]
    foreign = prices.within[~belongs[kind[owner[prices.within]]]]
    forced = prices.forced[belongs[kind[owner[prices.forced]]]]
    bounds = (
        prices.task[split.offers],
        prices.pays[out] + prices.level[kind[out]],
        prices.pays[owner[crossing]] + prices.task[graph.offer[crossing]] - graph.cost[crossing],
        worth[kind[owner[foreign]]] + prices.task[graph.offer[foreign]] - graph.cost[foreign],
        graph.cost[forced] + prices.price[graph.offer[forced]] + prices.slot[owner[forced]],
    )
    return float(max((0.0, *(bound.max() for bound in bounds if len(bound)))))
