"""The candidate graph as arrays, needs with slots on one side, offers with capacity on the other; and what is found in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """`n` needs, `m` offers, `e` candidate pairs, `g` classes (a class is a community within a tier).

    Pairs of need `i` are `first[i]:first[i + 1]`, the cheapest first. Classes are numbered tier by tier, the most
    urgent tier first. A pair is used at most once: a need's slots go to different offers.
    """

    first: Ints  # (n + 1,)
    offer: Ints  # (e,) of each pair
    cost: Floats  # (e,) with the tie-break
    slots: Ints  # (n,) open, pins taken off, at least 1
    kind: Ints  # (n,) class of each need
    capacity: Ints  # (m,) free, pins taken off, at least 1
    tier: Ints  # (g,) 0 is the most urgent
    asked: Ints  # (g,) carried and open now, pins included: the denominator of the rate
    served: Ints  # (g,) carried and pinned: the numerator before anything is placed
    rank: Ints  # (g,) order among classes whose rates tie, by a dated hash

    @property
    def needs(self) -> int:
        return len(self.slots)

    @property
    def offers(self) -> int:
        return len(self.capacity)


@dataclass(frozen=True, kw_only=True)
class Selection:
    count: Ints  # (g,) slots filled of each class, pins not counted
    used: Bools  # (e,) pairs that fill them, whatever they cost
    closed_needs: Bools  # (n,) reached from an open slot, as those who stand between it and a task
    closed_offers: Bools  # (m,) likewise: all full, and only of closed needs


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Which pairs are used, and the dual: no unused pair costs less than `worth[class] - thrift[need] - price[offer]`."""

    used: Bools  # (e,)
    price: Floats  # (m,) of a task, at least 0; 0 where one is free
    worth: Floats  # (g,) of a slot
    thrift: Floats  # (n,) at least 0: what a fully served need leaves of its worth


def need_of_pair(graph: Graph) -> Ints:
    return np.repeat(np.arange(graph.needs, dtype=np.int64), np.diff(graph.first))


def room(graph: Graph) -> Ints:
    """(m + 1,) where each offer's held pairs begin: no offer ever holds more than its candidates or its capacity."""
    reached = np.bincount(graph.offer, minlength=graph.offers)
    return np.concatenate(([0], np.cumsum(np.minimum(reached, graph.capacity)))).astype(np.int64)
