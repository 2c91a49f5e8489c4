"""What `make assurance` writes of a trial: what the run said of itself, however it was started and however it ended."""

import pytest

from tools.accessibility import page
from tools.assurance import TRIALS, Trial, _outcome

QUIET = "....F\n1 failed, 28 passed in 12.34s\nmake: *** [Makefile:97: pages] Error 1\n"
LOUD = "tests/x.py::test_y PASSED\n============ 2 failed, 3 passed, 1 warning in 7.11s (0:00:07) ============\n"


@pytest.mark.parametrize(
    ("printed", "code", "outcome"),
    [
        ("....\n29 passed in 3012.20s (0:50:12)\n", 0, "29 passed in 3012.20s (0:50:12)"),
        (QUIET, 2, "1 failed, 28 passed"),
        (LOUD, 1, "2 failed, 3 passed, 1 warning"),
        ("make: *** No rule\n", 2, "ended with 2"),
    ],
)
def test_the_outcome_is_what_the_run_said(printed: str, code: int, outcome: str) -> None:
    assert _outcome(Trial(name="x", what="x", make="pages"), printed, code) == outcome


def test_a_run_of_the_pages_writes_both_and_the_figures_of_a_page_are_no_outcome() -> None:
    (trial,) = [one for one in TRIALS if one.name == "pages"]
    assert trial.make == "pages EVERY=1"
    told = page([{"kind": "trips", "trips": 2, "pages": 2, "broken": {}}], how="today", passed=True)
    assert _outcome(trial, "5 passed in 1.00s\n" + told, 0) == "5 passed in 1.00s"
