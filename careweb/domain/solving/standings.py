"""How each open need stands in the pool that was solved: the certificate of its solve, counted for its group."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from careweb.domain.ids import GroupId, NeedId
from careweb.domain.shortages import Affiliation, Standing
from careweb.domain.solving.gains import Gains
from careweb.domain.solving.graph import Bools, Graph, Ints, need_of_pair

_NONE = -1


def standings(
    graph: Graph,
    used: Bools,
    gains: Gains,
    *,
    needs: Sequence[NeedId],
    groups: Mapping[int, GroupId],
    people: Mapping[int, Affiliation],
) -> list[Standing]:
    """`groups`: of each need that `gains` reaches, by position; `people`: of each closed offer."""
    crowds = _Crowds(graph, used, gains, groups, people)
    least = least_served(graph)[graph.kind]
    return [
        Standing(need_id=needs[i], least_served=bool(least[i]), **crowds.counts_for(i))
        for i in range(graph.needs)
        if least[i] or gains.reached[i]
    ]


def least_served(graph: Graph) -> Bools:
    """(g,) classes of which less was served than of any other of their tier; none where all are alike.

    What was served counts, not what this solve plans.
    """
    rate = graph.served / np.maximum(1, graph.asked)
    least = np.zeros(len(rate), np.bool_)
    for tier in range(int(graph.tier.max(initial=_NONE)) + 1):
        of_tier = (graph.tier == tier) & (graph.asked > 0)
        if of_tier.any() and rate[of_tier].min() < rate[of_tier].max():
            least |= of_tier & (rate == rate[of_tier].min())
    return least


def closed_offers(graph: Graph, used: Bools, reached: Bools) -> Bools:
    """(m,) offers that an open slot leads to: all their tasks are taken, by needs that are reached too."""
    closed = np.zeros(graph.offers, np.bool_)
    closed[graph.offer[reached[need_of_pair(graph)] & ~used]] = True
    return closed


def crowd_of(graph: Graph, used: Bools, reached: Bools) -> tuple[Ints, Ints]:
    """(n,), (m,) a number for all needs and offers that hang together by candidate pairs; -1 for those not closed."""
    closed = closed_offers(graph, used, reached)
    owner = need_of_pair(graph)
    inside = reached[owner] & closed[graph.offer]
    owner, offer = owner[inside], graph.offer[inside]
    of_need = np.where(reached, np.arange(graph.needs), _NONE)
    of_offer = np.where(closed, graph.needs, _NONE)
    while True:  # the smallest number spreads: as many rounds as the longest of shortest paths has needs
        spread, before = of_offer.copy(), of_need.copy()
        np.minimum.at(spread, offer, of_need[owner])
        np.minimum.at(of_need, owner, spread[offer])
        of_need = np.where(reached, of_need[of_need], _NONE)
        of_offer = spread
        if (of_need == before).all():
            return of_need, of_offer


class _Crowds:
    """Counts of each crowd, those of a group apart from those of the others."""

    def __init__(
        self, graph: Graph, used: Bools, gains: Gains, groups: Mapping[int, GroupId], people: Mapping[int, Affiliation]
    ) -> None:
        self._groups, self._reached = groups, gains.reached
        self._of_need, of_offer = crowd_of(graph, used, gains.reached)
        self._needs: Counter[tuple[int, GroupId | None]] = Counter()
        self._slots: Counter[tuple[int, GroupId | None]] = Counter()
        outside = used & gains.reached[need_of_pair(graph)] & (of_offer[graph.offer] == _NONE)
        wanted = graph.slots - np.bincount(need_of_pair(graph)[outside], minlength=graph.needs)
        for i in np.flatnonzero(gains.reached).tolist():
            for whose in (groups[i], None):
                self._needs[self._of_need[i], whose] += 1
                self._slots[self._of_need[i], whose] += int(wanted[i])
        self._people: Counter[tuple[int, GroupId | None]] = Counter()  # None: all of them
        self._shared: Counter[int] = Counter()
        self._tasks: dict[int, Counter[GroupId | None]] = defaultdict(Counter)
        for j in np.flatnonzero(of_offer != _NONE).tolist():
            self._count(of_offer[j], int(graph.capacity[j]), people[j])

    def _count(self, crowd: int, tasks: int, person: Affiliation) -> None:
        self._people[crowd, None] += 1
        if person.shared:
            self._shared[crowd] += 1
            self._tasks[crowd][None] += tasks
        else:
            for group in person.groups:
                self._people[crowd, group] += 1
                self._tasks[crowd][group] += tasks

    def counts_for(self, i: int) -> dict[str, int]:
        if not self._reached[i]:
            return {}
        crowd, group = int(self._of_need[i]), self._groups[i]
        people = self._shared[crowd] + self._people[crowd, group]
        return {
            "needs": self._needs[crowd, group],
            "slots": self._slots[crowd, group],
            "people": people,
            "tasks": self._tasks[crowd][None] + self._tasks[crowd][group],
            "other_needs": self._needs[crowd, None] - self._needs[crowd, group],
            "other_people": self._people[crowd, None] - people,
        }
