"""An auction for the room of groups: its prices are near the right ones, and spare most of the searching."""

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.units import NOTHING, State, Table, drop_leaving, enter, hold, leave, put_leaving


@compiled
def bid(table: Table, state: State, step: float, most: int) -> None:
    """Levels near the right ones, by an auction (Bertsekas and Castanon 1989): who is displaced bids elsewhere.

    `leaving_key` is what a held pair bid. A bid is what its row would lose by its next choice, and a step more; the
    next choice is not another column with room of the same group, for it is the group's room that is sold.
    """
    n = len(table.units)
    queue, head, size = np.arange(n + 1), 0, n
    while size > 0 and most > 0:
        i = queue[head]
        head, size = (head + 1) % (n + 1), size - 1
        while state.wanted[i] > 0 and most > 0:
            most -= 1
            e, pays, gap = _choose(table, state, i)
            if e == NOTHING:
                break
            c, k, loser = table.col[e], table.group[table.col[e]], NOTHING
            if table.left[c] <= 0:
                loser = _least_bid(state, c)
            elif table.spare[k] <= 0:
                loser = state.leaving[state.leaving_start[k]]
            if loser != NOTHING:
                row = table.row[loser]
                state.wanted[row] += 1
                state.used[loser] = False
                table.spare[k] += 1
                leave(table, state, state.spot[loser], table.col[loser])
                drop_leaving(state, k, loser)
                state.price[table.col[loser]] = 0.0
                if state.wanted[row] == 1 and row != i:
                    queue[(head + size) % (n + 1)] = row
                    size += 1
                pays += min(gap, 1.0) + step
            hold(state, e, enter(table, state, c))
            table.spare[k] -= 1
            state.wanted[i] -= 1
            state.leaving_key[e] = pays
            put_leaving(state, k, e)
            if table.left[c] <= 0:
                state.price[c] = state.leaving_key[_least_bid(state, c)]
            if table.spare[k] <= 0:
                state.level[k] = state.leaving_key[state.leaving[state.leaving_start[k]]]


@compiled
def _choose(table: Table, state: State, i: int) -> tuple[int, float, float]:
    """A row's best pair, the price of its column now, and how much worse the next choice is."""
    best, second, e, pays = np.inf, np.inf, NOTHING, 0.0
    for f in range(table.first[i], table.first[i + 1]):
        if table.cost[f] >= best:
            break
        c = table.col[f]
        price = max(state.price[c], state.level[table.group[c]])
        if table.cost[f] + price < best and not state.used[f]:
            best, e, pays = table.cost[f] + price, f, price
    if e == NOTHING:
        return e, pays, second
    k, roomy = table.group[table.col[e]], table.left[table.col[e]] > 0
    for f in range(table.first[i], table.first[i + 1]):
        if table.cost[f] >= second:
            break
        c = table.col[f]
        if f == e or state.used[f] or (roomy and table.left[c] > 0 and table.group[c] == k):
            continue
        second = min(second, table.cost[f] + max(state.price[c], state.level[table.group[c]]))
    return e, pays, second - best


@compiled
def _least_bid(state: State, c: int) -> int:
    best = state.hold[state.room[c]]
    for q in range(state.room[c] + 1, state.room[c] + state.load[c]):
        if state.leaving_key[state.hold[q]] < state.leaving_key[best]:
            best = state.hold[q]
    return int(best)
