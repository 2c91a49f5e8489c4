"""sql/migrations/*.sql own the schema; this applies what is missing, one transaction a file."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from careweb import paths
from careweb.storage.database import driver

_LOCK = 7_203_114_525  # any number that no other program on this database uses


class MigrationChangedError(Exception):
    """A migration that was applied before has changed since: write a new one instead."""


def migration_files() -> list[Path]:
    return sorted((paths.SQL / "migrations").glob("*.sql"))


async def migrate(engine: AsyncEngine, files: Iterable[Path] | None = None) -> list[str]:
    """Returns the names of the files applied now. Safe to run from several processes at once."""
    applied = []
    async with engine.connect() as connection:
        raw = await driver(connection)
        await raw.execute("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            await raw.execute(
                "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, sha256 text NOT NULL, "
                "applied_at timestamptz NOT NULL DEFAULT now())"
            )
            known = {row["name"]: row["sha256"] for row in await raw.fetch("SELECT name, sha256 FROM migration")}
            for file in migration_files() if files is None else files:
                sql = file.read_text(encoding="utf-8")
                digest = hashlib.sha256(sql.encode()).hexdigest()
                if known.get(file.name, digest) != digest:
                    raise MigrationChangedError(file.name)
                if file.name not in known:
                    async with raw.transaction():
                        await raw.execute(sql)
                        await raw.execute("INSERT INTO migration (name, sha256) VALUES ($1, $2)", file.name, digest)
                    applied.append(file.name)
        finally:
            await raw.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return applied


async def pending(engine: AsyncEngine) -> list[str]:
    """Migrations that this version ships and the database has not seen."""
    async with engine.connect() as connection:
        if not (await connection.execute(text("SELECT to_regclass('migration') IS NOT NULL"))).scalar():
            return [file.name for file in migration_files()]
        known = set((await connection.execute(text("SELECT name FROM migration"))).scalars())
    return [file.name for file in migration_files() if file.name not in known]
