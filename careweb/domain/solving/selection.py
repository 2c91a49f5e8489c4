"""Stages one and two: how many slots of each class are filled.

The sets of slots that can be filled together form a matroid that splits by tier, so filling the most urgent tier
first loses nobody. Within a tier the class with the lowest rate is served next, wherever an augmenting path lets it;
a path may exchange two needs of one class, so that counts and not single needs decide (greedy on a polymatroid:
Federgruen and Groenevelt 1986). A search that fails marks all it saw as closed, for ever: no later path can leave it.
"""

from typing import NamedTuple

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Graph, Ints, Selection, need_of_pair, room

NOTHING = -1
_START, _MOVED, _PICKED = range(3)  # how a search comes to a need: its own, to another offer, instead of another need


class _Run(NamedTuple):
    first: Ints
    offer: Ints
    need: Ints
    slots: Ints
    kind: Ints
    capacity: Ints
    room: Ints
    tier: Ints
    asked: Ints
    served: Ints
    rank: Ints
    used: Bools
    degree: Ints  # slots of a need that are filled
    load: Ints
    hold: Ints  # pairs that an offer holds: hold[room[j] : room[j] + load[j]]
    spot: Ints  # where there a pair stands
    look: Ints  # a need's pairs before this one lead to offers that are full, as they stay
    closed_need: Bools
    closed_offer: Bools
    # needs that want a helper and are not closed, a list for each class: open[start[g] : start[g] + size[g]]
    open: Ints
    start: Ints
    size: Ints
    place: Ints
    # one search
    queue: Ints
    seen_need: Ints
    seen_offer: Ints
    seen_kind: Ints
    how: Ints
    freed: Ints  # the pair given up to come to a need
    via: Ints  # the pair by which an offer was reached
    at: Ints  # (2,) search, length of queue


_SEARCH, _LENGTH = range(2)


def select(graph: Graph) -> Selection:
    n, m, classes, pairs = graph.needs, graph.offers, len(graph.tier), len(graph.offer)
    places = room(graph)
    starts = np.concatenate(([0], np.cumsum(np.bincount(graph.kind, minlength=classes)))).astype(np.int64)

    def ints(size: int, value: int = 0) -> Ints:
        return np.full(size, value, np.int64)

    run = _Run(
        first=graph.first, offer=graph.offer, need=need_of_pair(graph), slots=graph.slots, kind=graph.kind,
        capacity=graph.capacity, room=places, tier=graph.tier, asked=graph.asked, served=graph.served.copy(),
        rank=graph.rank, used=np.zeros(pairs, np.bool_), degree=ints(n), load=ints(m), hold=ints(int(places[-1])),
        spot=ints(pairs), look=graph.first[:-1].copy(), closed_need=np.zeros(n, np.bool_),
        closed_offer=np.zeros(m, np.bool_), open=ints(n), start=starts, size=ints(classes), place=ints(n, NOTHING),
        queue=ints(n), seen_need=ints(n), seen_offer=ints(m), seen_kind=ints(classes), how=ints(n), freed=ints(n),
        via=ints(m), at=ints(2),
    )  # fmt: skip
    count = ints(classes)
    _select(run, count)
    return Selection(count=count, closed_needs=run.closed_need, closed_offers=run.closed_offer)


@compiled
def _before(run: _Run, a: int, b: int) -> bool:
    """The lower rate first; of equal rates the one whose next step is larger; then the dated hash."""
    left, right = run.served[a] * run.asked[b], run.served[b] * run.asked[a]
    if left != right:
        return bool(left < right)
    if run.asked[a] != run.asked[b]:
        return bool(run.asked[a] < run.asked[b])
    return bool(run.rank[a] < run.rank[b])


@compiled
def _sink(run: _Run, heap: Ints, size: int, at: int) -> None:
    while True:
        least = at
        for child in (2 * at + 1, 2 * at + 2):
            if child < size and _before(run, heap[child], heap[least]):
                least = child
        if least == at:
            return
        heap[at], heap[least] = heap[least], heap[at]
        at = least


@compiled
def _leave(run: _Run, i: int) -> None:
    if run.place[i] != NOTHING:
        g = run.kind[i]
        run.size[g] -= 1
        last = run.open[run.start[g] + run.size[g]]
        run.open[run.start[g] + run.place[i]] = last
        run.place[last] = run.place[i]
        run.place[i] = NOTHING


@compiled
def _join(run: _Run, i: int) -> None:
    if run.place[i] == NOTHING:
        g = run.kind[i]
        run.open[run.start[g] + run.size[g]] = i
        run.place[i] = run.size[g]
        run.size[g] += 1


