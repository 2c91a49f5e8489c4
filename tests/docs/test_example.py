"""The worked example of docs/matching.md comes out as the page says, and docs/files.md tells every key of such a file."""

import re
from dataclasses import replace

from bench.rules import DAY, Served, minimum_cost, nearest_first, options
from careweb import paths
from careweb.cli.solve import _File, _Need, _Offer, read_pool
from careweb.domain.solving.answer import answer
from careweb.domain.solving.problem import Pool
from careweb.domain.solving.solve import solve
from careweb.domain.solving.verify import faults

DOCS = paths.ROOT / "docs"
ROW = re.compile(
    r"^\| (\w+) \| (English|French|Tigrinya) \| (urgent|medium|low) \| ([\w, ]+) \| (\w+) \|$", re.MULTILINE
)


def _pool() -> Pool:
    return read_pool(DOCS / "example.json")


def test_whom_careweb_plans_in_the_example_is_what_the_solver_says() -> None:
    pool = _pool()
    found = answer(solve(pool, DAY))
    assert faults(pool, found) == []
    able = options(pool)
    rows = ROW.findall((DOCS / "matching.md").read_text(encoding="utf-8"))
    assert [(name, urgency) for name, _, urgency, _, _ in rows] == [(need.id, need.urgency) for need in pool.needs]
    for i, (name, _, _, could, planned) in enumerate(rows):
        assert sorted(could.split(", ")) == sorted(pool.offers[one.offer].id for one in able[i])
        assert found["assign"].get(name, ["nobody"]) == [planned]


def test_what_other_rules_make_of_the_example_is_what_the_page_says() -> None:
    pool = _pool()
    able = options(pool)

    def by_name(served: Served) -> dict[str, str]:
        return {pool.needs[i].id: pool.offers[one.offer].id for i, one in served.items()}

    assert by_name(nearest_first(pool, able)) == {"Dora": "Ben", "Eli": "Amal", "Fay": "Carole"}
    assert by_name(minimum_cost(pool, able)) == {"Dora": "Ben", "Eli": "Ben", "Fay": "Carole", "Hiwot": "Amal"}


def test_one_more_who_speaks_english_serves_one_more_as_the_page_says() -> None:
    pool = _pool()
    ben = next(offer for offer in pool.offers if offer.id == "Ben")
    more = replace(pool, offers=[*pool.offers, replace(ben, id="Ines", capacity=1)])
    assert answer(solve(pool, DAY))["unserved"] == {"Fay": 1}
    assert answer(solve(more, DAY))["unserved"] == {}


def test_every_key_of_a_pool_is_told_and_no_other() -> None:
    told = (DOCS / "files.md").read_text(encoding="utf-8").split("\n## A pool to be solved\n", 1)[1]
    keys = re.findall(r"^\| ((?:`\w+`[^|`]*)+)\|", told, re.MULTILINE)
    named = {name for cell in keys for name in re.findall(r"`(\w+)`", cell)}
    assert named - {"id"} == ({*_File.model_fields, *_Offer.model_fields, *_Need.model_fields}) - {"id"}


def test_every_key_of_an_answer_is_told() -> None:
    told = (DOCS / "files.md").read_text(encoding="utf-8").split("\n## A pool to be solved\n", 1)[1]
    assert [key for key in answer(solve(_pool(), DAY)) if f"`{key}`" not in told] == []
