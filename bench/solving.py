"""The whole fair solve beside OR-tools' minimum-cost flow, which is neither fair nor proven, on the same graphs."""

import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import click
import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from bench import document, machine
from bench.chance import pool
from careweb.domain.solving.assignment import assign
from careweb.domain.solving.graph import Graph, need_of_pair
from careweb.domain.solving.market import SHORT, List, Market, Solved, attempt
from careweb.domain.solving.pairs import Pairs
from careweb.domain.solving.proof import gap, violators
from careweb.domain.solving.selection import select
from careweb.domain.solving.solve import market_of

DAY = date(2026, 11, 23)
CASES = {"plenty": (50_000, 20_000), "even": (20_000, 20_000), "surge": (6_000, 20_000)}  # offers, needs
GROWING = (2_500, 5_000, 10_000, 20_000, 40_000)  # needs, and as many offers
SCALE = 10**6  # OR-tools' costs are whole numbers; the coarser, the faster it is


@click.command()
@click.option("--times", default=9, show_default=True, help="of which the medians are taken")
@click.option("--out", type=Path, default=document.PAGE, help="where the report goes")
def main(times: int, out: Path) -> None:
    """Time the solve against OR-tools."""
    start, about = time.monotonic(), machine.describe()
    cold, cached = _first_calls()
    beside = {name: _beside(offers, needs, times) for name, (offers, needs) in CASES.items()}
    growing = {needs: _alone(needs, times) for needs in GROWING}
    text = document.section(
        command="make bench ARGS=solve", took=time.monotonic() - start, about=about,
        text=_text((cold, cached), beside, growing, _memory_mb(), times),
    )  # fmt: skip
    click.echo("\n" + text)
    document.write("solve", text, out)


def _given(offers: int, needs: int) -> tuple[Market, list[List]]:
    """A market and lists that are taken to be complete: both solvers get the same graph."""
    people = pool(needs=needs, offers=offers)
    market, wanted, free = market_of(people, DAY)
    pairs = Pairs(wanted, free, ())
    found = [pairs.of(i, SHORT) for i in range(len(wanted))]
    return market, [List(offer=one.offer, cost=one.cost, tie=one.tie, next_cost=math.inf) for one in found]


def _solve(market: Market, lists: list[List]) -> Solved:
    found = attempt(market, lists)
    if not isinstance(found, Solved) or gap(found) > 1e-9:
        raise click.ClickException("not solved")
    violators(found)
    return found


def _prove(market: Market, graph: Graph) -> None:
    """From the graph that the other solver gets too: counts, assignment, prices, gap and violators."""
    selection = select(graph)
    assignment = assign(graph, selection)
    found = Solved(market=market, graph=graph, plain_cost=graph.cost, selection=selection, assignment=assignment)
    if gap(found) > 1e-9:
        raise click.ClickException("not solved")
    violators(found)


