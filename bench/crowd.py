"""A country of a million offers, made by the database server itself and kept for the next run."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
import asyncpg

from bench.stage import Stage, at, digest, found
from careweb.cli.steps import step

CROWDED, SHARE = "M5V", 0.07  # one zone has 70,000 of a million offers
LANGUAGES = 35
_DECIDES_CROWD = ("sql/migrations/*.sql", "data/*", "bench/crowd.*", "careweb/flows/places.py")
_CHUNK = 20_000

queries: Any = aiosql.from_path(Path(__file__).with_name("crowd.sql"), "asyncpg")


@asynccontextmanager
async def crowded(stage: Stage, offers: int) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with so many offers; what is done in it is to be rolled back."""
    name = f"crowd_{digest(stage.state, _DECIDES_CROWD)}_{offers}"
    admin = await connect(stage.database_url)
    try:
        if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            with step(f"a crowd of {offers:,} offers (kept for the next run)"):
                await _make(admin, stage, name, offers)
    finally:
        await admin.close()
    connection = await connect(at(stage, name).database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def connect(url: str) -> asyncpg.Connection:
    """As the product connects."""
    return await asyncpg.connect(url, server_settings={"jit": "off"})


async def _make(admin: asyncpg.Connection, stage: Stage, name: str, offers: int) -> None:
    prefix, _, _ = name.rpartition("_")
    for old in await admin.fetch(
        "SELECT datname FROM pg_database WHERE datname ~ '^(crowd|drawing)_' AND NOT datname ~ $1", f"^{prefix}_"
    ):
        await admin.execute(f"DROP DATABASE {old['datname']} WITH (FORCE)")
    await admin.execute(f"DROP DATABASE IF EXISTS drawing_{name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE drawing_{name}")
    await found(at(stage, f"drawing_{name}"))
    connection = await connect(at(stage, f"drawing_{name}").database_url)
    try:
        await draw(connection, offers)
    finally:
        await connection.close()
    await admin.execute(f"ALTER DATABASE drawing_{name} RENAME TO {name}")


async def draw(connection: asyncpg.Connection, offers: int) -> None:
    await queries.sow(connection, seed=0.5)
    await queries.open_groups(connection)
    await queries.make_tables(connection)
    await queries.make_place_die(connection, crowded=CROWDED, share=SHARE)
    await queries.make_tongue_die(connection, most=LANGUAGES)
    await queries.draw_people(connection, upto=offers)
    await queries.turn_triggers(connection, role="replica")
    await queries.add_members(connection)
    await queries.add_memberships(connection)
    await queries.add_offers(connection, above=0, upto=offers)
    await queries.turn_triggers(connection, role="origin")
    await queries.vacuum(connection)
    while await queries.age_loads(connection):
        pass
    await queries.drop_key_index(connection)
    for above in range(0, offers, _CHUNK):
        await queries.stock(connection, above=above, upto=above + _CHUNK)
    await queries.make_key_index(connection)
    await queries.vacuum(connection)


async def needs_by_class(connection: asyncpg.Connection, each: int) -> Mapping[str, Sequence[UUID]]:
    async def tongues(above: int, upto: int) -> list[str]:
        return [row["language"] async for row in queries.tongues_ranked(connection, above=above, upto=upto)]

    kinds = {
        "common": ("", await tongues(0, 2)),
        "downtown": (CROWDED, await tongues(0, 1)),
        "newcomer language": ("", await tongues(4, 10)),
        "rare language": ("", await tongues(LANGUAGES - 7, LANGUAGES)),
    }
    return {
        kind: [
            row["id"] async for row in queries.add_needs(connection, zone=zone, tongues=spoken, seed=kind, count=each)
        ]
        for kind, (zone, spoken) in kinds.items()
    }
