"""`careweb simulate`: how our way of asking fares beside others, in an invented world. It opens no database."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from careweb import paths
from careweb.config import settings
from careweb.domain.simulating.comparing import OURS, POLICIES, compare
from careweb.domain.simulating.parameters import Parameters, WorldError, parameters

WORLD = paths.DATA / "simulation.toml"
_WRONG = 2  # exit code: the file cannot be used


@click.command()
@click.option("--world", type=click.Path(dir_okay=False, path_type=Path), help="TOML: parameters in place of ours.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the first world.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="How many worlds.")
@click.option("--days", type=click.IntRange(1, 365), help="In which needs are posted.")
@click.option("--policy", type=click.Choice(list(POLICIES)), multiple=True, help="Again for another; all if left out.")
@click.option("--chart", type=click.Path(dir_okay=False, path_type=Path), help="Draw fill against asks into this SVG.")
def simulate(
    world: Path | None, seed: int, seeds: int, days: int | None, policy: tuple[str, ...], chart: Path | None
) -> None:
    """Try our way of asking, and others, in an invented world."""
    try:
        given = read_world(world)
    except WorldError as error:
        click.echo(f"{world}: {error}", err=True)
        raise SystemExit(_WRONG) from error
    if days:
        given = replace(given, time=replace(given.time, days=days))
    outcomes = compare(given, seeds=range(seed, seed + seeds), policies=policy or list(POLICIES))
    from careweb.domain.simulating import report

    some = next(iter(outcomes.values()))
    click.echo(f"{seeds} worlds, {sum(one.needs for one in some.measures):.0f} needs.")
    click.echo(f"Attainable, if all were asked: {100 * report.ceiling(some):.1f} % of slots.\n")
    click.echo(report.table(outcomes))
    click.echo(f"\n{report.LEGEND}")
    if OURS in outcomes:
        click.echo(f"\n{languages(given, seed, seeds, outcomes[OURS].languages)}")
    if chart:
        from careweb.domain.simulating.chart import chart as draw

        chart.write_text(draw(outcomes, title="Whom to ask: what is filled, and for how many asks"), encoding="utf-8")


def languages(given: Parameters, seed: int, seeds: int, filled: Sequence[Mapping[int, Any]]) -> str:
    """What the solve plans for each language if all said yes, what was attainable, and what came of our asks."""
    # Where numba keeps what it compiled; it reads this when it is imported.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings().state / "numba"))
    from careweb.domain.simulating import report
    from careweb.domain.simulating.communities import planned, together
    from careweb.domain.simulating.world import draw_world

    plan: dict[int, int] = {}
    for one in range(seed, seed + seeds):
        for language, slots in planned(draw_world(given, one)).items():
            plan[language] = plan.get(language, 0) + slots
    return report.languages(together(list(filled)), plan)


def read_world(file: Path | None = None, *changes: Mapping[str, Any]) -> Parameters:
    """The shipped world, with what `file` and then `changes` say otherwise. Raises WorldError."""
    try:
        theirs = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WorldError(str(error)) from error
    return parameters(tomllib.loads(WORLD.read_text(encoding="utf-8")), theirs, *changes)
