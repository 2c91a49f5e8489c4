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


@fused
def _step(run: _Run, u: int, n: int, m: int) -> int:
    """The next node of a path that stands at `u`, by its arc; NOTHING if the label has to rise."""
    want = run.label[u] - 1
    if u < n:
        first, end = run.first[u], run.first[u + 1]
        for e in range(first + run.arc[u], end):
            if run.label[n + run.offer[e]] == want and not run.used[e]:
                run.arc[u] = e - first
                return int(n + run.offer[e])
        run.arc[u] = end - first
        k = n + m + run.kind[u]
        return int(k) if run.label[k] == want and run.degree[u] > 0 else NOTHING
    if u < n + m:
        j = u - n
        for q in range(run.arc[u], run.load[j]):
            if run.label[run.need[run.hold[run.room[j] + q]]] == want:
                run.arc[u] = q
                return int(run.need[run.hold[run.room[j] + q]])
        return NOTHING
    g = u - n - m
    for p in range(run.arc[u], run.size[g]):
        if run.label[run.open[run.start[g] + p]] == want:
            run.arc[u] = p
            return int(run.open[run.start[g] + p])
    return NOTHING


@fused
def _lowest(run: _Run, u: int, n: int, m: int) -> int:  # noqa: C901
    """The lowest label next to `u`, none of which is lower than its own; its arc leads there."""
    own, best, arc = run.label[u], CLOSED, 0
    if u < n:
        first = run.first[u]
        for e in range(first, run.first[u + 1]):
            if run.label[n + run.offer[e]] < best and not run.used[e]:
                best, arc = run.label[n + run.offer[e]], e - first
                if best <= own:
                    break
        if best > own and run.degree[u] > 0 and run.label[n + m + run.kind[u]] < best:
            best, arc = run.label[n + m + run.kind[u]], run.first[u + 1] - first
    elif u < n + m:
        j = u - n
        for q in range(run.load[j]):
            label = run.label[run.need[run.hold[run.room[j] + q]]]
            if label < best:
                best, arc = label, q
    else:
        g = u - n - m
        for p in range(run.size[g]):
            label = run.label[run.open[run.start[g] + p]]
            if label < best:
                best, arc = label, p
                if best <= own:
                    break
    run.arc[u] = arc
    return int(best)


@fused
def _raise(run: _Run, u: int, n: int, m: int) -> None:
    old = run.label[u]
    new = min(CLOSED, _lowest(run, u, n, m) + 1)
    run.label[u] = new
    run.many[old] -= 1
    if new < CLOSED:
        run.many[new] += 1
    if run.many[old] == 0:
        label = run.label
        for v in range(len(label)):
            if old < label[v] < CLOSED:
                run.many[label[v]] -= 1
                label[v] = CLOSED


@compiled
def _fill_one(run: _Run, g: int, n: int, m: int) -> bool:
    """One more slot of a class, if any path leads to a free task."""
    source = n + m + g
    run.path[0], length = source, 0
    while run.label[source] < CLOSED:
        u = run.path[length]
        if n <= u < n + m and run.load[u - n] < run.capacity[u - n]:
            _walk(run, length, n, m)
            return True
        v = _step(run, u, n, m)
        if v != NOTHING:
            run.by[length] = run.arc[u]
            length += 1
            run.path[length] = v
        else:
            _raise(run, u, n, m)
            length = max(0, length - 1)
    return False


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
