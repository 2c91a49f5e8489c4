"""The recruiting list of a surge: what counting it takes, and that its lines are what solving again says."""

import csv
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from uuid import UUID

import click
import numpy as np

from bench import document, machine
from bench.cities import draw
from careweb import paths
from careweb.cli.steps import step
from careweb.domain.ids import GroupId
from careweb.domain.shortages import NEWCOMER_KM, Line, Surroundings, Wanted
from careweb.domain.solving.gains import Gains
from careweb.domain.solving.pairs import haversine_km
from careweb.domain.solving.problem import PoolNeed, PoolOffer
from careweb.domain.solving.recruiting import recruiting_list
from careweb.domain.solving.solve import Solution, solve

DAY = date(2026, 11, 23)
_EVERYBODY = GroupId(UUID(int=1))
_ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Checked:
    line: Line
    again: int  # how many more a solve with one newcomer more than the line says serves
    seconds: float  # of that solve


@dataclass(frozen=True, kw_only=True)
class Recruited:
    needs: int
    volunteers: int
    pairs: int
    unserved: int
    reached: int
    lines: int
    seconds: float  # median of the whole list
    solve_seconds: float  # the first one, numba loaded, lists included
    checked: Sequence[Checked]


@click.command()
@click.option("--volunteers", default=6_667, show_default=True)
@click.option("--needs", default=20_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--checks", default=3, show_default=True, help="lines to check by solving again")
@click.option("--out", type=Path, default=document.PAGE, help="where the report goes")
def main(volunteers: int, needs: int, seed: int, checks: int, out: Path) -> None:
    """Time the recruiting list of a surge, and solve again with what some lines say."""
    start, about = time.monotonic(), machine.describe()
    with step(f"{needs:,} needs and {volunteers:,} volunteers"):
        found = measure(volunteers=volunteers, needs=needs, seed=seed, checks=checks)
    text = report(found)
    command, took = "make bench ARGS=recruiting", time.monotonic() - start
    document.write("recruiting", document.section(command=command, took=took, about=about, text=text), out)
    click.echo("\n" + text)


def measure(*, volunteers: int, needs: int, seed: int, checks: int) -> Recruited:
    solve(draw(volunteers=20, needs=40, seed=seed), DAY)  # numba loads or compiles its loops
    pool = draw(volunteers=volunteers, needs=needs, seed=seed)
    begun = time.perf_counter()
    solution = solve(pool, DAY)
    solved = time.perf_counter() - begun
    zones = _zones()
    _count(solution, zones)
    times, lines, reached = [], list[Line](), 0
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        lines, reached = _count(solution, zones)
        times.append(time.perf_counter() - begun)
    return Recruited(
        needs=needs, volunteers=volunteers, pairs=len(solution.solved.graph.offer),
        unserved=needs - int(solution.solved.served().sum()), reached=reached, lines=len(lines),
        seconds=statistics.median(times), solve_seconds=solved,
        checked=[_check(solution, line, zones) for line in lines[:: max(1, len(lines) // checks)][:checks]],
    )  # fmt: skip


def _count(solution: Solution, zones: Mapping[tuple[float, float], Mapping[str, str]]) -> tuple[list[Line], int]:
    """All needs are of one group: the longest list there can be."""
    gains = Gains(solution.solved.graph, solution.solved.assignment.used)
    wanted = {i: _wanted(solution.needs[i], zones) for i in np.flatnonzero(gains.reached).tolist()}
    at = {row["code"]: where for where, row in zones.items()}
    here = sorted({need.zone for need in wanted.values()})
    latitude, longitude = (np.array([at[code][axis] for code in here]) for axis in (0, 1))
    km = {
        (code, here[other]): float(far[other])
        for code in here
        for far in [haversine_km(*at[code], latitude, longitude)]
        for other in np.flatnonzero(far <= NEWCOMER_KM).tolist()
    }
    return recruiting_list(gains, wanted, Surroundings(km=km, also={}), most=len(wanted)), len(wanted)


def _zones() -> dict[tuple[float, float], Mapping[str, str]]:
    with (paths.DATA / "zones.csv").open(encoding="utf-8", newline="") as file:
        return {(float(row["latitude"]), float(row["longitude"])): row for row in csv.DictReader(file)}


def _wanted(need: PoolNeed, zones: Mapping[tuple[float, float], Mapping[str, str]]) -> Wanted:
    zone = zones[need.latitude, need.longitude]
    return Wanted(
        group_id=_EVERYBODY, category=need.category, remote=False, languages=need.languages, zone=zone["code"],
        region=zone["province"], town=zone["town"],
    )  # fmt: skip


def _check(solution: Solution, line: Line, zones: Mapping[tuple[float, float], Mapping[str, str]]) -> Checked:
    latitude, longitude = next(where for where, row in zones.items() if row["code"] == line.zone)
    new = PoolOffer(
        id="", latitude=latitude, longitude=longitude, languages=(line.language,), categories=(line.category,),
        radius_km=NEWCOMER_KM, capacity=1,
    )  # fmt: skip
    newcomers = [replace(new, id=f"new {number}") for number in range(line.total + 1)]
    begun = time.perf_counter()
    again = solve(replace(solution.pool, offers=[*solution.pool.offers, *newcomers]), DAY)
    seconds = time.perf_counter() - begun
    more = int(again.solved.served().sum()) - int(solution.solved.served().sum())
    return Checked(line=line, again=more, seconds=seconds)


def report(found: Recruited) -> str:
    rows = [
        f"| {one.line.language}, {one.line.category}, {one.line.zone} | {one.line.total} | {one.again} | {one.seconds:.1f} |"
        for one in found.checked
    ]
    return "\n".join([
        "## The recruiting list of a surge\n",
        f"{found.needs:,} needs, {found.volunteers:,} volunteers, {found.pairs:,} pairs; {found.unserved:,} needs stay",
        f"unserved, and somebody new would help with {found.reached:,} of all.\n",
        f"- **The whole list: {found.seconds:.2f} s** (median of {_ROUNDS}), {found.lines:,} lines that serve somebody. It",
        f"  replaces one solve a line and newcomer; the solve it follows took {found.solve_seconds:.1f} s, lists of pairs included.",
        "- Some lines, checked by solving again with one newcomer more than the line says (so that the last one is idle,",
        "  unless the line stopped at the 20 that are counted at most):\n",
        "| line | says | solving again | seconds |",
        "|---|--:|--:|--:|",
        *rows,
    ])  # fmt: skip
