"""The recruiting list and how needs stand, from a solve of invented pools."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import numpy as np
import pytest

from careweb.domain.ids import GroupId, NeedId
from careweb.domain.shortages import Affiliation, Line, Standing, Surroundings, Wanted
from careweb.domain.solving.answer import answer
from careweb.domain.solving.gains import Gains
from careweb.domain.solving.problem import Carried, Pool, PoolNeed, PoolOffer
from careweb.domain.solving.recruiting import recruiting_list
from careweb.domain.solving.solve import Solution, solve
from careweb.domain.solving.standings import standings
from careweb.domain.states import Urgency

DAY = date(2026, 11, 23)
EAST, WEST = GroupId(UUID(int=1)), GroupId(UUID(int=2))
ZONES = {"M1S": 43.70, "M1T": 43.75, "M2N": 43.83, "M9W": 44.20}  # 5.6, 14 and 56 km from the first
SCARBOROUGH = {"M1S", "M1T"}


def need(name: str, *languages: str, zone: str = "M1S", category: str = "ride", **more: object) -> PoolNeed:
    stated = {"urgency": Urgency.MEDIUM} | more
    return PoolNeed(
        id=f"{name}@{zone}",
        latitude=ZONES[zone],
        longitude=-79.3,
        languages=languages,
        category=category,
        **stated,  # type: ignore[arg-type]
    )


def offer(name: str, *languages: str, zone: str = "M1S", km: float = 10.0, capacity: int = 1) -> PoolOffer:
    return PoolOffer(
        id=name, latitude=ZONES[zone], longitude=-79.3, languages=languages, categories=("ride",), radius_km=km,
        capacity=capacity,
    )  # fmt: skip


def around(also: dict[str, set[str]] | None = None) -> Surroundings:
    km = {(a, b): abs(ZONES[a] - ZONES[b]) * 111.19 for a in ZONES for b in ZONES}
    return Surroundings(km={pair: one for pair, one in km.items() if one < 60}, also=also or {})


def wanted(solution: Solution, gains: Gains, west: set[str], **changes: object) -> dict[int, Wanted]:
    found = {}
    for i in np.flatnonzero(gains.reached).tolist():
        one = solution.needs[i]
        zone = one.id.split("@")[1]
        found[i] = Wanted(
            group_id=WEST if one.id in west else EAST, category=one.category, remote=False, languages=one.languages,
            zone=zone, region="toronto", town="Scarborough" if zone in SCARBOROUGH else "", **changes,  # type: ignore[arg-type]
        )  # fmt: skip
    return found


def lines_of(pool: Pool, *west: str, also: dict[str, set[str]] | None = None, **changes: object) -> list[Line]:
    solution = solve(pool, DAY)
    gains = Gains(solution.solved.graph, solution.solved.assignment.used)
    return recruiting_list(gains, wanted(solution, gains, set(west), **changes), around(also))


def told(lines: list[Line]) -> list[tuple[str, str, str, int]]:
    return [(line.zone, line.language, line.category, line.total) for line in lines]


POOL = Pool(
    needs=[
        need("a", "ti"), need("b", "ti", zone="M1T"), need("c", "ti", "en", urgency=Urgency.URGENT), need("d", "en"),
        need("e", "ti", zone="M9W"), need("f", "bo", category="meals"),
    ],
    offers=[offer("x", "en"), offer("y", "en", "ti", zone="M1T")],
)  # fmt: skip


def test_lines_are_by_place_language_and_category_the_largest_first() -> None:
    assert told(lines_of(POOL)) == [
        ("M1S", "ti", "ride", 2), ("M1S", "bo", "meals", 1), ("M1S", "en", "ride", 1), ("M9W", "ti", "ride", 1),
    ]  # fmt: skip


def test_each_line_is_what_adding_them_and_solving_again_gives() -> None:
    before = answer(solve(POOL, DAY))["served"]
    lines = lines_of(POOL)
    assert lines
    for line in lines:
        new = replace(offer("new", line.language, zone=line.zone), categories=(line.category,))
        for count, more in ((line.total, line.total), (line.total + 1, line.total)):
            bigger = replace(POOL, offers=[*POOL.offers, *(replace(new, id=f"new{k}") for k in range(count))])
            served = answer(solve(bigger, DAY))["served"]
            assert sum(served.values()) == sum(before.values()) + more
        assert {tier: served[tier] - before[tier] for tier in served} == line.more


def test_a_line_that_adds_nothing_is_not_there() -> None:
    pool = Pool(needs=[need("a", "en"), need("b", "bo")], offers=[offer("x", "en")])
    assert told(lines_of(pool)) == [("M1S", "bo", "ride", 1)]


def test_a_newcomer_is_of_one_group_and_helps_its_needs_only() -> None:
    pool = Pool(needs=[need("a", "ti"), need("b", "ti")], offers=[])
    lines = lines_of(pool, "b@M1S")
    assert [(line.group_id, line.total) for line in lines] == [(EAST, 1), (WEST, 1)]


@pytest.mark.parametrize(("zone", "more"), [("M1T", 2), ("M2N", 1)])
def test_a_newcomer_goes_ten_kilometres(zone: str, more: int) -> None:
    pool = Pool(needs=[need("a", "ti"), need("b", "ti", zone=zone)], offers=[])
    assert max(line.total for line in lines_of(pool)) == more


@pytest.mark.parametrize(("widened", "more"), [(0.0, 1), (45.0, 1), (50.0, 2)])
def test_a_widened_need_is_reached_from_farther(widened: float, more: int) -> None:
    pool = Pool(needs=[need("a", "ti"), need("b", "ti", zone="M9W")], offers=[])
    assert max(line.total for line in lines_of(pool, widened_km=widened)) == more


def test_a_paired_language_counts_but_is_no_line_of_its_own() -> None:
    pool = Pool(needs=[need("a", "bo"), need("b", "dz")], offers=[])
    assert told(lines_of(pool, also={"bo": {"dz"}, "dz": {"bo"}})) == [
        ("M1S", "bo", "ride", 2), ("M1S", "dz", "ride", 2),
    ]  # fmt: skip


def standing_of(pool: Pool, name: str, *west: str, shared: tuple[str, ...] = ()) -> Standing | None:
    solution = solve(pool, DAY)
    graph, used = solution.solved.graph, solution.solved.assignment.used
    gains = Gains(graph, used)
    needs = [NeedId(UUID(int=i)) for i in range(graph.needs)]
    groups = {i: one.group_id for i, one in wanted(solution, gains, set(west)).items()}
    people = {
        j: Affiliation(groups=frozenset({WEST if one.id.startswith("w") else EAST}), shared=one.id in shared)
        for j, one in enumerate(solution.offers)
    }
    at = [one.id for one in solution.needs].index(name)
    found = standings(graph, used, gains, needs=needs, groups=groups, people=people)
    return next((one for one in found if one.need_id == needs[at]), None)


def test_needs_that_share_too_few_people_say_so_and_other_groups_are_counted_apart() -> None:
    pool = Pool(
        needs=[*(need(f"n{k}", "ti") for k in range(5)), need("far", "ti", zone="M9W"), need("fine", "en")],
        offers=[offer("e1", "ti", capacity=2), offer("w1", "ti"), offer("w2", "ti"), offer("e2", "en")],
    )
    found = standing_of(pool, "n0@M1S", "n3@M1S", "n4@M1S", shared=("w2",))
    assert found
    assert (found.needs, found.slots, found.people, found.tasks) == (3, 3, 2, 3)
    assert (found.other_needs, found.other_people) == (2, 1)
    alone = standing_of(pool, "far@M9W")
    assert alone
    assert (alone.needs, alone.slots, alone.people, alone.other_needs) == (1, 1, 0, 0)
    assert standing_of(pool, "fine@M1S") is None


def test_the_least_served_is_by_what_was_served_and_only_where_others_fared_better() -> None:
    needs = [need("a", "ti"), need("b", "en"), need("c", "bo", urgency=Urgency.LOW)]
    offers = [offer("x", "en", "ti", "bo", capacity=3)]
    even = Pool(needs=needs, offers=offers)
    assert standing_of(even, "a@M1S") is None
    uneven = replace(even, carried={"ti": Carried(asked=9, served=1), "en": Carried(asked=9, served=6)})
    least = standing_of(uneven, "a@M1S")
    assert least
    assert (least.least_served, least.slots) == (True, 0)
    assert standing_of(uneven, "b@M1S") is None
    assert standing_of(uneven, "c@M1S") is None  # alone in its tier
