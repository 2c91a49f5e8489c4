"""Our own policy: the planner of the product, given what the product would know of the simulated world."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from careweb.domain.ids import GroupId, MemberId, NeedId, OfferId
from careweb.domain.simulating.engine import Progress, Scene
from careweb.domain.simulating.world import MAIN, START, Bools, Ints
from careweb.domain.states import Urgency
from careweb.domain.waves import RESTED, Candidate, OpenNeed, Pace, is_enough, plan_wave

_GROUP = GroupId(UUID(int=0))


@dataclass(kw_only=True)
class Planner:
    paces: dict[Urgency, Pace] = field(default_factory=dict)
    ids: list[UUID] = field(default_factory=list)

    def plan(self, scene: Scene, one: Progress) -> tuple[Sequence[tuple[int, float]], float]:
        pace = self._pace(scene, one.need.urgency)
        wave = scene.now + pace.wave_every / timedelta(hours=1)
        now = _moment(scene.now)
        need = OpenNeed(
            id=NeedId(UUID(int=one.need.number + 1)), urgency=one.need.urgency, open_slots=one.open_slots,
            chances_out=tuple(ask.chance for ask in one.out), sent_out=tuple(_moment(ask.sent) for ask in one.out),
            asked_since=None if one.asked_since is None else _moment(one.asked_since), needed_by=_moment(one.need.needed_by),
        )  # fmt: skip
        if is_enough(need, pace=pace, now=now):
            return [], wave  # plan_wave would say so too, after looking at sixty people
        places = scene.askable(one)
        awake = scene.awake(one, places)
        may_be_asked = awake & scene.unburdened(one, places)
        if not may_be_asked.any():
            return [], max(wave, _when_somebody_may_be(scene, one, places, awake))  # again so
        # As the candidate search gives them: those who may be asked now first, then the cheapest.
        places = places[np.argsort(~may_be_asked, kind="stable")][: scene.world.given.product.candidates]
        candidates = _candidates(scene, one, places, self._ids(len(scene.gone)))
        plan = plan_wave(need, candidates, pace=pace, now=now)
        again = (plan.next_at - START) / timedelta(hours=1) if plan.next_at else wave
        return [(c.offer_id.int, chance) for c, chance in zip(plan.asks, plan.chances, strict=True)], again

    def _ids(self, count: int) -> Sequence[UUID]:
        if len(self.ids) < count:
            self.ids = [UUID(int=number) for number in range(count)]
        return self.ids

    def _pace(self, scene: Scene, urgency: Urgency) -> Pace:
        if urgency not in self.paces:
            given = scene.world.given.product
            self.paces[urgency] = Pace(
                ask_timeout=timedelta(minutes=given.timeout_minutes[urgency]),
                wave_every=timedelta(minutes=given.wave_minutes[urgency]),
            )
        return self.paces[urgency]


def _moment(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def _when_somebody_may_be(scene: Scene, one: Progress, places: Ints, awake: Bools) -> float:
    """Hours: when it is worth looking again, without looking every few minutes of a night."""
    if not len(places):
        return scene.now + RESTED / timedelta(hours=1)
    if awake.any():
        return float(np.floor(scene.now)) + 1.0
    volunteers, people = scene.world.volunteers, scene.world.given.people
    hour = (scene.now + scene.world.zones.clock[volunteers.zone[one.need.who[places]]]) % 24
    return scene.now + float(((people.quiet_until - hour) % 24).min())


def _candidates(scene: Scene, one: Progress, places: Ints, ids: Sequence[UUID]) -> list[Candidate]:
    """Column by column, since reading arrays number by number takes most of a run's time. `ids` are of numbers."""
    need, world = one.need, scene.world
    volunteers, people = world.volunteers, world.given.people
    who = need.who[places]
    zone = volunteers.zone[who]
    columns = (
        places, who, zone, need.km[places], world.zones.r50_km[zone], volunteers.radius_km[who],
        need.second_language[places], scene.tasks_last_week[who] / volunteers.tasks_a_week[who],
        scene.asks_last_week[who], scene.outstanding[who, int(need.urgency is Urgency.URGENT)] > 0,
        volunteers.any_hour[who], scene.answered[who], scene.accepted[who],
    )  # fmt: skip
    r50_km = float(world.zones.r50_km[need.zone])
    return [
        Candidate(
            offer_id=OfferId(ids[place]), member_id=MemberId(ids[member]), group_id=_GROUP, km=km, need_r50_km=r50_km,
            offer_r50_km=offer_r50_km, radius_km=radius_km, language=str(MAIN if second else need.language),
            second_language=second, load=load, asks_last_week=asks, weekly_asks=people.weekly_asks,
            outstanding=outstanding, time_zone=world.zones.time_zone[home], quiet_from=people.quiet_from,
            quiet_until=people.quiet_until, urgent_any_hour=any_hour, answered=answered, accepted=accepted,
        )
        for place, member, home, km, offer_r50_km, radius_km, second, load, asks, outstanding, any_hour, answered, accepted
        in zip(*(column.tolist() for column in columns), strict=True)
    ]  # fmt: skip
