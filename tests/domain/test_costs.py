import math
from uuid import UUID

import pytest

from careweb.domain.costs import TIE_BREAK, cost, tie_break
from careweb.domain.distances import Band, band


def test_the_cost_is_the_designs_formula() -> None:
    terms = cost(km=6.0, need_r50_km=2.0, offer_r50_km=3.0, radius_km=10.0, second_language=True, load=0.5)
    assert terms.distance == pytest.approx(0.60 * math.sqrt(36 + 4 + 9) / 10)
    assert terms.language == 0.25
    assert terms.load == pytest.approx(0.07)
    assert terms.total == pytest.approx(0.42 + 0.25 + 0.07)


def test_distance_never_costs_more_than_its_share() -> None:
    assert cost(km=900, need_r50_km=1, offer_r50_km=1, radius_km=5, second_language=False, load=0).total == 0.60


def test_a_tiny_radius_counts_as_two_kilometres() -> None:
    assert cost(km=1, need_r50_km=0, offer_r50_km=0, radius_km=0, second_language=False, load=0).distance == 0.30


def test_remote_help_has_no_distance() -> None:
    assert cost(km=None, need_r50_km=9, offer_r50_km=9, radius_km=2, second_language=False, load=0).total == 0


def test_the_tie_break_is_tiny_and_the_same_everywhere() -> None:
    need, offer = UUID(int=1), UUID(int=2)
    # the first 32 bits of BLAKE2b over both ids with a zero byte between, computed once by b2sum
    assert tie_break(need, offer) == pytest.approx(TIE_BREAK * 0xA73E2543 / 2**32, rel=1e-12)
    assert 0 <= tie_break(offer, need) < TIE_BREAK


@pytest.mark.parametrize(
    ("km", "expected"),
    [
        (None, Band.REMOTE),
        (0, Band.SAME),
        (0.4, Band.NEAR),
        (10, Band.NEAR),
        (10.1, Band.FAR),
        (50, Band.FAR),
        (51, Band.WIDE),
    ],
)
def test_a_distance_is_said_as_a_band(km: float | None, expected: Band) -> None:
    assert band(km) is expected
