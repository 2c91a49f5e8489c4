"""Stage three: with the counts of each class fixed, the cheapest assignment, and the prices that prove it.

Successive shortest paths: one slot after another takes the cheapest path to a free task. A path moves needs to other
offers, or drops one for another of its class where not all of a class are served. The price of a full offer's task
and the worth of a class's slot keep every step at least 0, so that Dijkstra finds the path (Edmonds and Karp 1972;
Jonker and Volgenant 1987). It is walked from offer to offer; needs and classes are steps between them.
"""

from typing import NamedTuple

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Assignment, Bools, Floats, Graph, Ints, need_of_pair, room
from careweb.domain.solving.heaps import drop, put, take

NOTHING = -1


class UnreachableError(Exception):
    """These counts cannot be filled together."""


class _Run(NamedTuple):
    first: Ints
    offer: Ints
    cost: Floats
    need: Ints
    slots: Ints
    kind: Ints
    capacity: Ints
    room: Ints
    partial: Bools  # classes of which not every slot is served
    used: Bools
    degree: Ints  # slots of a need that are served
    load: Ints
    hold: Ints  # pairs that an offer holds: hold[room[j] : room[j] + load[j]]
    spot: Ints  # where there a pair stands
    look: Ints  # a need's pairs before this one lead to offers that are full, as they stay
    price: Floats
    worth: Floats
    # needs of partial classes that want a helper, a heap for each class, by a lower bound of their cheapest pair
    start: Ints
    wanting: Ints
    wanting_place: Ints
    wanting_size: Ints
    bound: Floats
    # the same needs, by a lower bound of their cheapest pair with a free task
    nearest: Ints
    nearest_place: Ints
    nearest_size: Ints
    free_cost: Floats
    # one search: offers and, numbered after them, classes, by how far they are
    label: Floats
    queue: Ints
    queue_place: Ints
    seen: Ints  # the search that labelled it last
    via: Ints  # the pair by which an offer was reached
    freed: Ints  # the pair given up for that; NOTHING at the source
    base: Floats  # what was paid up to a class
    base_freed: Ints
    need_base: Floats
    need_seen: Ints
    out: Ints  # needs taken out of their heaps by this search
    popped: Ints
    best: Floats  # (1,) length of the best path to a free task
    touched: Ints  # the search that came to a class last
    classes: Ints  # that this search came to
    at: Ints  # (6,) search, size of queue, target, number out, popped, classes


_SEARCH, _QUEUED, _TARGET, _OUT, _POPPED, _CLASSES = range(6)


def assign(graph: Graph, count: Ints) -> Assignment:
    """Raises UnreachableError if `count` cannot be filled."""
    n, m, classes, pairs = graph.needs, graph.offers, len(count), len(graph.offer)
    total = np.bincount(graph.kind, weights=graph.slots, minlength=classes).astype(np.int64)
    places = room(graph)
    starts = np.concatenate(([0], np.cumsum(np.bincount(graph.kind, minlength=classes)))).astype(np.int64)

    def ints(size: int, value: int = 0) -> Ints:
        return np.full(size, value, np.int64)

    run = _Run(
        first=graph.first, offer=graph.offer, cost=graph.cost, need=need_of_pair(graph), slots=graph.slots,
        kind=graph.kind, capacity=graph.capacity, room=places, partial=count < total, used=np.zeros(pairs, np.bool_),
        degree=ints(n), load=ints(m), hold=ints(int(places[-1])), spot=ints(pairs),
        look=graph.first[:-1].copy(), price=np.zeros(m),
        worth=np.zeros(classes), start=starts, wanting=ints(n), wanting_place=ints(n, -1), wanting_size=ints(classes),
        bound=np.zeros(n),
        nearest=ints(n), nearest_place=ints(n, NOTHING), nearest_size=ints(classes), free_cost=np.zeros(n), label=np.zeros(m + classes), queue=ints(m + classes), queue_place=ints(m + classes, -1),
        seen=ints(m + classes), via=ints(m), freed=ints(m), base=np.zeros(classes), base_freed=ints(classes),
        need_base=np.zeros(n), need_seen=ints(n), out=ints(n), popped=ints(m), best=np.zeros(1),
        touched=ints(classes), classes=ints(classes), at=ints(6),
    )  # fmt: skip
    if not _assign(run, count):
        raise UnreachableError
    worth, thrift = _leftovers(run, count)
    return Assignment(used=run.used, price=run.price, worth=worth, thrift=thrift)


