"""Stages one and two: how many slots of each class are filled.

The sets of slots that can be filled together form a matroid that splits by tier, so filling the most urgent tier
first loses nobody. Within a tier the class with the lowest rate is served next, wherever an augmenting path lets it;
a path may exchange two needs of one class, so that counts and not single needs decide (greedy on a polymatroid:
Federgruen and Groenevelt 1986).

Paths run class -> need -> offer, back from an offer to the needs that hold its tasks, and from a need back to its
class. They follow labels: lower bounds of how far a free task is, raised where a path is stuck (Ahuja and Orlin 1991).
Where a label is left by its last node, all that lies above it is cut off from free tasks for ever.

The loops hand over plain arrays, not the named tuple that holds them: numba counts a reference for each array it takes
out of one, and that cost more than the search. Whole numbers are half as wide as usual, for the processor's cache.
"""

from typing import NamedTuple

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Graph, Ints, Selection, Small, need_of_pair, room

NOTHING = -1
CLOSED = 2**30  # the label of what is cut off
_OFFER, _NEED, _CLASS = 1, 2, 3  # the first labels: a task, and what is one and two steps away from it


class _Run(NamedTuple):
    first: Ints
    offer: Small
    need: Small
    slots: Small
    kind: Small
    capacity: Small
    room: Small
    used: Bools
    degree: Small  # slots of a need that are filled
    load: Small
    hold: Small  # pairs that an offer holds: hold[room[j] : room[j] + load[j]]
    # needs that want a helper, a list for each class: open[start[g] : start[g] + size[g]]
    open: Small
    start: Small
    size: Small
    # nodes are needs, then offers, then classes
    label: Small
    arc: Small  # the one to look at next: those before it lead nowhere while the label stays
    many: Small  # nodes of each label
    path: Small  # nodes
    by: Small  # the pair, place of a held pair, or place among open needs, by which the path goes on


def select(graph: Graph) -> Selection:
    n, m, classes = graph.needs, graph.offers, len(graph.tier)
    places = room(graph)
    starts = np.concatenate(([0], np.cumsum(np.bincount(graph.kind, minlength=classes))))

    def small(size: int) -> Small:
        return np.zeros(size, np.int32)

    run = _Run(
        first=graph.first, offer=graph.offer.astype(np.int32), need=need_of_pair(graph).astype(np.int32),
        slots=graph.slots.astype(np.int32), kind=graph.kind.astype(np.int32), room=places.astype(np.int32),
        capacity=np.minimum(graph.capacity, len(graph.offer)).astype(np.int32), used=np.zeros(len(graph.offer), np.bool_),
        degree=small(n), load=small(m), hold=small(int(places[-1])), open=small(n), start=starts.astype(np.int32),
        size=small(classes), label=np.repeat(np.array([_NEED, _OFFER, _CLASS], np.int32), [n, m, classes]),
        arc=small(n + m + classes), many=small(n + m + classes + _CLASS + 2), path=small(n + m + classes),
        by=small(n + m + classes),
    )  # fmt: skip
    count = np.zeros(classes, np.int64)
    closed_needs, closed_offers = np.zeros(n, np.bool_), np.zeros(m, np.bool_)
    _open_all(run)
    _select(run, graph.tier, graph.asked, graph.served.copy(), graph.rank, count)
    _close(run, closed_needs, closed_offers)
    return Selection(count=count, used=run.used, closed_needs=closed_needs, closed_offers=closed_offers)


@compiled
def _before(a: int, b: int, asked: Ints, served: Ints, rank: Ints) -> bool:
    """The lower rate first; of equal rates the one whose next step is larger; then the dated hash."""
    left, right = served[a] * asked[b], served[b] * asked[a]
    if left != right:
        return bool(left < right)
    if asked[a] != asked[b]:
        return bool(asked[a] < asked[b])
    return bool(rank[a] < rank[b])


@compiled
def _sink(heap: Ints, size: int, at: int, asked: Ints, served: Ints, rank: Ints) -> None:
    while True:
        least = at
        for child in (2 * at + 1, 2 * at + 2):
            if child < size and _before(heap[child], heap[least], asked, served, rank):
                least = child
        if least == at:
            return
        heap[at], heap[least] = heap[least], heap[at]
        at = least


@compiled
def _open_all(run: _Run) -> None:
    for i in range(len(run.slots)):
        k = run.kind[i]
        run.open[run.start[k] + run.size[k]] = i
        run.size[k] += 1
    for u in range(len(run.label)):
        run.many[run.label[u]] += 1


