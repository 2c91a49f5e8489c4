"""The surge, on a toy town: the same people can be served by all rules, and fairness costs nobody."""

import re
from xml.etree import ElementTree

import pytest

from bench.chart import picture
from bench.cities import draw
from bench.rules import RULES, Rule, UnprovenError, nearest_first, options, ours
from bench.surge import Surge, chart, measure, report
from careweb import paths
from careweb.domain.solving.verify import _World

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=[1, 2, 3])
def surge(request: pytest.FixtureRequest) -> Surge:
    return measure(volunteers=100, needs=300, seed=request.param)


def test_careweb_serves_as_many_as_minimum_cost_and_the_worst_served_no_worse(surge: Surge) -> None:
    assert surge.total("careweb") == surge.total("minimum cost") >= surge.total("nearest first") > 0
    for other in ("minimum cost", "nearest first"):
        assert surge.worst("careweb") >= surge.worst(other)
        assert surge.left_out("careweb") <= surge.left_out(other)


def test_minimum_cost_is_the_cheaper_of_two_that_serve_as_many(surge: Surge) -> None:
    assert surge.outcomes["minimum cost"].cost <= surge.outcomes["careweb"].cost


def test_all_rules_choose_among_the_candidates_that_the_proof_is_checked_with() -> None:
    pool = draw(volunteers=60, needs=150, seed=5)
    world = _World(pool).candidates
    able = options(pool)
    for i, need in enumerate(pool.needs):
        assert {pool.offers[one.offer].id for one in able[i]} == set(world[need.id])
        for one in able[i]:
            assert one.cost == pytest.approx(world[need.id][pool.offers[one.offer].id], abs=2e-6)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_volunteer_is_given_more_than_they_have_time_for(rule: Rule) -> None:
    pool = draw(volunteers=60, needs=200, seed=6)
    served = rule(pool, options(pool))
    taken = [one.offer for one in served.values()]
    assert all(taken.count(j) <= offer.capacity for j, offer in enumerate(pool.offers))


def test_who_comes_first_is_served_by_the_nearest() -> None:
    pool = draw(volunteers=60, needs=200, seed=6)
    able = options(pool)
    first = next(i for i in range(len(pool.needs)) if able[i])
    assert nearest_first(pool, able)[first].km == min(one.km for one in able[first])


def test_an_answer_that_does_not_hold_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = draw(volunteers=30, needs=60, seed=7)
    monkeypatch.setattr("bench.rules.faults", lambda *_: ["one more slot could be filled"])
    with pytest.raises(UnprovenError, match="one more"):
        ours(pool, options(pool))


def test_a_surge_is_drawn_again_by_its_seed() -> None:
    assert draw(volunteers=20, needs=40, seed=8) == draw(volunteers=20, needs=40, seed=8)
    assert draw(volunteers=20, needs=40, seed=8) != draw(volunteers=20, needs=40, seed=9)


def test_the_picture_says_in_words_what_it_shows(surge: Surge) -> None:
    drawn = ElementTree.fromstring(picture(chart(surge)))  # noqa: S314  our own
    words = "".join(drawn.find(f"{SVG}desc").itertext())  # type: ignore[union-attr]
    assert drawn.get("role") == "img"
    assert drawn.findtext(f"{SVG}title")
    shown = [text.text or "" for text in drawn.iter(f"{SVG}text")]
    for rule in RULES:
        assert f"{surge.total(rule):,}" in shown
        assert f"{surge.total(rule):,}" in words
    assert {share for share in shown if re.fullmatch(r"\d+ %", share)} <= set(re.findall(r"\d+ %", words))


def test_the_report_has_every_rule_and_the_range_over_worlds(surge: Surge) -> None:
    text = report([surge, surge], took=1.0, about={})
    assert "| people served | 300 |" in text
    assert all(text.count(f"| {rule} |") >= 1 for rule in RULES)
    assert "in every world: yes" in text


def test_what_the_readme_says_of_a_surge_is_what_was_measured() -> None:
    readme = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## When help is short\n", 1)[1].split("\n## ", 1)[0]
    measured = (paths.ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    surge = measured.split("<!-- surge -->", 1)[1].split("<!-- /surge -->", 1)[0]
    figures = re.findall(r"\d+ %|\d,\d{3}", section)
    assert len(figures) >= 4
    assert [figure for figure in figures if figure not in surge] == []
