"""The cheapest way to place all of some rows' units in columns of limited room, and prices that prove it.

Successive shortest paths: one unit after another takes the cheapest path to a column with room; on its way it may
displace a unit of a full column, whose row then looks on. Prices keep every step at least 0, so that Dijkstra finds
the path (Edmonds and Karp 1972; Jonker and Volgenant 1987). Columns may stand in groups that have limits of their own:
where a group is full, a unit may enter one of its columns if any unit of the group leaves.

Half of the units find their cheapest column free and need no search. The others are taken neighbourhood by
neighbourhood, so that one search finds in the processor's cache what the last one touched.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Floats, Ints
from careweb.domain.solving.heaps import drop, put, take

NOTHING = -1
_OUT_OF_QUEUE = -2  # the place in the queue of a column that was taken out of it
_NEAR = 2  # how often rows and columns ask each other for the smallest row they know
Small = NDArray[np.int32]


class Table(NamedTuple):
    """Pairs of row `i` are `first[i]:first[i + 1]`, the cheapest first. A pair is used at most once."""

    first: Ints
    col: Small
    row: Small
    cost: Floats
    units: Small  # (n,) to be placed, all of them
    left: Small  # (m,) room of each column; is used up
    group: Small  # (m,)
    spare: Small  # (g,) room of each group; is used up. One group with room for all is no group at all


class Placed(NamedTuple):
    used: Bools  # (e,)
    price: Floats  # (m,) with that of its group; 0 where there is room in both, infinite where there never was any
    level: Floats  # (g,) the price of a unit of each group
    all: bool  # whether everything could be placed


class _State(NamedTuple):
    used: Bools
    price: Floats  # of a full column; that of its group is a lower bound
    level: Floats
    load: Small
    room: Ints  # hold[room[c] : room[c] + load[c]] are the pairs that a column holds
    hold: Small
    spot: Small  # where a pair stands there
    wanted: Small  # units of a row not placed yet
    # one search: columns and, numbered after them, groups, by how far they are
    label: Floats
    queue: Small
    place: Small
    via: Small  # the pair by which one was reached
    freed: Small  # the place of the pair that was given up for that; NOTHING at the source
    done: Small  # columns and groups that were taken out of the queue
    paid: Floats  # (n,) up to a row; infinite where the search has not been
    rows: Small  # where it has been
    before: Small  # by place of a pair given up: `via` and `freed` of who takes it
    before_freed: Small
    left_by: Small  # the search that gave it up last
    entered: Small  # (g,) the search that came to a group last
    shortest: Floats  # (1,) the length of the path that was found
    found: Small  # its number, pair and place given up at its end, and how many there are of the lists
    # pairs held in a group, by a lower bound of what it costs to go to another group
    leaving: Small
    leaving_place: Small
    leaving_start: Ints
    leaving_size: Small
    leaving_key: Floats
    base: Floats  # (g,) what was paid up to a group
    out: Small  # pairs taken out of their heaps by this search


_SEARCH, _PAIR, _FREED, _DONE, _ROWS, _OUT, _SIZE = range(7)


def place(table: Table) -> Placed:
    n, m, groups, pairs = len(table.units), len(table.left), len(table.spare), len(table.col)
    reached = np.minimum(np.bincount(table.col, minlength=m), np.maximum(table.left, 0))
    room = np.concatenate(([0], np.cumsum(reached))).astype(np.int64)
    places, grouped = int(room[-1]), groups > 1
    starts = np.concatenate(([0], np.cumsum(np.minimum(table.spare, places)))) if grouped else np.zeros(2)

    def small(size: int, value: int = 0) -> Small:
        return np.full(size, value, np.int32)

    state = _State(
        used=np.zeros(pairs, np.bool_), price=np.where(table.left > 0, 0.0, np.inf), level=np.zeros(groups),
        load=small(m), room=room, hold=small(places), spot=small(pairs), wanted=table.units.copy(),
        label=np.full(m + groups, np.inf), queue=small(m + groups), place=small(m + groups, NOTHING),
        via=small(m + groups), freed=small(m + groups), done=small(m + groups), paid=np.full(n, np.inf), rows=small(n),
        before=small(places), before_freed=small(places), left_by=small(places), found=small(7), entered=small(groups), shortest=np.zeros(1),
        leaving=small(int(starts[-1])), leaving_place=small(pairs if grouped else 0, NOTHING),
        leaving_start=starts.astype(np.int64), leaving_size=small(groups),
        leaving_key=np.zeros(pairs if grouped else 0), base=np.zeros(groups), out=small(pairs if grouped else 0),
    )  # fmt: skip
    every = _place_all(table, state)
    price = np.maximum(state.price, state.level[table.group])
    return Placed(used=state.used, price=price, level=state.level, all=every)


@compiled
def _place_all(table: Table, state: _State) -> bool:
    stuck = _take_cheapest(table, state)
    for i in _by_neighbourhood(table.first, table.col, len(table.left), stuck):
        while state.wanted[i] > 0:
            if not _search(table, state, i):
                return False
            _raise_prices(table, state)
            _walk_back(table, state)
            state.wanted[i] -= 1
    return True


@compiled
def _take_cheapest(table: Table, state: _State) -> Small:
    """While all prices are 0, the cheapest pair of a row is its shortest path if it leads to room. Who is left?"""
    stuck, count = np.empty(len(table.units), np.int32), 0
    for i in range(len(table.units)):
        for e in range(table.first[i], table.first[i + 1]):
            k = table.group[table.col[e]]
            if state.wanted[i] == 0 or table.left[table.col[e]] <= 0 or table.spare[k] <= 0:
                break
            _hold(table, state, e, _enter(table, state, table.col[e]))
            table.spare[k] -= 1
            state.wanted[i] -= 1
        if state.wanted[i] > 0:
            stuck[count] = i
            count += 1
    if len(table.spare) > 1:
        for e in range(len(table.col)):
            if state.used[e]:
                _may_leave(table, state, e)
    return stuck[:count]


@compiled
def _by_neighbourhood(first: Ints, col: Small, m: int, rows: Small) -> Small:
    """Rows that share columns get near each other: sorted by the smallest row that is a few steps away."""
    near_row, near_col = np.arange(len(first) - 1), np.full(m, len(first))
    for _ in range(_NEAR):
        for i in range(len(near_row)):
            for e in range(first[i], first[i + 1]):
                near_col[col[e]] = min(near_col[col[e]], near_row[i])
        for i in range(len(near_row)):
            for e in range(first[i], first[i + 1]):
                near_row[i] = min(near_row[i], near_col[col[e]])
    return rows[np.argsort(near_row[rows], kind="mergesort")]


@compiled
def _search(table: Table, state: _State, source: int) -> bool:
    """Finds the cheapest path from a row to room. One loop and local names: this is where the time goes."""
    first, col, cost, row, group = table.first, table.col, table.cost, table.row, table.group
    price, level, label, place, queue = state.price, state.level, state.label, state.place, state.queue
    via, freed, hold, paid, found = state.via, state.freed, state.hold, state.paid, state.found
    m, grouped = len(table.left), len(table.spare) > 1
    found[_SEARCH] += 1
    found[_PAIR], found[_DONE], found[_ROWS], found[_OUT] = NOTHING, 0, 1, 0
    best, size, at, end, came_by, k = np.inf, 0, 0, 0, 0, 0
    i, base, spent, q = source, 0.0, 0.0, NOTHING
    paid[i], state.rows[0] = 0.0, i
    while True:
        for e in range(first[i], first[i + 1]):  # from a row, with `base` paid and the pair at `q` given up
            if base + cost[e] >= best:  # no later pair is cheaper, and no price is negative
                break
            c = col[e]
            k = group[c] if grouped else 0
            far = base + cost[e] + (max(price[c], level[k]) if grouped else price[c])
            item = m + k if table.left[c] > 0 else c
            if far >= best or far >= label[item] or state.used[e] or place[item] == _OUT_OF_QUEUE:
                continue
            if item == c or table.spare[k] <= 0:
                if item != c:
                    if state.entered[k] == found[_SEARCH]:
                        continue
                    state.base[k] = base + cost[e]
                label[item], via[item], freed[item] = far, e, q
                size = put(queue, place, label, 0, size, item)
            else:
                best, found[_PAIR], found[_FREED] = far, e, q
        while True:  # to the next row: one that holds the nearest full column, or stands in the nearest group
            if at < end:
                q = at
                at += 1
            else:
                if size == 0 or label[queue[0]] >= best:
                    state.shortest[0], found[_SIZE] = best, size
                    return bool(found[_PAIR] != NOTHING)
                came_by = queue[0]
                size = take(queue, place, label, 0, size)
                if came_by < m:
                    place[came_by] = _OUT_OF_QUEUE
                    state.done[found[_DONE]] = came_by
                    found[_DONE] += 1
                    spent = label[came_by] - price[came_by]
                    at, end = state.room[came_by], state.room[came_by] + state.load[came_by]
                    if grouped:
                        k = group[came_by]
                        spent = label[came_by] - max(price[came_by], level[k])
                        if state.entered[k] == found[_SEARCH] and state.base[k] <= spent:
                            at = end  # who holds it leaves through the group
                    continue
                k = came_by - m
                spent = state.base[k]
                q = _next_of_group(table, state, k, m)
                if state.leaving_size[k] > 0:
                    label[came_by] = spent + max(level[k], state.leaving_key[state.leaving[state.leaving_start[k]]])
                    size = put(queue, place, label, 0, size, came_by)
                if q == NOTHING:
                    continue
            if state.left_by[q] == found[_SEARCH]:
                continue
            state.left_by[q], state.before[q], state.before_freed[q] = found[_SEARCH], via[came_by], freed[came_by]
            i = row[hold[q]]
            base = spent - cost[hold[q]]
            if base < paid[i]:
                if paid[i] == np.inf:
                    state.rows[found[_ROWS]] = i
                    found[_ROWS] += 1
                paid[i] = base
                break


@compiled
def _next_of_group(table: Table, state: _State, k: int, m: int) -> int:
    """The place of the pair that may leave a group for the least; NOTHING if it turns out to cost more."""
    found = state.found
    if state.entered[k] != found[_SEARCH]:
        state.entered[k] = found[_SEARCH]
        state.done[found[_DONE]] = m + k
        found[_DONE] += 1
        return NOTHING
    f = state.leaving[state.leaving_start[k]]
    truth = _cost_to_leave(table, state, f)
    if truth > state.leaving_key[f]:  # prices have risen since it was put there
        state.leaving_key[f] = truth
        _put_leaving(state, k, f)
        return NOTHING
    _drop_leaving(state, k, f)
    state.out[found[_OUT]] = f
    found[_OUT] += 1
    return int(state.spot[f])


@compiled
def _put_leaving(state: _State, k: int, f: int) -> None:
    start, size = state.leaving_start[k], state.leaving_size[k]
    state.leaving_size[k] = put(state.leaving, state.leaving_place, state.leaving_key, start, size, f)


@compiled
def _drop_leaving(state: _State, k: int, f: int) -> None:
    start, size = state.leaving_start[k], state.leaving_size[k]
    state.leaving_size[k] = drop(state.leaving, state.leaving_place, state.leaving_key, start, size, f)


@compiled
def _cost_to_leave(table: Table, state: _State, f: int) -> float:
    """What the row of a held pair pays elsewhere, less what it pays now.

    Within its group only a cheaper column is elsewhere: to a dearer one it would come only to leave from there.
    """
    i, k = table.row[f], table.group[table.col[f]]
    best = np.inf
    for e in range(table.first[i], table.first[i + 1]):
        if table.cost[e] >= best:
            break
        g = table.group[table.col[e]]
        if not state.used[e] and (g != k or table.cost[e] < table.cost[f]):
            best = min(best, table.cost[e] + max(state.price[table.col[e]], state.level[g]))
    return best - table.cost[f]


@compiled
def _may_leave(table: Table, state: _State, f: int) -> None:
    state.leaving_key[f] = _cost_to_leave(table, state, f)
    _put_leaving(state, table.group[table.col[f]], f)


@compiled
def _raise_prices(table: Table, state: _State) -> None:
    """By as much as each was nearer than the room that was found; and the search leaves no trace."""
    m, grouped, best = len(table.left), len(table.spare) > 1, state.shortest[0]
    for at in range(state.found[_DONE]):
        item = state.done[at]
        if item < m:
            now = max(state.price[item], state.level[table.group[item]]) if grouped else state.price[item]
            state.price[item] = now + (best - state.label[item])
            state.label[item], state.place[item] = np.inf, NOTHING
    for at in range(state.found[_DONE]):
        item = state.done[at]
        if item >= m:
            state.level[item - m] = max(state.level[item - m], best - state.base[item - m])
            state.label[item] = np.inf
    for at in range(state.found[_SIZE]):
        state.label[state.queue[at]], state.place[state.queue[at]] = np.inf, NOTHING
    for at in range(state.found[_ROWS]):
        state.paid[state.rows[at]] = np.inf


@compiled
def _walk_back(table: Table, state: _State) -> None:
    """Changes what is used along the path, from the room that was found to the row it was found for."""
    grouped = len(table.spare) > 1
    e, q = state.found[_PAIR], state.found[_FREED]
    table.spare[table.group[table.col[e]]] -= 1
    at = _enter(table, state, table.col[e])
    while True:
        f, next_e, next_q = NOTHING, NOTHING, NOTHING
        if q != NOTHING:
            f, next_e, next_q = state.hold[q], state.before[q], state.before_freed[q]
            state.used[f] = False
        _hold(table, state, e, at)
        if q == NOTHING:
            break
        at = q
        if table.col[next_e] != table.col[f]:
            _leave(table, state, q, table.col[f])
            at = _enter(table, state, table.col[next_e])
        if grouped and state.leaving_place[f] != NOTHING:
            _drop_leaving(state, table.group[table.col[f]], f)
        e, q = next_e, next_q
    if grouped:
        _let_leave(table, state)


@compiled
def _let_leave(table: Table, state: _State) -> None:
    """What each held pair of the rows on the path, and of those taken out by the search, costs to leave."""
    for at in range(state.found[_OUT]):
        if state.used[state.out[at]]:
            _may_leave(table, state, state.out[at])
    e, q = state.found[_PAIR], state.found[_FREED]
    while True:
        i = table.row[e]
        for f in range(table.first[i], table.first[i + 1]):
            if state.used[f]:
                _may_leave(table, state, f)
        if q == NOTHING:
            return
        e, q = state.before[q], state.before_freed[q]


@compiled
def _enter(table: Table, state: _State, c: int) -> int:
    """The place for one more pair in a column."""
    at = state.room[c] + state.load[c]
    state.load[c] += 1
    table.left[c] -= 1
    return int(at)


@compiled
def _leave(table: Table, state: _State, q: int, c: int) -> None:
    state.load[c] -= 1
    table.left[c] += 1
    last = state.room[c] + state.load[c]
    state.hold[q] = state.hold[last]
    state.spot[state.hold[q]] = q


@compiled
def _hold(table: Table, state: _State, e: int, at: int) -> None:
    state.used[e], state.hold[at], state.spot[e] = True, e, at