def _leftovers(run: _Run, count: Ints) -> tuple[Floats, Floats]:
    """The worth of each class: at least what its dearest slot pays; and what each fully served need leaves of it."""
    paid = run.cost + run.price[run.offer]
    dearest = np.full(len(run.slots), -np.inf)
    np.maximum.at(dearest, run.need[run.used], paid[run.used])
    worth = np.where(run.partial & (count > 0), run.worth, -np.inf)
    np.maximum.at(worth, run.kind, dearest)
    cheapest = np.full(len(count), np.inf)
    np.minimum.at(cheapest, run.kind[run.need], paid)
    worth = np.where(np.isfinite(worth), worth, np.where(np.isfinite(cheapest), cheapest, 0.0))
    full = run.degree == run.slots
    return worth, np.where(full, np.maximum(0.0, worth[run.kind] - dearest), 0.0)


@compiled
def _cheapest(run: _Run, i: int) -> float:
    """What a need's cheapest unused pair costs with its price. Pairs are sorted and no price is negative."""
    best = np.inf
    for e in range(run.first[i], run.first[i + 1]):
        if run.cost[e] >= best:
            break
        if not run.used[e]:
            best = min(best, run.cost[e] + run.price[run.offer[e]])
    return best


@compiled
def _want(run: _Run, i: int) -> None:
    g = run.kind[i]
    run.bound[i] = _cheapest(run, i)
    run.wanting_size[g] = put(run.wanting, run.wanting_place, run.bound, run.start[g], run.wanting_size[g], i)
    run.free_cost[i] = 0.0
    run.nearest_size[g] = put(run.nearest, run.nearest_place, run.free_cost, run.start[g], run.nearest_size[g], i)


@compiled
def _free_pair(run: _Run, i: int) -> int:
    """The need's cheapest unused pair with a free task, or NOTHING."""
    while run.look[i] < run.first[i + 1]:
        j = run.offer[run.look[i]]
        if run.load[j] < run.capacity[j]:
            break
        run.look[i] += 1
    for e in range(run.look[i], run.first[i + 1]):
        j = run.offer[e]
        if run.load[j] < run.capacity[j] and not run.used[e]:
            return int(e)
    return NOTHING


@compiled
def _free_pair_of_class(run: _Run, k: int) -> int:
    """The same among all needs of a class that want a helper."""
    while run.nearest_size[k] > 0:
        i = run.nearest[run.start[k]]
        e = _free_pair(run, i) if run.degree[i] < run.slots[i] else NOTHING
        if e != NOTHING and run.cost[e] <= run.free_cost[i]:
            return e
        if e == NOTHING:  # for ever, or until it wants one again
            run.nearest_size[k] = take(run.nearest, run.nearest_place, run.free_cost, run.start[k], run.nearest_size[k])
        else:
            run.free_cost[i] = run.cost[e]
            put(run.nearest, run.nearest_place, run.free_cost, run.start[k], run.nearest_size[k], i)
    return NOTHING


@compiled
def _aim(run: _Run, e: int, base: float, freed: int) -> None:
    """A free task this near bounds the rest of the search."""
    if e != NOTHING and base + run.cost[e] < run.best[0]:
        j = run.offer[e]
        run.via[j], run.freed[j] = e, freed
        run.best[0], run.at[_TARGET] = base + run.cost[e], j


@compiled
def _reach(run: _Run, item: int, label: float) -> None:
    run.seen[item], run.label[item] = run.at[_SEARCH], label
    run.at[_QUEUED] = put(run.queue, run.queue_place, run.label, 0, run.at[_QUEUED], item)


@compiled
def _relax(run: _Run, i: int, base: float, freed: int) -> None:
    """From a need, with `base` paid so far and the pair `freed` given up, to its offers."""
    _aim(run, _free_pair(run, i), base, freed)
    for e in range(run.first[i], run.first[i + 1]):
        if base + run.cost[e] >= run.best[0]:
            return
        j = run.offer[e]
        label = base + run.cost[e] + run.price[j]
        if run.used[e] or label >= run.best[0] or run.load[j] < run.capacity[j]:
            continue
        if run.seen[j] != run.at[_SEARCH] or (run.queue_place[j] >= 0 and label < run.label[j]):
            run.via[j], run.freed[j] = e, freed
            _reach(run, j, label)


@compiled
def _enter(run: _Run, k: int, base: float, freed: int, m: int) -> None:
    """To a class, whose needs that want a helper come next, the cheapest first, none for less than its worth."""
    if run.wanting_size[k] == 0:
        return
    if run.touched[k] != run.at[_SEARCH]:
        run.touched[k] = run.at[_SEARCH]
        run.classes[run.at[_CLASSES]] = k
        run.at[_CLASSES] += 1
    elif base >= run.base[k]:
        return
    run.base[k], run.base_freed[k] = base, freed
    _aim(run, _free_pair_of_class(run, k), base, freed)
    label = base + max(run.worth[k], run.bound[run.wanting[run.start[k]]])
    if label < run.best[0]:
        _reach(run, m + k, label)


