"""The search for candidates on a million offers: what it costs, how it grows, and beside it how others search."""

import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import click
import numpy as np
import uvloop

from bench import document, machine
from bench.crowd import crowded, needs_by_class, queries
from bench.findings import Findings, Scale, report
from bench.rivals import compare
from bench.stage import Stage, own_servers
from bench.writes import measure_writes
from careweb.cli.steps import step

MOST = 20
_WARM_UP = 20


@click.command()
@click.option(
    "--offers", "sizes", default="10000,100000,1000000", show_default=True, help="sizes of the crowd, smallest first"
)
@click.option("--needs", default=400, show_default=True, help="of each class")
@click.option("--rounds", default=3, show_default=True, help="of every batch")
@click.option(
    "--written", default=10_000, show_default=True, help="offers added, and changed, in batches of a thousand"
)
@click.option("--out", type=Path, default=document.PAGE, help="where the report goes")
def main(sizes: str, needs: int, rounds: int, written: int, out: Path) -> None:
    """Measure the search for candidates."""
    start, about = time.monotonic(), machine.describe()
    with own_servers() as stage:
        found = uvloop.run(_run(stage, [int(size) for size in sizes.split(",")], needs, rounds, written))
    text = document.section(
        command="make bench ARGS=candidates", took=time.monotonic() - start, about=about, text=report(found)
    )
    click.echo("\n" + text)
    document.write("candidates", text, out)
    click.echo(f"\n  written to {out}")


async def _run(stage: Stage, sizes: Sequence[int], needs: int, rounds: int, written: int) -> Findings:
    scales = []
    for size in sizes[:-1]:
        async with crowded(stage, size) as connection:
            scales.append(await measure_scale(connection, size, needs, rounds))
    async with crowded(stage, sizes[-1]) as connection:
        return await measure(connection, scales, sizes[-1], needs, rounds, written)


async def measure(
    connection: asyncpg.Connection, smaller: Sequence[Scale], offers: int, needs: int, rounds: int, written: int
) -> Findings:
    scale = await measure_scale(connection, offers, needs, rounds)
    with step("the others, beside ours"):
        rivals = await compare(connection, MOST)
    with step("writes"):
        writes = await measure_writes(connection, written)
    return Findings(scales=[*smaller, scale], rivals=rivals, writes=writes)


async def measure_scale(connection: asyncpg.Connection, offers: int, needs: int, rounds: int) -> Scale:
    undone = connection.transaction()
    await undone.start()
    try:
        with step(f"{offers:,} offers: needs of each class, one by one and together"):
            by_class = await needs_by_class(connection, needs)
            seconds = {kind: await _one_by_one(connection, ids) for kind, ids in by_class.items()}
            batches = {kind: await _together(connection, ids, rounds) for kind, ids in by_class.items()}
            found = {kind: await _count(connection, ids) / len(ids) for kind, ids in by_class.items()}
    finally:
        await undone.rollback()
    return Scale(
        offers=offers,
        seconds={kind: times for kind, (times, _) in seconds.items()},
        cpu_alone={kind: cpu for kind, (_, cpu) in seconds.items()},
        cpu_together=batches,
        found=found,
    )


async def _one_by_one(connection: asyncpg.Connection, needs: Sequence[UUID]) -> tuple[list[float], float]:
    """Seconds of each, and processor milliseconds of the backend for one."""
    for need in needs[:_WARM_UP]:
        await _best(connection, [need])
    pid, times = connection.get_server_pid(), []
    before = machine.cpu_seconds(pid)
    for need in needs:
        start = time.perf_counter()
        await _best(connection, [need])
        times.append(time.perf_counter() - start)
    return times, (machine.cpu_seconds(pid) - before) * 1000 / len(needs)


async def _together(connection: asyncpg.Connection, needs: Sequence[UUID], rounds: int) -> float:
    """Processor milliseconds of the backend for one, median of the rounds."""
    pid, spent = connection.get_server_pid(), []
    for _ in range(rounds):
        before = machine.cpu_seconds(pid)
        await _best(connection, needs)
        spent.append((machine.cpu_seconds(pid) - before) * 1000 / len(needs))
    return float(np.median(spent))


async def _best(connection: asyncpg.Connection, needs: Sequence[UUID]) -> list[asyncpg.Record]:
    return [row async for row in queries.best(connection, need_ids=needs, most=MOST)]


async def _count(connection: asyncpg.Connection, needs: Sequence[UUID]) -> int:
    return len(await _best(connection, needs))
