"""What the fair solve would give each language if everyone it asks said yes, beside what came of it."""

from collections.abc import Mapping

import numpy as np

from careweb.domain.simulating.measures import Filled
from careweb.domain.simulating.world import MAIN, START, World
from careweb.domain.solving.answer import answer
from careweb.domain.solving.problem import Pool, PoolNeed, PoolOffer
from careweb.domain.solving.solve import solve

_KM_A_DEGREE = 111.195  # at the equator, where the plane is laid: there it fits to a thousandth


def planned(world: World) -> Mapping[int, int]:
    """Slots by language, of one solve over all needs of the run; a volunteer has the tasks of all its weeks."""
    communities = answer(solve(_pool(world), START.date()))["communities"]
    return {int(language): one["served"] for language, one in communities.items()}


def _pool(world: World) -> Pool:
    volunteers, middle = world.volunteers, world.given.places.width_km / 2
    degrees = (world.zones.at - middle) / _KM_A_DEGREE
    r50 = world.zones.r50_km
    weeks = world.given.time.days / 7
    offers = [
        PoolOffer(
            id=str(who), longitude=float(degrees[zone, 0]), latitude=float(degrees[zone, 1]), r50_km=float(r50[zone]),
            languages=tuple(str(k) for k in np.flatnonzero(volunteers.speaks[who])),
            categories=tuple(str(k) for k in np.flatnonzero(volunteers.gives[who])),
            radius_km=float(volunteers.radius_km[who]), capacity=int(volunteers.tasks_a_week[who] * weeks),
        )
        for who, zone in enumerate(volunteers.zone.tolist())
    ]  # fmt: skip
    needs = [
        PoolNeed(
            id=str(need.number), longitude=float(degrees[need.zone, 0]), latitude=float(degrees[need.zone, 1]),
            r50_km=float(r50[need.zone]), category=str(need.category), urgency=need.urgency, helpers=need.helpers,
            languages=(str(need.language), *((str(MAIN),) if need.also_main else ())),
        )
        for need in world.needs
    ]  # fmt: skip
    return Pool(offers=offers, needs=needs)


def together(parts: list[Mapping[int, Filled]]) -> Mapping[int, Filled]:
    """Counts of several runs, added up."""
    found: dict[int, Filled] = {}
    for part in parts:
        for language, one in part.items():
            had = found.get(language, Filled(slots=0, attainable=0, filled=0))
            found[language] = Filled(
                slots=had.slots + one.slots, attainable=had.attainable + one.attainable, filled=had.filled + one.filled
            )
    return found
