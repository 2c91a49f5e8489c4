"""What a destroyed key leaves on the disk, and what an operator can do: shown, so that docs/threat-model.md says it as it is."""

from careweb.flows.forgetting import forget_need
from careweb.storage.database import Engine, driver, transaction
from tests.world import World, committed

FILE = "SELECT pg_read_binary_file(pg_relation_filepath('data_key'))"
WAL = """SELECT bool_or(position($1::bytea IN pg_read_binary_file('pg_wal/' || name)) > 0)
    FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"""


async def alone(engine: Engine, statement: str) -> None:
    """Outside a transaction."""
    async with engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await (await driver(plain)).execute(statement)


async def in_file(engine: Engine, key: bytes) -> bool:
    await alone(engine, "CHECKPOINT")
    async with transaction(engine) as tx:
        return key in await World(tx=tx).one(FILE)


async def in_log(engine: Engine, keys: list[bytes]) -> bool:
    """Any of them: one may lie across two pages of the log, with a header in between."""
    async with transaction(engine) as tx:
        return any([bool(await World(tx=tx).one(WAL, key)) for key in keys])


async def test_a_destroyed_wrapped_key_stays_on_the_disk_until_its_table_is_written_anew(engine: Engine) -> None:
    key = "SELECT wrapped FROM data_key WHERE record = 'need' AND id = $1"
    async with committed(engine) as world:
        group = await world.group()
        needs = [await world.need(group) for _ in range(20)][-3:]
        wrapped = [bytes(await world.one(key, need)) for need in needs]
    assert await in_file(engine, wrapped[-1])
    assert await in_log(engine, wrapped)
    async with committed(engine) as world:
        for need in needs:
            await forget_need(world.ctx, need)
            assert await world.one(key, need) is None
    assert await in_file(engine, wrapped[-1]), "gone for every query, and not from the disk"
    assert await in_log(engine, wrapped)
    await alone(engine, "VACUUM data_key")
    assert await in_file(engine, wrapped[-1]), "the room is free, and what lay there is not written over"
    await alone(engine, "VACUUM FULL data_key")
    assert not await in_file(engine, wrapped[-1])
