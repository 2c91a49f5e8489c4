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

from careweb.domain.solving.bidding import bid
from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Floats, Ints, Small
from careweb.domain.solving.paths import raise_prices, search, walk_back
from careweb.domain.solving.units import NOTHING, State, Table, enter, hold, may_leave, new_state

STEP = 0.05  # of a bid; costs are between 0 and 1
MOST = 60  # bids for each unit: enough, or what they came to is good enough
_NEAR = 1  # how often rows and columns ask each other for the smallest row they know


class Placed(NamedTuple):
    used: Bools  # (e,)
    price: Floats  # (m,) with that of its group; 0 where there is room in both, infinite where there never was any
    level: Floats  # (g,) the price of a unit of each group
    all: bool  # whether everything could be placed


def place(table: Table) -> Placed:
    levels = np.zeros(len(table.spare))
    if len(table.spare) > 1:
        trial = table._replace(left=table.left.copy(), spare=table.spare.copy())
        state = new_state(trial, levels)
        bid(trial, state, STEP, MOST * int(table.units.sum()))
        levels = state.level - state.level.min()
    state = new_state(table, levels)
    every = _place_all(table, state)
    price = np.maximum(state.price, state.level[table.group])
    return Placed(used=state.used, price=price, level=state.level, all=every)


@compiled
def _place_all(table: Table, state: State) -> bool:
    stuck = _take_cheapest(table, state)
    for i in _by_neighbourhood(table.first, table.col, len(table.left), stuck):
        while state.wanted[i] > 0:
            if not search(table, state, i):
                return False
            raise_prices(table, state)
            walk_back(table, state)
            state.wanted[i] -= 1
    return True


@compiled
def _take_cheapest(table: Table, state: State) -> Small:
    """A row's cheapest pair is its shortest path if it leads to room. Who is left?"""
    stuck, count = np.empty(len(table.units), np.int32), 0
    for i in range(len(table.units)):
        while state.wanted[i] > 0:
            e = _cheapest(table, state, i)
            if e == NOTHING or table.left[table.col[e]] <= 0 or table.spare[table.group[table.col[e]]] <= 0:
                break
            hold(state, e, enter(table, state, table.col[e]))
            table.spare[table.group[table.col[e]]] -= 1
            state.wanted[i] -= 1
        if state.wanted[i] > 0:
            stuck[count] = i
            count += 1
    if len(table.spare) > 1:
        for e in range(len(table.col)):
            if state.used[e]:
                may_leave(table, state, e)
    return stuck[:count]


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


@compiled
def _by_neighbourhood(first: Ints, col: Small, m: int, rows: Small) -> Small:
    """Rows that share columns get near each other: sorted by the smallest row that is a few steps away."""
    near_row = np.arange(len(first) - 1).astype(np.int32)
    near_col = np.full(m, len(first), np.int32)
    for _ in range(_NEAR):
        for i in range(len(near_row)):
            for e in range(first[i], first[i + 1]):
                near_col[col[e]] = min(near_col[col[e]], near_row[i])
        for i in range(len(near_row)):
            for e in range(first[i], first[i + 1]):
                near_row[i] = min(near_row[i], near_col[col[e]])
    return rows[np.argsort(near_row[rows], kind="mergesort")]
