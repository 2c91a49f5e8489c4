"""Workers for tests: one in this process, real ones beside it, and a Valkey that a test may freeze and kill."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis

from careweb import paths
from careweb.cli.valkey import find_server
from careweb.config import Settings
from careweb.delivery.ways import Ways
from careweb.domain.contacts import read_email
from careweb.storage.database import Engine, driver, transaction
from careweb.storage.logins import Login, open_login
from careweb.storage.promises import hand_over
from careweb.storage.sealing import Vault
from tests.servers import MailSink
from tests.world import VAULT, World, committed
from workers.jobs import do
from workers.records import Figures
from workers.workshop import Workshop

QUICK = {"lost_after": "PT1S", "sweep_every": "PT1S", "smtp_timeout": "PT2S", "notice_retry": "PT1S"}
KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()  # those of tests.world


def now() -> datetime:
    return datetime.now(UTC)


def quick_settings(database: str, redis: str, smtp: MailSink, **more: Any) -> Settings:
    return Settings.model_validate(
        {"database_url": database, "redis_url": redis, "smtp_port": smtp.port, "keys": KEYS} | QUICK | more
    )


@asynccontextmanager
async def workshop_of(settings: Settings, vault: Vault = VAULT) -> AsyncIterator[Workshop]:
    """As a worker has it: it comes to the database as the matcher, and as the web."""
    engine, groups = (open_login(login, settings, vault) for login in (Login.MATCHER, Login.WEB))
    ways = Ways(settings, vault.push_key())
    try:
        yield Workshop(engine=engine, groups=groups, vault=vault, settings=settings, ways=ways, figures=Figures())
    finally:
        await ways.close()
        await engine.dispose()
        await groups.dispose()


async def do_all_due(workshop: Workshop, now: datetime | None = None) -> list[tuple[str, str]]:
    """Does what is due by the given time, and what that makes due, without any Redis: (job, outcome) in order."""
    done: list[tuple[str, str]] = []
    while True:
        async with transaction(workshop.engine) as tx:
            handed = await hand_over(tx, now=now or datetime.now(UTC), most=100)
        if not handed:
            return done
        for one in handed:
            done.append((one.job, await do(workshop, one.job, one.subject)))  # noqa: PERF401


@contextmanager
def running_valkey(folder: Path, *arguments: str) -> Iterator["OwnValkey"]:
    valkey = OwnValkey(folder / "v.sock", arguments)
    valkey.start()
    try:
        yield valkey
    finally:
        valkey.thaw()
        valkey.kill()


@dataclass
class OwnValkey:
    socket: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        command = [str(find_server()), "--port", "0", "--unixsocket", str(self.socket), "--save", "", *self.arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self.socket.parent)
        until = time.monotonic() + 5
        while not self.socket.exists() and time.monotonic() < until:
            time.sleep(0.01)

    def ask(self, *words: str) -> object:
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            return client.execute_command(*words)

    def signal(self, number: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self.process:
            self.process.wait()


@dataclass
class RealWorker:
    """`python -m workers` as a process of its own."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def log(self) -> str:
        return self.output.read_text(encoding="utf-8")

    async def ready(self) -> None:
        await until(lambda: '"ready"' in self.log or self.process.poll() is not None, seconds=30)
        assert self.process.poll() is None, self.log

    async def ended(self, seconds: float = 15) -> int:
        await until(lambda: self.process.poll() is not None, seconds=seconds)
        return int(self.process.returncode)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@dataclass
class Workers:
    database: str
    smtp: MailSink
    folder: Path
    started: list[RealWorker] = field(default_factory=list)

    def start(self, redis: str, *, solver: bool = False, **settings: Any) -> RealWorker:
        chosen = (
            {"smtp_host": self.smtp.host, "smtp_port": self.smtp.port, "keys": KEYS}
            | {"state": self.folder / "state"}
            | QUICK
            | settings
        )
        environment = {f"CAREWEB_{name.upper()}": str(value) for name, value in chosen.items()}
        output = self.folder / f"worker-{len(self.started)}.log"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "workers", *(["solver"] if solver else [])], stdout=file, stderr=subprocess.STDOUT, cwd=paths.ROOT,
                env=_without_careweb(os.environ) | environment | {"DATABASE_URL": self.database, "REDIS_URL": redis},
            )  # fmt: skip
        self.started.append(RealWorker(process, output))
        return self.started[-1]


def _without_careweb(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("CAREWEB_")}


async def until(true: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 20) -> float:
    """How long it took."""
    started = time.monotonic()
    while True:
        answer = true()
        if answer if isinstance(answer, bool) else await answer:
            return time.monotonic() - started
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        await asyncio.sleep(0.02)


async def fetch(engine: Engine, sql: str, *values: Any) -> list[Any]:
    async with transaction(engine) as tx:
        return list(await (await driver(tx)).fetch(sql, *values))


@dataclass(frozen=True)
class Circle:
    """One group, some helpers who are asked by mail, and needs of askers who gave an address."""

    engine: Engine

    async def open(self, helpers: int = 1) -> None:
        async with committed(self.engine, datetime.now(UTC)) as world:
            group = await world.group()
            for number in range(helpers):
                await world.helper(group, address=f"helper{number}@example.org")

    async def post(self, **changes: Any) -> Any:
        """Urgent groceries; `changes` as tests.world has them."""
        async with committed(self.engine, datetime.now(UTC)) as world:
            stated: dict[str, Any] = {
                "contact": read_email("asker@example.org"),
                "text": "Insulin, flat 12B",
                "name": "Po Lam",
            } | changes
            return await world.need(await _group(world), **stated)

    async def states(self, table: str = "ask") -> list[str]:
        return [row["state"] for row in await fetch(self.engine, f"SELECT state FROM {table}")]  # noqa: S608

    async def promised(self, job: str) -> int:
        return len(await fetch(self.engine, "SELECT 1 FROM promise WHERE job = $1", job))


async def _group(world: World) -> Any:
    return await world.one("SELECT id FROM care_group LIMIT 1") or await world.group()
