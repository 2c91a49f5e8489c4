"""`careweb restore`: a copy into an empty database; who was erased since it was made is erased again."""

import asyncio
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pyrage

from careweb.cli.backups import libpq_environment, running, tool
from careweb.cli.door import context, opened_engine, vault_of
from careweb.cli.installation import open_database
from careweb.cli.steps import step
from careweb.config import Settings, settings
from careweb.flows.erasing import erase_again
from careweb.storage.database import run, transaction
from careweb.storage.migrations import MigrationFailedError, grant_access, make_roles, migrate_together

_ENCRYPTED = b"age-encryption.org/"
_RESTORE = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-comments", "--dbname")
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_lists = click.option(
    "--erased", "lists", type=_FOLDER, multiple=True, metavar="FOLDER",
    help="another list of who was erased: the folder `erased` of a state folder, or a copy of one",
)  # fmt: skip


@click.command()
@click.argument("file", type=_FILE)
@click.option("--key", type=_FILE, help="the private key that `careweb backup new-key` made")
@_lists
def restore(file: Path, key: Path | None, lists: tuple[Path, ...]) -> None:
    """Put the copy in FILE into an empty database, erase again who was erased since, and bring it to this version."""
    chosen = settings()
    vault_of(chosen)  # without them nobody could be erased again
    copy = Copy(file, _identities(key))
    _refuse_too_old(copy, chosen)
    with open_database(chosen) as url:
        asyncio.run(_begin(chosen))
        with step(f"the copy of {copy.taken:%Y-%m-%d %H:%M} UTC"):
            copy.feed([tool("pg_restore"), *_RESTORE, libpq_environment(url)["PGDATABASE"]], url)
        asyncio.run(_finish(chosen, lists))


@click.command()
@_lists
def erased(lists: tuple[Path, ...]) -> None:
    """Erase again whoever is on the list of the erased: after a copy was put in place by other means."""
    click.echo(f"{asyncio.run(_erase(settings(), lists))} were erased again")


async def _erase(chosen: Settings, lists: Sequence[Path]) -> int:
    async with context(chosen) as ctx:
        return await erase_again(ctx, lists)


async def _finish(chosen: Settings, lists: Sequence[Path]) -> None:
    async with opened_engine(chosen) as engine:
        with step("migrations"):
            try:
                await migrate_together(engine)
                await grant_access(engine)  # what was restored belongs to whoever restored it
            except MigrationFailedError as error:
                raise click.ClickException(f"{type(error).__name__}: {error}") from error
    with step("erasing again"):
        found = await _erase(chosen, lists)
    click.echo(f"  {found} were erased again; careweb may be started")


async def _begin(chosen: Settings) -> None:
    """An empty database, on a server that has the roles which the copy speaks of."""
    await _refuse_full(chosen)
    async with opened_engine(chosen) as engine:
        await make_roles(engine)


async def _refuse_full(chosen: Settings) -> None:
    async with opened_engine(chosen) as engine, transaction(engine) as tx:
        if await run(tx, "table_is_there", name="migration"):
            raise click.ClickException(
                "this database is not empty: restore into a new one (another DATABASE_URL, or CAREWEB_STATE with the keys)"
            )


def _refuse_too_old(copy: "Copy", chosen: Settings) -> None:
    if copy.taken <= datetime.now(UTC) - chosen.backups_kept:
        raise click.ClickException(
            f"this copy is of {copy.taken:%Y-%m-%d}: who was erased since is known for {chosen.backups_kept.days} days only"
        )


def _identities(key: Path | None) -> list[pyrage.x25519.Identity]:
    lines = key.read_text(encoding="utf-8").splitlines() if key else []
    try:
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError:
        raise click.ClickException(f"{key} holds no private key of ours") from None


class Copy:
    """A file of `careweb backup` or `careweb update`."""

    def __init__(self, file: Path, identities: list[pyrage.x25519.Identity]) -> None:
        self._file, self._identities = file, identities
        self.taken = self._when()

    def _when(self) -> datetime:
        """As the copy itself says, whatever its file is called; a wrong key is found out here, before anything happens."""
        listed = self.feed([tool("pg_restore"), "--list"], "")
        found = re.search(r"Archive created at (\S+ \S+)", listed)
        if not found:
            raise click.ClickException(f"{self._file} is no copy of a database")
        return datetime.strptime(found.group(1), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)

    def feed(self, command: list[str], url: str) -> str:
        """Gives the copy to a program as it is decrypted, and returns what that says."""
        with tempfile.TemporaryFile() as told:
            with running(command, url, stdin=subprocess.PIPE, stdout=told) as process:
                try:
                    self._pour(process.stdin)
                except BrokenPipeError:
                    raise  # it has read all it wants
                except BaseException:
                    process.kill()  # what came so far must not look like the end
                    raise
            told.seek(0)
            return told.read().decode()

    def _pour(self, into: Any) -> None:
        with self._file.open("rb") as source:
            if source.read(len(_ENCRYPTED)) != _ENCRYPTED:
                source.seek(0)
                shutil.copyfileobj(source, into)
                return
            source.seek(0)
            try:
                pyrage.decrypt_io(source, into, self._identities)
            except pyrage.DecryptError:
                raise click.ClickException(f"{self._file} was not encrypted to that key (--key)") from None
            except BrokenPipeError:
                raise
            except OSError as error:
                raise click.ClickException(f"{self._file} is damaged: {error}") from None
