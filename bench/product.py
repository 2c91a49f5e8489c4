"""The running product under load: from a posted need to its first ask, pages a second, memory."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import click
import uvloop

from bench import document, machine
from bench.latency import measure_floor, needs_of, one_at_a_time, open_loop
from bench.pages import measure_pages
from bench.post_office import PostOffice
from bench.report import Result, report
from bench.stage import Product, Stage, own_servers, playing, settled
from careweb.cli import processes
from careweb.cli.steps import step

WARM_UP = 30  # needs that are not counted: templates, statements and connections are made by the first ones
SEEN = 40  # needs of one city, for the pages


@click.command()
@click.option("--offers", default=100_000, show_default=True)
@click.option("--idle", default=100, show_default=True, help="needs posted one at a time")
@click.option("--rate", default=20.0, show_default=True, help="needs a second")
@click.option("--seconds", default=60.0, show_default=True, help="of that rate")
@click.option("--round", "length", default=0.8, show_default=True, help="seconds of one round of one page")
@click.option("--out", type=Path, default=document.PAGE, help="where the report goes")
def main(offers: int, idle: int, rate: float, seconds: float, length: float, out: Path) -> None:
    """Measure the running product."""
    start, about = time.monotonic(), machine.describe()

    async def run(stage: Stage) -> Result:
        async with settled(stage, offers) as copy:
            return await measure(
                copy, offers=offers, idle=idle, rate=rate, seconds=seconds, length=length, about=about, start=start
            )

    with own_servers() as stage:
        result = uvloop.run(run(stage))
    text = report(result)
    click.echo("\n" + text)
    document.write("product", text, out)
    click.echo(f"\n  written to {out}")


async def measure(
    stage: Stage,
    *,
    offers: int,
    idle: int,
    rate: float,
    seconds: float,
    length: float,
    warm_up: int = WARM_UP,
    seen: int = SEEN,
    about: Mapping[str, str],
    start: float,
) -> Result:
    office = PostOffice()
    await office.open()
    floor = await measure_floor(stage, office)
    needs = await needs_of(stage, warm_up + idle + round(rate * seconds), seed=2)
    with playing(stage, office) as product:
        await one_at_a_time(product, office, needs[:warm_up])
        with step(f"{idle} needs, one at a time"):
            alone = await one_at_a_time(product, office, needs[warm_up : warm_up + idle])
        before, since = _cpu(product), time.monotonic()
        with step(f"{rate:g} needs a second for {seconds:g} s"):
            busy = await open_loop(product, office, needs[warm_up + idle :], rate)
        spent = {name: after - before[name] for name, after in _cpu(product).items()}
        others = (spent.pop(_ALL) - sum(spent.values())) / (time.monotonic() - since)
        memory = {"web": machine.memory_mb(product.web_pid), "worker": machine.memory_mb(product.worker_pid)}
        with step("pages a second"):
            city = max({slug for slug, _ in needs}, key=[slug for slug, _ in needs].count)
            pages = await measure_pages(product, [need for need in needs if need[0] == city][:seen], length)
    office.close()
    return Result(
        offers=offers, rate=rate, floor=floor, idle=alone, busy=busy, cpu={name: one / busy.needs * 1000 for name, one in spent.items()}, others=max(0.0, others), memory=memory, pages=pages,
        took=time.monotonic() - start, machine=about,
    )  # fmt: skip


def _cpu(product: Product) -> dict[str, float]:
    """Seconds so far, by process."""
    valkey = processes.recorded(product.stage.state / "valkey.pid")
    return {
        "web": machine.cpu_seconds(product.web_pid),
        "worker": machine.cpu_seconds(product.worker_pid),
        "PostgreSQL": machine.database_cpu_seconds(product.stage.state),
        "Valkey": machine.cpu_seconds(valkey) if valkey else 0.0,
        "load generator and mail server": sum(os.times()[:2]),
        _ALL: machine.busy_seconds(),
    }


_ALL = "all of this machine"
