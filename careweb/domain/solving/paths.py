"""One search for the cheapest path from a row to room, what it does to prices, and the change along the path."""

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.heaps import rise, sink
from careweb.domain.solving.units import (
    NOTHING,
    State,
    Table,
    cost_to_leave,
    drop_leaving,
    enter,
    hold,
    leave,
    may_leave,
    put_leaving,
)

_OUT_OF_QUEUE = -2  # the place in the queue of a column that was taken out of it
_SEARCH, _PAIR, _FREED, _DONE, _ROWS, _OUT, _SIZE = range(7)


@compiled
def search(table: Table, state: State, source: int) -> bool:  # noqa: C901
    """Finds the cheapest path from a row to room. One loop and local names: this is where the time goes."""
    first, col, cost, row, group = table.first, table.col, table.cost, table.row, table.group
    price, level, label = state.price, state.level, state.label
    place, queue, key = state.place, state.queue, state.key
    via, freed, held, paid, found = state.via, state.freed, state.hold, state.paid, state.found
    m = len(table.left)
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
            k = group[c]
            far = base + cost[e] + max(price[c], level[k])
            item = m + k if table.left[c] > 0 else c
            if far >= best or far >= label[item] or state.used[e] or place[item] == _OUT_OF_QUEUE:
                continue
            if item == c or table.spare[k] <= 0:
                if item != c:
                    if state.entered[k] == found[_SEARCH]:
                        continue
                    state.base[k] = base + cost[e]
                label[item], via[item], freed[item] = far, e, q
                slot = place[item]
                if slot < 0:
                    slot, size = size, size + 1
                rise(queue, key, place, slot, item, far)
            else:
                best, found[_PAIR], found[_FREED] = far, e, q
        while True:  # to the next row: one that holds the nearest full column, or stands in the nearest group
            if at < end:
                q = at
                at += 1
            else:
                if size == 0 or key[0] >= best:
                    state.shortest[0], found[_SIZE] = best, size
                    return bool(found[_PAIR] != NOTHING)
                came_by = queue[0]
                size -= 1
                if size > 0:
                    sink(queue, key, place, size)
                place[came_by] = NOTHING
                if came_by < m:
                    place[came_by] = _OUT_OF_QUEUE
                    state.done[found[_DONE]] = came_by
                    found[_DONE] += 1
                    k = group[came_by]
                    spent = label[came_by] - max(price[came_by], level[k])
                    at, end = state.room[came_by], state.room[came_by] + state.load[came_by]
                    if state.entered[k] == found[_SEARCH] and state.base[k] <= spent:
                        at = end  # who holds it leaves through the group
                    continue
                k = came_by - m
                spent = state.base[k]
                q = _next_of_group(table, state, k, m)
                if state.leaving_size[k] > 0:
                    label[came_by] = spent + max(level[k], state.leaving_key[state.leaving[state.leaving_start[k]]])
                    size += 1
                    rise(queue, key, place, size - 1, came_by, label[came_by])
                if q == NOTHING:
                    continue
            if state.left_by[q] == found[_SEARCH]:
                continue
            state.left_by[q], state.before[q], state.before_freed[q] = found[_SEARCH], via[came_by], freed[came_by]
            i = row[held[q]]
            base = spent - cost[held[q]]
            if base < paid[i]:
                if paid[i] == np.inf:
                    state.rows[found[_ROWS]] = i
                    found[_ROWS] += 1
                paid[i] = base
                break


@compiled
def _next_of_group(table: Table, state: State, k: int, m: int) -> int:
    """The place of the pair that may leave a group for the least; NOTHING if it turns out to cost more."""
    found = state.found
    if state.entered[k] != found[_SEARCH]:
        state.entered[k] = found[_SEARCH]
        state.done[found[_DONE]] = m + k
        found[_DONE] += 1
        return NOTHING
    f = state.leaving[state.leaving_start[k]]
    truth = cost_to_leave(table, state, f)
    if truth > state.leaving_key[f]:  # prices have risen since it was put there
        state.leaving_key[f] = truth
        put_leaving(state, k, f)
        return NOTHING
    drop_leaving(state, k, f)
    state.out[found[_OUT]] = f
    found[_OUT] += 1
    return int(state.spot[f])


@compiled
def raise_prices(table: Table, state: State) -> None:
    """By as much as each was nearer than the room that was found; and the search leaves no trace."""
    m, best = len(table.left), state.shortest[0]
    for at in range(state.found[_DONE]):
        item = state.done[at]
        if item < m:
            now = max(state.price[item], state.level[table.group[item]])
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
def walk_back(table: Table, state: State) -> None:
    """Changes what is used along the path, from the room that was found to the row it was found for."""
    e, q = state.found[_PAIR], state.found[_FREED]
    table.spare[table.group[table.col[e]]] -= 1
    at = enter(table, state, table.col[e])
    while True:
        f, next_e, next_q = NOTHING, NOTHING, NOTHING
        if q != NOTHING:
            f, next_e, next_q = state.hold[q], state.before[q], state.before_freed[q]
            state.used[f] = False
        hold(state, e, at)
        if q == NOTHING:
            break
        at = q
        if table.col[next_e] != table.col[f]:
            leave(table, state, q, table.col[f])
            at = enter(table, state, table.col[next_e])
        if state.leaving_place[f] != NOTHING:
            drop_leaving(state, table.group[table.col[f]], f)
        e, q = next_e, next_q
    _let_leave(table, state)


@compiled
def _let_leave(table: Table, state: State) -> None:
    """What each held pair of the rows on the path, and of those taken out by the search, costs to leave."""
    for at in range(state.found[_OUT]):
        if state.used[state.out[at]]:
            may_leave(table, state, state.out[at])
    e, q = state.found[_PAIR], state.found[_FREED]
    while True:
        i = table.row[e]
        for f in range(table.first[i], table.first[i + 1]):
            if state.used[f]:
                may_leave(table, state, f)
        if q == NOTHING:
            return
        e, q = state.before[q], state.before_freed[q]
