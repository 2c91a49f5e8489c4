"""Waves of many needs at once: nobody is asked about two of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isnan
from typing import Any
from uuid import UUID

from careweb.domain.ids import GroupId, MemberId, NeedId, OfferId
from careweb.domain.solving.problem import TIERS
from careweb.domain.states import Urgency
from careweb.domain.ticks import Claim, Lists, NeedList, Person
from careweb.domain.waves import MOST_IN_WAVE, Candidate, OpenNeed, Pace, Plan, plan_wave

CANDIDATES_A_PLACE = 3  # people looked at for each place in the largest wave: the cheapest, and whoever is claimed
LEAST_CANDIDATES = 8


@dataclass(frozen=True, kw_only=True)
class Due:
    """A need whose wave is due, and its row as it was read."""

    need: OpenNeed
    pace: Pace
    row: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Planned:
    due: Due
    plan: Plan


class Claims:
    """Who is claimed for what, looked up from both sides."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._of_member: dict[MemberId, list[Claim]] = defaultdict(list)
        for claim in claims:
            self._of_member[claim.pair.member].append(claim)

    def on(self, need: NeedId, member: MemberId) -> tuple[bool, Urgency | None]:
        """Whether this need claims this person, and the most urgent tier of another that does."""
        all_of_them = self._of_member.get(member, ())
        others = [claim.tier for claim in all_of_them if claim.pair.need != need]
        return len(others) < len(all_of_them), min(others, key=TIERS.index) if others else None

    def leave(self, need: OpenNeed, member: MemberId) -> bool:
        """Is this person left to another need?"""
        ours, other = self.on(need.id, member)
        return not ours and other is not None and TIERS.index(other) <= TIERS.index(need.urgency)


def rows_for_wave(need: OpenNeed, one: NeedList, claims: Claims) -> tuple[list[int], list[int]]:
    """Rows of the need's list: people who might be asked, the cheapest and those claimed for it; and of those who are left
    to others the first, since with anybody left there will be another wave.
    """
    member = one.columns.member
    most = max(LEAST_CANDIDATES, CANDIDATES_A_PLACE * MOST_IN_WAVE[need.urgency] * need.open_slots)
    free: list[int] = []
    left: list[int] = []
    for row in one.rows:
        if claims.leave(need, MemberId(member[row])):
            left = left or [row]
        elif len(free) < most or claims.on(need.id, MemberId(member[row]))[0]:
            free.append(row)
    return free, left


def candidates_of(
    due: Due, one: NeedList, people: Mapping[UUID, Person], claims: Claims, known: Mapping[tuple[UUID, UUID], Mapping[str, Any]]
) -> list[Candidate]:  # fmt: skip
    """`known`: by need and offer, what is known of those who might be asked."""
    free, left = rows_for_wave(due.need, one, claims)
    return [
        _candidate(due, one, row, people, claims, known.get((due.need.id, one.columns.offer[row]), {}))
        for row in [*free, *left]
    ]


def _candidate(
    due: Due, one: NeedList, row: int, people: Mapping[UUID, Person], claims: Claims, known: Mapping[str, Any]
) -> Candidate:
    from_list, member = one.columns, MemberId(one.columns.member[row])
    person = people[member]
    claimed, claimed_by = claims.on(due.need.id, member)
    return Candidate(
        offer_id=OfferId(from_list.offer[row]), member_id=member, group_id=GroupId(from_list.group[row]),
        km=None if isnan(from_list.km[row]) else float(from_list.km[row]), need_r50_km=due.row["need_r50_km"],
        offer_r50_km=float(from_list.r50_km[row]), radius_km=float(from_list.radius_km[row]),
        language=from_list.language[row], second_language=bool(from_list.second[row]),
        load=person.load, asks_last_week=person.asks, weekly_asks=person.weekly_asks, outstanding=False,
        time_zone=person.time_zone, quiet_from=person.quiet_from, quiet_until=person.quiet_until,
        urgent_any_hour=person.urgent_any_hour, claimed=claimed, claimed_by=claimed_by,
        answered=known.get("answered", 0), accepted=known.get("accepted", 0),
        helped_before=known.get("helped_before", False), reserved=known.get("reserved", False),
    )  # fmt: skip


@dataclass
class Waves:
    """Plans wave after wave; whoever is asked is left in peace by the next. Give the most urgent needs first."""

    lists: Lists
    people: Mapping[UUID, Person]
    claims: Claims
    now: datetime
    asked: set[MemberId] = field(default_factory=set)

    def plan(
        self, due: Sequence[tuple[int, Due]], known: Mapping[tuple[UUID, UUID], Mapping[str, Any]]
    ) -> list[Planned]:
        """`due`: with the position of each need in the lists. Only plans that ask somebody."""
        plans = [Planned(due=one, plan=self._one(one, self.lists.of[i], known)) for i, one in due]
        return [one for one in plans if one.plan.asks]

    def _one(self, due: Due, one: NeedList, known: Mapping[tuple[UUID, UUID], Mapping[str, Any]]) -> Plan:
        candidates = [
            replace(c, outstanding=True) if c.member_id in self.asked else c
            for c in candidates_of(due, one, self.people, self.claims, known)
        ]
        plan = plan_wave(due.need, candidates, pace=due.pace, now=self.now)
        self.asked.update(c.member_id for c in plan.asks)
        return plan
