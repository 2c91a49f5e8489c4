"""The runner: each file once, all or nothing, never a file that changed, from several processes at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from careweb.storage.database import open_engine
from careweb.storage.migrations import (
    MigrationChangedError,
    MigrationFailedError,
    QueryMisfitError,
    migrate,
    migrate_together,
    migration_files,
    outdated,
    pending,
)
from tests import servers

Way = Callable[[AsyncEngine], Coroutine[Any, Any, list[str]]]


@pytest_asyncio.fixture
async def empty(postgres: str) -> AsyncIterator[AsyncEngine]:
    url = await servers.clone(postgres, "template0")
    engine = open_engine(url)
    yield engine
    await engine.dispose()
    await servers.drop(postgres, url)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    first, second = tmp_path / "0001_a.sql", tmp_path / "0002_b.sql"
    first.write_text("CREATE TABLE a (x int); INSERT INTO a VALUES (1);", encoding="utf-8")
    second.write_text("CREATE TABLE b (x int);", encoding="utf-8")
    return [first, second]


async def test_a_migrated_database_has_nothing_pending_and_nothing_to_do(engine: AsyncEngine) -> None:
    assert await pending(engine) == []
    assert await migrate(engine) == []


async def test_a_new_database_wants_every_file(empty: AsyncEngine) -> None:
    assert await pending(empty) == [*(file.name for file in migration_files()), "access.sql"]


async def test_several_processes_at_once_apply_each_file_once(empty: AsyncEngine, files: list[Path]) -> None:
    applied = await asyncio.gather(*(migrate(empty, files) for _ in range(4)))
    assert sorted(name for names in applied for name in names) == ["0001_a.sql", "0002_b.sql"]
    async with empty.begin() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM a")) == 1


async def test_a_file_that_changed_after_it_was_applied_is_refused(empty: AsyncEngine, files: list[Path]) -> None:
    await migrate(empty, files)
    files[0].write_text("CREATE TABLE a (y int);", encoding="utf-8")
    with pytest.raises(MigrationChangedError, match=r"0001_a\.sql"):
        await migrate(empty, files)


async def test_a_file_that_fails_leaves_nothing_behind(empty: AsyncEngine, files: list[Path]) -> None:
    files[1].write_text("CREATE TABLE b (x int); CREATE TABEL c (x int);", encoding="utf-8")
    with pytest.raises(MigrationFailedError, match=r"0002_b\.sql.*TABEL"):
        await migrate(empty, files)
    async with empty.begin() as tx:
        assert await tx.scalar(text("SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NULL"))
        assert (await tx.scalars(text("SELECT name FROM migration"))).all() == ["0001_a.sql"]


async def test_an_update_that_fails_halfway_leaves_the_database_as_it_was(
    empty: AsyncEngine, files: list[Path]
) -> None:
    files[1].write_text("CREATE TABEL c (x int);", encoding="utf-8")
    with pytest.raises(MigrationFailedError, match="TABEL"):
        await migrate_together(empty, files)
    async with empty.begin() as tx:
        assert await tx.scalar(text("SELECT to_regclass('a') IS NULL AND to_regclass('migration') IS NULL"))


async def test_an_update_makes_nobody_wait_longer_than_two_seconds_and_tries_again(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    change = tmp_path / "9999_change.sql"
    change.write_text("ALTER TABLE care_group ADD COLUMN fresh int;", encoding="utf-8")
    async with engine.begin() as long:
        await long.execute(text("SELECT 1 FROM care_group"))  # a reader who takes their time
        update = asyncio.create_task(migrate_together(engine, [*migration_files(), change]))
        await asyncio.sleep(0.3)
        started = time.monotonic()
        async with engine.begin() as page:
            await page.execute(text("SELECT 1 FROM care_group"))
        assert time.monotonic() - started < 2 + 1.5
        assert not update.done()
    assert await update == ["9999_change.sql"]


async def _until_it_waits(engine: AsyncEngine) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with asyncio.timeout(20), engine.connect() as watching:
        while not await watching.scalar(waiting):  # noqa: ASYNC110  the lock is another process's
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", [migrate_together, migrate])
async def test_who_sees_what_is_said_anew_without_making_anybody_wait_either(engine: AsyncEngine, way: Way) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE migration SET sha256 = 'another edition' WHERE name = 'access.sql'"))
    async with engine.begin() as long:
        await long.execute(text("SELECT 1 FROM audit_link"))  # of the last table that is guarded anew
        update = asyncio.create_task(way(engine))
        await _until_it_waits(engine)
        async with asyncio.timeout(20), engine.begin() as page:  # 2 s of theirs, and what the machine takes
            await page.execute(text("SELECT 1 FROM ask"))  # of the first
        assert not update.done()
    assert await update == []
    assert await outdated(engine) == []


async def test_an_update_that_a_page_waits_for_while_it_waits_for_that_page_steps_back(engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE migration SET sha256 = 'another edition' WHERE name = 'access.sql'"))
    async with engine.begin() as page:
        await page.execute(text("SET LOCAL deadlock_timeout = '1min'"))  # else either of the two may be the one
        await page.execute(text("SELECT 1 FROM audit_link"))
        update = asyncio.create_task(migrate_together(engine))
        await _until_it_waits(engine)
        async with asyncio.timeout(20):
            await page.execute(text("SELECT 1 FROM ask"))
    assert await update == []
    assert await outdated(engine) == []


async def test_an_update_that_a_query_does_not_fit_leaves_the_database_as_it_was(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    rename = tmp_path / "9999_rename.sql"
    rename.write_text("ALTER TABLE care_group RENAME COLUMN slug TO nickname;", encoding="utf-8")
    with pytest.raises(QueryMisfitError, match="slug"):
        await migrate_together(engine, [*migration_files(), rename])
    async with engine.begin() as tx:
        await tx.execute(text("SELECT slug FROM care_group"))
