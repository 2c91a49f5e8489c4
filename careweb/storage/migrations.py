"""sql/migrations/*.sql own the schema; this applies what is missing, one transaction a file.

Before them sql/roles.sql makes the roles; after the last of them sql/access.sql says who sees what, whenever anything changed.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from careweb import paths
from careweb.storage.database import driver, queries

_ROLES, _ACCESS = paths.SQL / "roles.sql", paths.SQL / "access.sql"
_NO_LONGER = "SET LOCAL lock_timeout = '2s'"  # rather give up than make everyone wait behind us
_HELD = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
_TRIES = 30
_PAUSE_SECONDS = 1.0
_LOCK = 7_203_114_525  # any number that no other program on this database uses

T = TypeVar("T")


class MigrationFailedError(Exception):
    """A migration could not be applied; what was not committed before it stays undone."""


class MigrationChangedError(MigrationFailedError):
    """A migration that was applied before has changed since: write a new one instead."""


class QueryMisfitError(MigrationFailedError):
    """A named query does not fit the schema."""


def migration_files() -> list[Path]:
    return sorted((paths.SQL / "migrations").glob("*.sql"))


async def migrate(engine: AsyncEngine, files: Iterable[Path] | None = None) -> list[str]:
    """Returns the names of the files applied now. Safe to run from several processes at once."""
    wanted, applied = migration_files() if files is None else list(files), list[str]()
    async with _alone(engine) as raw:
        await _patiently(lambda: _apply_missing(raw, wanted, applied))
    return applied


async def migrate_together(engine: AsyncEngine, files: Iterable[Path] | None = None) -> list[str]:
    """All missing files in one transaction, kept only if every named query fits the result: else nothing happened."""
    wanted = migration_files() if files is None else list(files)
    async with _alone(engine) as raw:

        async def apply() -> list[str]:
            applied: list[str] = []
            async with raw.transaction():
                await _apply_missing(raw, wanted, applied)
                await check_queries(raw)
            return applied

        return await _patiently(apply)


async def _patiently(apply: Callable[[], Awaitable[T]]) -> T:
    """Whatever holds a table just now, a page or a copy, is not made to wait behind us: we step back and try again."""
    for _ in range(_TRIES - 1):
        try:
            return await apply()
        except MigrationFailedError as error:
            if not isinstance(error.__cause__, _HELD):
                raise
        await asyncio.sleep(_PAUSE_SECONDS)  # whoever waited behind us goes first
    return await apply()


async def grant_access(engine: AsyncEngine) -> None:
    """Anew: a copy that was restored belongs to whoever restored it."""
    async with _alone(engine) as raw:
        await _patiently(lambda: _grant(raw))


async def make_roles(engine: AsyncEngine) -> None:
    async with _alone(engine) as raw:
        await raw.execute(_ROLES.read_text(encoding="utf-8"))


async def check_queries(raw: asyncpg.Connection) -> None:
    for name in queries().available_queries:
        try:
            await raw.prepare(getattr(queries(), name).sql)
        except asyncpg.PostgresError as error:
            raise QueryMisfitError(f"{name}: {error}") from error


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    async with engine.connect() as connection:
        raw = await driver(connection)
        await raw.execute("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            yield raw
        finally:
            await raw.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def _apply_missing(raw: asyncpg.Connection, files: Iterable[Path], applied: list[str]) -> None:
    """What it applies it adds to `applied`, which may hold what an earlier try did."""
    await raw.execute(_ROLES.read_text(encoding="utf-8"))
    await raw.execute(
        "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, sha256 text NOT NULL, "
        "applied_at timestamptz NOT NULL DEFAULT now())"
    )
    known = {row["name"]: row["sha256"] for row in await raw.fetch("SELECT name, sha256 FROM migration")}
    for file in files:
        sql, digest = file.read_text(encoding="utf-8"), _digest_of(file)
        if known.get(file.name, digest) != digest:
            raise MigrationChangedError(file.name)
        if file.name not in known:
            await _apply(raw, file.name, sql, digest)
            applied.append(file.name)
    complete = {file.name for file in migration_files()} <= {*known, *applied}
    if complete and (applied or known.get(_ACCESS.name) != _digest_of(_ACCESS)):
        await _grant(raw)


async def _grant(raw: asyncpg.Connection) -> None:
    try:
        async with raw.transaction():
            await raw.execute(_NO_LONGER)
            await raw.execute(_ACCESS.read_text(encoding="utf-8"))
            await raw.execute(
                "INSERT INTO migration (name, sha256) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256",
                _ACCESS.name, _digest_of(_ACCESS),
            )  # fmt: skip
    except asyncpg.PostgresError as error:
        raise MigrationFailedError(f"{_ACCESS.name}: {error}") from error


def _digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


async def _apply(raw: asyncpg.Connection, name: str, sql: str, digest: str) -> None:
    try:
        async with raw.transaction():
            await raw.execute(_NO_LONGER)
            await raw.execute(sql)
            await raw.execute("INSERT INTO migration (name, sha256) VALUES ($1, $2)", name, digest)
    except asyncpg.PostgresError as error:
        raise MigrationFailedError(f"{name}: {error}") from error


async def pending(engine: AsyncEngine) -> list[str]:
    """What this version ships and the database has not seen. It may have seen more: that of a newer version."""
    shipped = [*(file.name for file in migration_files()), _ACCESS.name]
    known = await _seen(engine)
    return [name for name in shipped if name not in known]


async def outdated(engine: AsyncEngine) -> list[str]:
    """The same, and another edition of who sees what: an update brings this version's."""
    known, digest = (await _seen(engine)).get(_ACCESS.name), _digest_of(_ACCESS)
    return [*await pending(engine), *([_ACCESS.name] if known not in (None, digest) else [])]


async def _seen(engine: AsyncEngine) -> dict[str, str]:
    async with engine.connect() as connection:
        if not (await connection.execute(text("SELECT to_regclass('migration') IS NOT NULL"))).scalar():
            return {}
        return {row.name: row.sha256 for row in await connection.execute(text("SELECT name, sha256 FROM migration"))}
