from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweb.domain.hours import ANY_TIME, Part, bit, of_moment, pack, unpack, until

MONDAY_NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # 12:00 in Toronto, 9:00 in Vancouver


@pytest.mark.parametrize(
    ("hour", "day", "part"),
    [
        (0, 0, Part.AFTERNOON),
        (-6, 0, Part.MORNING),
        (-7, 6, Part.NIGHT),
        (-12, 6, Part.NIGHT),
        (5, 0, Part.EVENING),
        (10, 0, Part.NIGHT),
    ],
)
def test_a_moment_belongs_to_a_part_of_a_local_day(hour: int, day: int, part: Part) -> None:
    assert of_moment(MONDAY_NOON + timedelta(hours=hour), "America/Toronto") == bit(day, part)


def test_the_zone_decides_the_part() -> None:
    assert of_moment(MONDAY_NOON, "America/Vancouver") == bit(0, Part.MORNING)


def test_until_tomorrow_morning_is_every_part_between() -> None:
    hours = until(MONDAY_NOON, MONDAY_NOON + timedelta(hours=22), "America/Toronto")
    assert unpack(hours) == [(0, Part.AFTERNOON), (0, Part.EVENING), (0, Part.NIGHT), (1, Part.MORNING)]


def test_a_week_is_any_time() -> None:
    assert until(MONDAY_NOON, MONDAY_NOON + timedelta(days=7), "America/Toronto") == ANY_TIME


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(Part))))
def test_what_is_packed_comes_out_again(choices: list[tuple[int, Part]]) -> None:
    assert unpack(pack(choices)) == sorted(set(choices))
