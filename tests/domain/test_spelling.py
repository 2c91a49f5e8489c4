"""What is seen of what was typed."""

import pytest

from careweb.domain.spelling import visible


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("Po", "Po"), ("\u200b", ""), ("\u200b \u2060", ""), ("\u3164", ""), ("\u200d", ""), ("\u0301", ""),
        ("Ada\u202eadA", "AdaadA"), ("a\u200bb\u00adc\ufeff", "abc"), ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🌾", "👩\u200d🌾"), ("क्\u200dष", "क्\u200dष"), ("Zoë", "Zoë"), ("", ""),
    ],
)  # fmt: skip
def test_what_nobody_sees_is_left_out_and_what_scripts_need_stays(typed: str, left: str) -> None:
    assert visible(typed) == left
