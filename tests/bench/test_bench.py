"""The benchmark runs, on a toy town: what it measures is there, whatever the times are."""

import sys
import time
from pathlib import Path

import pytest

from bench import document, machine, recruiting, start, ticking, ticks
from bench.candidates import measure
from bench.crowd import connect, draw
from bench.findings import report as report_candidates
from bench.product import measure as measure_product
from bench.report import report
from bench.rivals import OURS
from bench.stage import Stage, fill
from careweb import paths
from careweb.cli.state import ensure_keys


@pytest.fixture
def stage(tmp_path: Path, database: str, redis_url: str) -> Stage:
    ensure_keys(tmp_path)
    return Stage(state=tmp_path, database_url=database, redis_url=redis_url)


async def test_a_toy_town_is_measured_from_the_form_to_the_mail_server(stage: Stage) -> None:
    await fill(stage, offers=400)
    result = await measure_product(
        stage, offers=400, idle=3, rate=10, seconds=1, length=0.05, warm_up=2, seen=1, about=machine.describe(), start=time.monotonic()
    )  # fmt: skip
    assert result.busy.needs == 10
    assert len(result.busy.answered) == 10
    assert 0 < len(result.busy.handed) <= result.busy.asks
    assert len(result.busy.handed) + result.busy.nobody == 10
    assert {pace.page for pace in result.pages} == {"ask", "status", "board"}
    assert set(result.memory) == {"web", "worker"}
    text = report(result)
    for heading in ("accepted by SMTP", "Pages a second", "Memory after the load", "The floor, in the same run"):
        assert heading in text


async def test_a_toy_town_is_ticked_by_a_real_solver(stage: Stage) -> None:
    await fill(stage, offers=400)
    measured = await ticking.measure(stage, needs=60, minutes=1, arriving=2)
    assert measured.cold.needs > 0
    assert measured.cold.asked > 0
    assert measured.doubled == 0
    text = ticks.report([measured], arriving=2)
    for heading in (
        "against the search alone",
        "memory at most 1 GB",
        "planned asks",
        "claims that went to somebody else",
    ):
        assert heading in text


def test_a_part_replaces_its_own_section_and_leaves_the_others(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    for name, text in (("one", "## One\n\nold"), ("two", "## Two"), ("one", "## One\n\nnew")):
        document.write(name, text, page)
    assert "old" not in page.read_text()
    assert page.read_text().index("new") < page.read_text().index("## Two")


def test_a_start_is_measured_to_the_first_matched_need(tmp_path: Path, database: str, redis_url: str) -> None:
    command = [sys.executable, "-m", "careweb", "demo"]
    seen, steps = start.measure(command, paths.ROOT, tmp_path, DATABASE_URL=database, REDIS_URL=redis_url)
    assert 0 < seen.ready < seen.posted < seen.asked < seen.connected
    assert any(line.startswith("web, worker and solver ... ") for line in steps)
    text = start.report(seen, [seen], steps, took=1.0, about={})
    assert "## From the command to the first matched need" in text


async def test_a_toy_crowd_is_searched_in_every_way(database: str) -> None:
    connection = await connect(database)
    try:
        await draw(connection, 600)
        found = await measure(connection, [], 600, needs=6, rounds=1, written=20)
    finally:
        await connection.close()
    assert found.rivals.unequal == 0
    assert found.rivals.compared > 5
    assert set(found.rivals.ways[OURS].recall.values()) == {1.0} == set(found.rivals.ways[OURS].precision.values())
    assert all(one.offers == 20 for one in found.writes.values())
    text = report_candidates(found)
    for heading in ("twenty best", "Beside other ways", "Writes", "How it is measured"):
        assert heading in text


def test_lines_of_the_recruiting_list_are_what_solving_again_says() -> None:
    found = recruiting.measure(volunteers=60, needs=200, seed=1, checks=2)
    assert found.lines
    assert [one.again for one in found.checked] == [one.line.total for one in found.checked]
    assert "The recruiting list of a surge" in recruiting.report(found)
