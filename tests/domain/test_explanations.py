from typing import Any

import pytest

from careweb.domain.distances import Band
from careweb.domain.explanations import Reason, Why, why_asked

FACTS: dict[str, Any] = {
    "category": "groceries", "language": "yue", "second_language": False, "band": Band.SAME, "asks_last_week": 1,
    "least_served": True,
}  # fmt: skip


def test_a_volunteer_is_told_every_fact_in_order() -> None:
    assert why_asked(**FACTS) == [
        Reason(why=Why.OFFERED, value="groceries"), Reason(why=Why.BOTH_SPEAK, value="yue"),
        Reason(why=Why.PLACE, value="same"), Reason(why=Why.TIME), Reason(why=Why.ASKS, count=1),
        Reason(why=Why.LEAST_SERVED),
    ]  # fmt: skip


@pytest.mark.parametrize(("least", "second", "told"), [(True, False, True), (False, False, False), (True, True, False)])
def test_least_served_is_said_only_where_it_is_true_and_tells_no_other_language(
    least: bool, second: bool, told: bool
) -> None:
    reasons = why_asked(**FACTS | {"least_served": least, "second_language": second})
    assert (Why.LEAST_SERVED in [one.why for one in reasons]) is told


def test_a_second_language_is_said_to_be_one() -> None:
    reasons = why_asked(**FACTS | {"second_language": True})
    assert Reason(why=Why.ALSO_FINE, value="yue") in reasons
    assert Why.BOTH_SPEAK not in [one.why for one in reasons]
