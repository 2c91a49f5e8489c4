"""The servers this installation stands on: given by DATABASE_URL and REDIS_URL, or private ones in the state folder."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from careweb.cli.postgres import start_postgres, stop_postgres
from careweb.cli.state import cluster_folder, ensure_keys, ensure_state, only_one
from careweb.cli.steps import step
from careweb.cli.valkey import start_redis, stop_redis
from careweb.config import Settings


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """The database's address for one command; a private server that does not run is started and stopped again."""
    if settings.database_url:
        yield settings.database_url
        return
    with only_one(settings.state, "a command") as ours:
        url = start_postgres(settings.state, tied=ours)
        try:
            yield url
        finally:
            if ours:
                stop_postgres(settings.state)


def start_servers(settings: Settings) -> dict[str, str]:
    """Starts what was not given, tied to this process, and returns the environment that leads children to it."""
    state = ensure_state(settings.state)
    environment = {"CAREWEB_STATE": str(state), "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    if not settings.keys.get_secret_value():
        ensure_keys(state)
    if not settings.database_url:
        cluster_folder(state)  # says where, if that is not in the state folder
        with step("PostgreSQL of our own"):
            environment["DATABASE_URL"] = start_postgres(state, tied=True)
    if not settings.redis_url:
        with step("Valkey of our own"):
            environment["REDIS_URL"] = start_redis(state, tied=True)
    return environment


def stop_servers(settings: Settings) -> None:
    if not settings.redis_url:
        stop_redis(settings.state)
    if not settings.database_url:
        stop_postgres(settings.state)


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **extra, "PYTHONUNBUFFERED": "1"}


def shorten(log: Path, most: int = 5_000_000) -> None:
    """One older log is kept."""
    if log.exists() and log.stat().st_size > most:
        log.replace(log.with_suffix(".log.1"))


def tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if log.exists() else ""
