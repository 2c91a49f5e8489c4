"""The tick at the size of a country: a real solver process against the candidate search alone, and how steady its plan is."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import asyncpg
import click

from bench import document, machine
from bench.pool import post_needs, queries
from bench.stage import Stage, environment, own_servers, settled
from bench.ticks import ANSWERS, WARM_UP, WAVES, Round, Tick, report
from careweb import paths
from careweb.cli.steps import step
from careweb.cli.supervisor import Supervisor
from careweb.domain.errors import CareError
from careweb.domain.solving.market import SHORT
from careweb.flows.asks import accept, decline
from careweb.flows.context import Context
from careweb.storage.database import open_engine, transaction
from careweb.storage.pools import BATCH
from careweb.storage.sealing import open_vault

_PATIENCE = 900.0
_LAST = (False, False, True)  # the usual minutes follow the last of three rounds
_WEEKLY_ASKS = 5


@click.command()
@click.option("--offers", default=200_000, show_default=True)
@click.option("--needs", default=20_000, show_default=True)
@click.option("--minutes", default=10, show_default=True, help="usual ticks, one a minute of the simulated day")
@click.option("--arriving", default=140, show_default=True, help="needs posted in each of them: 200,000 a day")
@click.option("--out", type=Path, default=document.PAGE, help="where the report goes")
def main(offers: int, needs: int, minutes: int, arriving: int, out: Path) -> None:
    """Measure the tick."""
    start, about = time.monotonic(), machine.describe()

    async def run(stage: Stage) -> list[Round]:
        rounds = []
        for last in _LAST:
            async with settled(stage, offers) as copy:
                rounds.append(await measure(copy, needs=needs, minutes=minutes if last else 0, arriving=arriving))
        return rounds

    with own_servers() as stage:
        with step("the solver's loops, compiled as make setup does"):
            compile_loops(stage)
        rounds = asyncio.run(run(stage))
    about = {**about, "world": f"{offers:,} offers, one volunteer each"}
    text = document.section(
        command="make bench ARGS=tick", took=time.monotonic() - start, about=about, text=report(rounds, arriving)
    )
    click.echo("\n" + text)
    document.write("tick", text, out)


def compile_loops(stage: Stage) -> None:
    """In a process of its own: what the compiler takes is no part of a solver's memory."""
    kept = {"CAREWEB_STATE": str(stage.state), "NUMBA_CACHE_DIR": str(stage.state / "numba")}
    command = [sys.executable, "-m", "careweb", "solve", str(paths.ROOT / "docs" / "example.json")]
    subprocess.run(command, env=os.environ | kept, stdout=subprocess.DEVNULL, check=True)


async def measure(stage: Stage, *, needs: int, minutes: int, arriving: int) -> Round:
    """On a settled town, which is used up."""
    async with _opened(stage) as connection, _solver(stage) as solver:
        await solver.rest(connection)
        await post_needs(connection, WARM_UP, seed=3)
        first = await solver.tick(connection)
        await post_needs(connection, needs - WARM_UP, seed=4)
        with step(f"the candidates of {needs:,} needs, and a tick that asks about all of them"):
            searches = [await _alone(connection) for _ in range(2)]
            cold = await solver.tick(connection)
        with step(f"{minutes} minutes in which needs come, and {minutes} with answers and waves"):
            coming = [await _coming(connection, solver, minute, arriving) for minute in range(minutes)]
            usual = [await _usual(stage, connection, solver, minute, arriving) for minute in range(minutes)]
        return Round(
            first=first.seconds, alone=statistics.mean(taken for taken, _ in searches),
            alone_cpu=statistics.mean(cpu for _, cpu in searches), cold=cold, coming=coming, usual=usual,
            doubled=await queries.doubled(connection), memory_mb=solver.most_memory_mb(),
        )  # fmt: skip


async def _coming(connection: asyncpg.Connection, solver: "Solver", minute: int, arriving: int) -> Tick:
    """Nothing but new needs."""
    await post_needs(connection, arriving, seed=100 + minute)
    return await solver.tick(connection)


async def _usual(stage: Stage, connection: asyncpg.Connection, solver: "Solver", minute: int, arriving: int) -> Tick:
    """Needs come, some are answered, some waves are due; then a tick."""
    await post_needs(connection, arriving, seed=200 + minute)
    engine = open_engine(stage.database_url)
    vault = open_vault(stage.settings)
    for answer, share in zip((accept, decline), ANSWERS, strict=True):
        for ask in [row async for row in queries.some_asks(connection, share=share)]:
            with suppress(CareError):
                async with transaction(engine) as tx:
                    ctx = Context(tx=tx, vault=vault, settings=stage.settings, now=datetime.now(UTC))
                    await answer(ctx, ask["id"], ask["member_id"])
    await engine.dispose()
    await queries.waves_due_now(connection, share=WAVES)
    return await solver.tick(connection)


