"""`careweb backup`: a copy of the database in a file, encrypted to a key whose other half is not on this machine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlsplit

import click
import pyrage

from careweb.cli.installation import open_database
from careweb.cli.postgres import find_binaries
from careweb.cli.private_files import private_file
from careweb.cli.steps import step
from careweb.config import Settings, settings
from careweb.domain.backups import backup_name
from careweb.flows.erasing import delete_copies

_FROM_QUERY = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE"}


@click.group("backup", invoke_without_command=True)
@click.pass_context
def backup(command: click.Context) -> None:
    """Keep an encrypted copy of the database in the state folder; older ones than 30 days are deleted."""
    if command.invoked_subcommand is None:
        chosen = settings()
        if not chosen.backup_to:
            raise click.ClickException(
                "set CAREWEB_BACKUP_TO to a public key: `careweb backup new-key FILE` on another machine makes a pair"
            )
        with open_database(chosen) as url:
            click.echo(f"  {kept_copy(chosen, url)}")


@backup.command("new-key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def new_key(file: Path) -> None:
    """Make a pair of keys: the private half in FILE, which belongs on no server; the public half on the screen."""
    if file.exists():
        raise click.ClickException(f"{file} is there already: the copies it opens would be lost with it")
    key = pyrage.x25519.Identity.generate()
    with private_file(file) as out:
        out.write(f"# public key: {key.to_public()}\n{key}\n")
    click.echo(f"CAREWEB_BACKUP_TO={key.to_public()}")


def kept_copy(chosen: Settings, url: str) -> Path:
    """A new copy; those that were kept long enough are gone."""
    folder = chosen.state / "backups"
    with step("a copy of the database"):
        file = back_up(url, folder, chosen.backup_to)
    delete_copies(folder, datetime.now(UTC), chosen.backups_kept)
    return file


def back_up(url: str, folder: Path, to: str = "") -> Path:
    """The master keys are not in it. It stands there under its name only once it is whole."""
    readers = public_keys(to)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / backup_name(datetime.now(UTC), encrypted=bool(readers))
    half = file.with_suffix(f"{file.suffix}.half")
    half.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            _dump(url, out, readers)
            out.flush()
            os.fsync(out.fileno())
        half.rename(file)
    finally:
        half.unlink(missing_ok=True)
    return file


def public_keys(text: str) -> list[pyrage.x25519.Recipient]:
    try:
        return [pyrage.x25519.Recipient.from_str(one.strip()) for one in text.split(",") if one.strip()]
    except pyrage.RecipientError:
        raise click.ClickException("CAREWEB_BACKUP_TO is not a public key that begins with age1") from None


def _dump(url: str, out: IO[bytes], readers: list[pyrage.x25519.Recipient]) -> None:
    """Through a pipe: what is not encrypted touches no disk."""
    with running(
        [tool("pg_dump"), "--format=custom", "--no-owner", "--enable-row-security"], url, stdout=subprocess.PIPE
    ) as dump:
        source: Any = dump.stdout
        if readers:
            pyrage.encrypt_io(source, out, readers)
        else:
            shutil.copyfileobj(source, out)


@contextmanager
def running(command: list[str], url: str, **pipes: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program of PostgreSQL on this database; raises what it said if it fails."""
    environment = libpq_environment(url) | {"TZ": "UTC"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, **pipes) as process:
        with suppress(BrokenPipeError):  # it ended before it had read everything: its own words say why
            yield process
        with suppress(BrokenPipeError):
            if process.stdin:
                process.stdin.close()
        said = process.stderr.read().decode(errors="replace") if process.stderr else ""
    if process.returncode != 0:
        raise click.ClickException(f"{Path(command[0]).name}: {said.strip()[-500:]}")


def tool(name: str) -> str:
    binaries = find_binaries()
    found = str(binaries / name) if binaries and (binaries / name).exists() else shutil.which(name)
    if not found:
        raise click.ClickException(f"{name} is not installed: apt-get install postgresql-client")
    return found


def libpq_environment(url: str) -> dict[str, str]:
    """Not as arguments: a password there is for every user of this machine to read."""
    parts = urlsplit(url)
    given = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port) if parts.port else None,
        "PGUSER": unquote(parts.username) if parts.username else None,
        "PGPASSWORD": unquote(parts.password) if parts.password else None,
        "PGDATABASE": parts.path.lstrip("/"),
    }
    asked = {_FROM_QUERY[name]: values[0] for name, values in parse_qs(parts.query).items() if name in _FROM_QUERY}
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return own | {name: value for name, value in given.items() if value} | asked
