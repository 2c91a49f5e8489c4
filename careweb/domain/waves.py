"""Whom to ask now about one need: candidates in, plan out. Pure, so that another planner can take its place, and
another simulator can drive this one.

Times are aware datetimes, distances kilometres, chances numbers from 0 to 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from careweb.domain.costs import Cost, cost_of_terms, distance_share, tie_break
from careweb.domain.ids import GroupId, MemberId, NeedId, OfferId
from careweb.domain.quiet import is_quiet, quiet_ends
from careweb.domain.responses import PRIOR, Beta, ease, prior_of
from careweb.domain.responses import chance_of_yes as chance_by_terms
from careweb.domain.states import Urgency

MOST_IN_WAVE = {Urgency.URGENT: 12, Urgency.MEDIUM: 4, Urgency.LOW: 2}  # for each open slot
ENOUGH = 0.9  # the chance of filling every open slot at which no more are asked
AT_ONCE = 0.5  # of the way to ENOUGH an urgent need goes with its first wave; the rest until its first asks time out
PATIENCE = 0.5  # of the time in which an ask may be answered, another need waits before it asks somebody else too
REST = timedelta(days=7)  # with more time than this left, nobody is asked twice within it
RESTED = timedelta(hours=6)  # when to look again where nobody was left
EVENNESS = 0.08  # of the score goes with each ask of the last seven days, beside what tiredness takes of the chance
REMOTE_DISTANCE = 0.5  # help that has no distance counts as half-way
_TIERS = (Urgency.URGENT, Urgency.MEDIUM, Urgency.LOW)


@dataclass(frozen=True, kw_only=True)
class OpenNeed:
    id: NeedId
    urgency: Urgency
    open_slots: int  # helpers wanted and not found, 1 or more
    chances_out: tuple[float, ...] = ()  # of each ask sent or planned and not timed out, as when it was planned
    # A simulator should give the next three too.
    sent_out: tuple[datetime, ...] = ()  # when each of these was planned; empty: not known, as if just now
    asked_since: datetime | None = None  # when its first ask was planned; None: not yet, or, with asks out, not known
    needed_by: datetime | None = None  # None: not known, as soon as can be


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An offer that could serve the need: the hard constraints hold already.

    What is not known may be left out: without a solve nobody is claimed, without a history the prior decides.
    """

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
    outstanding: bool  # an ask of this urgency class (urgent or not) is with them already
    time_zone: str
    quiet_from: int  # full hours of their own clock, 0 to 23
    quiet_until: int
    urgent_any_hour: bool
    claimed: bool = False  # the solve claims this person for this need
    claimed_by: Urgency | None = None  # the most urgent tier of another need that claims them
    answered: float = 0  # the ease of all asks they were sent that ended with a yes, a no, or silence; or their number
    accepted: int = 0  # of these, with a yes
    helped_before: bool = False  # the two know each other: they helped this asker
    helped_last: bool = False  # took the need that this one repeats
    reserved: bool = False  # speaks a rare language, and this need is a common one

    @cached_property
    def cost(self) -> Cost:
        share = None if self.km is None else self.distance
        return cost_of_terms(share=share, second_language=self.second_language, load=self.load)

    @cached_property
    def distance(self) -> float:
        """The share of the radius that is used."""
        if self.km is None:
            return REMOTE_DISTANCE
        return distance_share(self.km, self.need_r50_km, self.offer_r50_km, self.radius_km)

    @cached_property
    def ease(self) -> float:
        return ease(distance=self.distance, second_language=self.second_language, asks_last_week=self.asks_last_week)


@dataclass(frozen=True, kw_only=True)
class Pace:
    ask_timeout: timedelta
    wave_every: timedelta


@dataclass(frozen=True, kw_only=True)
class Plan:
    asks: tuple[Candidate, ...]  # whom to ask now, the best first
    chances: tuple[float, ...]  # of a yes, one for each of them
    next_at: datetime | None  # when to plan again; None: only if something changes
    exhausted: bool  # nobody left to ask, now or later, and nobody's answer is awaited
    prior: Beta  # what was expected of someone without a history


def chance_of_yes(candidate: Candidate, prior: Beta = PRIOR) -> float:
    return chance_by_terms(ease=candidate.ease, answered=candidate.answered, accepted=candidate.accepted, prior=prior)


def score(candidate: Candidate, prior: Beta = PRIOR) -> float:
    """Likely to say yes, and not asked lately."""
    return chance_of_yes(candidate, prior) * max(0.0, 1.0 - EVENNESS * candidate.asks_last_week)


def wakes_at(need: OpenNeed, candidate: Candidate, now: datetime) -> datetime:
    """When this volunteer may be written to: now, or when their quiet hours end."""
    if need.urgency is Urgency.URGENT and candidate.urgent_any_hour:
        return now
    if not is_quiet(
        now, time_zone=candidate.time_zone, quiet_from=candidate.quiet_from, quiet_until=candidate.quiet_until
    ):
        return now
    return quiet_ends(now, time_zone=candidate.time_zone, quiet_until=candidate.quiet_until)


