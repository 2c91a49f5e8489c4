"""An update keeps a copy first, and the copy can be read back."""

import subprocess
from pathlib import Path

import asyncpg

from careweb.cli.backups import libpq_environment
from careweb.cli.postgres import find_binaries
from tests import servers
from tests.ops.conftest import Careweb

LATEST = "DELETE FROM migration WHERE name LIKE '0015%'"


async def _do(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def test_a_database_that_fits_is_left_alone(careweb: Careweb, database: str, state: Path) -> None:
    told = careweb("update", DATABASE_URL=database)
    assert told.returncode == 0
    assert "nothing to do" in told.stdout
    assert not (state / "backups").exists()


def _restore(copy: Path, url: str) -> None:
    binaries, into = find_binaries(), libpq_environment(url)
    assert binaries
    command = [str(binaries / "pg_restore"), "--exit-on-error", "--dbname", into["PGDATABASE"], str(copy)]
    done = subprocess.run(command, env=into, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_a_failing_update_leaves_the_database_as_it_was_and_a_copy_that_can_be_restored(
    careweb: Careweb, database: str, postgres: str, state: Path
) -> None:
    await _do(database, LATEST)  # applying that file a second time must fail
    before = await _do(database, "SELECT count(*) FROM migration")
    told = careweb("update", DATABASE_URL=database)
    assert told.returncode == 1
    assert "The database is as it was" in told.stderr
    assert await _do(database, "SELECT count(*) FROM migration") == before

    (copy,) = (state / "backups").glob("*.dump")
    assert copy.stat().st_mode & 0o777 == 0o600
    other = await servers.clone(postgres, "template0")
    _restore(copy, other)
    assert await _do(other, "SELECT count(*) FROM category") == await _do(database, "SELECT count(*) FROM category")
    await servers.drop(postgres, other)


def test_a_password_in_the_address_does_not_become_an_argument() -> None:
    environment = libpq_environment("postgresql://care:p%40ss@db.example.org:6432/care?sslmode=require")
    assert environment["PGPASSWORD"] == "p@ss"
    assert (environment["PGHOST"], environment["PGPORT"]) == ("db.example.org", "6432")
    assert environment["PGSSLMODE"] == "require"
