"""One tick over a market, without a database: what was read becomes arrays for the solve, and its answer claims.

The right-hand side is people: what is free of a week belongs to the person over all their offers.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import numpy as np

from careweb.domain.costs import TIE_BREAK
from careweb.domain.ids import MemberId, NeedId, OfferId
from careweb.domain.solving.graph import Bools, Floats, Ints
from careweb.domain.solving.market import List, Market, Solved, classify
from careweb.domain.solving.problem import Carried, tier_of
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


class Person(NamedTuple):
    """What somebody has left of their week, and when they may be written to."""

    tasks_left: int
    load: float
    asks: int
    weekly_asks: int
    time_zone: str
    quiet_from: int
    quiet_until: int
    urgent_any_hour: bool

    @property
    def capacity(self) -> int:
        """Claims that could come to anything: neither more tasks than are free, nor more than may be asked."""
        return max(0, min(self.tasks_left, self.weekly_asks - self.asks))


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
    """Pairs as the database gives them, a person once for a need, those of one need together and the cheapest first."""

    need: Sequence[UUID]
    offer: Sequence[UUID]
    member: Sequence[UUID]
    group: Sequence[UUID]  # of the offer
    cost: Floats
    km: Floats  # not a number: remote help
    radius_km: Floats
    r50_km: Floats  # of the offer's zone
    language: Sequence[str]
    second: Bools
    next_cost: Floats  # nobody left out of this need's list costs less; not a number: nobody was left out


@dataclass(frozen=True, kw_only=True)
class NeedList:
    """The cheapest people for one need."""

    person: Ints  # numbers as `Lists` has them
    cost: Floats
    tie: Floats
    next_cost: float  # infinite if nobody was left out
    wanted: int  # how long it was to be
    rows: range  # where the rest of it stands in `columns`
    columns: Columns


@dataclass
class Lists:
    """What is known of who could serve whom; grows until the solve has seen enough."""

    needs: Sequence[LiveNeed]  # those with an open slot
    people: Numbers = field(default_factory=Numbers)
    of: dict[int, NeedList] = field(default_factory=dict)

    def take(self, asked_for: Sequence[int], columns: Columns, most: int) -> None:
        """The answer for these needs, of which each list was to hold the `most` cheapest."""
        people = self.people.of(columns.member)
        rows = _stretches(columns.need)
        for i in asked_for:
            here = rows.get(self.needs[i].id, range(0))
            at = slice(here.start, here.stop)
            left_out = columns.next_cost[here.start] if here else np.nan
            self.of[i] = NeedList(
                person=people[at], cost=columns.cost[at], tie=_ties(self.needs[i].id, columns.offer[at]),
                next_cost=np.inf if np.isnan(left_out) else float(left_out), wanted=most, rows=here, columns=columns,
            )  # fmt: skip

    def lengths(self, longer: Mapping[int, int]) -> dict[int, list[int]]:
        """By length, the needs whose lists have to grow to it. A list is shorter in the solve than it was fetched
        where people are left out of the solve, so that the solve may ask for what was there already.
        """
        wanted: dict[int, list[int]] = defaultdict(list)
        for i, length in longer.items():
            wanted[max(length, 4 * self.of[i].wanted)].append(i)
        return wanted


def _stretches(needs: Sequence[UUID]) -> dict[UUID, range]:
    """Where the rows of each need are; they stand together."""
    starts = [k for k, need in enumerate(needs) if k == 0 or needs[k - 1] != need]
    return {needs[start]: range(start, end) for start, end in pairwise([*starts, len(needs)])}


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
    """Of people who cost the same, those in the list go before those left out of it, whatever their tie-break: else
    every need that nobody is far from, as remote help, would want the whole country on its list.
    """
    person = place[one.person]
    order = np.argsort(one.cost + one.tie, kind="stable")
    kept = order[person[order] != _NOWHERE]
    return List(offer=person[kept], cost=one.cost[kept], tie=one.tie[kept], next_cost=one.next_cost + TIE_BREAK)


def claims_of(solved: Solved, lists: Lists) -> list[Claim]:
    people = {str(name): number for number, name in enumerate(lists.people.ids)}
    claims = []
    for i, j in solved.claimed():
        need, one, person = lists.needs[i], lists.of[i], people[solved.market.offers[j]]
        row = one.rows[int(np.flatnonzero(one.person == person)[0])]
        pair = Pair(need.id, MemberId(lists.people.ids[person]))
        claims.append(Claim(pair=pair, offer=OfferId(one.columns.offer[row]), tier=need.tier))
    return claims


def moved(before: AbstractSet[Pair], after: AbstractSet[Pair], solved: Solved | None) -> int:
    """Claims that went to somebody else although need and person are both still there."""
    if solved is None:
        return 0
    needs, people = set(solved.market.needs), set(solved.market.offers)
    return sum(str(pair.need) in needs and str(pair.member) in people for pair in before - after)
