from datetime import UTC, datetime

import pytest

from careweb.domain.quiet import is_quiet, quiet_ends

TORONTO = "America/Toronto"


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 7, 1, hour, minute, tzinfo=UTC)  # Toronto is four hours behind


@pytest.mark.parametrize(("hour", "quiet"), [(0, False), (1, True), (11, True), (12, False), (20, False)])
def test_quiet_from_nine_in_the_evening_until_eight(hour: int, quiet: bool) -> None:
    assert is_quiet(at(hour), time_zone=TORONTO, quiet_from=21, quiet_until=8) is quiet


def test_quiet_within_one_day() -> None:
    assert is_quiet(at(17), time_zone=TORONTO, quiet_from=13, quiet_until=15)
    assert not is_quiet(at(19), time_zone=TORONTO, quiet_from=13, quiet_until=15)


def test_the_same_hour_twice_means_never() -> None:
    assert not any(is_quiet(at(h), time_zone=TORONTO, quiet_from=8, quiet_until=8) for h in range(24))


def test_quiet_ends_at_the_next_morning_there() -> None:
    assert quiet_ends(at(3, 30), time_zone=TORONTO, quiet_until=8) == at(12)
    assert quiet_ends(at(12), time_zone=TORONTO, quiet_until=8) == datetime(2026, 7, 2, 12, tzinfo=UTC)


def test_quiet_ends_by_the_clock_where_it_is_changed_that_night() -> None:
    before = datetime(2026, 11, 1, 4, tzinfo=UTC)  # midnight in Toronto, before the clock goes back
    assert quiet_ends(before, time_zone=TORONTO, quiet_until=8) == datetime(2026, 11, 1, 13, tzinfo=UTC)