@compiled
def _visit(run: _Run, i: int, how: int, freed: int) -> None:
    if run.seen_need[i] != run.at[_SEARCH]:
        run.seen_need[i], run.how[i], run.freed[i] = run.at[_SEARCH], how, freed
        run.queue[run.at[_LENGTH]] = i
        run.at[_LENGTH] += 1


@compiled
def _free_offer(run: _Run, i: int) -> int:
    while run.look[i] < run.first[i + 1]:
        e = run.look[i]
        j = run.offer[e]
        if run.load[j] < run.capacity[j] and not run.used[e]:
            run.via[j] = e
            return int(j)
        run.look[i] += 1
    return NOTHING


@compiled
def _search(run: _Run, begin: int) -> int:
    """Breadth first from an open need to an offer with a free task, or NOTHING."""
    run.at[_SEARCH] += 1
    run.at[_LENGTH] = 0
    _visit(run, begin, _START, NOTHING)
    head = 0
    while head < run.at[_LENGTH]:
        i = run.queue[head]
        head += 1
        target = _free_offer(run, i)
        if target != NOTHING:
            return target
        for e in range(run.first[i], run.first[i + 1]):
            j = run.offer[e]
            if not run.used[e] and not run.closed_offer[j] and run.seen_offer[j] != run.at[_SEARCH]:
                run.seen_offer[j], run.via[j] = run.at[_SEARCH], e
                _visit_holders(run, j)
    return NOTHING


@compiled
def _visit_holders(run: _Run, j: int) -> None:
    """Whoever holds a task of this offer may move, or make way for an open need of their class."""
    for h in range(run.room[j], run.room[j] + run.load[j]):
        freed = run.hold[h]
        i = run.need[freed]
        _visit(run, i, _MOVED, freed)
        k = run.kind[i]
        if run.seen_kind[k] != run.at[_SEARCH]:
            run.seen_kind[k] = run.at[_SEARCH]
            for p in range(run.start[k], run.start[k] + run.size[k]):
                _visit(run, run.open[p], _PICKED, freed)


@compiled
def _close(run: _Run) -> None:
    """Nothing that the last search saw can ever reach a free task."""
    for q in range(run.at[_LENGTH]):
        i = run.queue[q]
        run.closed_need[i] = True
        _leave(run, i)
        for e in range(run.first[i], run.first[i + 1]):
            if not run.used[e]:
                run.closed_offer[run.offer[e]] = True


@compiled
def _walk_back(run: _Run, target: int) -> None:
    """Changes what is used along the path, from the free task to the need the search began with."""
    j = target
    place = run.room[j] + run.load[j]
    run.load[j] += 1
    while True:
        e = run.via[j]
        i = run.need[e]
        run.used[e], run.hold[place], run.spot[e] = True, e, place
        if run.how[i] != _MOVED:
            run.degree[i] += 1
            if run.degree[i] == run.slots[i]:
                _leave(run, i)
        if run.how[i] == _START:
            return
        freed = run.freed[i]
        if run.how[i] == _PICKED:
            other = run.need[freed]
            run.degree[other] -= 1
            _join(run, other)
        run.used[freed] = False
        j, place = run.offer[freed], run.spot[freed]


@compiled
def _fill_one(run: _Run, g: int) -> bool:
    while run.size[g] > 0:
        target = _search(run, run.open[run.start[g] + run.size[g] - 1])
        if target != NOTHING:
            _walk_back(run, target)
            return True
        _close(run)
    return False


@compiled
def _fill_tier(run: _Run, count: Ints, heap: Ints, size: int) -> None:
    """`heap`: the classes of one tier that have open needs; the worst served is always next."""
    for at in range(size // 2 - 1, -1, -1):
        _sink(run, heap, size, at)
    while size > 0:
        g = heap[0]
        if _fill_one(run, g):
            count[g] += 1
            run.served[g] += 1
        else:
            size -= 1
            heap[0] = heap[size]
        _sink(run, heap, size, 0)


@compiled
def _select(run: _Run, count: Ints) -> None:
    for i in range(len(run.slots) - 1, -1, -1):
        if run.slots[i] > 0:
            _join(run, i)
    heap = np.empty(len(run.tier), np.int64)
    g = 0
    while g < len(run.tier):
        tier, size = run.tier[g], 0
        while g < len(run.tier) and run.tier[g] == tier:
            if run.size[g] > 0:
                heap[size] = g
                size += 1
            g += 1
        _fill_tier(run, count, heap, size)
