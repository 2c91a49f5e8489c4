"""Who hangs together: needs and offers that pairs connect, by union-find."""

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Floats, Ints, Small


@compiled
def connected(first: Ints, offer: Ints, needs: Bools, offers: Bools) -> Ints:
    """A number for each need and, after them, each offer; the same where pairs among `needs` and `offers` connect them."""
    n = len(needs)
    above = np.arange(n + len(offers))
    for i in range(n):
        if needs[i]:
            for e in range(first[i], first[i + 1]):
                if offers[offer[e]]:
                    a, b = _top(above, i), _top(above, n + offer[e])
                    above[max(a, b)] = min(a, b)
    for a in range(len(above)):  # each stands above those after it
        above[a] = above[above[a]]
    return above


@compiled
def _top(above: Ints, a: int) -> int:
    while above[a] != a:
        above[a] = above[above[a]]
        a = above[a]
    return a


@compiled
def by_neighbourhood(first: Ints, col: Small, m: int, rows: Ints) -> Ints:
    """Rows that share columns get near each other: sorted by the smallest row that shares one.

    Pairs of row `i` are `first[i]:first[i + 1]`, with one of `m` columns each.
    """
    near_col, near_row = np.full(m, len(first), np.int32), rows.copy()
    for i in rows:
        for e in range(first[i], first[i + 1]):
            near_col[col[e]] = min(near_col[col[e]], i)
    for at in range(len(rows)):
        for e in range(first[rows[at]], first[rows[at] + 1]):
            near_row[at] = min(near_row[at], near_col[col[e]])
    return rows[np.argsort(near_row, kind="mergesort")]


@compiled
def by_offer(pairs: Ints, offer: Ints, cost: Floats, m: int) -> tuple[Ints, Ints]:
    """These pairs by offer, the cheapest of each first, and where those of each of `m` offers begin."""
    first = np.zeros(m + 1, np.int64)
    for e in pairs:
        first[offer[e] + 1] += 1
    for j in range(m):
        first[j + 1] += first[j]
    ordered, end = np.empty(len(pairs), np.int64), first.copy()
    for e in pairs:
        ordered[end[offer[e]]] = e
        end[offer[e]] += 1
    for j in range(m):
        if first[j + 1] - first[j] > 1:
            these = ordered[first[j] : first[j + 1]]
            ordered[first[j] : first[j + 1]] = these[np.argsort(cost[these], kind="mergesort")]
    return ordered, first
