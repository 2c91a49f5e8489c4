"""`careweb update`: a copy first, then all new migrations or none of them."""

import asyncio
from pathlib import Path

import click

from careweb.cli.backups import kept_copy
from careweb.cli.installation import open_database
from careweb.cli.steps import step
from careweb.config import Settings, settings
from careweb.storage.database import open_engine
from careweb.storage.logins import give_passwords
from careweb.storage.migrations import MigrationFailedError, migrate_together, outdated


@click.command()
@click.option("--backup/--no-backup", default=True, help="keep a copy of the database first")
def update(backup: bool) -> None:
    """Bring the database to this version; if anything fails, it stays as it was."""
    chosen = settings()
    with open_database(chosen) as url:
        missing = asyncio.run(_pending(url))
        if not missing:
            click.echo("  nothing to do: the database fits this version")
            return
        copy = _copy(url, chosen) if backup else None
        with step(f"{len(missing)} migrations, together, and every query checked against them"):
            asyncio.run(_migrate(url, copy, chosen))


def _copy(url: str, chosen: Settings) -> Path:
    file = kept_copy(chosen, url)
    click.echo(f"  {file}")
    if not chosen.backup_to:
        click.echo("  it is not encrypted: `careweb backup --help`")
    return file


async def _pending(url: str) -> list[str]:
    engine = open_engine(url, pool_size=2)
    try:
        return await outdated(engine)
    finally:
        await engine.dispose()


async def _migrate(url: str, copy: Path | None, chosen: Settings) -> None:
    engine = open_engine(url, pool_size=2)
    try:
        await migrate_together(engine)
        await give_passwords(engine, chosen)
    except MigrationFailedError as error:
        raise click.ClickException(
            f"{type(error).__name__}: {error}\nThe database is as it was; go back to the version you had. "
            + (f"The copy stays in {copy}." if copy else "")
        ) from error
    finally:
        await engine.dispose()
