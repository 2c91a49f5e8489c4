"""The real servers of the tests: started once, kept between runs, shared by runs beside each other."""

import asyncio
import fcntl
import hashlib
import itertools
import os
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import IO

import asyncpg
from aiosmtpd.smtp import SMTP, Envelope, Session

from careweb import paths
from careweb.cli.postgres import postmaster
from careweb.cli.processes import started_at
from careweb.cli.state import cluster_folder
from careweb.flows.places import load_places
from careweb.storage.database import open_engine, transaction
from careweb.storage.migrations import migrate

STATE = Path(__file__).parent.parent / ".cache" / "test"
_DECIDES_TEMPLATE = ("sql/migrations/*.sql", "sql/*.sql", "data/*", "careweb/flows/places*.py", "careweb/storage/*.py")
_TEMPLATES_KEPT = 3


def forget_cluster() -> None:
    folder = cluster_folder(STATE)
    if postmaster(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)


def database_url(server: str, name: str) -> str:
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{name}?{query}"


async def ensure_template(server: str) -> str:
    """A migrated database with places loaded, made once for each state of the files that decide it."""
    name = f"template_{_digest()}"
    STATE.mkdir(parents=True, exist_ok=True)  # `make faults` on a new clone comes here first
    with (STATE / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        admin = await asyncpg.connect(server)
        try:
            await _drop_leftovers(admin, keep=name)
            if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                await _make_template(admin, server, name)
        finally:
            await admin.close()
    return name


def _digest() -> str:
    digest = hashlib.sha256()
    for pattern in _DECIDES_TEMPLATE:
        for file in sorted(paths.ROOT.glob(pattern)):
            digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


async def _make_template(admin: asyncpg.Connection, server: str, name: str) -> None:
    await admin.execute(f"DROP DATABASE IF EXISTS making_{name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE making_{name}")
    engine = open_engine(database_url(server, f"making_{name}"))
    try:
        await migrate(engine)
        async with transaction(engine) as tx:
            await load_places(tx)
    finally:
        await engine.dispose()
    await admin.execute(f"ALTER DATABASE making_{name} RENAME TO {name}")


async def _drop_leftovers(admin: asyncpg.Connection, *, keep: str) -> None:
    """Clones of runs that were killed, and templates of older files (the newest few may still be in use)."""
    rows = await admin.fetch("SELECT datname FROM pg_database WHERE datname ~ '^(run|template)_' ORDER BY oid DESC")
    names = [row["datname"] for row in rows]
    dead = [name for name in names if name.startswith("run_") and not started_at(int(name.split("_")[1]))]
    old = [name for name in names if name.startswith("template_") and name != keep][_TEMPLATES_KEPT:]
    for name in dead + old:
        with suppress(asyncpg.ObjectInUseError):
            await admin.execute(f"DROP DATABASE IF EXISTS {name}")


_numbers = itertools.count()


async def clone(server: str, template: str) -> str:
    """A database of one's own, 0.1 s away; its name holds the number of this run."""
    name = f"run_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    finally:
        await admin.close()
    return database_url(server, name)


async def drop(server: str, url: str) -> None:
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"DROP DATABASE {url.partition('?')[0].rpartition('/')[2]} WITH (FORCE)")
    finally:
        await admin.close()


def claim_redis_number(count: int = 64) -> tuple[int, IO[str]]:
    """One of the server's databases, ours while the file stays open."""
    for number in range(count):
        file = (STATE / f"redis-{number}.lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return number, file
    raise RuntimeError("more test runs beside each other than Redis has databases")


@dataclass
class MailSink:
    """A real SMTP server on loopback that keeps what it gets and refuses when told to."""

    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    port: int = 0
    host: str = "127.0.0.1"

    def refuse_next(self, reply: str = "451 4.3.0 try again later", times: int = 1) -> None:
        """The next deliveries get this reply: 4xx is worth a retry, 5xx is permanent."""
        self.refusals += [reply] * times

    def clear(self) -> None:
        self.messages.clear()
        self.envelopes.clear()
        self.refusals.clear()

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.messages if address in str(message["To"])]

    async def wait_for(self, count: int, seconds: float = 5.0) -> list[EmailMessage]:
        async with asyncio.timeout(seconds):
            while len(self.messages) < count:  # noqa: ASYNC110  they arrive on another thread
                await asyncio.sleep(0.01)
        return self.messages

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.messages.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
        self.envelopes.append(envelope)
        return "250 OK"


class MailServer:
    """Runs a sink on a thread and loop of its own, so that tests without a loop can use it too."""

    def __init__(self) -> None:
        self.sink = MailSink()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> MailSink:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self.sink

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            lambda: SMTP(self.sink, hostname="sink.test", enable_SMTPUTF8=True, loop=self._loop), self.sink.host, 0
        )
        self.sink.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:  # connections that clients left open
            task.cancel()
