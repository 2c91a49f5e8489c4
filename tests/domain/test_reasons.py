from typing import Any

from careweb.domain.reasons import Test as Check
from careweb.domain.reasons import reasons


def row(
    offers: int,
    *failed: Check,
    within_km: int | None = None,
    speaks: list[str] | None = None,
    answered: bool = False,
) -> dict[str, Any]:
    more = {"offers": offers, "within_km": within_km, "speaks": speaks, "answered": answered}
    return {check: check not in failed for check in Check} | more


ROWS = [
    row(10, Check.CATEGORY, Check.LANGUAGE, speaks=["en"]),
    row(4, Check.LANGUAGE, speaks=["cmn", "en"]),
    row(3, Check.LANGUAGE, speaks=["cmn"]),
    row(2, Check.LANGUAGE, Check.DISTANCE, within_km=None, speaks=["yue"]),
    row(4, Check.DISTANCE, within_km=15),
    row(1, Check.DISTANCE, within_km=60),
    row(5, Check.DISTANCE),  # farther than any relaxation offered
    row(6, Check.CAPACITY),
    row(2, Check.UNASKED),
    row(1, Check.UNASKED, answered=True),  # they said no
    row(1, Check.ASKABLE),
]


def test_each_test_leaves_fewer_in_the_order_they_are_read() -> None:
    found = reasons(ROWS)
    assert found.offers == 39
    assert [*found.left_after.values()] == [29, 20, 10, 4, 4, 1, 0]


def test_one_relaxation_counts_only_offers_that_fail_nothing_else() -> None:
    found = reasons(ROWS)
    assert found.within_km == [(15, 4), (60, 5)]
    assert found.if_language == [("cmn", 7), ("en", 4)]
    assert (found.if_capacity, found.if_time, found.if_asked_again) == (6, 0, 2)


def test_no_offers_at_all() -> None:
    assert reasons([]).offers == 0
