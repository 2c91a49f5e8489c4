"""Three needs for every volunteer: who is served by nearest first, by minimum cost, and by careweb, of the same pool."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from bench import document, machine
from bench.chart import Bars, Chart, Column, Line, percent, picture
from bench.cities import draw, tongues
from bench.rules import RULES, Served, options
from careweb import paths
from careweb.cli.steps import step
from careweb.domain.solving.problem import Pool

PICTURE = paths.ROOT / "docs" / "pictures" / "surge.svg"
COMMON = ("en", "fr")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one rule made of a pool. Communities are first languages."""

    served: Mapping[str, int]
    km: float  # mean, between centres of places
    cost: float  # sum, without the tie-break


@dataclass(frozen=True, kw_only=True)
class Surge:
    seed: int
    volunteers: int
    tasks: int  # that they have free
    asked: Mapping[str, int]  # by community, the largest first
    within_reach: Mapping[str, int]  # the same, of those alone whom somebody could serve
    outcomes: Mapping[str, Outcome]  # by rule

    def rate(self, rule: str, *communities: str) -> float:
        served = self.outcomes[rule].served
        return sum(served[one] for one in communities) / sum(self.asked[one] for one in communities)

    @property
    def others(self) -> list[str]:
        return [community for community in self.asked if community not in COMMON]

    @property
    def reachable(self) -> int:
        """Communities of which anybody could be served."""
        return len(self.within_reach)

    def total(self, rule: str) -> int:
        return sum(self.outcomes[rule].served.values())

    def worst(self, rule: str) -> float:
        """Where nobody at all could be served no rule can help: such a community is left out."""
        return min(self.rate(rule, community) for community in self.within_reach)

    def left_out(self, rule: str) -> int:
        """Communities in which nobody was served, though somebody could have been."""
        return sum(1 for one in self.within_reach if not self.outcomes[rule].served[one])


def measure(*, volunteers: int, needs: int, seed: int) -> Surge:
    pool = draw(volunteers=volunteers, needs=needs, seed=seed)
    able = options(pool)
    asked = Counter(need.belongs_to for need in pool.needs)
    reach = Counter(pool.needs[i].belongs_to for i, found in able.items() if found)
    return Surge(
        seed=seed, volunteers=volunteers, tasks=sum(offer.capacity for offer in pool.offers),
        asked=dict(asked.most_common()), within_reach=reach,
        outcomes={name: _outcome(pool, rule(pool, able)) for name, rule in RULES.items()},
    )  # fmt: skip


def _outcome(pool: Pool, served: Served) -> Outcome:
    return Outcome(
        served=Counter(pool.needs[i].belongs_to for i in served),
        km=float(np.mean([one.km for one in served.values()])),
        cost=sum(one.cost for one in served.values()),
    )


@click.command()
@click.option("--volunteers", default=2_000, show_default=True)
@click.option("--needs", default=6_000, show_default=True)
@click.option("--seed", default=1, show_default=True, help="of the first world, which is the one drawn")
@click.option("--worlds", default=5, show_default=True, help="how many, each with the next seed")
@click.option("--out", type=Path, default=document.PAGE, help="where the report goes")
@click.option("--picture", "drawing", type=Path, default=PICTURE, help="where the picture goes")
def main(volunteers: int, needs: int, seed: int, worlds: int, out: Path, drawing: Path) -> None:
    """Compare three rules in a surge."""
    start, about = time.monotonic(), machine.describe()
    surges = []
    for number in range(seed, seed + worlds):
        with step(f"a surge, seed {number}"):
            surges.append(measure(volunteers=volunteers, needs=needs, seed=number))
    text = report(surges, took=time.monotonic() - start, about=about)
    click.echo("\n" + text)
    document.write("surge", text, out)
    drawing.write_text(picture(chart(surges[0])), encoding="utf-8")
    click.echo(f"\n  written to {out} and {drawing}")


def report(surges: Sequence[Surge], *, took: float, about: Mapping[str, str]) -> str:
    notes = Path(__file__).with_name("surge.md").read_text(encoding="utf-8")
    text = "\n".join(["## Who is served in a surge\n", *_table(surges[0]), *_worlds(surges)]) + "\n\n" + notes
    return document.section(command="make bench ARGS=surge", took=took, about=about, text=text)


