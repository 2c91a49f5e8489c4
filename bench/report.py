"""The figures of the product in words: on the screen and in docs/benchmarks.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import document
from bench.latency import Timing
from bench.pages import Pace


@dataclass(frozen=True, kw_only=True)
class Result:
    offers: int
    rate: float
    floor: Sequence[float]
    idle: Timing
    busy: Timing
    cpu: Mapping[str, float]  # processor milliseconds a need under load
    others: float  # cores that unrelated processes of this machine used meanwhile
    memory: Mapping[str, tuple[float, float]]  # MB resident, and proportional
    pages: Sequence[Pace]
    took: float
    machine: Mapping[str, str]


def _ms(seconds: Sequence[float], percent: float) -> str:
    return f"{np.percentile(seconds, percent) * 1000:,.0f}" if seconds else "-"


def _met(good: bool) -> str:
    return "met" if good else "**missed**"


def tables(result: Result) -> Iterator[str]:
    yield from _latency(result)
    yield from _pages(result.pages)
    yield from _memory(result)


def _latency(result: Result) -> Iterator[str]:
    floor = float(np.median(result.floor))
    yield "### From a posted need to its first ask in the mail server's hands\n"
    yield "| milliseconds | needs | form sent to page with the code, p50 | p99 | form sent to first ask accepted by SMTP, p50 | p99 | longest | p50 against the floor |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, timing in (("one at a time", result.idle), (f"{result.rate:g} a second", result.busy)):
        against = np.median(timing.handed) / floor if timing.handed else 0
        yield (
            f"| {name} | {timing.needs} | {_ms(timing.answered, 50)} | {_ms(timing.answered, 99)} | {_ms(timing.handed, 50)} "
            f"| {_ms(timing.handed, 99)} | {_ms(timing.handed, 100)} | {against:.0f} x |"
        )
    yield (
        f"\nThe floor, in the same run: one row committed by bare asyncpg, then one letter sent over an open SMTP connection, "
        f"{_ms(result.floor, 50)} ms (p99 {_ms(result.floor, 99)} ms)."
    )
    for name, timing in (("One at a time", result.idle), ("Under load", result.busy)):
        yield (
            f"{name}: {timing.asks} volunteers were asked about {timing.needs} needs; {timing.nobody} needs found nobody, {timing.refused} were refused by a web process too busy. "
            f"The worker began to look for people {_ms(timing.planned, 50)} ms after the form was sent (p50; p99 {_ms(timing.planned, 99)} ms)."
        )
    shares = ", ".join(f"{name} {spent:.0f}" for name, spent in result.cpu.items())
    yield f"Processor time a need under load, in milliseconds: {shares}. Unrelated processes used {result.others:.2f} cores meanwhile.\n"
    p99 = float(np.percentile(result.busy.handed, 99)) if result.busy.handed else float("inf")
    yield f"Aim: p99 at most 1 s under load: {_met(p99 <= 1 and not result.busy.refused)}.\n"


def _pages(pages: Sequence[Pace]) -> Iterator[str]:
    yield "### Pages a second\n"
    yield "| page | sent as | bytes | a second | bare page, bytes | a second | ratio |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for pace in pages:
        yield (
            f"| {pace.page} | {'gzip' if pace.packed else 'it is'} | {pace.size:,} | {pace.ours:,.0f} "
            f"| {pace.bare_size:,} | {pace.bare:,.0f} | {pace.ours / pace.bare:.2f} |"
        )
    ask = next(pace for pace in pages if pace.page == "ask" and not pace.packed)
    yield f"\nAim: the ask page at least half the bare page's rate: {_met(ask.ours >= ask.bare / 2)}.\n"


def _memory(result: Result) -> Iterator[str]:
    yield "### Memory after the load\n"
    yield "| process | resident, MB | proportional share, MB | aim: at most 150 MB |"
    yield "|---|--:|--:|---|"
    for name, (resident, share) in result.memory.items():
        yield f"| {name} | {resident:.0f} | {share:.0f} | {_met(resident <= 150)} |"


def report(result: Result) -> str:
    about = {**result.machine, "world": f"{result.offers:,} offers, one volunteer each"}
    notes = Path(__file__).with_name("product.md").read_text(encoding="utf-8")
    text = "\n".join(["## The running product", *tables(result)]) + "\n\n" + notes
    return document.section(command="make bench ARGS=product", took=result.took, about=about, text=text)
