"""Brings the database to this version: migrations, places, and in a demonstration its people.

Run as `python -m careweb.cli.prepare`, so that whoever calls need not load all that this needs.
"""

import asyncio
import sys

import click

from careweb.cli.state import ensure_keys
from careweb.cli.steps import step
from careweb.config import Settings, settings
from careweb.flows.demo import fill
from careweb.flows.places import load_places
from careweb.flows.starting import ErasedComeBackError, KeysMissingError, refuse_unfit
from careweb.storage.database import Engine, open_engine, run, transaction
from careweb.storage.logins import give_passwords
from careweb.storage.migrations import MigrationFailedError, migrate, migration_files, pending
from careweb.storage.sealing import open_vault


async def prepare(engine: Engine, *, demo: bool) -> None:
    with step("migrations"):
        try:
            await migrate(engine)
        except MigrationFailedError as error:
            raise click.ClickException(f"{error.__doc__} ({error})") from error
    await refuse_mixing(engine, demo=demo)
    with step("places"):
        async with transaction(engine) as tx:
            await load_places(tx)
    if demo:
        with step("the demonstration's people"):
            await fill(engine)


async def refuse_mixing(engine: Engine, *, demo: bool) -> None:
    """The demonstration and real people never share a database."""
    async with transaction(engine) as tx:
        groups = await run(tx, "all_groups")
    if any(group["demo"] != demo for group in groups):
        here, wanted = ("real groups", "demonstration") if demo else ("a demonstration", "real group")
        raise click.ClickException(
            f"this database holds {here}: use another DATABASE_URL or CAREWEB_STATE for a {wanted}"
        )


async def _refuse_silent_update(engine: Engine) -> None:
    """Real people's tables change when an operator says so, after a copy."""
    missing = await pending(engine)
    if missing and len(missing) < len(migration_files()):
        raise click.ClickException(f"{len(missing)} migrations are missing: careweb update")


async def _refuse_unfit(engine: Engine, chosen: Settings) -> None:
    try:
        await refuse_unfit(engine, open_vault(chosen), chosen)
    except (KeysMissingError, ErasedComeBackError) as error:
        raise click.ClickException(str(error)) from None


async def _run(chosen: Settings) -> None:
    if not chosen.keys.get_secret_value():
        ensure_keys(chosen.state)
    engine = open_engine(chosen.database_url)
    try:
        if not chosen.demo:
            await _refuse_silent_update(engine)
        await prepare(engine, demo=chosen.demo)
        await give_passwords(engine, chosen)
        await _refuse_unfit(engine, chosen)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    try:
        asyncio.run(_run(settings()))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
