"""A new master key for every record, while everyone reads on."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag

from careweb import paths
from careweb.config import Settings
from careweb.flows.context import Context
from careweb.flows.renewing import check_keys, masters_in_use, rewrap_batch
from careweb.storage.database import Engine, Transaction, driver, run, transaction
from careweb.storage.sealing import KeyVersionMissingError, Sealer, Vault, WrongKeysError, destroy_key, key_of

ROWS = int(os.environ.get("CAREWEB_ROWS", "3000"))  # tools/assurance.py: 100,000
READERS = 4
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
BOTH = {2: NEW, 1: OLD}


@asynccontextmanager
async def begun(engine: Engine, vault: Vault) -> AsyncIterator[Context]:
    async with transaction(engine) as tx:
        yield Context(tx=tx, vault=vault, settings=Settings.model_validate({}), now=datetime.now(UTC))


async def fill(engine: Engine, vault: Vault, rows: int) -> dict[UUID, bytes]:
    """As many records, and a sealed word of each."""
    made = [vault.new_sealer("need", uuid4()) for _ in range(rows)]
    async with transaction(engine) as tx:
        await run(
            tx, "add_data_keys", record="need", ids=[sealer.id for sealer, _, _ in made],
            masters=[master for _, master, _ in made], wrapped=[wrapped for _, _, wrapped in made],
        )  # fmt: skip
    return {sealer.id: _seal(sealer) for sealer, _, _ in made}


def _seal(sealer: Sealer) -> bytes:
    sealed = sealer.seal("text", f"words of {sealer.id}")
    assert sealed
    return sealed


async def killed_in_mid_batch(url: str, most: int) -> int:
    """A worker of its own that gets -9 when it has renewed two batches and, uncommitted, a third. How many that one had."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.renewing", url, str(most), cwd=paths.ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout
    moved = int(await worker.stdout.readline())
    worker.kill()
    assert await worker.wait() == -signal.SIGKILL
    return moved


async def test_every_record_gets_the_new_key_and_no_read_fails_meanwhile(engine: Engine, database: str) -> None:
    sealed = await fill(engine, Vault({1: OLD}), ROWS)
    ids, erased = list(sealed), set(list(sealed)[:5])
    running = Vault({1: OLD}, lambda: BOTH)  # a web process that started before there was a second key
    worker, killed, over = Vault(BOTH), asyncio.Event(), asyncio.Event()
    slowest, reads, failed = 0.0, 0, 0

    async def read() -> None:
        nonlocal slowest, reads, failed
        dice = random.Random(7)
        while not over.is_set():
            id, started = dice.choice(ids), time.perf_counter()
            async with transaction(engine) as tx:
                sealer = await key_of(tx, running, "need", id)
            good = sealer.open("text", sealed[id]) == f"words of {id}" if sealer else id in erased
            reads, failed, slowest = reads + 1, failed + (not good), max(slowest, time.perf_counter() - started)

    async def rotate() -> None:
        most = max(50, ROWS // 100)
        assert await killed_in_mid_batch(database, most) == most
        async with begun(engine, worker) as ctx:
            assert (await masters_in_use(ctx))[2] == 2 * most, (
                "what the killed one had not committed is still to be done"
            )
        killed.set()
        tried = 0
        while True:
            tried += 1
            try:
                async with begun(engine, worker) as ctx:
                    moved = await rewrap_batch(ctx, most=most)
                    if tried % 5 == 2:
                        raise ConnectionError
            except ConnectionError:
                continue
            if not moved:
                return

    async def erase() -> None:
        await killed.wait()
        for id in erased:
            async with begun(engine, worker) as ctx:
                await destroy_key(ctx.tx, worker, "need", id, ctx.now)

    readers = [asyncio.create_task(read()) for _ in range(READERS)]
    started = time.perf_counter()
    await asyncio.gather(rotate(), erase())
    took = time.perf_counter() - started
    over.set()
    await asyncio.gather(*readers)
    async with begun(engine, worker) as ctx:
        assert await masters_in_use(ctx) == {2: ROWS - len(erased)}, "and whoever was erased meanwhile stays erased"
    assert failed == 0
    assert reads > READERS
    print(f"{ROWS:,} records in {took:.1f} s, {reads:,} reads meanwhile, 0 failed, slowest {slowest * 1000:.0f} ms")  # noqa: T201


async def test_the_old_key_alone_opens_nothing_any_more(tx: Transaction) -> None:
    id, ctx = uuid4(), Context(tx=tx, vault=Vault(BOTH), settings=Settings.model_validate({}), now=datetime.now(UTC))
    sealer, master, wrapped = Vault({1: OLD}).new_sealer("need", id)
    await run(tx, "add_data_key", record="need", id=id, master=master, wrapped=wrapped)
    await rewrap_batch(ctx)
    row = await run(tx, "data_key", record="need", id=id)
    assert (row["master"], row["wrapped"] != wrapped) == (2, True)
    with pytest.raises(KeyVersionMissingError):
        await key_of(tx, Vault({1: OLD}), "need", id)
    with pytest.raises(InvalidTag):
        Vault({2: OLD}).unwrap("need", id, 2, row["wrapped"])
    again = await key_of(tx, Vault(BOTH), "need", id)
    assert again and again.data_key == sealer.data_key  # noqa: PT018


@pytest.mark.parametrize(
    ("keys", "refused"),
    [
        (BOTH, None),
        ({2: NEW}, KeyVersionMissingError),  # links and look-ups come from the oldest
        ({1: OLD}, KeyVersionMissingError),  # records are wrapped by 2
        ({2: NEW, 1: NEW}, WrongKeysError),
        ({3: OLD}, KeyVersionMissingError),
    ],
    ids=["both", "without the oldest", "without one in use", "another of that number", "none of them"],
)
async def test_keys_that_are_not_those_of_the_database_are_refused(
    tx: Transaction, keys: Mapping[int, bytes], refused: type[Exception] | None
) -> None:
    vault = Vault(BOTH)
    await check_keys(tx, vault)
    sealer, master, wrapped = vault.new_sealer("need", uuid4())
    await run(tx, "add_data_key", record="need", id=sealer.id, master=master, wrapped=wrapped)
    if refused is None:
        await check_keys(tx, Vault(keys))
    else:
        with pytest.raises(refused):
            await check_keys(tx, Vault(keys))
    kept = await (await driver(tx)).fetch("SELECT version FROM master_key ORDER BY version")
    assert [row["version"] for row in kept] == [1, 2], "who is refused leaves no print"
