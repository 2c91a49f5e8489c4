"""A real installation: keys, the first group, its coordinator; never beside a demonstration."""

from pathlib import Path

import asyncpg
import pytest

from tests.ops.conftest import Careweb

GROUP = (
    "init", "--slug", "north-end", "--name", "North End Neighbours", "--area", "r2w",
    "--coordinator", "Lee@Example.org", "--coordinator-name", "Lee",
)  # fmt: skip


async def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_the_first_group_and_its_coordinator_are_there_once_however_often_it_runs(
    careweb: Careweb, database: str, state: Path
) -> None:
    for _ in range(2):
        told = careweb(*GROUP, DATABASE_URL=database, CAREWEB_BASE_URL="https://care.example.org")
        assert told.returncode == 0, told.stderr
    assert "https://care.example.org/g/north-end/ask" in told.stdout
    assert (state / "keys").exists()
    assert await _rows(database, "SELECT slug, left(area_code, 1), demo FROM care_group") == [("north-end", "R", False)]
    assert await _rows(database, "SELECT role FROM staff") == [("coordinator",)]
    sealed = await _rows(database, "SELECT m::text FROM member m")
    assert "lee" not in str(sealed).lower()


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [("--slug", "North End", "a-z"), ("--coordinator", "lee", "e-mail"), ("--area", "W1W", "--area")],
)
def test_what_cannot_be_is_said_before_anything_is_made(
    careweb: Careweb, database: str, option: str, text: str, said: str
) -> None:
    arguments = list(GROUP)
    arguments[arguments.index(option) + 1] = text
    told = careweb(*arguments, DATABASE_URL=database)
    assert told.returncode in {1, 2}
    assert said in told.stderr


async def test_a_demonstration_and_real_people_never_share_a_database(
    careweb: Careweb, database: str, redis_url: str
) -> None:
    assert careweb(*GROUP, DATABASE_URL=database).returncode == 0
    told = careweb("demo", DATABASE_URL=database, REDIS_URL=redis_url, PORT="0")
    assert told.returncode == 1
    assert "holds real groups" in told.stderr
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE care_group SET demo = true")
    await connection.close()
    told = careweb(*GROUP, DATABASE_URL=database)
    assert told.returncode == 1
    assert "holds a demonstration" in told.stderr
