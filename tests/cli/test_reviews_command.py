"""`careweb reviews`."""

from datetime import UTC, datetime

from careweb.cli.doctor import _work
from careweb.cli.reviews import _described
from careweb.domain.reviews import ReviewKind
from careweb.flows.reviewing import Left
from careweb.storage.promises import Stuck
from tests.cli.conftest import Careweb

THEN = datetime(2026, 11, 23, 17, tzinfo=UTC)


def test_where_nothing_waits_it_says_so(careweb: Careweb) -> None:
    done = careweb("reviews")
    assert (done.exit_code, done.stdout) == (0, "nothing waits for too long\n")


def test_it_says_where_what_since_when_and_how_to_name_a_judge() -> None:
    left = Left(
        slug="east", kind=ReviewKind.REPORT, urgent=True, appealed=True, opened_at=THEN, due_at=THEN, nobody=True
    )
    assert _described(left) == (
        "east  urgent report, appealed  of 2026-11-23 17:00, due 2026-11-23 17:00 UTC"
        "  nobody may judge it: careweb roles grant CONTACT coordinator --group east"
    )


def test_the_doctor_says_what_to_do_about_it() -> None:
    (finding,) = _work([Stuck(what="review", count=2, since=THEN)])
    assert "2 held needs or reports" in finding.what
    assert "careweb reviews" in finding.mend
