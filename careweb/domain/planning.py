"""Waves of many needs at once: nobody is asked about two of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isnan
from typing import Any, NamedTuple
from uuid import UUID

from careweb.domain.crowd import Crowd
from careweb.domain.ids import GroupId, MemberId, NeedId, OfferId
from careweb.domain.lists import Lists, NeedList, Number
from careweb.domain.responses import Beta
from careweb.domain.solving.problem import TIERS
from careweb.domain.states import Urgency
from careweb.domain.ticks import Claim
from careweb.domain.waves import MOST_IN_WAVE, Candidate, OpenNeed, Pace, plan_wave

CANDIDATES_A_PLACE = 3  # people looked at for each place in the largest wave: the cheapest, and whoever is claimed
LEAST_CANDIDATES = 8


@dataclass(frozen=True, kw_only=True)
class Due:
    """A need whose wave is due, and its row as it was read."""

    need: OpenNeed
    pace: Pace
    row: Mapping[str, Any]


class Known(NamedTuple):
    """What is known of somebody, for one need."""

    answered: float
    accepted: int
    helped_before: bool
    helped_last: bool
    reserved: bool


UNKNOWN = Known(answered=0, accepted=0, helped_before=False, helped_last=False, reserved=False)


class PlannedAsk(NamedTuple):
    """What is left of a candidate: fifty thousand of them may wait to be written."""

    offer: OfferId
    member: MemberId
    language: str
    terms: str


_NOT_CLAIMED = (False, None)
TermsOf = Callable[[Candidate, float, Beta], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    due: Due
    asks: Sequence[PlannedAsk]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Looked:
    """A need whose wave is due, and the rows of its list that are looked at for it."""

    due: Due
    list: NeedList
    rows: Sequence[int]
    offers: Sequence[OfferId]  # of these rows


class Claims:
    """Who is claimed for what, looked up from both sides."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._of_person: dict[Number, list[Claim]] = defaultdict(list)
        for claim in claims:
            self._of_person[claim.person].append(claim)

    def on(self, need: NeedId, person: Number) -> tuple[bool, Urgency | None]:
        """Whether this need claims this person, and the most urgent tier of another that does."""
        all_of_them = self._of_person.get(person)
        if all_of_them is None:
            return _NOT_CLAIMED
        others = [claim.tier for claim in all_of_them if claim.pair.need != need]
        return len(others) < len(all_of_them), min(others, key=TIERS.index) if others else None


def look(due: Due, one: NeedList, claims: Claims) -> Looked:
    """People who might be asked, the cheapest and those claimed for it; and of those who are left to others the first,
    since with anybody left there will be another wave.
    """
    need = due.need
    most = max(LEAST_CANDIDATES, CANDIDATES_A_PLACE * MOST_IN_WAVE[need.urgency] * need.open_slots)
    free: list[int] = []
    left: list[int] = []
    for row, number in zip(one.rows, one.person.tolist(), strict=True):
        ours, other = claims.on(need.id, Number(number))
        if other is not None and not ours and TIERS.index(other) <= TIERS.index(need.urgency):
            left = left or [row]
        elif len(free) < most or ours:
            free.append(row)
    rows = [*free, *left]
    return Looked(due, one, rows, [OfferId(UUID(bytes=offer)) for offer in one.columns.offer[rows].tolist()])


@dataclass
class Waves:
    """Plans wave after wave; whoever is asked is left in peace by the next. Give the most urgent needs first."""

    lists: Lists
    crowd: Crowd
    claims: Claims
    now: datetime
    terms_of: TermsOf
    asked: set[MemberId] = field(default_factory=set)
    _groups: dict[bytes, GroupId] = field(default_factory=dict)

    def look(self, due: Sequence[tuple[int, Due]]) -> list[Looked]:
        """`due`: with the position of each need in the lists."""
        return [look(one, self.lists.of[i], self.claims) for i, one in due]

    def plan(self, looked: Sequence[Looked], known: Sequence[Known]) -> list[Planned]:
        """`known`: of each row that is looked at, one need after the other. Only plans that ask somebody."""
        plans, at = [], 0
        for one in looked:
            plans.append(self._one(one, known[at : at + len(one.rows)]))
            at += len(one.rows)
        return [one for one in plans if one.asks]

    def _one(self, looked: Looked, known: Sequence[Known]) -> Planned:
        due = looked.due
        candidates = self._candidates(looked, known)
        plan = plan_wave(due.need, candidates, pace=due.pace, now=self.now)
        self.asked.update(c.member_id for c in plan.asks)
        asks = [
            PlannedAsk(c.offer_id, c.member_id, c.language, self.terms_of(c, chance, plan.prior))
            for c, chance in zip(plan.asks, plan.chances, strict=True)
        ]
        return Planned(due=due, asks=asks, next_at=plan.next_at)

    def _candidates(self, looked: Looked, known: Sequence[Known]) -> list[Candidate]:
        """Of each column the rows that are looked at, at once: one by one they would take twice as long."""
        need, rows, columns = looked.due.need, looked.rows, looked.list.columns
        groups, languages, second, km, radius_km, r50_km = (
            column[rows].tolist()
            for column in (
                columns.group, columns.language, columns.second, columns.km, columns.radius_km, columns.r50_km
            )
        )  # fmt: skip
        found = []
        for at, number in enumerate(looked.list.batch.person[rows].tolist()):
            person, member = self.crowd[number], MemberId(self.lists.people[number])
            claimed, claimed_by = self.claims.on(need.id, number)
            found.append(
                Candidate(
                    offer_id=looked.offers[at], member_id=member, group_id=self._group(groups[at]),
                    km=None if isnan(km[at]) else km[at], need_r50_km=looked.due.row["need_r50_km"],
                    offer_r50_km=r50_km[at], radius_km=radius_km[at],
                    language=columns.languages[languages[at]], second_language=second[at],
                    load=person.load, asks_last_week=person.asks, weekly_asks=person.weekly_asks, outstanding=member in self.asked,
                    time_zone=person.time_zone, quiet_from=person.quiet_from, quiet_until=person.quiet_until,
                    urgent_any_hour=person.urgent_any_hour, claimed=claimed, claimed_by=claimed_by, **known[at]._asdict(),
                )
            )  # fmt: skip
        return found

    def _group(self, sent: bytes) -> GroupId:
        if sent not in self._groups:
            self._groups[sent] = GroupId(UUID(bytes=sent))
        return self._groups[sent]
