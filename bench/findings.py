"""What was found about the search for candidates, in words: on the screen and in docs/benchmarks.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.rivals import CITIES, OURS, Rivals


@dataclass(frozen=True, kw_only=True)
class Scale:
    offers: int
    seconds: Mapping[str, Sequence[float]]  # of each need by itself, by class
    cpu_alone: Mapping[str, float]  # processor milliseconds of the backend a need
    cpu_together: Mapping[str, float]
    found: Mapping[str, float]  # people a need


@dataclass(frozen=True, kw_only=True)
class Writes:
    offers: int
    seconds: float
    cpu: float
    rows: int  # of the search, that had to be written for them


@dataclass(frozen=True, kw_only=True)
class Findings:
    scales: Sequence[Scale]
    rivals: Rivals
    writes: Mapping[str, Writes]

    @property
    def exponents(self) -> Mapping[str, float]:
        """Of processor time for one need in offers, by class; 0 where only one size was measured."""
        if len(self.scales) < 2:
            return dict.fromkeys(self.scales[0].cpu_alone, 0.0)
        sizes = np.log([scale.offers for scale in self.scales])
        return {
            kind: float(np.polyfit(sizes, np.log([max(scale.cpu_alone[kind], 1e-3) for scale in self.scales]), 1)[0])
            for kind in self.scales[0].cpu_alone
        }


def report(found: Findings) -> str:
    explained = Path(__file__).with_name("candidates.md").read_text(encoding="utf-8")
    return "\n".join([*_lines(found), "", explained.strip()])


def _lines(found: Findings) -> Iterator[str]:
    yield "## The search for candidates\n"
    yield from _search(found)
    yield from _beside(found.rivals)
    yield from _writes(found.writes)


def _search(found: Findings) -> Iterator[str]:
    yield "### The twenty best of a need, with the next cost\n"
    yield "| class of need | offers | people found | p50, ms | p99, ms | longest, ms | processor ms, one by one | in a batch |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for scale in found.scales:
        for kind, times in scale.seconds.items():
            p50, p99, longest = (f"{np.percentile(times, percent) * 1000:.1f}" for percent in (50, 99, 100))
            yield (
                f"| {kind} | {scale.offers:,} | {scale.found[kind]:.1f} | {p50} | {p99} | {longest} "
                f"| {scale.cpu_alone[kind]:.2f} | {scale.cpu_together[kind]:.2f} |"
            )
    last = found.scales[-1]
    worst = max(float(np.percentile(times, 99)) * 1000 for times in last.seconds.values())
    mean = float(np.mean(list(last.cpu_together.values())))
    growth = max(found.exponents.values())
    yield "\nProcessor time for one need grows with the number of offers to the power of " + (
        ", ".join(f"{exponent:.2f} ({kind})" for kind, exponent in found.exponents.items()) + "."
    )
    yield f"\n- A batch, all classes alike: {mean:.2f} ms a need. At most 1: {_met(mean <= 1)}; aim 0.5: {_met(mean <= 0.5)}."
    yield f"- p99 of the worst class: {worst:.1f} ms. At most 5: {_met(worst <= 5)}; aim 3: {_met(worst <= 3)}."
    yield f"- Exponent of the worst class: {growth:.2f}. At most 0.2: {_met(growth <= 0.2)}."


def _beside(rivals: Rivals) -> Iterator[str]:
    yield f"\n### Beside other ways, {rivals.needs} needs at five cities\n"
    head = " | ".join(f"{city}, recall / precision" for city in CITIES)
    yield f"| way | processor ms a need | longest, ms | against ours | {head} |"
    yield "|---|--:|--:|--:|" + "--:|" * len(CITIES)
    ours = rivals.ways[OURS].cpu
    for name, way in rivals.ways.items():
        cells = " | ".join(f"{way.recall[city]:.2f} / {way.precision[city]:.2f}" for city in CITIES)
        against = f"{way.cpu / ours:,.0f} x" if ours else "-"
        yield f"| {name} | {way.cpu:,.2f} | {way.longest:,.1f} | {against} | {cells} |"
    yield (
        f"\nOur costs and bounds against every distance measured and sorted: {rivals.compared:,} compared, "
        f"{rivals.unequal:,} different."
    )


def _writes(writes: Mapping[str, Writes]) -> Iterator[str]:
    yield "\n### Writes that keep the search rows\n"
    yield "A thousand a statement, on one connection, which has one of the two cores; which ones was chosen before.\n"
    yield "| offers | a second | a second of processor time | rows of the search, a second |"
    yield "|---|--:|--:|--:|"
    for name, one in writes.items():
        rates = (one.offers / one.seconds, one.offers / max(one.cpu, 0.01), one.rows / one.seconds)
        yield f"| {one.offers:,} {name} | " + " | ".join(f"{rate:,.0f}" for rate in rates) + " |"
    slowest = min(one.offers / one.seconds for one in writes.values())
    cheapest = min(one.offers / max(one.cpu, 0.01) for one in writes.values())
    yield (
        f"\n- At least 5,000 a second: by the clock, on one connection, the slowest kind came to {slowest:,.0f}, "
        f"{_met(slowest >= 5000)}; of processor time {cheapest:,.0f}, {_met(cheapest >= 5000)}."
    )


def _met(good: bool) -> str:
    return "met" if good else "**missed**"
