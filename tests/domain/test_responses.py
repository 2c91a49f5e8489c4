from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweb.domain.responses import (
    LEAST,
    MOST,
    PRIOR,
    Beta,
    chance_of_yes,
    ease,
    prior_of,
)


def chance(
    *,
    distance: float = 0.5,
    second_language: bool = False,
    asks_last_week: int = 0,
    answered: float = 0,
    accepted: int = 0,
) -> float:
    easy = ease(distance=distance, second_language=second_language, asks_last_week=asks_last_week)
    return chance_of_yes(ease=easy, answered=answered, accepted=accepted)


def test_somebody_new_half_way_off_says_yes_as_often_as_the_prior() -> None:
    assert chance() == pytest.approx(PRIOR.mean)


def test_each_thing_that_tells_against_a_yes_makes_it_less_likely() -> None:
    against: list[dict[str, Any]] = [
        {"distance": 0.6},
        {"second_language": True},
        {"asks_last_week": 1},
        {"answered": 1},
    ]
    assert all(chance(**one) < chance() for one in against)
    assert chance(distance=0.4) > chance()


def test_a_long_history_outweighs_the_prior() -> None:
    assert chance(answered=200, accepted=100) == pytest.approx(0.5, abs=0.01)


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0, 1), st.booleans(), st.integers(0, 50))
def test_nobody_is_hopeless_and_nobody_certain(yes: int, no: int, distance: float, second: bool, asks: int) -> None:
    found = chance(answered=yes + no, accepted=yes, distance=distance, second_language=second, asks_last_week=asks)
    assert LEAST <= found <= MOST


def test_what_many_people_do_is_expected_of_a_new_one_and_what_a_few_do_hardly() -> None:
    assert prior_of([]) == PRIOR
    assert prior_of([(10, 5)] * 100).mean == pytest.approx(0.5, abs=0.01)
    assert PRIOR.mean < prior_of([(1, 1)]).mean < 0.5
    assert prior_of([(10, 5)] * 100).yes + prior_of([(10, 5)] * 100).no == pytest.approx(PRIOR.yes + PRIOR.no)


def test_hard_asks_without_a_yes_say_less_about_somebody_than_easy_ones() -> None:
    hard = ease(distance=1, second_language=True, asks_last_week=2)
    assert chance(answered=3) < chance(answered=3 * hard) < chance()


def test_a_prior_is_the_share_of_its_yeses() -> None:
    assert Beta(yes=1, no=3).mean == 0.25
