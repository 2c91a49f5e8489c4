"""No spreadsheet runs what a person wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweb.domain.cells import guarded, unguarded


@pytest.mark.parametrize(
    "text", ["=1+1", "+14165550100", "-2", "@SUM(A1)", "\t=x", "\r=x", "  =x", "＝1", "'=1", '=HYPERLINK("x")']
)
def test_a_formula_becomes_text(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "rice", "'tis me", "a=b", "1-2", "ada@example.org"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@given(st.text(st.sampled_from("'=+-@ \t\r\nab＝"), max_size=6))
def test_what_went_out_comes_in_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text