def should_look_further(need: OpenNeed, candidates: Sequence[Candidate], *, pace: Pace, now: datetime) -> bool:
    """Whether more candidates than these could help, if there are more: somebody is wanted and nobody of these may be
    asked. Where all sleep and it is not urgent, the morning will do.
    """
    if is_enough(need, pace=pace, now=now):
        return False
    awake = [c for c in candidates if wakes_at(need, c, now) <= now]
    if not awake and need.urgency is not Urgency.URGENT:
        return False
    return not any(_is_free(need, c, now) and not _spoken_for(need, c) for c in awake)


def plan_wave(need: OpenNeed, candidates: Sequence[Candidate], *, pace: Pace, now: datetime) -> Plan:
    """The next wave of one need.

    Args:
        need: an open need; the chance of a yes of each ask that is out (`Plan.chances` when it was planned), and when it
            was planned; and when the first ask of all was.
        candidates: offers that could serve it and were not asked about it, in any order; several of one person too.
            Sixty good ones are plenty: the chances of people who are not in the list are not needed.
        pace: when an ask of this urgency times out, and how long to wait between waves.
        now: the moment of planning, which also decides who sleeps.

    Returns:
        A plan. Whoever the solve claims for this need comes first, then those who helped this asker before, then the
        best score; whoever another need of the same or a more urgent tier claims is left to it, and whoever speaks a
        rare language is left to needs of that language while there is anybody else. A need that can wait longer than a
        week leaves in peace whoever was asked within the last one. As few are asked as bring the chance of filling
        every open slot to `wanted_chance`, with the asks that still count (`counted`), and at most MOST_IN_WAVE for
        each. A need that comes again is at first asked of those alone who took it the last time. Never anybody who has an ask, has had their week's asks, or sleeps. Call it again at `next_at`, and when
        an ask is declined or times out.
    """
    prior = prior_of({c.member_id: (c.answered, c.accepted) for c in candidates}.values())
    willing = [c for c in _ranked(need, candidates, prior) if c.asks_last_week < c.weekly_asks]
    ours = [c for c in willing if not _spoken_for(need, c)]
    wakes = [(wakes_at(need, c, now), c) for c in ours if _is_free(need, c, now)]
    if first := _first_of_all(need, wakes, pace=pace, now=now, prior=prior):
        return first
    awake = _without_reserve(need, [c for at, c in wakes if at <= now], ours)
    chosen = _enough(need, [(c, chance_of_yes(c, prior)) for c in awake], pace=pace, now=now)
    asks, chances = tuple(c for c, _ in chosen), tuple(p for _, p in chosen)
    asked = {c.member_id for c in asks}
    if any(c.member_id not in asked for c in willing):  # for the next wave, asleep, claimed, or busy with another ask
        next_at = min([now + pace.wave_every, *(at for at, _ in wakes if at > now)])
        return Plan(asks=asks, chances=chances, next_at=next_at, exhausted=False, prior=prior)
    if asks or need.chances_out:
        return Plan(asks=asks, chances=chances, next_at=now + pace.ask_timeout, exhausted=False, prior=prior)
    # A coordinator should know; but weeks pass, people rest and come back, so it is looked at again.
    return Plan(asks=(), chances=(), next_at=now + RESTED, exhausted=True, prior=prior)


def _first_of_all(
    need: OpenNeed, wakes: Sequence[tuple[datetime, Candidate]], *, pace: Pace, now: datetime, prior: Beta
) -> Plan | None:
    """Whoever took it the last time, before anybody else: others are asked once they say no, or nothing in time. Where
    they sleep, it waits for them, unless it is urgent."""
    last = [(at, c) for at, c in wakes if c.helped_last] if need.asked_since is None and not need.chances_out else []
    awake = {c.member_id: c for at, c in reversed(last) if at <= now}  # one ask each, by their best offer
    if awake:
        asks = tuple(awake.values())[: need.open_slots]
        chances = tuple(chance_of_yes(c, prior) for c in asks)
        return Plan(asks=asks, chances=chances, next_at=now + pace.ask_timeout, exhausted=False, prior=prior)
    if last and need.urgency is not Urgency.URGENT:
        return Plan(asks=(), chances=(), next_at=min(at for at, _ in last), exhausted=False, prior=prior)
    return None


def _ranked(need: OpenNeed, candidates: Sequence[Candidate], prior: Beta) -> list[Candidate]:
    def rank(c: Candidate) -> tuple[bool, bool, float, float]:
        return not c.claimed, not c.helped_before, -score(c, prior), c.cost.total + tie_break(need.id, c.offer_id)

    return sorted(candidates, key=rank)


