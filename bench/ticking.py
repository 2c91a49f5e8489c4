"""The tick at the size of a country: a real solver process against the candidate search alone, and how steady its plan is."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
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
_WARM_UP = 50  # needs of a first tick, for which numba loads or compiles its kernels
_ANSWERS = (0.02, 0.05)  # of the asks that are out, each minute: yes, no
_WAVES = 0.03  # of the needs whose next wave is due, each minute
_WEEKLY_ASKS = 5


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
        rounds = asyncio.run(run(stage))
    about = {**about, "world": f"{offers:,} offers, one volunteer each"}
    text = document.section(
        command="make bench ARGS=tick", took=time.monotonic() - start, about=about, text=report(rounds, arriving)
    )
    click.echo("\n" + text)
    document.write("tick", text, out)


async def measure(stage: Stage, *, needs: int, minutes: int, arriving: int) -> Round:
    """On a settled town, which is used up."""
    async with _opened(stage) as connection, _solver(stage) as solver:
        await solver.rest(connection)
        await post_needs(connection, _WARM_UP, seed=3)
        first = await solver.tick(connection)
        await post_needs(connection, needs - _WARM_UP, seed=4)
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
    for answer, share in zip((accept, decline), _ANSWERS, strict=True):
        for ask in [row async for row in queries.some_asks(connection, share=share)]:
            with suppress(CareError):
                async with transaction(engine) as tx:
                    ctx = Context(tx=tx, vault=vault, settings=stage.settings, now=datetime.now(UTC))
                    await answer(ctx, ask["id"], ask["member_id"])
    await engine.dispose()
    await queries.waves_due_now(connection, share=_WAVES)
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
            f"{arriving} new needs and nothing else. *Usual*: new needs, {_ANSWERS[0]:.0%} of the asks that are out answered with yes and "
            f"{_ANSWERS[1]:.0%} with no, and a wave due for {_WAVES:.0%} of the needs. The search alone is the same query in the same "
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
            + f". The first tick of each process, {_WARM_UP} needs, with what numba compiles or loads: "
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


if __name__ == "__main__":
    main()