@compiled
def _select(run: _Run, tier: Ints, asked: Ints, served: Ints, rank: Ints, count: Ints) -> None:
    """Tier by tier, from a heap of its classes that have open needs: the worst served is always next."""
    (
        first,
        offer,
        need,
        slots,
        kind,
        capacity,
        room,
        used,
        degree,
        load,
        hold,
        open,
        start,
        size,
        label,
        arc,
        many,
        path,
        by,
    ) = run
    heap, g = np.empty(len(tier), np.int64), 0
    while g < len(tier):
        now, left = tier[g], 0
        while g < len(tier) and tier[g] == now:
            if size[g] > 0:
                heap[left] = g
                left += 1
            g += 1
        for at in range(left // 2 - 1, -1, -1):
            _sink(heap, left, at, asked, served, rank)
        while left > 0:
            k = heap[0]
            if size[k] > 0 and _fill_one(
                k, first, offer, need, slots, kind, capacity, room, used, degree, load, hold, open, start, size,
                label, arc, many, path, by,
            ):  # fmt: skip
                count[k] += 1
                served[k] += 1
            else:
                left -= 1
                heap[0] = heap[left]
            _sink(heap, left, 0, asked, served, rank)


@compiled
def _fill_one(  # noqa: C901
    g: int, first: Ints, offer: Small, need: Small, slots: Small, kind: Small, capacity: Small, room: Small, used: Bools,
    degree: Small, load: Small, hold: Small, open: Small, start: Small, size: Small,
    label: Small, arc: Small, many: Small, path: Small, by: Small,
) -> bool:  # fmt: skip
    """One more slot of a class, if any path leads to a free task. One loop: this is where the time goes.

    At each node the arc leads on to the next label below. Where there is none the label rises to one above the lowest
    next to it, none of which is below its own, and the path goes back a step.
    """
    n, m = len(slots), len(capacity)
    source, length = n + m + g, 0
    path[0] = source
    while label[source] < CLOSED:
        u = path[length]
        own, best, at, v = label[u], CLOSED, 0, NOTHING
        if u < n:
            begin, end, k = first[u], first[u + 1], n + m + kind[u]
            for e in range(begin + arc[u], end):
                if label[n + offer[e]] == own - 1 and not used[e]:
                    at, v = e - begin, n + offer[e]
                    break
            if v == NOTHING and label[k] == own - 1 and degree[u] > 0:
                at, v = end - begin, k
            if v == NOTHING:
                for e in range(begin, end):
                    if label[n + offer[e]] < best and not used[e]:
                        best, at = label[n + offer[e]], e - begin
                        if best <= own:
                            break
                if best > own and degree[u] > 0 and label[k] < best:
                    best, at = label[k], end - begin
        elif u < n + m:
            j = u - n
            if load[j] < capacity[j]:
                _walk(length, first, slots, kind, room, used, degree, load, hold, open, start, size, path, by)
                return True
            for q in range(arc[u], load[j]):
                if label[need[hold[room[j] + q]]] == own - 1:
                    at, v = q, need[hold[room[j] + q]]
                    break
            if v == NOTHING:
                for q in range(load[j]):
                    if label[need[hold[room[j] + q]]] < best:
                        best, at = label[need[hold[room[j] + q]]], q
        else:
            k = u - n - m
            begin, end = start[k], start[k] + size[k]
            for p in range(begin + arc[u], end):
                if label[open[p]] == own - 1:
                    at, v = p - begin, open[p]
                    break
            if v == NOTHING:
                for p in range(begin, end):
                    if label[open[p]] < best:
                        best, at = label[open[p]], p - begin
                        if best <= own:
                            break
        arc[u] = at
        if v == NOTHING:
            _raise(u, best + 1, label, many)
            length = max(0, length - 1)
        else:
            by[length] = at
            length += 1
            path[length] = v
    return False


@compiled
def _raise(u: int, new: int, label: Small, many: Small) -> None:
    old = label[u]
    label[u] = min(CLOSED, new)
    many[old] -= 1
    if new < CLOSED:
        many[new] += 1
    if many[old] == 0:
        for v in range(len(label)):
            if old < label[v] < CLOSED:
                many[label[v]] -= 1
                label[v] = CLOSED


@compiled
def _walk(
    length: int, first: Ints, slots: Small, kind: Small, room: Small, used: Bools, degree: Small, load: Small, hold: Small,
    open: Small, start: Small, size: Small, path: Small, by: Small,
) -> None:  # fmt: skip
    """Changes what is used along the path; its last node is an offer with a free task."""
    n, m = len(slots), len(load)
    for at in range(length):
        u, v = path[at], path[at + 1]
        if u >= n + m:  # a class gives its slot to one of its open needs
            k = u - n - m
            i = open[start[k] + by[at]]
            degree[i] += 1
            if degree[i] == slots[i]:
                size[k] -= 1
                open[start[k] + by[at]] = open[start[k] + size[k]]
        elif v >= n + m:  # a need gives one back
            if degree[u] == slots[u]:
                open[start[kind[u]] + size[kind[u]]] = u
                size[kind[u]] += 1
            degree[u] -= 1
        elif u < n:
            e, j = first[u] + by[at], v - n
            place = load[j]
            if at + 1 == length:
                load[j] += 1
            else:
                place = by[at + 1]
                used[hold[room[j] + place]] = False
            used[e] = True
            hold[room[j] + place] = e


@compiled
def _close(run: _Run, closed_needs: Bools, closed_offers: Bools) -> None:
    """All that can be reached from an open slot. A path through a class leads to open needs only: they are all here."""
    length = 0
    for i in range(len(run.slots)):
        if run.degree[i] < run.slots[i]:
            closed_needs[i] = True
            run.path[length] = i
            length += 1
    while length > 0:
        length -= 1
        i = run.path[length]
        for e in range(run.first[i], run.first[i + 1]):
            j = run.offer[e]
            if run.used[e] or closed_offers[j]:
                continue
            closed_offers[j] = True
            for q in range(run.room[j], run.room[j] + run.load[j]):
                h = run.need[run.hold[q]]
                if not closed_needs[h]:
                    closed_needs[h] = True
                    run.path[length] = h
                    length += 1
