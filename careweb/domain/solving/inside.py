"""The cheapest way to place all of some rows' units in columns of limited room, and prices that prove it.

Successive shortest paths: one unit after another takes the cheapest path to a column with room; on its way it may
displace a unit of a full column, whose row then looks on. Prices keep every step at least 0, so that Dijkstra finds
the path (Edmonds and Karp 1972; Jonker and Volgenant 1987). Columns stand in groups that have limits of their own: where
a group is full, a unit may enter one of its columns if any unit of the group leaves.

Where every group ends full only the differences of their prices matter, so these may begin near the right ones: an
auction finds them. Rows whose cheapest column is free need no search.
"""

from typing import NamedTuple

import numpy as np

from careweb.domain.solving.bidding import bid
from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Floats, Ints
from careweb.domain.solving.paths import raise_prices, search, walk_back
from careweb.domain.solving.sharing import by_neighbourhood
from careweb.domain.solving.units import NOTHING, State, Table, books, enter, hold, may_leave, new_state

STEP = 0.05  # of a bid; costs are between 0 and 1
MOST = 60  # bids for each unit: enough, or what they came to is good enough


class Placed(NamedTuple):
    used: Bools  # (e,)
    price: Floats  # (m,) with that of its group; 0 where there is room in both, infinite where there never was any
    level: Floats  # (g,) the price of a unit of each group
    all: bool  # whether everything could be placed


def place(table: Table) -> Placed:
    room, start = books(table)
    levels = bid(
        table.first, table.col, table.row, table.cost, table.units.copy(), table.left.copy(), table.group, table.spare.copy(),
        room, start, STEP, MOST * int(table.units.sum()),
    )  # fmt: skip
    state = new_state(table, levels - levels.min(initial=np.inf))
    every = _place_all(table, state)
    price = np.maximum(state.price, state.level[table.group])
    return Placed(used=state.used, price=price, level=state.level, all=every)


@compiled
def _place_all(table: Table, state: State) -> bool:
    stuck = _take_cheapest(table, state)
    for i in by_neighbourhood(table.first, table.col, len(table.left), stuck):
        while state.wanted[i] > 0:
            if not search(table, state, i):
                return False
            raise_prices(table, state)
            walk_back(table, state)
            state.wanted[i] -= 1
    return True


@compiled
def _take_cheapest(table: Table, state: State) -> Ints:
    """A row's cheapest pair is its shortest path if it leads to room. Who is left?"""
    for i in range(len(table.units)):
        while state.wanted[i] > 0:
            e = _cheapest(table, state, i)
            if e == NOTHING or table.left[table.col[e]] <= 0 or table.spare[table.group[table.col[e]]] <= 0:
                break
            hold(state, e, enter(table, state, table.col[e]))
            table.spare[table.group[table.col[e]]] -= 1
            state.wanted[i] -= 1
    for e in range(len(table.col)):
        if state.used[e]:
            may_leave(table, state, e)
    return np.flatnonzero(state.wanted > 0)


@compiled
def _cheapest(table: Table, state: State, i: int) -> int:
    """With its price. NOTHING if the row has no other pair."""
    best, e = np.inf, NOTHING
    for f in range(table.first[i], table.first[i + 1]):
        if table.cost[f] >= best:
            break
        c = table.col[f]
        whole = table.cost[f] + max(state.price[c], state.level[table.group[c]])
        if whole < best and not state.used[f]:
            best, e = whole, f
    return e
