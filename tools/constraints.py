"""Each constraint dropped in a transaction, on a database of our own, and its test called as it is."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from careweb.cli.postgres import start_postgres
from careweb.storage.database import Engine, driver, open_engine
from tests import servers
from tools.memory import ROOT, Memory, name_of, say

TESTS, LIST = ROOT / "tests/storage/test_each_constraint.py", ROOT / "tests/storage/constraints.txt"
AT_ONCE = 60  # on one database


def try_constraints(memory: Memory, lines: list[str], until: float) -> list[str]:
    """Returns those that nobody noticed."""
    alive: list[str] = []
    new = [line for line in lines if not memory.by(line)]
    for some in (new[at : at + AT_ONCE] for at in range(0, len(new), AT_ONCE)):
        if time.monotonic() > until:
            break
        for line, missed in _drop_constraints(some).items():
            name = line.partition(":")[0].partition(" ")[2]
            by = f"{name_of(TESTS)}::test_what_breaks_one_constraint_is_refused[{name}]" if missed else ""
            alive += _told(line.partition(":")[0], by)
            if by:
                memory.remember(line, by)
    return alive


def _told(what: str, by: str) -> list[str]:
    """What nobody noticed."""
    say("noticed" if by else "SURVIVES", f"{what}  [{by}]")
    return [] if by else [what]


def _drop_constraints(lines: list[str]) -> dict[str, bool]:
    """Whether each is missed: its test is called as it is, in a transaction without the constraint."""
    return asyncio.run(_without_each(lines))


async def _without_each(lines: list[str]) -> dict[str, bool]:
    async with database() as url:
        engine = open_engine(url)
        try:
            return {line: await _is_missed(engine, line) for line in lines}
        finally:
            await engine.dispose()


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """The address of one of our own."""
    servers.STATE.mkdir(parents=True, exist_ok=True)
    server = start_postgres(servers.STATE, durable=False)
    url = await servers.clone(server, await servers.ensure_template(server))
    try:
        yield url
    finally:
        await servers.drop(server, url)


async def _is_missed(engine: Engine, line: str) -> bool:
    """Whether the test of this constraint fails without it."""
    from tests.storage.test_each_constraint import CONSTRAINTS, refuses

    constraint = next(one for one in CONSTRAINTS.values() if line.startswith(f"{one.table} {one.name}: "))
    of_table = f"ALTER TABLE {constraint.table} DROP CONSTRAINT {constraint.name} CASCADE"
    async with engine.connect() as tx:
        transaction = await tx.begin()
        connection = await driver(tx)
        await connection.execute(f"DROP INDEX {constraint.name}" if constraint.is_index else of_table)
        missed = await _fails(refuses(connection, constraint))
        await transaction.rollback()
    return missed


async def _fails(test: Awaitable[None]) -> bool:
    try:
        await test
    except (AssertionError, pytest.fail.Exception):
        return True
    return False