def _table(surge: Surge) -> Iterator[str]:
    asked = sum(surge.asked.values())
    yield f"{surge.volunteers:,} volunteers with {surge.tasks:,} free tasks, {asked:,} people who ask; seed {surge.seed}.\n"
    yield "| | asked | " + " | ".join(RULES) + " |"
    yield "|---|--:|" + "--:|" * len(RULES)
    yield _row("people served", f"{asked:,}", [f"{surge.total(rule):,}" for rule in RULES])
    for name, communities in groups(surge).items():
        count = sum(surge.asked[one] for one in communities)
        yield _row(f"{name}, share served", f"{count:,}", [percent(surge.rate(rule, *communities)) for rule in RULES])
    yield _row("worst-served community, share served", "", [percent(surge.worst(rule)) for rule in RULES])
    left_out = [str(surge.left_out(rule)) for rule in RULES]
    yield _row(f"communities of {surge.reachable} in which nobody is served", "", left_out)
    yield _row("mean distance, km", "", [f"{surge.outcomes[rule].km:.1f}" for rule in RULES])
    yield _row("mean cost", "", [f"{surge.outcomes[rule].cost / surge.total(rule):.3f}" for rule in RULES])


def _row(name: str, asked: str, cells: Sequence[str]) -> str:
    return f"| {name} | {asked} | " + " | ".join(cells) + " |"


def groups(surge: Surge) -> Mapping[str, Sequence[str]]:
    """Rows by community: the two common languages, all others, and the six largest one by one."""
    name = {str(row["spoken_id"]): str(row["name_en"]) for row in tongues()}
    largest = list(surge.asked)[:6]
    return {"English and French": COMMON, "third languages": surge.others, **{name[one]: [one] for one in largest}}


ABOUT = {
    "nearest first": "in order of arrival",
    "minimum cost": "most served, then cheapest",
    "careweb": "most served, then fairest",
}


def chart(surge: Surge) -> Chart:
    asked = sum(surge.asked.values())
    bars = [
        Bars(
            name=_headed(name), about=f"{sum(surge.asked[one] for one in communities):,} asked",
            shares=[surge.rate(rule, *communities) for rule in RULES], third=not set(communities) & set(COMMON),
            bold=len(communities) > 1,
        )
        for name, communities in groups(surge).items()
    ]  # fmt: skip
    return Chart(
        title=f"Who is served when {asked:,} people ask {surge.volunteers:,} volunteers",
        description=" ".join(_told(surge, rule) for rule in RULES),
        unit=f"of {asked:,} who asked",
        columns=[Column(name=_headed(rule), about=ABOUT[rule], served=surge.total(rule)) for rule in RULES],
        bars=bars,
        lines=[
            Line(name="Worst-served community", values=[percent(surge.worst(rule)) for rule in RULES]),
            Line(name="Communities left out", values=[f"{surge.left_out(rule)} of {surge.reachable}" for rule in RULES]),
            Line(name="Mean distance", values=[f"{surge.outcomes[rule].km:.1f} km" for rule in RULES]),
        ],
    )  # fmt: skip


def _headed(name: str) -> str:
    return name if name == "careweb" else name[0].upper() + name[1:]


def _told(surge: Surge, rule: str) -> str:
    """One column of the picture in words."""
    shares = ", ".join(
        f"{percent(surge.rate(rule, *communities))} of {name}" for name, communities in groups(surge).items()
    )
    return (
        f"{_headed(rule)} serves {surge.total(rule):,} people: {shares}; {percent(surge.worst(rule))} of the worst-served "
        f"community, and nobody in {surge.left_out(rule)} communities of {surge.reachable}; "
        f"mean distance {surge.outcomes[rule].km:.1f} km."
    )


def _worlds(surges: Sequence[Surge]) -> Iterator[str]:
    yield f"\nThe lowest and the highest of {len(surges)} worlds (seeds {surges[0].seed} to {surges[-1].seed}):\n"
    yield "| rule | people served | English and French | third languages | worst-served community | nobody served in |"
    yield "|---|--:|--:|--:|--:|--:|"
    for rule in RULES:
        cells = [
            _range([surge.total(rule) for surge in surges], "{:,}".format),
            _range([surge.rate(rule, *COMMON) for surge in surges], percent),
            _range([surge.rate(rule, *surge.others) for surge in surges], percent),
            _range([surge.worst(rule) for surge in surges], percent),
            _range([surge.left_out(rule) for surge in surges], str),
        ]
        yield f"| {rule} | " + " | ".join(cells) + " |"
    same = all(surge.total("careweb") == surge.total("minimum cost") for surge in surges)
    yield f"\nAs many people served by careweb as by minimum cost, in every world: {'yes' if same else '**no**'}."


def _range(values: Sequence[float], form: Callable[[float], str]) -> str:
    low, high = form(min(values)), form(max(values))
    return low if low == high else f"{low} to {high}"
