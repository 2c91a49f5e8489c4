"""The simulated world: the same from the same seed, and nothing in it that the product would not do."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from careweb import paths
from careweb.domain.simulating.chart import chart
from careweb.domain.simulating.communities import planned
from careweb.domain.simulating.comparing import OURS, PLAINEST, POLICIES, compare, gains
from careweb.domain.simulating.engine import FORTNIGHT, WEEK, Record, run
from careweb.domain.simulating.measures import attainable, by_language, gini, measure
from careweb.domain.simulating.parameters import Parameters, WorldError, parameters
from careweb.domain.simulating.planner import Planner
from careweb.domain.simulating.policies import Nearest, NotifyAll, Replace
from careweb.domain.simulating.report import gain_cells, table
from careweb.domain.simulating.world import World, draw_world
from careweb.domain.states import Urgency

SMALL: Mapping[str, Mapping[str, Any]] = {
    "time": {"days": 14}, "people": {"volunteers": 600}, "needs": {"load": 0.06},
    "places": {"cities": 2, "country_zones": 20},
}  # fmt: skip


def given(**changes: Mapping[str, Any]) -> Parameters:
    shipped = tomllib.loads((paths.DATA / "simulation.toml").read_text(encoding="utf-8"))
    return parameters(shipped, SMALL, changes)


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(given(), 1)


@pytest.fixture(scope="module")
def ours(world: World) -> Record:
    return run(world, Planner())


def test_the_same_seed_gives_the_same_world_and_the_same_asks(world: World, ours: Record) -> None:
    again = draw_world(given(), 1)
    assert run(again, Planner()).asks == ours.asks
    other = draw_world(given(), 2)
    assert [need.posted for need in other.needs] != [need.posted for need in world.needs]


@pytest.mark.parametrize("policy", list(POLICIES))
def test_nobody_is_asked_twice_about_one_need_and_no_need_has_too_many_helpers(world: World, policy: str) -> None:
    record = run(world, POLICIES[policy]())
    for one in record.needs:
        assert one.asks == one.asked.sum() <= len(one.need.who)
        assert len(one.filled) <= min(one.need.helpers, attainable(one.need))
        assert all(one.need.posted <= at <= one.need.needed_by for at in one.filled)
    assert len(record.asks) == sum(one.asks for one in record.needs)


def test_our_planner_never_wakes_anybody_nor_asks_more_than_their_weeks_asks(world: World, ours: Record) -> None:
    people, volunteers = world.given.people, world.volunteers
    of_whom: dict[int, list[float]] = {}
    for at, who in ours.asks:
        hour = (at + world.zones.clock[volunteers.zone[who]]) % 24
        assert volunteers.any_hour[who] or people.quiet_until <= hour < people.quiet_from
        of_whom.setdefault(who, []).append(at)
    for times in of_whom.values():
        assert all(sum(at - WEEK < other <= at for other in times) <= people.weekly_asks for at in times)


def test_nobody_takes_more_tasks_than_their_week_has() -> None:
    one_task = dict(SMALL["people"], tasks_a_week=[1])
    busy = draw_world(given(people=one_task, needs={"load": 0.5}, answers={"yes": 0.9, "firmness": 50.0}), 3)
    record = run(busy, NotifyAll())
    of_whom: dict[int, list[float]] = {}
    for one in record.needs:
        for at, who in zip(one.filled, one.helpers, strict=True):
            of_whom.setdefault(who, []).append(at)
    assert max(map(len, of_whom.values())) > 1
    for times in map(sorted, of_whom.values()):
        assert all(later - sooner >= WEEK for sooner, later in pairwise(times))


def test_the_nearest_three_are_three_and_near(world: World) -> None:
    first = next(need for need in world.needs if len(need.who) > 10)
    record = run(
        replace(world, needs=[replace(first, number=0, helpers=1, draw=np.ones_like(first.draw))]), Nearest(count=3)
    )
    at = Counter(when for when, _ in record.asks)
    assert set(at.values()) <= {1, 2, 3}
    earliest = min(at)
    near = sorted(first.km)[: at[earliest]]
    asked = [who for when, who in record.asks if when == earliest]
    assert sorted(first.km[list(first.who).index(who)] for who in asked) == near


def test_replacing_keeps_so_many_out(world: World) -> None:
    silent = [replace(need, draw=np.ones_like(need.draw), silent=np.ones_like(need.silent)) for need in world.needs]
    one = replace(next(n for n in silent if len(n.who) > 10 and n.urgency is Urgency.LOW), number=0, helpers=1)
    record = run(replace(world, needs=[one]), Replace(count=3))
    times = sorted(when for when, _ in record.asks)
    assert all(sum(0 <= later - when < 24 for later in times) <= 3 for when in times)


def test_who_was_covered_has_not_answered(world: World) -> None:
    one = next(need for need in world.needs if len(need.who) > 10 and need.urgency is Urgency.LOW)
    quick = np.arange(len(one.who)) == 0  # the first answers at once, the others would after a day
    all_yes = replace(one, number=0, helpers=1, draw=np.zeros_like(one.draw), delay=np.where(quick, 0.01, 23.0))
    record = run(replace(world, needs=[all_yes]), NotifyAll())
    assert record.accepted.sum() == (record.answered > 0).sum() == 1
    assert record.needs[0].late > 0


def test_opting_out_ends_all_asks(world: World) -> None:
    leaving = replace(world, leaving=np.zeros_like(world.leaving))  # the first ask is the last
    record = run(leaving, Planner())
    assert max(Counter(who for _, who in record.asks).values()) == 1
    assert record.gone.sum() == len(record.asks)


def test_measures_are_shares_and_no_fill_is_above_its_ceiling(ours: Record) -> None:
    found = measure(ours)
    for share in (found.fill, found.urgent_hour, found.opt_out, found.idle, found.gini):
        assert 0 <= share <= 1
    assert 0 < found.fill <= found.ceiling
    assert sum(one.filled for one in by_language(ours.needs).values()) == sum(len(one.filled) for one in ours.needs)


def test_gini_is_0_where_all_have_alike_and_near_1_where_one_has_all() -> None:
    assert gini(np.full(10, 3)) == pytest.approx(0)
    assert gini(np.array([0] * 99 + [5])) == pytest.approx(0.99)
    assert gini(np.zeros(4, np.int64)) == 0


def test_a_fortnight_is_counted_by_itself(ours: Record) -> None:
    assert measure(ours).p99_asks <= measure(replace(ours, asks=[*ours.asks, *ours.asks])).p99_asks
    later = replace(ours, asks=[(at + FORTNIGHT * 10, who) for at, who in ours.asks])
    assert measure(later).p99_asks == 0


def test_what_the_solve_plans_is_no_more_than_is_asked_for(world: World) -> None:
    slots = {language: one.slots for language, one in by_language(run(world, Planner()).needs).items()}
    plan = planned(world)
    assert all(0 <= plan[language] <= slots[language] for language in plan)
    assert sum(plan.values()) >= sum(attainable(need) > 0 for need in world.needs) * 0.9


def test_policies_meet_the_same_worlds_and_are_set_side_by_side() -> None:
    outcomes = compare(given(), seeds=[1, 2], policies=[OURS, PLAINEST])
    needs = [[one.needs for one in outcome.measures] for outcome in outcomes.values()]
    assert needs[0] == needs[1]
    same = gains(outcomes[OURS].measures, outcomes[OURS].measures)
    assert all(mean == error == 0 for mean, error in same.values())
    assert not any("✗" in cell for cell in gain_cells(outcomes[OURS], outcomes[OURS]))
    assert table(outcomes).count("\n") == 3
    assert chart(outcomes, title="Fill & asks").count("<circle") == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"needs": {"lod": 1}}, "[needs]: 'lod' is no parameter"),
        ({"weather": {"rain": 1}}, "there is no section [weather]"),
    ],
)
def test_a_parameter_there_is_not_is_named(changes: Mapping[str, Any], says: str) -> None:
    with pytest.raises(WorldError) as error:
        given(**changes)
    assert str(error.value) == says
