"""Stages one and two: how many slots of each class are filled.

The sets of slots that can be filled together form a matroid that splits by tier, so filling the most urgent tier
first loses nobody. Within a tier the class with the lowest rate is served next, wherever an augmenting path lets it;
a path may exchange two needs of one class, so that counts and not single needs decide (greedy on a polymatroid:
Federgruen and Groenevelt 1986).

Paths run class -> need -> offer, back from an offer to the needs that hold its tasks, and from a need back to its
class. They follow labels: lower bounds of how far a free task is, raised where a path is stuck (Ahuja and Orlin 1991).
Where a label is left by its last node, all that lies above it is cut off from free tasks for ever.
"""

from typing import NamedTuple

import numpy as np

from careweb.domain.solving.compiled import compiled, fused
from careweb.domain.solving.graph import Bools, Graph, Ints, Selection, need_of_pair, room

NOTHING = -1
CLOSED = 2**40  # the label of what is cut off
_OFFER, _NEED, _CLASS = 1, 2, 3  # the first labels: a task, and what is one and two steps away from it


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
    # needs that want a helper, a list for each class: open[start[g] : start[g] + size[g]]
    open: Ints
    start: Ints
    size: Ints
    # nodes are needs, then offers, then classes
    label: Ints
    arc: Ints  # the one to look at next: those before it lead nowhere while the label stays
    many: Ints  # nodes of each label
    path: Ints  # nodes
    by: Ints  # the pair, place of a held pair, or place among open needs, by which the path goes on


def select(graph: Graph) -> Selection:
    n, m, classes = graph.needs, graph.offers, len(graph.tier)
    places = room(graph)
    starts = np.concatenate(([0], np.cumsum(np.bincount(graph.kind, minlength=classes)))).astype(np.int64)

    def ints(size: int) -> Ints:
        return np.zeros(size, np.int64)

    run = _Run(
        first=graph.first, offer=graph.offer, need=need_of_pair(graph), slots=graph.slots, kind=graph.kind,
        capacity=graph.capacity, room=places, tier=graph.tier, asked=graph.asked, served=graph.served.copy(),
        rank=graph.rank, used=np.zeros(len(graph.offer), np.bool_), degree=ints(n), load=ints(m),
        hold=ints(int(places[-1])), open=ints(n), start=starts, size=ints(classes),
        label=np.repeat([_NEED, _OFFER, _CLASS], [n, m, classes]), arc=ints(n + m + classes),
        many=ints(n + m + classes + _CLASS + 2), path=ints(n + m + classes), by=ints(n + m + classes),
    )  # fmt: skip
    count = ints(classes)
    closed_needs, closed_offers = np.zeros(n, np.bool_), np.zeros(m, np.bool_)
    _select(run, count)
    _close(run, closed_needs, closed_offers)
    return Selection(count=count, used=run.used, closed_needs=closed_needs, closed_offers=closed_offers)


@fused
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


@fused
def _join(run: _Run, i: int) -> None:
    g = run.kind[i]
    run.open[run.start[g] + run.size[g]] = i
    run.size[g] += 1


@compiled
def _fill_one(run: _Run, g: int, n: int, m: int) -> bool:  # noqa: C901
    """One more slot of a class, if any path leads to a free task. One loop and local names: here the time goes.

    At each node the arc leads on to the next label below. Where there is none the label rises to one above the lowest
    next to it, none of which is below its own, and the path goes back a step.
    """
    first, offer, need, kind, open = run.first, run.offer, run.need, run.kind, run.open
    room, hold, load, used, degree = run.room, run.hold, run.load, run.used, run.degree
    label, arc, path, by, start, size = run.label, run.arc, run.path, run.by, run.start, run.size
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
            if load[j] < run.capacity[j]:
                _walk(run, length, n, m)
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
            _raise(run, u, best + 1)
            length = max(0, length - 1)
        else:
            by[length] = at
            length += 1
            path[length] = v
    return False


@compiled
def _raise(run: _Run, u: int, new: int) -> None:
    label, many, old = run.label, run.many, run.label[u]
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
def _walk(run: _Run, length: int, n: int, m: int) -> None:
    """Changes what is used along the path; its last node is an offer with a free task."""
    for at in range(length):
        u, v = run.path[at], run.path[at + 1]
        if u >= n + m:
            _fill(run, u - n - m, run.by[at])
        elif v >= n + m:
            if run.degree[u] == run.slots[u]:
                _join(run, u)
            run.degree[u] -= 1
        elif u < n:
            e, j = run.first[u] + run.by[at], v - n
            place = run.load[j]
            if at + 1 == length:
                run.load[j] += 1
            else:
                place = run.by[at + 1]
                run.used[run.hold[run.room[j] + place]] = False
            run.used[e] = True
            run.hold[run.room[j] + place] = e


@fused
def _fill(run: _Run, g: int, p: int) -> None:
    i = run.open[run.start[g] + p]
    run.degree[i] += 1
    if run.degree[i] == run.slots[i]:
        run.size[g] -= 1
        run.open[run.start[g] + p] = run.open[run.start[g] + run.size[g]]


@compiled
def _fill_tier(run: _Run, count: Ints, heap: Ints, size: int) -> None:
    """`heap`: the classes of one tier that have open needs; the worst served is always next."""
    n, m = len(run.slots), len(run.capacity)
    for at in range(size // 2 - 1, -1, -1):
        _sink(run, heap, size, at)
    while size > 0:
        g = heap[0]
        if run.size[g] > 0 and _fill_one(run, g, n, m):
            count[g] += 1
            run.served[g] += 1
        else:
            size -= 1
            heap[0] = heap[size]
        _sink(run, heap, size, 0)


@compiled
def _select(run: _Run, count: Ints) -> None:
    for i in range(len(run.slots)):
        _join(run, i)
    for u in range(len(run.label)):
        run.many[run.label[u]] += 1
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
