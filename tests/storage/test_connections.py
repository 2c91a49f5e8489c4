"""Connections are few, and kept: one that is new plans every statement anew."""

import asyncio

from careweb.storage.database import Engine, driver, transaction

AT_ONCE = 15


async def backend(engine: Engine, *, pause: float = 0) -> int:
    """The process of the server that answered."""
    async with transaction(engine) as tx:
        number: int = await (await driver(tx)).fetchval("SELECT pg_backend_pid() FROM pg_sleep($1)", pause)
    return number


async def many(engine: Engine) -> set[int]:
    return set(await asyncio.gather(*[backend(engine, pause=0.1) for _ in range(AT_ONCE)]))


async def test_when_many_come_again_they_find_the_connections_of_those_before(engine: Engine) -> None:
    first = await many(engine)
    assert len(first) == AT_ONCE
    assert await many(engine) == first


async def test_whoever_comes_alone_finds_the_connection_that_was_used_last(engine: Engine) -> None:
    await many(engine)
    assert len({await backend(engine) for _ in range(AT_ONCE)}) == 1
