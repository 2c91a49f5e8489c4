"""Whom to ask now about one need: candidates in, plan out. Pure, so that another planner can take its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import prod

from careweb.domain.costs import Cost, cost, tie_break
from careweb.domain.ids import GroupId, MemberId, NeedId, OfferId
from careweb.domain.quiet import is_quiet, quiet_ends
from careweb.domain.states import Urgency

MOST_IN_WAVE = {Urgency.URGENT: 12, Urgency.MEDIUM: 4, Urgency.LOW: 2}
ENOUGH = 0.9  # the chance of a yes at which no more are asked
RESTED = timedelta(hours=6)  # when to look again where nobody was left
FATIGUE = 0.08  # each ask of the last week takes this share of the chance away


@dataclass(frozen=True, kw_only=True)
class OpenNeed:
    id: NeedId
    urgency: Urgency
    open_slots: int
    asks_out: int  # sent or planned and unanswered


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An offer that could serve the need: the hard constraints hold already."""

    offer_id: OfferId
    member_id: MemberId
    group_id: GroupId
    km: float | None  # between zone centres; None for remote help
    need_r50_km: float
    offer_r50_km: float
    radius_km: float
    language: str  # the language they share
    second_language: bool
    load: float  # tasks of the last seven days over capacity, 0 to 1
    asks_last_week: int
    weekly_asks: int  # at most so many in seven days
    outstanding: bool  # an ask of this urgency class is with them already
    time_zone: str
    quiet_from: int
    quiet_until: int
    urgent_any_hour: bool

    @property
    def cost(self) -> Cost:
        return cost(
            km=self.km, need_r50_km=self.need_r50_km, offer_r50_km=self.offer_r50_km,
            radius_km=self.radius_km, second_language=self.second_language, load=self.load,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Pace:
    ask_timeout: timedelta
    wave_every: timedelta


@dataclass(frozen=True, kw_only=True)
class Plan:
    asks: tuple[Candidate, ...]
    next_at: datetime | None  # when to plan again; None: only if something changes
    exhausted: bool  # nobody left to ask, now or later


def chance_of_yes(candidate: Candidate) -> float:
    """A prior until a person's own history is counted: fewer say yes from far, in a second language, or when tired."""
    near = 1.0 - 0.5 * candidate.cost.distance / 0.6
    language = 0.8 if candidate.second_language else 1.0
    return max(0.02, 0.35 * near * language * (1.0 - FATIGUE * candidate.asks_last_week))


def wakes_at(need: OpenNeed, candidate: Candidate, now: datetime) -> datetime:
    """When this volunteer may be written to: now, or when their quiet hours end."""
    if need.urgency is Urgency.URGENT and candidate.urgent_any_hour:
        return now
    if not is_quiet(
        now, time_zone=candidate.time_zone, quiet_from=candidate.quiet_from, quiet_until=candidate.quiet_until
    ):
        return now
    return quiet_ends(now, time_zone=candidate.time_zone, quiet_until=candidate.quiet_until)


def plan_wave(need: OpenNeed, candidates: Sequence[Candidate], *, pace: Pace, now: datetime) -> Plan:
    """The cheapest candidates first, as few as bring the chance of filling every open slot to ENOUGH."""
    ranked = sorted(candidates, key=lambda c: c.cost.total + tie_break(need.id, c.offer_id))
    willing = [c for c in ranked if c.asks_last_week < c.weekly_asks]
    wakes = {c: wakes_at(need, c, now) for c in willing if not c.outstanding}
    chosen = _enough(need, [c for c, at in wakes.items() if at <= now])
    left = [c for c in willing if c not in chosen]  # for the next wave, asleep, or busy with another ask
    if left:
        waking = [at for c, at in wakes.items() if at > now]
        return Plan(asks=chosen, next_at=min([now + pace.wave_every, *waking]), exhausted=False)
    if chosen or need.asks_out:
        return Plan(asks=chosen, next_at=now + pace.ask_timeout, exhausted=False)
    # A coordinator should know; but weeks pass, people rest and come back, so it is looked at again.
    return Plan(asks=(), next_at=now + RESTED, exhausted=True)


def _enough(need: OpenNeed, awake: Sequence[Candidate]) -> tuple[Candidate, ...]:
    most = max(0, MOST_IN_WAVE[need.urgency] * need.open_slots - need.asks_out)
    members: set[MemberId] = set()
    chosen: list[Candidate] = []
    for candidate in awake:
        if (
            len(chosen) == most
            or chance_of_filling(need.open_slots, [*map(chance_of_yes, chosen)], need.asks_out) >= ENOUGH
        ):
            break
        if candidate.member_id not in members:
            members.add(candidate.member_id)
            chosen.append(candidate)
    return tuple(chosen)


def chance_of_filling(slots: int, chances: Sequence[float], asks_out: int) -> float:
    """At least `slots` yeses among independent answers; an ask already out counts as a fifth of a yes."""
    answers = [*chances, *[0.2] * asks_out]
    if slots == 1:
        return 1.0 - prod(1.0 - p for p in answers)
    exactly = [1.0, *[0.0] * slots]  # exactly[k]: the chance of k yeses, the last one of that many or more
    for p in answers:
        for k in range(slots, 0, -1):
            exactly[k] = exactly[k] * (1.0 if k == slots else 1.0 - p) + exactly[k - 1] * p
        exactly[0] *= 1.0 - p
    return exactly[slots]