@compiled
def _next_of_class(run: _Run, k: int, m: int) -> None:
    i = run.wanting[run.start[k]]
    true = _cheapest(run, i)
    if true > run.bound[i]:  # prices have risen since it was put there
        run.bound[i] = true
        put(run.wanting, run.wanting_place, run.bound, run.start[k], run.wanting_size[k], i)
    else:
        run.wanting_size[k] = take(run.wanting, run.wanting_place, run.bound, run.start[k], run.wanting_size[k])
        run.out[run.at[_OUT]] = i
        run.at[_OUT] += 1
        _relax(run, i, run.base[k], run.base_freed[k])
    if run.wanting_size[k] > 0:
        _reach(run, m + k, run.base[k] + max(run.worth[k], run.bound[run.wanting[run.start[k]]]))


@compiled
def _next_of_offer(run: _Run, j: int, m: int) -> None:
    """Whoever holds a task of this offer may go elsewhere, or be dropped for another of their class."""
    run.popped[run.at[_POPPED]] = j
    run.at[_POPPED] += 1
    for h in range(run.room[j], run.room[j] + run.load[j]):
        freed = run.hold[h]
        i = run.need[freed]
        base = run.label[j] - run.cost[freed] - run.price[j]
        if run.need_seen[i] != run.at[_SEARCH] or base < run.need_base[i]:
            run.need_seen[i], run.need_base[i] = run.at[_SEARCH], base
            _relax(run, i, base, freed)
        if run.partial[run.kind[i]]:
            _enter(run, run.kind[i], base, freed, m)


@compiled
def _search(run: _Run, source_need: int, source_class: int, m: int) -> None:
    """Finds the cheapest path to a free task from a need, or else from a class."""
    run.at[_SEARCH] += 1
    run.best[0], run.at[_TARGET], run.at[_OUT], run.at[_POPPED], run.at[_CLASSES] = np.inf, NOTHING, 0, 0, 0
    if source_need >= 0:
        run.need_seen[source_need], run.need_base[source_need] = run.at[_SEARCH], 0.0
        _relax(run, source_need, 0.0, NOTHING)
    else:
        _enter(run, source_class, 0.0, NOTHING, m)
    while run.at[_QUEUED] > 0:
        item = run.queue[0]
        if run.label[item] >= run.best[0]:
            break
        run.at[_QUEUED] = take(run.queue, run.queue_place, run.label, 0, run.at[_QUEUED])
        if item < m:
            _next_of_offer(run, item, m)
        else:
            _next_of_class(run, item - m, m)


@compiled
def _raise_prices(run: _Run) -> None:
    best = run.best[0]
    for p in range(run.at[_POPPED]):
        j = run.popped[p]
        run.price[j] += best - run.label[j]
    for c in range(run.at[_CLASSES]):
        k = run.classes[c]
        run.worth[k] = max(run.worth[k], best - run.base[k])
    while run.at[_QUEUED] > 0:
        run.at[_QUEUED] -= 1
        run.queue_place[run.queue[run.at[_QUEUED]]] = -1


@compiled
def _walk_back(run: _Run) -> None:
    """Changes what is used along the path, from the free task to the source."""
    j = run.at[_TARGET]
    place = run.room[j] + run.load[j]
    run.load[j] += 1
    while True:
        e = run.via[j]
        freed = run.freed[j]
        i = run.need[e]
        run.used[e], run.hold[place], run.spot[e] = True, e, place
        if freed == NOTHING or run.need[freed] != i:
            run.degree[i] += 1
            if run.degree[i] == run.slots[i] and run.wanting_place[i] != NOTHING:
                g = run.kind[i]
                run.wanting_size[g] = drop(
                    run.wanting, run.wanting_place, run.bound, run.start[g], run.wanting_size[g], i
                )
        if freed == NOTHING:
            return
        other = run.need[freed]
        if other != i:
            run.degree[other] -= 1
        run.used[freed] = False
        j, place = run.offer[freed], run.spot[freed]
        if other != i:
            _want(run, other)


@compiled
def _place(run: _Run, source_need: int, source_class: int) -> bool:
    """One more slot of a need, or of a class."""
    m = len(run.capacity)
    _search(run, source_need, source_class, m)
    if run.at[_TARGET] == NOTHING:
        return False
    _raise_prices(run)
    _walk_back(run)
    for q in range(run.at[_OUT]):
        if run.degree[run.out[q]] < run.slots[run.out[q]]:
            _want(run, run.out[q])
    return True


@compiled
def _assign(run: _Run, count: Ints) -> bool:
    for i in range(len(run.slots)):
        if run.partial[run.kind[i]]:
            _want(run, i)
            continue
        for _ in range(run.slots[i]):
            if not _place(run, i, NOTHING):
                return False
    for g in range(len(count)):
        if run.partial[g]:
            for _ in range(count[g]):
                if not _place(run, NOTHING, g):
                    return False
    return True
