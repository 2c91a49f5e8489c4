"""Whom to ask: our planner beside others, in invented worlds of several loads, tempers and shapes."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import click

from bench.document import section, write
from bench.machine import describe
from careweb import paths
from careweb.cli.simulate import languages, read_world
from careweb.domain.simulating.chart import chart
from careweb.domain.simulating.comparing import OURS, PLAINEST, POLICIES, Each, compare, mean_and_noise
from careweb.domain.simulating.report import (
    GAIN_HEADINGS,
    LEGEND,
    aligned,
    ceiling,
    gain_cells,
    table,
)

PICTURE = paths.ROOT / "docs" / "pictures" / "simulate.svg"
LOADS, FATIGUES = (0.005, 0.015, 0.03), (0.0, 0.25, 0.5)
GRID: Mapping[str, Mapping[str, Any]] = {
    f"load {100 * load:g} %, fatigue {fatigue:g}": {"needs": {"load": load}, "answers": {"fatigue": fatigue}}
    for load in LOADS
    for fatigue in FATIGUES
}
OTHER_WORLDS: Mapping[str, Mapping[str, Any]] = {
    "cities only": {"places": {"city_share": 1.0}},
    "the country only": {"places": {"city_share": 0.0}},
    "half of all needs in bursts": {"needs": {"bursts": 5, "burst_needs": 0.1}},
    "few say yes": {"answers": {"yes": 0.1}},
    "many say yes": {"answers": {"yes": 0.5}},
    "all alike in saying yes": {"answers": {"firmness": 50.0}},
    "slow to answer": {"answers": {"minutes": {"urgent": 30, "medium": 240, "low": 900}}},
    "the others keep our caps": {"others": {"keep_caps": True}},
}


@click.command()
@click.option("--seeds", type=click.IntRange(2, 200), default=20, show_default=True, help="Worlds of each setting.")
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True, help="At work side by side.")
def main(seeds: int, processes: int) -> None:
    """Whom to ask: our planner beside others, in many invented worlds."""
    start = time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        parts = [
            "## Whom to ask, in simulation",
            *_usual(seeds, pool.map),
            *_beside_the_plainest("Each load and fatigue", GRID, seeds, pool.map),
            *_beside_the_plainest("Other worlds", OTHER_WORLDS, seeds, pool.map),
        ]
    took = time.monotonic() - start
    about = {**describe(), "worlds": _worlds(seeds)}
    write("simulate", section(command="python -m bench simulate", took=took, about=about, text="\n\n".join(parts)))


def _worlds(seeds: int) -> str:
    given = read_world()
    return (
        f"seeds 1 to {seeds} for each setting, of data/simulation.toml: {given.people.volunteers} volunteers and "
        f"{given.time.days} days each"
    )


def _usual(seeds: int, each: Each) -> Iterator[str]:
    given = read_world()
    outcomes = compare(given, seeds=range(1, seeds + 1), policies=list(POLICIES), each=each)
    PICTURE.write_text(chart(outcomes, title="Whom to ask: what is filled, and for how many asks"), encoding="utf-8")
    share = ceiling(outcomes[OURS])
    filled = mean_and_noise(outcomes[OURS].measures)["fill"][0]
    yield (
        f"The shipped world. If everybody were asked, rested, {100 * share:.1f} % of slots could be filled: that is the "
        f"ceiling, of which we fill {filled / share:.3f}. `careweb simulate --seeds {seeds}` prints the same."
    )
    yield table(outcomes)
    yield LEGEND + "."
    yield "![What is filled, and for how many asks](pictures/simulate.svg)"
    yield "### By language"
    yield (
        "Planned: what one fair solve over all needs of the run gives each language if whoever is asked says yes. "
        "Attainable: enough of those who could serve it would have said yes, rested. Filled: what came of our asks."
    )
    yield languages(given, 1, seeds, outcomes[OURS].languages)


def _beside_the_plainest(
    heading: str, worlds: Mapping[str, Mapping[str, Any]], seeds: int, each: Each
) -> Iterator[str]:
    yield f"### {heading}: ours less {PLAINEST}"
    yield (
        f"In the same worlds, ± one standard error of the differences over {seeds} seeds; plus is better for us in every "
        "column. A cross: worse by more than two standard errors; for asks and p99 only where fill is equal within 1 %."
    )
    rows = []
    for name, changes in worlds.items():
        given = read_world(None, changes)
        outcomes = compare(given, seeds=range(1, seeds + 1), policies=[OURS, PLAINEST], each=each)
        numbers = [mean_and_noise(outcomes[one].measures) for one in (OURS, PLAINEST)]
        both = [" / ".join(f"{100 * one[measure][0]:.1f}" for one in numbers) for measure in ("fill", "urgent_hour")]
        asked = f"{100 * numbers[0]['asked_a_day'][0]:.2f} %"
        of_ceiling = f"{numbers[0]['fill'][0] / numbers[0]['ceiling'][0]:.3f}"
        rows.append([name, asked, of_ceiling, *both, *gain_cells(outcomes[OURS], outcomes[PLAINEST])])
        click.echo(" · ".join(rows[-1]))
    headings = ["setting", "we ask a day", "fill / ceiling", "filled %, both", "urgent in 1 h %, both", *GAIN_HEADINGS]
    yield aligned(headings, rows)
