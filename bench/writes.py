"""What it costs to write, beside the rows of a table, those that the search for candidates lives on."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiosql
import asyncpg

from bench import machine
from bench.findings import Writes

queries: Any = aiosql.from_path(Path(__file__).with_name("writes.sql"), "asyncpg")


async def measure_writes(connection: asyncpg.Connection, count: int) -> Mapping[str, Writes]:
    await queries.choose_written(connection, count=count)
    await queries.index_written(connection)
    await queries.analyze_written(connection)
    undone = connection.transaction()
    await undone.start()
    try:
        await queries.forget_offers(connection)
        await queries.number_anew(connection)
        return {
            "added": await _written(connection, queries.add_again, count, keys=True),
            "changed (how far they would go)": await _written(connection, queries.write_offers, count, keys=True),
            "whose people said yes": await _written(connection, queries.write_tasks, count, keys=True),
            "whose people were asked": await _written(connection, queries.write_asks, count, keys=False),
        }
    finally:
        await undone.rollback()
        await queries.drop_written(connection)


async def _written(connection: asyncpg.Connection, write: Any, count: int, *, keys: bool) -> Writes:
    """A thousand a statement. `keys`: whether it writes each offer's rows of the search."""
    pid, batch = connection.get_server_pid(), min(count, 1000)
    before, start = machine.cpu_seconds(pid), time.perf_counter()
    for above in range(0, count, batch):
        await write(connection, above=above, upto=above + batch)
    seconds, cpu = time.perf_counter() - start, machine.cpu_seconds(pid) - before
    rows = await queries.rows_of_written(connection) if keys else 0
    return Writes(offers=count, seconds=seconds, cpu=cpu, rows=rows)
