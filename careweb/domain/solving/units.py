"""Units of rows in columns of limited room: the tables, and the moves that keep their books."""

from typing import NamedTuple

import numpy as np

from careweb.domain.solving.compiled import compiled, fused
from careweb.domain.solving.graph import Bools, Floats, Ints, Small
from careweb.domain.solving.heaps import drop, put

NOTHING = -1


class Table(NamedTuple):
    """Pairs of row `i` are `first[i]:first[i + 1]`, the cheapest first. A pair is used at most once."""

    first: Ints
    col: Small
    row: Small
    cost: Floats
    units: Small  # (n,) to be placed, all of them
    left: Small  # (m,) room of each column; is used up
    group: Small  # (m,)
    spare: Small  # (g,) room of each group; is used up


class State(NamedTuple):
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
    key: Floats  # beside the queue: the label of who stands there
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


def books(table: Table) -> tuple[Ints, Ints]:
    """Where the held pairs of each column begin, and those of each group: none ever holds more than its room."""
    reached = np.minimum(np.bincount(table.col, minlength=len(table.left)), np.maximum(table.left, 0))
    room = np.concatenate(([0], np.cumsum(reached))).astype(np.int64)
    return room, np.concatenate(([0], np.cumsum(np.minimum(table.spare, room[-1])))).astype(np.int64)


def new_state(table: Table, levels: Floats) -> State:
    n, m, groups, pairs = len(table.units), len(table.left), len(table.spare), len(table.col)
    room, starts = books(table)
    places = int(room[-1])

    def small(size: int, value: int = 0) -> Small:
        return np.full(size, value, np.int32)

    return State(
        used=np.zeros(pairs, np.bool_), price=np.where(table.left > 0, 0.0, np.inf), level=levels.copy(),
        load=small(m), room=room, hold=small(places), spot=small(pairs), wanted=table.units.copy(),
        label=np.full(m + groups, np.inf), queue=small(m + groups), key=np.zeros(m + groups), place=small(m + groups, NOTHING),
        via=small(m + groups), freed=small(m + groups), done=small(m + groups), paid=np.full(n, np.inf), rows=small(n),
        before=small(places), before_freed=small(places), left_by=small(places),
        entered=small(groups), shortest=np.zeros(1), found=small(7),
        leaving=small(int(starts[-1])), leaving_place=small(pairs, NOTHING),
        leaving_start=starts, leaving_size=small(groups),
        leaving_key=np.zeros(pairs), base=np.zeros(groups), out=small(pairs),
    )  # fmt: skip


@fused
def enter(table: Table, state: State, c: int) -> int:
    """The place for one more pair in a column."""
    at = state.room[c] + state.load[c]
    state.load[c] += 1
    table.left[c] -= 1
    return int(at)


@fused
def leave(table: Table, state: State, q: int, c: int) -> None:
    state.load[c] -= 1
    table.left[c] += 1
    last = state.room[c] + state.load[c]
    state.hold[q] = state.hold[last]
    state.spot[state.hold[q]] = q


@fused
def hold(state: State, e: int, at: int) -> None:
    state.used[e], state.hold[at], state.spot[e] = True, e, at


@compiled
def put_leaving(state: State, k: int, f: int) -> None:
    start, size = state.leaving_start[k], state.leaving_size[k]
    state.leaving_size[k] = put(state.leaving, state.leaving_place, state.leaving_key, start, size, f)


@compiled
def drop_leaving(state: State, k: int, f: int) -> None:
    start, size = state.leaving_start[k], state.leaving_size[k]
    state.leaving_size[k] = drop(state.leaving, state.leaving_place, state.leaving_key, start, size, f)


@compiled
def cost_to_leave(table: Table, state: State, f: int) -> float:
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
    return float(best - table.cost[f])


@compiled
def may_leave(table: Table, state: State, f: int) -> None:
    state.leaving_key[f] = cost_to_leave(table, state, f)
    put_leaving(state, table.group[table.col[f]], f)
