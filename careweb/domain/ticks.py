"""One tick over a market, without a database: what was read becomes arrays for the solve, and its answer claims.

The right-hand side is people: what is free of a week belongs to the person over all their offers.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np

from careweb.domain.costs import TIE_BREAK
from careweb.domain.ids import MemberId, NeedId, OfferId
from careweb.domain.solving.graph import Floats, Ints
from careweb.domain.solving.market import SHORT, List, Market, Solved, classify
from careweb.domain.solving.problem import TIERS, Carried, tier_of
from careweb.domain.states import Urgency

_NOWHERE = -1


@dataclass(frozen=True, kw_only=True)
class LiveNeed:
    id: NeedId
    community: str
    tier: Urgency
    helpers: int
    filled: int
    open: bool  # or all slots are taken and it waits to be done

    @property
    def slots(self) -> int:
        return self.helpers - self.filled if self.open else 0


class Pair(NamedTuple):
    need: NeedId
    member: MemberId


@dataclass(frozen=True, kw_only=True)
class Claim:
    pair: Pair
    offer: OfferId
    tier: Urgency


def community_of(language: str, place: str) -> str:
    return f"{language} {place}".rstrip()


def live_need(
    *, id: UUID, community: str, urgency: str, helpers: int, filled: int, posted_at: datetime, open: bool, now: datetime
) -> LiveNeed:
    age_days = (now - posted_at).total_seconds() / 86_400
    tier = tier_of(Urgency(urgency), age_days)
    return LiveNeed(id=NeedId(id), community=community, tier=tier, helpers=helpers, filled=filled, open=open)


class Numbers:
    """Ids in the order they came."""

    def __init__(self) -> None:
        self.ids: list[UUID] = []
        self._at: dict[UUID, int] = {}

    def of(self, ids: Sequence[UUID]) -> Ints:
        at, known = self._at, self.ids
        found = []
        for one in ids:
            number = at.get(one)
            if number is None:
                number = at[one] = len(known)
                known.append(one)
            found.append(number)
        return np.array(found, np.int64)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Pairs as the database gives them, one after the other; `need` is a position among the open needs."""

    need: Ints
    offer: Sequence[UUID]
    member: Sequence[UUID]
    cost: Floats
    km: Floats  # NaN: remote help
    language: Sequence[str]
    second: Sequence[bool]


@dataclass(frozen=True, kw_only=True)
class NeedList:
    """The cheapest pairs of one need; numbers of offers and people as `Lists` has them."""

    offer: Ints
    person: Ints
    cost: Floats
    tie: Floats
    km: Floats
    language: Sequence[str]
    second: Sequence[bool]
    next_cost: float  # nobody left out costs less; infinite if nobody was left out
    wanted: int  # how long it was to be

    def cheapest_of(self, person: int) -> int:
        """Position of this person's cheapest pair."""
        here = np.flatnonzero(self.person == person)
        return int(here[np.argmin(self.cost[here] + self.tie[here])])


@dataclass
class Lists:
    """What is known of who could serve whom; grows until the solve has seen enough."""

    needs: Sequence[LiveNeed]  # those with an open slot
    offers: Numbers = field(default_factory=Numbers)
    people: Numbers = field(default_factory=Numbers)
    of: dict[int, NeedList] = field(default_factory=dict)

    def take(self, asked_for: Sequence[int], columns: Columns, most: int) -> None:
        """The answer for these needs, of which each list was to hold the `most` cheapest."""
        order = np.argsort(columns.need, kind="stable")
        ends = np.searchsorted(columns.need[order], asked_for, side="right")
        starts = np.searchsorted(columns.need[order], asked_for, side="left")
        offers, people = self.offers.of(columns.offer), self.people.of(columns.member)
        for i, start, end in zip(asked_for, starts.tolist(), ends.tolist(), strict=True):
            rows = order[start:end]
            self.of[i] = self._list(i, rows, offers, people, columns, most)

    def _list(self, i: int, rows: Ints, offers: Ints, people: Ints, columns: Columns, most: int) -> NeedList:
        cost = columns.cost[rows]
        return NeedList(
            offer=offers[rows], person=people[rows], cost=cost, km=columns.km[rows],
            tie=_ties(self.needs[i].id, [columns.offer[row] for row in rows.tolist()]),
            language=[columns.language[row] for row in rows.tolist()],
            second=[columns.second[row] for row in rows.tolist()],
            next_cost=float(cost.max()) if len(rows) >= most else np.inf, wanted=most,
        )  # fmt: skip

    def lengths(self, longer: Mapping[int, int]) -> dict[int, list[int]]:
        """By length, the needs whose lists have to grow to it. Those of asked people count in a list as it was
        fetched and not in the solve's, so that the solve may ask for what it was given."""
        wanted: dict[int, list[int]] = defaultdict(list)
        for i, length in longer.items():
            wanted[max(length, 4 * self.of[i].wanted)].append(i)
        return wanted


def _ties(need: NeedId, offers: Sequence[UUID]) -> Floats:
    """`costs.tie_break` of each pair, with the need hashed once."""
    begun = hashlib.blake2b(str(need).encode() + b"\x00")
    prefixes = []
    for offer in offers:
        one = begun.copy()
        one.update(str(offer).encode())
        prefixes.append(int.from_bytes(one.digest()[:4], "big"))
    return TIE_BREAK * np.array(prefixes, np.float64) / 2.0**32


def market_of(
    lists: Lists, live: Sequence[LiveNeed], capacity: Ints, carried: Mapping[str, Carried], day: date
) -> tuple[Market, list[List]]:
    """`capacity`: tasks that each person of the lists has for this market, 0 for whoever is left out of the solve."""
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
        offers=[str(lists.people.ids[j]) for j in inside.tolist()],
        capacity=capacity[inside],
        classes=classes,
    )
    return market, [_for_solve(lists.of[i], place) for i in range(len(lists.needs))]


def _for_solve(one: NeedList, place: Ints) -> List:
    """Each person once, by their cheapest offer."""
    person = place[one.person]
    order = np.argsort(one.cost + one.tie, kind="stable")
    order = order[person[order] != _NOWHERE]
    _, first = np.unique(person[order], return_index=True)
    kept = order[np.sort(first)]
    return List(offer=person[kept], cost=one.cost[kept], tie=one.tie[kept], next_cost=one.next_cost)


def claims_of(solved: Solved, lists: Lists) -> list[Claim]:
    people = {name: number for number, name in enumerate(map(str, lists.people.ids))}
    claims = []
    for i, j in solved.claimed():
        person = people[solved.market.offers[j]]
        need, one = lists.needs[i], lists.of[i]
        offer = lists.offers.ids[int(one.offer[one.cheapest_of(person)])]
        pair = Pair(need.id, MemberId(lists.people.ids[person]))
        claims.append(Claim(pair=pair, offer=OfferId(offer), tier=need.tier))
    return claims


def moved(before: AbstractSet[Pair], after: AbstractSet[Pair], solved: Solved | None) -> int:
    """Claims that went to somebody else although need and person are both still there."""
    if solved is None:
        return 0
    needs, people = set(solved.market.needs), set(solved.market.offers)
    return sum(str(pair.need) in needs and str(pair.member) in people for pair in before - after)


def most_urgent(tiers: Sequence[Urgency]) -> Urgency:
    return min(tiers, key=TIERS.index)
