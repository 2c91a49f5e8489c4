"""A copy of the database in a file that pg_restore reads."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import click

from careweb.cli.postgres import find_binaries

_FROM_QUERY = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE"}


def back_up(url: str, folder: Path) -> Path:
    """Contacts and text are sealed in it as they are in the database; the keys are not in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.dump"
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _run([_tool("pg_dump"), "--format=custom", f"--file={file}"], url)
    _run([_tool("pg_restore"), "--list", str(file)], url)
    return file


def _tool(name: str) -> str:
    binaries = find_binaries()
    found = str(binaries / name) if binaries and (binaries / name).exists() else shutil.which(name)
    if not found:
        raise click.ClickException(f"{name} is not installed: apt-get install postgresql-client")
    return found


def _run(command: list[str], url: str) -> None:
    done = subprocess.run(command, env=libpq_environment(url), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"{Path(command[0]).name}: {done.stderr.strip()[-500:]}")


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
