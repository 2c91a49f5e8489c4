"""One search from a newcomer says what a whole solve with them would."""

import os
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careweb.domain.solving.answer import answer
from careweb.domain.solving.gains import Gains
from careweb.domain.solving.problem import TIERS, Pool, PoolNeed, PoolOffer
from careweb.domain.solving.solve import Solution, solve
from careweb.domain.states import Urgency
from tests.solving.pools import CATEGORIES, LANGUAGES, PLACES, pools
from tests.solving.test_solve import big_pool

DAY = date(2026, 11, 23)
MOST = 4
SLOW = settings(
    deadline=None, max_examples=int(os.environ.get("CAREWEB_EXAMPLES", "40")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def gains_of(solution: Solution, asked: tuple[int, ...] = ()) -> Gains:
    return Gains(solution.solved.graph, solution.solved.assignment.used, asked)


def served(pool: Pool) -> list[int]:
    by_tier = answer(solve(pool, DAY))["served"]
    return [by_tier[tier] for tier in TIERS]


def solved_again(pool: Pool, one: PoolOffer) -> list[int]:
    """How many more of each tier, by adding one after the other until nobody more is served."""
    before = last = served(pool)
    for number in range(MOST):
        pool = replace(pool, offers=[*pool.offers, replace(one, id=f"new{number}")])
        now = served(pool)
        if now == last:
            break
        last = now
    return [b - a for a, b in zip(before, last, strict=True)]


def could_serve(solution: Solution, one: PoolOffer) -> list[int]:
    """Positions in the market of all needs that somebody alone in the pool would take."""
    alone = replace(solution.pool, offers=[replace(one, capacity=99)], pinned=(), carried={})
    taken = answer(solve(alone, DAY))["assign"]
    return [i for i, need in enumerate(solution.needs) if taken.get(need.id)]


newcomers = st.builds(
    lambda place, language, category, km: PoolOffer(
        id="new", latitude=place[0], longitude=place[1], languages=(language,), categories=(category,),
        radius_km=km, capacity=1,
    ),
    st.sampled_from(PLACES), st.sampled_from(LANGUAGES), st.sampled_from(CATEGORIES), st.sampled_from([0.0, 12.0, 30.0]),
)  # fmt: skip


@given(pools(needs=25, offers=14, slots=2), newcomers)
@SLOW
def test_it_is_what_solving_again_says(pool: Pool, one: PoolOffer) -> None:
    solution = solve(pool, DAY)
    gains = gains_of(solution)
    needs = np.array(could_serve(solution, one), np.int64)
    found = gains.of(needs, MOST).tolist()
    assert found == solved_again(pool, one)
    assert gains.of(needs, MOST).tolist() == found  # a trial leaves nothing behind


@pytest.mark.parametrize("seed", [1, 2])
def test_in_a_surge_of_many_exchanges_too(seed: int) -> None:
    pool = big_pool(150, 60, seed)
    solution = solve(pool, DAY)
    gains = gains_of(solution)
    for language in ("en", "ti"):
        one = replace(pool.offers[seed], id="new", languages=(language,), capacity=1)
        assert gains.of(np.array(could_serve(solution, one), np.int64), MOST).tolist() == solved_again(pool, one)


def need(name: str, *languages: str, urgency: Urgency = Urgency.MEDIUM) -> PoolNeed:
    return PoolNeed(id=name, latitude=43.7, longitude=-79.3, languages=languages, category="ride", urgency=urgency)


def offer(name: str, *languages: str) -> PoolOffer:
    return PoolOffer(
        id=name, latitude=43.7, longitude=-79.3, languages=languages, categories=("ride",), radius_km=9.0, capacity=1
    )


def gained(pool: Pool, *names: str, asked: tuple[str, ...] = ()) -> list[int]:
    solution = solve(pool, DAY)
    at = {need.id: i for i, need in enumerate(solution.needs)}
    gains = gains_of(solution, tuple(at[name] for name in asked))
    return [*map(int, gains.of(np.array([at[name] for name in names], np.int64), MOST))]


def test_somebody_new_who_frees_another_serves_one_more() -> None:
    """The English need holds the only one who speaks Tigrinya too: an English newcomer lets him go."""
    pool = Pool(needs=[need("en", "en"), need("ti", "ti")], offers=[offer("both", "en", "ti"), offer("other", "fr")])
    solution = solve(pool, DAY)
    assert answer(solution)["unserved"]
    assert gained(pool, "en") == gained(pool, "ti") == [0, 1, 0]


def test_the_first_may_open_a_way_for_the_second_to_help_somebody_less_urgent() -> None:
    """`lo` takes who held `ti`; when the second one serves `ti` or `both` instead, somebody is free for `am`."""
    urgent = {"ti": ("ti",), "lo": ("lo", "am"), "both": ("lo", "ti")}
    needs = [*(need(name, *tongues, urgency=Urgency.URGENT) for name, tongues in urgent.items()), need("am", "am")]
    pool = Pool(needs=needs, offers=[offer("three", "am", "lo", "ti"), offer("one", "lo")])
    assert set(answer(solve(pool, DAY))["unserved"]) == {"lo", "am"}
    assert gained(pool, "ti", "both") == [1, 1, 0]


def test_nobody_is_gained_where_all_are_served_or_nobody_waits() -> None:
    pool = Pool(needs=[need("en", "en"), need("ti", "ti")], offers=[offer("one", "en"), offer("two", "fr")])
    assert gained(pool, "en") == [0, 0, 0]
    assert gained(pool, "ti") == [0, 1, 0]
    assert gained(pool) == [0, 0, 0]


@pytest.mark.parametrize(("asked", "more"), [((), 2), (("a",), 1), (("a", "a"), 1), (("a", "b"), 0), (("c",), 2)])
def test_whoever_is_being_asked_counts_as_one_who_may_say_yes(asked: tuple[str, ...], more: int) -> None:
    pool = Pool(needs=[need("a", "ti"), need("b", "ti"), need("c", "en")], offers=[offer("o", "en")])
    assert gained(pool, "a", "b", asked=asked) == [0, more, 0]


def test_the_most_urgent_are_served_first() -> None:
    pool = Pool(needs=[need("low", "ti", urgency=Urgency.LOW), need("now", "ti", urgency=Urgency.URGENT)], offers=[])
    solution = solve(pool, DAY)
    both = np.arange(2, dtype=np.int64)
    assert gains_of(solution).of(both, 1).tolist() == [1, 0, 0]
    assert gains_of(solution).of(both, 2).tolist() == [1, 0, 1]
