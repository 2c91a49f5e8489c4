"""Outside the closed set: the cheapest way to serve all of some needs by offers with room to spare, and its prices.

Successive shortest paths: one slot after another takes the cheapest path to an offer with a free task; on its way it
may displace a slot at a full offer, whose need then looks on. Prices keep every step at least 0, so that Dijkstra finds
the path (Edmonds and Karp 1972; Jonker and Volgenant 1987).

Most slots need no search: `displacing.py` fills them. The others are taken neighbourhood by neighbourhood, so that one
search finds in the processor's cache what the last one touched; for the same reason the price and the label of an offer
lie side by side, at `node[2 * j]` and `node[2 * j + 1]`. The loops hand over plain arrays: numba counts a reference for
each array it takes out of a named tuple, and that cost more than the search.
"""

from typing import NamedTuple

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.displacing import NOTHING, displace
from careweb.domain.solving.graph import Bools, Floats, Ints, Small
from careweb.domain.solving.heaps import rise, sink
from careweb.domain.solving.sharing import by_neighbourhood

_OUT_OF_QUEUE = -2  # the place in the queue of an offer that was taken out of it


class Served(NamedTuple):
    used: Bools  # (e,)
    price: Floats  # (m,) 0 where a task is left, infinite where there never was one
    all: bool  # whether every slot could be filled


def serve(first: Ints, offer: Small, need: Small, cost: Floats, slots: Small, left: Small) -> Served:
    """Pairs of need `i` are `first[i]:first[i + 1]`, the cheapest first. `left`: tasks of each offer; is used up."""
    node = np.full(2 * len(left), np.inf)
    node[::2][left > 0] = 0.0
    used = np.zeros(len(offer), np.bool_)
    places = np.minimum(np.bincount(offer, minlength=len(left)), np.maximum(left, 0))
    room = np.concatenate(([0], np.cumsum(places))).astype(np.int32)
    every = _serve(first, offer, need, cost, slots.copy(), left, room, node, used)
    return Served(used=used, price=node[::2].copy(), all=every)


@compiled
def _serve(
    first: Ints, offer: Small, need: Small, cost: Floats, wanted: Small, left: Small, room: Small, node: Floats, used: Bools
) -> bool:  # fmt: skip
    n, m, places = len(wanted), len(left), room[-1]
    hold, load = (
        np.empty(places, np.int32),
        np.zeros(m, np.int32),
    )  # pairs that an offer holds: hold[room[j]:][:load[j]]
    displace(first, offer, need, cost, wanted, left, room, node, used, hold, load)
    # one search: offers by how far they are, by which pair one was reached, which place was given up for that
    queue, key, place = np.empty(m, np.int32), np.empty(m), np.full(m, NOTHING, np.int32)
    via, freed, done = np.empty(m, np.int32), np.empty(m, np.int32), np.empty(m, np.int32)
    paid, needs = np.full(n, np.inf), np.empty(n, np.int32)  # up to a need; infinite where the search has not been
    before, before_freed = (
        np.empty(places, np.int32),
        np.empty(places, np.int32),
    )  # by place: `via`, `freed` of who takes it
    for i in by_neighbourhood(first, offer, m, np.flatnonzero(wanted > 0)):
        while wanted[i] > 0:
            e, q = _search(
                i, first, offer, need, cost, left, room, node, used, hold, load, queue, key, place, via, freed, done,
                paid, needs, before, before_freed,
            )  # fmt: skip
            if e == NOTHING:
                return False
            _walk_back(e, q, offer, left, room, used, hold, load, before, before_freed)
            wanted[i] -= 1
    return True


@compiled
def _search(  # noqa: C901
    source: int, first: Ints, offer: Small, need: Small, cost: Floats, left: Small, room: Small, node: Floats, used: Bools,
    hold: Small, load: Small, queue: Small, key: Floats, place: Small, via: Small, freed: Small, done: Small, paid: Floats,
    needs: Small, before: Small, before_freed: Small,
) -> tuple[int, int]:  # fmt: skip
    """The last pair of the cheapest path to a free task, and the place given up for it; raises prices. One loop: here
    the time goes."""
    best, pair, given_up = np.inf, NOTHING, NOTHING
    size, count, reached = 0, 0, 1  # of the queue, of those done, of needs
    i, base, q, j, at, end = source, 0.0, NOTHING, 0, 0, 0
    paid[i], needs[0] = 0.0, i
    while True:
        for e in range(first[i], first[i + 1]):  # from a need, with `base` paid and the pair at `q` given up
            if base + cost[e] >= best:  # no later pair is cheaper, and no price is negative
                break
            k = offer[e]
            far = base + cost[e] + node[2 * k]
            if far >= best or far >= node[2 * k + 1] or used[e]:
                continue
            if left[k] > 0:
                best, pair, given_up = far, e, q
            elif place[k] != _OUT_OF_QUEUE:
                node[2 * k + 1], via[k], freed[k] = far, e, q
                slot = place[k]
                if slot < 0:
                    slot, size = size, size + 1
                rise(queue, key, place, slot, k, far)
        onward = False
        while not onward:  # to the next need: one that holds a task of the nearest full offer
            if at < end:
                i, base = need[hold[at]], node[2 * j + 1] - node[2 * j] - cost[hold[at]]
                if base < paid[i]:
                    if paid[i] == np.inf:
                        needs[reached] = i
                        reached += 1
                    paid[i], before[at], before_freed[at] = base, via[j], freed[j]
                    q, onward = at, True
                at += 1
            elif size > 0 and key[0] < best:
                j = queue[0]
                size -= 1
                if size > 0:
                    sink(queue, key, place, size)
                place[j] = _OUT_OF_QUEUE
                done[count] = j
                count += 1
                at, end = room[j], room[j] + load[j]
            else:
                break
        if not onward:
            break
    for x in range(count):  # prices rise by as much as each was nearer than the task that was found
        j = done[x]
        node[2 * j] += best - node[2 * j + 1]
        node[2 * j + 1], place[j] = np.inf, NOTHING
    for x in range(size):
        node[2 * queue[x] + 1], place[queue[x]] = np.inf, NOTHING
    for x in range(reached):
        paid[needs[x]] = np.inf
    return pair, given_up


@compiled
def _walk_back(
    e: int, q: int, offer: Small, left: Small, room: Small, used: Bools, hold: Small, load: Small, before: Small, before_freed: Small
) -> None:  # fmt: skip
    """Changes what is used along the path, from the task that was found to the need it was found for."""
    j = offer[e]
    at = room[j] + load[j]
    load[j] += 1
    left[j] -= 1
    while q != NOTHING:
        used[hold[q]] = False
        used[e], hold[at] = True, e
        at, e, q = q, before[q], before_freed[q]
    used[e], hold[at] = True, e