@asynccontextmanager
async def _opened(stage: Stage) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stage.database_url, server_settings={"jit": "off"})
    try:
        yield connection
    finally:
        await connection.close()


async def _alone(connection: asyncpg.Connection) -> tuple[float, float]:
    """The same needs, in the same batches, and nothing done with what is found: seconds, and those of the processor."""
    pid = connection.get_server_pid()
    ids = [row["id"] async for row in queries.open_needs(connection)]
    started, cpu = time.perf_counter(), machine.cpu_seconds(pid)
    for at in range(0, len(ids), BATCH):
        await queries.candidates_alone(
            connection, needs=ids[at : at + BATCH], most=SHORT, weekly_asks=_WEEKLY_ASKS, now=datetime.now(UTC)
        )  # fmt: skip
    return time.perf_counter() - started, machine.cpu_seconds(pid) - cpu


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Pairs of need and member, before a tick or after it. Nothing is sent meanwhile: no worker runs."""

    planned: AbstractSet[tuple[UUID, UUID]]
    claims: AbstractSet[tuple[UUID, UUID]]
    unasked: AbstractSet[tuple[UUID, UUID]]  # of the claims

    @classmethod
    async def of(cls, connection: asyncpg.Connection) -> Self:
        async def pairs(query: Any) -> AbstractSet[tuple[UUID, UUID]]:
            return {(row["need_id"], row["member_id"]) async for row in query(connection)}

        return cls(
            planned=await pairs(queries.planned_asks), claims=await pairs(queries.claims),
            unasked=await pairs(queries.claims_of_unasked),
        )  # fmt: skip


class Solver:
    """`python -m workers solver`, running."""

    def __init__(self, pid: int, log: Path) -> None:
        self._pid, self._log, self._moved = pid, log, 0
        self._out: set[UUID] = set()  # who had an ask after the last tick

    async def _cpu_seconds(self, connection: asyncpg.Connection) -> float:
        backends = [row["pid"] async for row in queries.solver_backends(connection)]
        return sum(machine.cpu_seconds(pid) for pid in [self._pid, *backends])

    def _ticks(self) -> list[float]:
        lines = self._log.read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in lines]
        if any(line["event"] == "tick failed" for line in found):
            raise click.ClickException(self._log.read_text(encoding="utf-8"))
        return [line["ms"] / 1000 for line in found if line["event"] == "tick"]

    async def tick(self, connection: asyncpg.Connection) -> Tick:
        await self.rest(connection)
        before, seen, out = len(self._ticks()), await _Seen.of(connection), self._out
        cpu = await self._cpu_seconds(connection)
        await queries.due_now(connection)
        until = time.monotonic() + _PATIENCE
        while len(ticks := self._ticks()) <= before:
            if time.monotonic() > until:
                raise click.ClickException("no tick")
            await asyncio.sleep(0.05)
        cpu = await self._cpu_seconds(connection) - cpu
        row, slots, now = (
            dict(await queries.ticks(connection)),
            await queries.planned(connection),
            await _Seen.of(connection),
        )
        moved, self._moved = row["moved"] - self._moved, row["moved"]
        self._out = {member for _, member in now.planned}
        return Tick(
            seconds=ticks[-1], parts=json.loads(row["seconds"]), needs=row["needs"], people=row["people"],
            pairs=row["pairs"], gap=row["gap"], asked=row["asked"], moved=moved,
            fresh_moved=len(seen.unasked - now.claims), unplanned=len(seen.planned - now.planned), cpu=cpu,
            back=len(out - {member for _, member in seen.planned}), open=slots["open"], planned=slots["planned"],
        )  # fmt: skip

    async def rest(self, connection: asyncpg.Connection) -> None:
        """Until it has found that there is a market, and is done with it: its own tick must not take ours away."""
        while not await queries.is_resting(connection):  # noqa: ASYNC110  another process makes it so
            await asyncio.sleep(0.05)

    def most_memory_mb(self) -> float:
        status = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


@asynccontextmanager
async def _solver(stage: Stage) -> AsyncIterator[Solver]:
    supervisor = Supervisor(
        stage.state,
        environment(
            {
                "DATABASE_URL": stage.database_url, "REDIS_URL": stage.redis_url, "CAREWEB_STATE": str(stage.state),
                "CAREWEB_TICK_EVERY": "PT5M", "PYTHONPATH": str(paths.ROOT),
            }
        ),
    )  # fmt: skip
    log = stage.state / "solver.log"
    log.write_text("", encoding="utf-8")
    child = supervisor.add("solver", [sys.executable, "-m", "workers", "solver"])
    try:
        yield Solver(child.process.pid if child.process else 0, log)
    finally:
        supervisor.stop()


if __name__ == "__main__":
    main()
