"""One tick over a market, without a database: what was read becomes arrays for the solve, and its answer claims.

The right-hand side is people: what is free of a week belongs to the person over all their offers.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

import numpy as np

from careweb.domain.costs import TIE_BREAK
from careweb.domain.ids import MemberId, NeedId, OfferId
from careweb.domain.lists import Lists, Names, NeedList, Number
from careweb.domain.live_needs import LiveNeed
from careweb.domain.solving.graph import Ints
from careweb.domain.solving.market import List, Market, Solved, classify
from careweb.domain.solving.problem import Carried
from careweb.domain.states import Urgency

_NOWHERE = -1


class Pair(NamedTuple):
    need: NeedId
    member: MemberId


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    pair: Pair
    person: Number
    offer: OfferId
    tier: Urgency


def market_of(
    lists: Lists,
    live: Sequence[LiveNeed],
    capacity: Ints,
    carried: Mapping[str, Carried],
    day: date,
    before: AbstractSet[Pair] = frozenset(),
) -> tuple[Market, list[List]]:
    """`capacity`: tasks that each person of the lists has for this market, 0 for whoever is left out of the solve.
    `before`: what the last tick claimed.
    """
    kinds = [(need.tier, need.community) for need in live]
    helpers, filled = np.array([n.helpers for n in live], np.int64), np.array([n.filled for n in live], np.int64)
    classes, of_need = classify(kinds, helpers, filled, carried, day)
    is_open = np.array([need.slots > 0 for need in live], np.bool_)
    inside = np.flatnonzero(capacity > 0)
    place = np.full(len(capacity), _NOWHERE, np.int64)
    place[inside] = np.arange(len(inside))
    market = Market(
        needs=[str(need.id) for need in lists.needs],
        slots=np.array([need.slots for need in lists.needs], np.int64),
        kind=of_need[is_open],
        offers=Names(lists.people, inside),
        capacity=capacity[inside],
        classes=classes,
    )
    kept = _numbers_by_need(before, lists)
    return market, [
        _for_solve(lists.of[i], place, kept.get(need.id, ())) for i, need in enumerate(lists.needs)
    ]  # fmt: skip


def _numbers_by_need(pairs: Iterable[Pair], lists: Lists) -> dict[NeedId, list[int]]:
    found: dict[NeedId, list[int]] = {}
    for need, member in pairs:
        if (number := lists.people.find(member)) is not None:
            found.setdefault(need, []).append(number)
    return found


def _for_solve(one: NeedList, place: Ints, kept: Sequence[int]) -> List:
    """Of people who cost the same, whoever the last tick claimed goes first, then the others by their tie-break, and
    those in the list before those left out of it, whatever theirs: else every need that nobody is far from, as remote
    help, would want the whole country on its list.
    """
    person = place[one.person]
    tie = (TIE_BREAK + one.tie) / 2  # each claim that moves costs at least half of the most that one tie-break may
    if kept:
        tie[np.isin(one.person, kept)] = 0.0
    order = np.argsort(one.cost + tie, kind="stable")
    chosen = order[person[order] != _NOWHERE]
    return List(offer=person[chosen], cost=one.cost[chosen], tie=tie[chosen], next_cost=one.next_cost + TIE_BREAK)


def claims_of(solved: Solved, lists: Lists, capacity: Ints) -> list[Claim]:
    """`capacity`: as for `market_of`."""
    inside = np.flatnonzero(capacity > 0)
    claims = []
    for i, j in solved.claimed():
        need, one, person = lists.needs[i], lists.of[i], Number(int(inside[j]))
        offer = OfferId(UUID(bytes=one.columns.offer[one.row_of(person)].tobytes()))
        pair = Pair(need.id, MemberId(lists.people[person]))
        claims.append(Claim(pair=pair, person=person, offer=offer, tier=need.tier))
    return claims


def moved(before: AbstractSet[Pair], after: AbstractSet[Pair], lists: Lists, capacity: Ints) -> int:
    """Claims that went to somebody else although need and person are both still there."""
    needs = {need.id for need in lists.needs}
    gone = [lists.people.find(pair.member) for pair in before - after if pair.need in needs]
    return sum(number is not None and bool(capacity[number] > 0) for number in gone)
