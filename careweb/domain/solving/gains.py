"""How many more slots are filled if somebody new comes: one task after the other, without solving again.

Somebody new is a set of needs they could serve. One more slot is filled exactly if an alternating path leads from an
open slot to one of these needs, and it belongs to the most urgent tier from which one does: the slots a solve fills
with the newcomer are those it fills without and one more (greedy bases of a matroid and of its quotient nest). So one
search, backwards from the newcomer, says what a whole solve would. Only needs that open slots lead to are looked at;
their lists are complete, since a solve makes lists grow until the closed sets are closed among all candidates.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Bools, Graph, Ints, need_of_pair
from careweb.domain.solving.problem import TIERS

_NOBODY, _NEWCOMER = -2, -1  # in a seat, instead of a pair
_LENGTH, _SEARCH, _CHANGED, _TRIAL = range(4)


class _Run(NamedTuple):
    first: Ints
    need: Ints  # (e,) of each pair
    offer: Ints
    slots: Ints
    tier: Ints  # (n,)
    seat: Ints  # (n + 1,) slots of need i are seats seat[i]:seat[i + 1]; the first `degree` of them are taken
    taken: Ints  # (seats,) the pair in each
    owner: Ints  # (seats,) the need
    degree: Ints
    used: Bools
    back: Ints  # pairs of offer j are back[lead[j]:lead[j + 1]]
    lead: Ints
    reached: Bools  # (tiers, n) an open slot of this tier or of a more urgent one leads to the need
    # one search
    queue: Ints
    seen_need: Ints
    seen_offer: Ints
    via: Ints  # the pair by which a need could take another offer, or that it takes the newcomer
    left: Ints  # the seat which that offer would leave
    # one trial: which seats changed, and what was in them before
    touched: Ints  # (seats,) the last trial that changed it
    changed: Ints
    before: Ints
    at: Ints


class Gains:
    """`used`: the pairs of a largest assignment. `asked`: for every unanswered ask, its need: whoever was asked counts
    as one who may still say yes to that need, so that nobody is recruited for what is under way."""

    def __init__(self, graph: Graph, used: Bools, asked: Sequence[int] = ()) -> None:
        self._run = _prepare(graph, used)
        _reach(self._run)
        for i in asked:
            _add(self._run, np.array([i], np.int64))
            _begin(self._run)
        if asked:
            self._run.reached[:] = False
            _reach(self._run)
        # (n,) needs for which somebody new helps someone: they are open, or hold whom an open one could use
        self.reached: Bools = np.logical_or.reduce(self._run.reached, axis=0)

    @property
    def open_slots(self) -> Ints:
        return self._run.slots - self._run.degree

    def of(self, needs: Ints, most: int) -> Ints:
        """(tiers,) how many more slots are filled by up to `most` newcomers for these needs, with one task each."""
        more = np.zeros(len(TIERS), np.int64)
        _gain(self._run, needs[self.reached[needs]], most, more)
        return more


def _prepare(graph: Graph, used: Bools) -> _Run:
    need, n, m = need_of_pair(graph), graph.needs, graph.offers
    seat = np.concatenate(([0], np.cumsum(graph.slots))).astype(np.int64)
    chosen = np.flatnonzero(used)
    degree = np.bincount(need[chosen], minlength=n).astype(np.int64)
    taken = np.full(int(seat[-1]), _NOBODY, np.int64)
    first_used = np.concatenate(([0], np.cumsum(degree)))
    taken[seat[need[chosen]] + np.arange(len(chosen)) - first_used[need[chosen]]] = chosen
    seats = int(seat[-1])

    def ints(size: int) -> Ints:
        return np.zeros(size, np.int64)

    run = _Run(
        first=graph.first, need=need, offer=graph.offer, slots=graph.slots, tier=graph.tier[graph.kind], seat=seat, taken=taken,
        owner=np.repeat(np.arange(n, dtype=np.int64), graph.slots), degree=degree, used=used.copy(),
        back=np.argsort(graph.offer, kind="stable").astype(np.int64),
        lead=np.concatenate(([0], np.cumsum(np.bincount(graph.offer, minlength=m)))).astype(np.int64),
        reached=np.zeros((len(TIERS), n), np.bool_), queue=ints(n), seen_need=ints(n), seen_offer=ints(m), via=ints(n),
        left=ints(n), touched=ints(seats), changed=ints(seats), before=ints(seats), at=ints(4),
    )  # fmt: skip
    _begin(run)
    return run


@compiled
def _begin(run: _Run) -> None:
    """What has happened so far stays."""
    run.at[_TRIAL] += 1
    run.at[_CHANGED] = 0


@compiled
def _search_anew(run: _Run) -> None:
    run.at[_SEARCH] += 1
    run.at[_LENGTH] = 0


@compiled
def _visit(run: _Run, i: int) -> None:
    run.seen_need[i] = run.at[_SEARCH]
    run.queue[run.at[_LENGTH]] = i
    run.at[_LENGTH] += 1


@compiled
def _reach(run: _Run) -> None:
    for t in range(len(run.reached)):
        if t:  # a newcomer who helps somebody more urgent opens ways through all that those led to
            run.reached[t] = run.reached[t - 1]
        _search_anew(run)
        for i in range(len(run.slots)):
            if run.tier[i] == t and run.degree[i] < run.slots[i]:
                _visit(run, i)
        head = 0
        while head < run.at[_LENGTH]:
            i = run.queue[head]
            head += 1
            run.reached[t, i] = True
            for e in range(run.first[i], run.first[i + 1]):
                j = run.offer[e]
                if not run.used[e] and run.seen_offer[j] != run.at[_SEARCH]:
                    run.seen_offer[j] = run.at[_SEARCH]
                    _visit_holders(run, j)


@compiled
def _visit_holders(run: _Run, j: int) -> None:
    for b in range(run.lead[j], run.lead[j + 1]):
        e = run.back[b]
        if run.used[e] and run.seen_need[run.need[e]] != run.at[_SEARCH]:
            _visit(run, run.need[e])


@compiled
def _sit(run: _Run, s: int, e: int) -> None:
    """A pair, or the newcomer, into a seat; whoever sat there leaves."""
    was = run.taken[s]
    if run.touched[s] != run.at[_TRIAL]:
        run.touched[s] = run.at[_TRIAL]
        run.changed[run.at[_CHANGED]], run.before[run.at[_CHANGED]] = s, was
        run.at[_CHANGED] += 1
    if was >= 0:
        run.used[was] = False
    if e >= 0:
        run.used[e] = True
    run.taken[s] = e


@compiled
def _go_back(run: _Run) -> None:
    for c in range(run.at[_CHANGED]):
        now = run.taken[run.changed[c]]
        if now >= 0:
            run.used[now] = False
    for c in range(run.at[_CHANGED]):
        s = run.changed[c]
        if run.before[c] == _NOBODY:
            run.degree[run.owner[s]] -= 1
        elif run.before[c] >= 0:
            run.used[run.before[c]] = True
        run.taken[s] = run.before[c]
    _begin(run)


@compiled
def _search(run: _Run, needs: Ints, t: int) -> int:
    """Breadth first, backwards from the newcomer: a need with an open slot of tier `t`, or NOBODY."""
    _search_anew(run)
    for i in needs:
        if run.reached[t, i] and run.seen_need[i] != run.at[_SEARCH]:
            run.via[i] = _NEWCOMER
            _visit(run, i)
            if run.tier[i] == t and run.degree[i] < run.slots[i]:
                return int(i)
    head = 0
    while head < run.at[_LENGTH]:
        i = run.queue[head]
        head += 1
        for s in range(run.seat[i], run.seat[i] + run.degree[i]):
            if run.taken[s] >= 0:
                found = _who_could_use(run, s, t)
                if found != _NOBODY:
                    return found
    return _NOBODY


@compiled
def _who_could_use(run: _Run, s: int, t: int) -> int:
    """Needs that could take the offer in this seat, if it were left."""
    j = run.offer[run.taken[s]]
    if run.seen_offer[j] == run.at[_SEARCH]:
        return _NOBODY
    run.seen_offer[j] = run.at[_SEARCH]
    for b in range(run.lead[j], run.lead[j + 1]):
        e = run.back[b]
        i = run.need[e]
        if not run.used[e] and run.reached[t, i] and run.seen_need[i] != run.at[_SEARCH]:
            run.via[i], run.left[i] = e, s
            _visit(run, i)
            if run.tier[i] == t and run.degree[i] < run.slots[i]:
                return int(i)
    return _NOBODY


@compiled
def _move_up(run: _Run, found: int) -> None:
    """The open slot is filled, each along the path takes what the next one leaves, the last one the newcomer."""
    i, s = found, run.seat[found] + run.degree[found]
    run.degree[found] += 1
    while True:
        e, left = run.via[i], run.left[i]
        if e == _NEWCOMER:
            _sit(run, s, e)
            return
        _sit(run, s, e)
        i, s = run.owner[left], left


@compiled
def _add(run: _Run, needs: Ints) -> int:
    """One newcomer: the tier in which one more slot is filled, or NOBODY."""
    for t in range(len(run.reached)):
        found = _search(run, needs, t)
        if found != _NOBODY:
            _move_up(run, found)
            return t
    return _NOBODY


@compiled
def _gain(run: _Run, needs: Ints, most: int, more: Ints) -> None:
    """Tiers in turn: where one newcomer fills no slot of a tier, neither does the next."""
    t, left = 0, most
    while t < len(run.reached) and left > 0:
        found = _search(run, needs, t)
        if found == _NOBODY:
            t += 1
        else:
            _move_up(run, found)
            more[t] += 1
            left -= 1
    _go_back(run)
