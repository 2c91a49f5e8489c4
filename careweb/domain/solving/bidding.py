"""An auction for the room of groups: its prices are near the right ones, and spare most of the searching."""

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Floats, Ints, Small
from careweb.domain.solving.heaps import drop, put

NOTHING = -1


@compiled
def bid(
    first: Ints, col: Small, row: Small, cost: Floats, wanted: Small, left: Small, group: Small, spare: Small,
    room: Ints, start: Ints, step: float, most: int,
) -> Floats:  # fmt: skip
    """Levels near the right ones, by an auction (Bertsekas and Castanon 1989): who is displaced bids elsewhere.

    A bid is what its row would lose by its next choice, and a step more; the next choice is not another column with
    room of the same group, for it is the group's room that is sold. Uses up `wanted`, `left` and `spare`.
    `room` and `start`: where the pairs held by each column and by each group begin.
    """
    n, m = len(wanted), len(left)
    used, price, level = np.zeros(len(col), np.bool_), np.where(left > 0, 0.0, np.inf), np.zeros(len(spare))
    load, hold, spot = np.zeros(m, np.int32), np.empty(room[m], np.int32), np.empty(len(col), np.int32)
    heap, size = np.empty(start[-1], np.int32), np.zeros(len(spare), np.int32)  # of each group, by bid
    place, offered = np.full(len(col), NOTHING, np.int32), np.zeros(len(col))
    queue, head, waiting = np.arange(n + 1), 0, n
    while waiting > 0 and most > 0:
        i = queue[head]
        head, waiting = (head + 1) % (n + 1), waiting - 1
        while wanted[i] > 0 and most > 0:
            most -= 1
            e, pays, gap = _choose(i, first, col, cost, left, group, used, price, level)
            if e == NOTHING:
                break
            c, k, loser = col[e], group[col[e]], NOTHING
            if left[c] <= 0:
                loser = _least_bid(c, room, load, hold, offered)
            elif spare[k] <= 0:
                loser = heap[start[k]]
            if loser != NOTHING:
                given, i_out = col[loser], row[loser]
                used[loser] = False
                size[k] = drop(heap, place, offered, start[k], size[k], loser)
                load[given] -= 1
                last, at = hold[room[given] + load[given]], spot[loser]
                hold[at], spot[last] = last, at
                left[given] += 1
                spare[k] += 1
                price[given] = 0.0
                wanted[i_out] += 1
                if wanted[i_out] == 1 and i_out != i:
                    queue[(head + waiting) % (n + 1)] = i_out
                    waiting += 1
                pays += min(gap, 1.0) + step
            at = room[c] + load[c]
            used[e], hold[at], spot[e] = True, e, at
            load[c] += 1
            left[c] -= 1
            spare[k] -= 1
            wanted[i] -= 1
            offered[e] = pays
            size[k] = put(heap, place, offered, start[k], size[k], e)
            if left[c] <= 0:
                price[c] = offered[_least_bid(c, room, load, hold, offered)]
            if spare[k] <= 0:
                level[k] = offered[heap[start[k]]]
    return level


@compiled
def _choose(
    i: int, first: Ints, col: Small, cost: Floats, left: Small, group: Small, used: Bools, price: Floats, level: Floats
) -> tuple[int, float, float]:  # fmt: skip
    """A row's best pair, the price of its column now, and how much worse the next choice is."""
    best, second, e, pays = np.inf, np.inf, NOTHING, 0.0
    for f in range(first[i], first[i + 1]):
        if cost[f] >= best:
            break
        now = max(price[col[f]], level[group[col[f]]])
        if cost[f] + now < best and not used[f]:
            best, e, pays = cost[f] + now, f, now
    if e == NOTHING:
        return e, pays, second
    k, roomy = group[col[e]], left[col[e]] > 0
    for f in range(first[i], first[i + 1]):
        if cost[f] >= second:
            break
        c = col[f]
        whole = cost[f] + max(price[c], level[group[c]])
        if whole < second and f != e and not used[f] and not (roomy and left[c] > 0 and group[c] == k):
            second = whole
    return e, pays, second - best


@compiled
def _least_bid(c: int, room: Ints, load: Small, hold: Small, offered: Floats) -> int:
    best = hold[room[c]]
    for q in range(room[c] + 1, room[c] + load[c]):
        if offered[hold[q]] < offered[best]:
            best = hold[q]
    return int(best)
