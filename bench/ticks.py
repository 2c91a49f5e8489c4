"""What was found about the tick, in words: on the screen and in docs/benchmarks.md."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WARM_UP = 50  # needs of a first tick, for which numba loads or compiles its kernels
ANSWERS = (0.02, 0.05)  # of the asks that are out, each minute: yes, no
WAVES = 0.03  # of the needs whose next wave is due, each minute


@dataclass(frozen=True, kw_only=True)
class Tick:
    seconds: float  # from the moment the market was taken to the commit
    parts: Mapping[str, float]
    needs: int
    people: int
    pairs: int
    gap: float
    asked: int
    moved: int  # claims, by this tick
    fresh_moved: int  # of them, for needs that nobody was asked about
    unplanned: int  # asks that were planned before the tick and are not any more
    back: int  # people who had an ask at the tick before and have none at this one
    cpu: float  # processor seconds of the solver and its backends
    open: int
    planned: int


@dataclass(frozen=True, kw_only=True)
class Round:
    first: float  # seconds of the very first tick, with what numba compiles or loads
    alone: float  # the search, in seconds; the mean of two
    alone_cpu: float
    cold: Tick  # every need's wave is due: the most there can be to write
    coming: Sequence[Tick]  # minute after minute with new needs and nothing else
    usual: Sequence[Tick]  # with answers and waves as well
    doubled: int
    memory_mb: float


def _met(good: bool) -> str:
    return "met" if good else "**missed**"


def report(rounds: Sequence[Round], arriving: int) -> str:
    last = rounds[-1]
    alone = statistics.median(one.alone for one in rounds)
    cold = statistics.median(one.cold.seconds / one.alone for one in rounds)
    cold_cpu = statistics.median(one.cold.cpu / one.alone_cpu for one in rounds)
    usual = statistics.median(tick.seconds / alone for tick in last.usual)
    memory, gap = max(one.memory_mb for one in rounds), max(tick.gap for one in rounds for tick in _all(one))
    return "\n".join(
        [
            "## The tick",
            "",
            "A real solver process. *All due*: a wave is due for every need at once, as after a long stop. *Coming*: a minute later, "
            f"{arriving} new needs and nothing else. *Usual*: new needs, {ANSWERS[0]:.0%} of the asks that are out answered with yes and "
            f"{ANSWERS[1]:.0%} with no, and a wave due for {WAVES:.0%} of the needs. The search alone is the same query in the same "
            "batches, what it finds only counted.",
            "",
            "| | needs | people | pairs | open slots | of these claimed | asked | seconds | against the search alone | people come back | claims moved |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
            *(_line("all due", one.cold, one.alone) for one in rounds),
            *(_line("coming", tick, alone) for tick in last.coming),
            *(_line("usual", tick, alone) for tick in last.usual),
            "",
            f"The search alone: {', '.join(f'{one.alone:.1f}' for one in rounds)} s. Parts of the last tick with all due: "
            + ", ".join(f"{part} {taken:.1f} s" for part, taken in last.cold.parts.items())
            + f". The first tick of each process, {WARM_UP} needs, with what numba compiles or loads: "
            + f"{', '.join(f'{one.first:.1f}' for one in rounds)} s.",
            "",
            f"- at most 3 times the search alone: {cold:.2f} times with all due, {_met(cold <= 3)}; {usual:.2f} times in a usual minute, {_met(usual <= 3)}; "
            f"in processor time, of solver and database together, {cold_cpu:.2f} times with all due",
            f"- memory at most 1 GB: {memory:.0f} MB at its most, {_met(memory <= 1000)}; a solver process at most 600 MB: {_met(memory <= 600)}",
            f"- gap of the prices at most {gap:.0e}",
            f"- volunteers with two asks of a kind, or more than fit their week, or asks whose end is not promised: {sum(one.doubled for one in rounds)}",
            _moved(last, arriving),
        ]
    )


def _all(one: Round) -> list[Tick]:
    return [one.cold, *one.coming, *one.usual]


def _moved(one: Round, arriving: int) -> str:
    def each(ticks: Sequence[Tick], count: str) -> float:
        return float(sum(getattr(tick, count) for tick in ticks)) / (arriving * len(ticks))

    def claims(name: str, ticks: Sequence[Tick]) -> str:
        back = sum(tick.back for tick in ticks)
        return (
            f"{each(ticks, 'moved'):.2f} for each new need {name} ({sum(tick.moved for tick in ticks) / (back + arriving * len(ticks)):.2f} "
            f"for each new need or person who came back); {each(ticks, 'fresh_moved'):.2f} of them for needs that nobody was asked about"
        )

    planned = max(each(one.coming, "unplanned"), each(one.usual, "unplanned"))
    return (
        f"- planned asks that a tick changed, for each new need: {planned:.2f}, at most 1.5: {_met(planned <= 1.5)}\n"
        "- claims that went to somebody else, with need and person both still there: "
        f"{claims('where nothing but needs comes', one.coming)}. {claims('in usual minutes', one.usual)}"
    )


def _line(name: str, tick: Tick, alone: float) -> str:
    return (
        f"| {name} | {tick.needs:,} | {tick.people:,} | {tick.pairs:,} | {tick.open:,} | {tick.planned:,} | {tick.asked:,} "
        f"| {tick.seconds:.1f} | {tick.seconds / alone:.2f} | {tick.back:,} | {tick.moved:,} |"
    )