def _timed(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor: on a machine that others use too, the second says more."""
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - clock, time.process_time() - processor


def _first_calls() -> tuple[float, float]:
    """Of a process that compiles, and of one that reads what the first one compiled."""
    with tempfile.TemporaryDirectory() as cache:
        cold, cached = (
            _alone_in_a_process("from bench.solving import first_call; print(first_call())", NUMBA_CACHE_DIR=cache)
            for _ in range(2)
        )
    return cold, cached


def first_call() -> float:
    market, lists = _given(200, 200)
    return _timed(lambda: _solve(market, lists))[0]


def _alone_in_a_process(code: str, **environment: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return float(done.stdout)


def _beside(offers: int, needs: int, times: int) -> Mapping[str, float]:
    market, lists = _given(offers, needs)
    graph = _solve(market, lists).graph
    ours, theirs = [], []
    for _ in range(times):
        flow = _flow(graph)
        theirs.append(_timed(flow.solve_max_flow_with_min_cost))
        ours.append(_timed(lambda: _prove(market, graph)))
    mine, my_processor = _medians(ours)
    yours, your_processor = _medians(theirs)
    return {
        "offers": offers, "needs": needs, "pairs": len(graph.offer), "ours": mine, "theirs": yours,
        "times": yours / mine, "processor": your_processor / my_processor,
    }  # fmt: skip


def _medians(timed: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(clock for clock, _ in timed), statistics.median(processor for _, processor in timed)


def _flow(graph: Graph) -> SimpleMinCostFlow:
    n, m = graph.needs, graph.offers
    source, sink, slots = n + m, n + m + 1, int(graph.slots.sum())
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate((np.full(n, source), need_of_pair(graph), n + np.arange(m))).astype(np.int32),
        np.concatenate((np.arange(n), n + graph.offer, np.full(m, sink))).astype(np.int32),
        np.concatenate((graph.slots, np.ones(len(graph.offer), np.int64), graph.capacity)),
        np.concatenate((np.zeros(n), np.round(graph.cost * SCALE), np.zeros(m))).astype(np.int64),
    )
    flow.set_node_supply(source, slots)
    flow.set_node_supply(sink, -slots)
    return flow


def _alone(needs: int, times: int) -> tuple[int, float]:
    market, lists = _given(needs, needs)
    pairs = sum(len(one.offer) for one in lists)
    _solve(market, lists)
    return pairs, _medians([_timed(lambda: _solve(market, lists)) for _ in range(times)])[0]


def _memory_mb() -> float:
    """Of a process that does nothing but make and solve the largest of these markets."""
    return _alone_in_a_process("from bench.solving import largest; print(largest())")


def largest() -> float:
    _solve(*_given(*CASES["plenty"]))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _text(
    first: tuple[float, float],
    beside: Mapping[str, Mapping[str, float]],
    growing: Mapping[int, tuple[int, float]],
    memory: float,
    times: int,
) -> str:
    rows = "\n".join(
        f"| {name} | {one['offers']:,} / {one['needs']:,} | {one['pairs']:,} | {one['ours'] * 1000:.0f} ms "
        f"| {one['theirs'] * 1000:.0f} ms | {1 / one['times']:.2f} = 1/{one['times']:.1f} "
        f"| {1 / one['processor']:.2f} = 1/{one['processor']:.1f} |"
        for name, one in beside.items()
    )
    more = "\n".join(f"| {needs:,} | {pairs:,} | {took * 1000:.1f} ms |" for needs, (pairs, took) in growing.items())
    cold, cached = first
    pairs, took = zip(*growing.values(), strict=True)
    exponent = float(np.polyfit(np.log(pairs), np.log(took), 1)[0])
    return f"""## The solve

Ours is the whole fair solve: counts, costs, prices, gap and violators (as it grows, with making the graph from lists). OR-tools' is the time of
`solve_max_flow_with_min_cost` alone, with costs in whole millionths: no fairness, no tie-break. Same candidate pairs, one
process, interleaved, median of {times}, no warm starts; time on the clock, and the ratio of processor time beside it. People are drawn by `bench/chance.py`: postal areas by residents,
35 languages with a long tail, 12 categories, lists of at most {SHORT}.

| market | offers / needs | pairs | careweb | OR-tools | careweb / OR-tools | of processor time |
|---|---|---|---|---|---|---|
{rows}

As it grows (as many offers as needs): time goes with pairs to the power of {exponent:.2f}.

| needs | pairs | careweb |
|---|---|---|
{more}

First call of a process, 200 offers and 200 needs, numba imported: {cold:.1f} s where it compiles, {cached:.1f} s where it reads what
another process compiled (`make setup` has it compiled, into the state folder). Most resident memory of a process that draws and solves {CASES["plenty"][0]:,} offers and {CASES["plenty"][1]:,} needs, OR-tools
imported beside it: {memory:.0f} MB.
"""


if __name__ == "__main__":
    main()
