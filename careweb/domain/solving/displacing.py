"""A start for the searches outside the closed set: needs displace each other at full offers, a few times each.

An auction whose bids are exact (the row reduction of Jonker and Volgenant 1987, for offers with several tasks): a need
pays for its cheapest offer at most what makes the next choice as good; of those who want a full offer the lowest bid
leaves, and the price becomes the next to lowest. So each held pair is its need's best at all times, as the searches
that follow want it. Equal offers would be fought for without end: after a few bids a search decides.
"""

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Floats, Ints, Small

NOTHING = -1
_PATIENCE = 4  # bids at full offers, for each need that begins


@compiled
def displace(
    first: Ints, offer: Small, need: Small, cost: Floats, wanted: Small, left: Small, room: Small, node: Floats,
    used: Bools, hold: Small, load: Small,
) -> None:  # fmt: skip
    """Fills what it can; `node`, `hold` and `load` as in `outside.py`."""
    limit = np.zeros(len(wanted))  # of each need: no unused pair costs less, no used one more, prices included
    for source in range(len(wanted)):
        i, patience = source, _PATIENCE
        while wanted[i] > 0:
            e, following = _two_best(i, first, offer, cost, node, used)
            if e == NOTHING:
                break
            j, out = offer[e], NOTHING
            if left[j] > 0:
                at = room[j] + load[j]
                left[j] -= 1
                load[j] += 1
            else:
                at, low, second = _least_bid(j, following - cost[e], limit, need, cost, room, hold, load)
                price = second if second < np.inf else low
                patience -= 1
                if patience < 0 or price == np.inf:
                    break
                node[2 * j] = max(node[2 * j], price)
                if at == NOTHING:  # the need's own: at that price it may look elsewhere
                    continue
                out = hold[at]
            used[e], hold[at], limit[i] = True, e, following
            wanted[i] -= 1
            if out != NOTHING:
                i = need[out]
                used[out] = False
                wanted[i] += 1


@compiled
def _two_best(i: int, first: Ints, offer: Small, cost: Floats, node: Floats, used: Bools) -> tuple[int, float]:
    """A need's cheapest unused pair, prices included, and what the next one would cost."""
    best, following, pair = np.inf, np.inf, NOTHING
    for e in range(first[i], first[i + 1]):
        if cost[e] >= following:
            break
        whole = cost[e] + node[2 * offer[e]]
        if whole < following and not used[e]:
            if whole < best:
                best, following, pair = whole, best, e
            else:
                following = whole
    return pair, following


@compiled
def _least_bid(
    j: int, low: float, limit: Floats, need: Small, cost: Floats, room: Small, hold: Small, load: Small
) -> tuple[int, float, float]:  # fmt: skip
    """Of the bids held at an offer and one more, `low`: where the least is held, how much it is, and the next to it."""
    at, second = NOTHING, np.inf
    for q in range(room[j], room[j] + load[j]):
        bid = limit[need[hold[q]]] - cost[hold[q]]
        if bid < low:
            low, second, at = bid, low, q
        elif bid < second:
            second = bid
    return at, low, second
