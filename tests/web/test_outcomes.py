"""The log says of each request how it ended where that is about getting in or getting round, and not who it was."""

from collections.abc import Callable

import pytest

from careweb.domain.contacts import read_email
from careweb.journal import FIELDS
from careweb.web.outcomes import OUTCOMES
from tests.web.site import Site


def test_right_and_wrong_codes_are_events_of_their_own(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.posted(contact=read_email("in@example.org"))
    form = site.person().see("/sign-in").send(contact="in@example.org")
    wrong = form.send(code="000000")
    assert wrong.status == 422
    assert "outcome=wrong_code" in capsys.readouterr().out
    sign_in = site.run(lambda world: world.one("SELECT id FROM sign_in ORDER BY expires_at DESC LIMIT 1"))
    wrong.send(code=site.app.state.vault.digits("sign_in", sign_in, 6))
    logged = capsys.readouterr().out
    assert "outcome=session_began" in logged
    assert "in@example" not in logged
    site.person().see("/find").send(code="1234 5678 1234 5678", do="code")
    assert "outcome=wrong_code" in capsys.readouterr().out


def test_attempts_to_get_round_are_events_of_their_own(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    person = site.person()
    attempts: dict[str, Callable[[], object]] = {
        "foreign": lambda: person.post("/sign-in", data={}, headers={"sec-fetch-site": "cross-site"}),
        "stale": lambda: person.press("/sign-in", {"token": "forged"}),
        "too_much": lambda: person.press("/sign-in", {"token": "x" * 20_000}),
        "not_here": lambda: site.outsider.see("/staff/east"),
        "wrong_code": lambda: person.see("/c/forged").send(sure="yes"),
        "sign_in_first": lambda: person.see("/staff/east", follow_redirects=False),
    }
    for outcome, attempt in attempts.items():
        capsys.readouterr()
        attempt()
        assert f"outcome={outcome}" in capsys.readouterr().out, outcome


def test_every_outcome_may_be_logged() -> None:
    assert all(FIELDS["outcome"](outcome) for outcome in OUTCOMES)
