"""A site and a worker as processes of their own, and everything they leave behind."""

import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from careweb.cli.backups import libpq_environment, tool
from careweb.cli.state import cluster_folder
from careweb.flows.context import Context
from careweb.flows.signin import open_session
from careweb.storage.database import Engine, driver, transaction
from tests import servers
from tests.attacks.marks import Marks
from tests.attacks.walk import Walk
from tests.servers import MailSink
from tests.workers.shop import OwnValkey
from tests.world import World


@dataclass
class House:
    """A site and a worker as processes of their own, and everything they write to."""

    engine: Engine
    database: str
    walk: Walk
    folder: Path
    valkey: OwnValkey
    smtp: MailSink
    marks: Marks
    metrics_port: int  # of the worker
    environment: dict[str, str]  # of each process
    began: float = field(default_factory=time.time)

    @property
    def flag(self) -> Path:
        return self.folder / "flag"

    async def act(self, verb: Callable[[World], Any]) -> Any:
        async with transaction(self.engine) as tx:
            return await verb(World(tx=tx, now=datetime.now(UTC)))

    async def session(self, **whose: Any) -> str:
        secret: str = await self.act(lambda world: open_session(world.ctx, **whose))
        return secret

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Context]:
        async with transaction(self.engine) as tx:
            yield World(tx=tx, now=datetime.now(UTC)).ctx


async def left_behind(house: House) -> dict[str, bytes]:
    """All that lies on a disk afterwards, or is told to whoever asks for figures."""
    figures = house.folder / "figures.txt"
    figures.write_bytes(
        house.walk.person().get("/metrics").content
        + httpx2.get(f"http://127.0.0.1:{house.metrics_port}/metrics", trust_env=False).content
    )
    house.valkey.ask("SAVE")
    dump = _dumped(house.database)
    async with house.engine.connect() as connection:
        raw = await driver(connection)
        await raw.execute("CHECKPOINT")
        oid = await raw.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    cluster = cluster_folder(servers.STATE)
    written = [file for file in (cluster / "pg_wal").iterdir() if file.stat().st_mtime >= house.began]
    files = [*(cluster / "base" / str(oid)).iterdir(), *written, servers.STATE / "postgres.log"]
    files += [file for folder in (house.folder, house.valkey.socket.parent) for file in folder.rglob("*")]
    kept = {file.name: file.read_bytes() for file in files if file.is_file() and file.name != "flag"}
    return {"pg_dump": dump, **kept}


def _dumped(database: str) -> bytes:
    return subprocess.run([tool("pg_dump")], env=libpq_environment(database), capture_output=True, check=True).stdout
