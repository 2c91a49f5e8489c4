"""Days and times in files."""

from datetime import UTC, datetime

import pytest

from careweb.domain.moments import MomentError, morning_after, read_moment

TORONTO = "America/Toronto"


def test_a_day_is_local_from_its_beginning_to_its_end() -> None:
    assert read_moment("2026-03-01", TORONTO) == datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert read_moment("2026-03-01", TORONTO, end=True) == datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert read_moment("2026-03-01", "America/St_Johns") == datetime(2026, 3, 1, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-07-01T14:30", "2026-07-01 14:30:00", "2026-07-01T18:30Z", "2026-07-01t20:30:00.5+02:00", "2026-07-01 18:30 Z"]
)  # fmt: skip
def test_a_time_is_local_unless_it_says_otherwise(text: str) -> None:
    assert read_moment(text, TORONTO).replace(microsecond=0) == datetime(2026, 7, 1, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "01/03/2026", "2026-13-01", "2026-02-30", "20260301", "2026-W10-1", "0001-01-01", "9999-12-31", "2026-03-01T25:00", "٢٠٢٦-٠٣-٠١", "1e14", "100000000000000"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MomentError):
        read_moment(text, TORONTO, end=True)


@pytest.mark.parametrize(
    ("at", "clock", "morning"),
    [
        ("2026-11-24T04:59+00:00", "America/Toronto", "2026-11-24T10:00-05:00"),  # one minute before midnight there
        ("2026-11-23T14:00+00:00", "America/Toronto", "2026-11-23T10:00-05:00"),  # nine in the morning
        ("2026-11-23T15:00+00:00", "America/Toronto", "2026-11-24T10:00-05:00"),  # ten sharp: that morning is over
        ("2027-03-14T04:00+00:00", "America/Toronto", "2027-03-14T10:00-04:00"),  # the night the clocks go forward
    ],
)
def test_the_morning_after_is_ten_by_the_clock_of_the_place(at: str, clock: str, morning: str) -> None:
    assert morning_after(datetime.fromisoformat(at), clock) == datetime.fromisoformat(morning)
