"""Where it is played: servers of our own, a town that is settled once and copied for each run, web and worker for real."""

import hashlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import click

from bench.post_office import PostOffice
from bench.town import settle
from careweb import paths
from careweb.cli.installation import stop_servers
from careweb.cli.postgres import start_postgres
from careweb.cli.state import ensure_keys, ensure_state, only_one, who_runs
from careweb.cli.steps import step
from careweb.cli.supervisor import Child, Supervisor, await_ready
from careweb.cli.valkey import start_redis
from careweb.config import Settings
from careweb.flows.places import load_places
from careweb.storage.database import open_engine, transaction
from careweb.storage.migrations import migrate
from careweb.storage.sealing import open_vault

STATE = paths.ROOT / ".cache" / "bench"
_DECIDES_TOWN = (
    "sql/migrations/*.sql",
    "sql/*.sql",
    "data/*",
    "bench/town.*",
    "careweb/storage/sealing.py",
    "careweb/flows/places.py",
)


@dataclass(frozen=True, kw_only=True)
class Stage:
    state: Path
    database_url: str
    redis_url: str

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(
            {"state": self.state, "database_url": self.database_url, "redis_url": self.redis_url}
        )


@contextmanager
def own_servers() -> Iterator[Stage]:
    """PostgreSQL keeps what it commits (fsync), as it would in use."""
    with only_one(STATE, "a benchmark") as ours:
        if not ours:
            raise click.ClickException(f"another one runs: {who_runs(STATE)}")
        yield from _servers(ensure_state(STATE))


def _servers(state: Path) -> Iterator[Stage]:
    ensure_keys(state)
    with step("PostgreSQL and Valkey of our own"):
        stage = Stage(
            state=state, database_url=start_postgres(state, tied=True), redis_url=start_redis(state, tied=True)
        )
    try:
        yield stage
    finally:
        stop_servers(Settings.model_validate({"state": state, "database_url": "", "redis_url": ""}))


@asynccontextmanager
async def settled(stage: Stage, offers: int) -> AsyncIterator[Stage]:
    """A copy of the settled town, to be used up."""
    admin = await asyncpg.connect(stage.database_url)
    try:
        town = f"town_{digest(stage.state, _DECIDES_TOWN)}_{offers}"
        if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", town):
            await _settle(admin, stage, town, offers)
        with step("a copy of it for this run"):
            await admin.execute("DROP DATABASE IF EXISTS run WITH (FORCE)")
            await admin.execute(f"CREATE DATABASE run TEMPLATE {town} STRATEGY FILE_COPY")
        yield at(stage, "run")
        await admin.execute("DROP DATABASE run WITH (FORCE)")
    finally:
        await admin.close()


def digest(state: Path, patterns: Iterable[str]) -> str:
    """Of all that decides what a kept database holds."""
    whole = hashlib.sha256((state / "keys").read_bytes())
    for pattern in patterns:
        for file in sorted(paths.ROOT.glob(pattern)):
            whole.update(file.read_bytes())
    return whole.hexdigest()[:12]


def at(stage: Stage, name: str) -> Stage:
    base, _, query = stage.database_url.partition("?")
    url = f"{base.rpartition('/')[0]}/{name}?{query}"
    return Stage(state=stage.state, database_url=url, redis_url=stage.redis_url)


async def _settle(admin: asyncpg.Connection, stage: Stage, town: str, offers: int) -> None:
    with step(f"a town of {offers:,} offers (kept for the next run)"):
        for old in await admin.fetch(
            "SELECT datname FROM pg_database WHERE datname ~ '^(town|making)_' AND NOT datname ~ $1",
            f"^{town.rpartition('_')[0]}_",
        ):
            await admin.execute(f"DROP DATABASE {old['datname']} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE making_{town}")
        await found(at(stage, f"making_{town}"))
        await fill(at(stage, f"making_{town}"), offers)
        await admin.execute(f"ALTER DATABASE making_{town} RENAME TO {town}")


async def found(stage: Stage) -> None:
    engine = open_engine(stage.database_url)
    try:
        await migrate(engine)
        async with transaction(engine) as tx:
            await load_places(tx)
    finally:
        await engine.dispose()


async def fill(stage: Stage, offers: int) -> None:
    connection = await asyncpg.connect(stage.database_url)
    try:
        await settle(connection, open_vault(stage.settings), offers)
    finally:
        await connection.close()


@dataclass(frozen=True, kw_only=True)
class Product:
    """`careweb serve` and `python -m workers`, running."""

    stage: Stage
    port: int
    web_pid: int
    worker_pid: int


@contextmanager
def playing(stage: Stage, office: PostOffice) -> Iterator[Product]:
    port = free_port()
    supervisor = Supervisor(stage.state, environment(_product(stage, port, office)))
    try:
        web = supervisor.add("web", [sys.executable, "-m", "careweb", "serve"])
        worker = supervisor.add("worker", [sys.executable, "-m", "workers"])
        await_ready(web, "127.0.0.1", port)
        yield Product(stage=stage, port=port, web_pid=_pid(web), worker_pid=_pid(worker))
    finally:
        supervisor.stop()


def _pid(child: Child) -> int:
    if child.process is None:
        raise RuntimeError(f"{child.name} does not run")
    return child.process.pid


def environment(chosen: Mapping[str, str]) -> dict[str, str]:
    """All settings but these are as they come."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CAREWEB_")} | dict(chosen)


def _product(stage: Stage, port: int, office: PostOffice) -> dict[str, str]:
    return {
        "PORT": str(port),
        "DATABASE_URL": stage.database_url,
        "REDIS_URL": stage.redis_url,
        "CAREWEB_STATE": str(stage.state),
        "CAREWEB_SMTP_PORT": str(office.port),
        "CAREWEB_SMTP_TLS": "none",
        "CAREWEB_SECOND_STEP": "off",  # the board is measured, and not the way to it
        "PYTHONPATH": str(paths.ROOT),
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port
