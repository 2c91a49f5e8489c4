from typing import Any

import pytest

from careweb.domain.reasons import Change, Reasons, Roughly, Smallest, reasons, roughly, smallest_change
from careweb.domain.reasons import Test as Check


def row(
    offers: int,
    *failed: Check,
    within_km: int | None = None,
    speaks: list[str] | None = None,
    answered: bool = False,
    open: bool = True,
) -> dict[str, Any]:
    more = {"offers": offers, "within_km": within_km, "speaks": speaks, "answered": answered, "open": open}
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


def test_shared_offers_of_other_groups_count_only_as_what_opening_the_need_would_add() -> None:
    found = reasons([row(3, open=False), row(2, Check.LANGUAGE, speaks=["en"], open=False), row(1)])
    assert (found.offers, found.if_alliance, found.if_language) == (1, 3, [])


@pytest.mark.parametrize(("count", "said"), [(0, "none"), (1, "few"), (9, "few"), (10, "many"), (10_000, "many")])
def test_what_other_groups_do_not_share_is_said_roughly(count: int, said: str) -> None:
    assert roughly(count) is reasons([], count).others is Roughly(said)


def smallest(*rows: dict[str, Any], wanted: int = 1, contested: bool = False) -> Smallest | None:
    found: Reasons = reasons(rows)
    return smallest_change(found, wanted=wanted, contested=contested)


NEARLY = [
    (row(1, Check.UNASKED), Smallest(change=Change.ASK_AGAIN, more=1)),
    (row(1, Check.DISTANCE, within_km=15), Smallest(change=Change.FARTHER, more=1, km=15)),
    (row(1, Check.TIME), Smallest(change=Change.TIME, more=1)),
    (row(1, open=False), Smallest(change=Change.ALLIANCE, more=1)),
    (row(1, Check.LANGUAGE, speaks=["en"]), Smallest(change=Change.LANGUAGE, more=1, language="en")),
    (row(1, Check.DISTANCE, within_km=30), Smallest(change=Change.MUCH_FARTHER, more=1, km=30)),
    (row(1, Check.CATEGORY), Smallest(change=Change.SOMEONE_NEW, more=1)),
]


@pytest.mark.parametrize("at", range(len(NEARLY)))
def test_the_smallest_change_is_the_first_of_those_that_would_do(at: int) -> None:
    rest = [one for one, _ in NEARLY[at:]]
    expected = NEARLY[at][1]
    if expected.change is Change.FARTHER:
        rest = [one for one in rest if one["within_km"] != 30]
    assert smallest(*rest) == expected


def test_the_first_change_that_brings_enough_is_smaller_than_one_that_does_not() -> None:
    rows = (row(1, Check.DISTANCE, within_km=5), row(2, Check.TIME))
    assert smallest(*rows) == Smallest(change=Change.FARTHER, more=1, km=5)
    assert smallest(*rows, wanted=2) == Smallest(change=Change.TIME, more=2)
    assert smallest(*rows, wanted=3) == Smallest(change=Change.FARTHER, more=1, km=5)
    assert smallest(*rows, row(1), wanted=2) == Smallest(change=Change.FARTHER, more=1, km=5)


def test_no_change_is_needed_where_enough_can_be_asked_unless_others_need_them_too() -> None:
    assert smallest(row(2), wanted=2) is None
    assert smallest(row(2), wanted=2, contested=True) == Smallest(change=Change.SOMEONE_NEW, more=2)