def _spoken_for(need: OpenNeed, candidate: Candidate) -> bool:
    other = candidate.claimed_by
    return not candidate.claimed and other is not None and _TIERS.index(other) <= _TIERS.index(need.urgency)


def _is_free(need: OpenNeed, candidate: Candidate, now: datetime) -> bool:
    return not (
        candidate.outstanding or candidate.asks_last_week >= candidate.weekly_asks or _rests(need, candidate, now)
    )


def _rests(need: OpenNeed, candidate: Candidate, now: datetime) -> bool:
    """Asked within the week, by a need that can wait a week; not where the two are meant for each other."""
    can_wait = need.needed_by is not None and need.needed_by - now > REST
    return can_wait and candidate.asks_last_week > 0 and not (candidate.claimed or candidate.helped_before)


def _without_reserve(need: OpenNeed, awake: Sequence[Candidate], ours: Sequence[Candidate]) -> list[Candidate]:
    """Those with a rare language last; and not at all while somebody else will be free, unless it is urgent."""
    common = [c for c in awake if not _is_kept(c)]
    if need.urgency is not Urgency.URGENT and any(not _is_kept(c) for c in ours):
        return common
    return [*common, *(c for c in awake if _is_kept(c))]


def _is_kept(candidate: Candidate) -> bool:
    return candidate.reserved and not (candidate.claimed or candidate.helped_before)


def is_enough(need: OpenNeed, *, pace: Pace, now: datetime) -> bool:
    """Whether nobody else need be asked now; a planner may look at this before it looks for candidates."""
    return chance_of_filling(need.open_slots, counted(need, pace=pace, now=now)) >= wanted_chance(
        need, pace=pace, now=now
    )


def wanted_chance(need: OpenNeed, *, pace: Pace, now: datetime) -> float:
    """Of filling every open slot, by the asks that count together: ENOUGH, over all steps there are time for."""
    return 1.0 - math.pow(1.0 - ENOUGH, _share_of_the_way(need, pace=pace, now=now))


def _share_of_the_way(need: OpenNeed, *, pace: Pace, now: datetime) -> float:
    """How much of ENOUGH is wanted now; of two halves, each leaves the root of what ENOUGH leaves to chance.

    Where it is urgent: half at once, since some answer soon and spare the others a message; all of it by the time the
    first asks time out; half again after that, for as long as it takes. Otherwise an even share for each round that
    is left until it is needed: the more time there is, the fewer people need be asked at once.
    """
    if need.urgency is Urgency.URGENT and need.asked_since is None:
        return 1.0 if need.chances_out else AT_ONCE
    if need.urgency is Urgency.URGENT and need.asked_since:
        passed = (now - need.asked_since) / pace.ask_timeout
        return AT_ONCE + (1.0 - AT_ONCE) * passed if passed < 1.0 else AT_ONCE
    if need.needed_by is None:
        return 1.0
    return 1.0 / max(1.0, (need.needed_by - now) / (PATIENCE * pace.ask_timeout))


def counted(need: OpenNeed, *, pace: Pace, now: datetime) -> tuple[float, ...]:
    """The chances of asks that are out and may be waited for: of an urgent need all of them, since a round is short and
    more would mostly bring yeses that come too late; of another those of this round. Older ones may still say yes.
    """
    if need.urgency is Urgency.URGENT or not need.sent_out:
        return need.chances_out
    since = now - PATIENCE * pace.ask_timeout
    return tuple(chance for chance, sent in zip(need.chances_out, need.sent_out, strict=True) if sent > since)


def _enough(
    need: OpenNeed, awake: Sequence[tuple[Candidate, float]], *, pace: Pace, now: datetime
) -> list[tuple[Candidate, float]]:
    most = MOST_IN_WAVE[need.urgency] * need.open_slots
    wanted = wanted_chance(need, pace=pace, now=now)
    chosen: dict[MemberId, tuple[Candidate, float]] = {}
    out = [*counted(need, pace=pace, now=now)]
    for candidate, chance in awake:
        if len(chosen) == most or chance_of_filling(need.open_slots, out) >= wanted:
            break
        if candidate.member_id not in chosen:
            chosen[candidate.member_id] = candidate, chance
            out.append(chance)
    return [*chosen.values()]


def chance_of_filling(slots: int, chances: Sequence[float]) -> float:
    """At least `slots` yeses among independent answers."""
    if slots == 1:
        return 1.0 - math.prod(1.0 - p for p in chances)
    exactly = [1.0, *[0.0] * slots]  # exactly[k]: the chance of k yeses, the last one of that many or more
    for p in chances:
        for k in range(slots, 0, -1):
            exactly[k] = exactly[k] * (1.0 if k == slots else 1.0 - p) + exactly[k - 1] * p
        exactly[0] *= 1.0 - p
    return exactly[slots]
