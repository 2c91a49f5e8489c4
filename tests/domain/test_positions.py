"""Exact positions in free text, told from prices, hours and telephone numbers."""

import time

import pytest

from careweb.domain.positions import names_a_position


@pytest.mark.parametrize(
    "text",
    [
        "I am at 43.65321 -79.38321", "43.65, -79.38", "43,65 -79,38", "-79.38,43.65", "43.65° N, 79.38° W", "43.65\n-79.38",
        "lat 43.65 lon -79.38", "?lat=43.65&lon=-79.38", "（43.653，-79.383）", "٤٣٫٦٥ -٧٩٫٣٨", "43.65321 north and 79.38321 west",
        "geo:43.6,-79.3", "43°39′N", "43º39'", "43° 39.192 N", "N43 39.192 W079 23.1", "43 39 12 N, 79 23 18 W", "@43.6532,-79.3832",
    ],
)  # fmt: skip
def test_a_position_is_seen_however_it_is_written(text: str) -> None:
    assert names_a_position(text)


@pytest.mark.parametrize(
    "text",
    [
        "$45.50 and $60.00", "between 45.50 and 60.00", "45,50 $ ou 60,00 $", "$45.50, $60.00", "from 10.30 to 12.30",
        "416-555-0100 or 647.555.0123", "20° outside, 30 people", "bake at 180° 30 min", "10:30, 11:45", "2026-03-01, 2026-03-05",
        "room 54, 78", "39.5 and 38.2", "1,500 and 2,000",
    ],
)  # fmt: skip
def test_prices_hours_and_numbers_are_no_positions(text: str) -> None:
    assert not names_a_position(text)


@pytest.mark.parametrize(
    "text", ["44.44" + " " * 16000, "44.44444" + "x" * 16000, "43.653" * 2600, "4°" * 8000, "N 44 " * 3000]
)
def test_a_long_text_takes_no_time(text: str) -> None:
    begin = time.process_time()
    names_a_position(text)
    assert time.process_time() - begin < 0.5
