"""The processes of a run: real ones, started again whenever they end, as an operator's supervisor would."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from careweb.cli import processes
from careweb.cli.postgres import postmaster, start_postgres, stop_postgres
from careweb.cli.state import cluster_folder

GRACE = 5.0  # seconds between SIGTERM and -9


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@dataclass
class Actor:
    """One process and those that take its place."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    skew: float = 0.0  # of the next process in its place
    ends: list[tuple[float, float]] = field(default_factory=list)  # from the first signal until it was gone

    def start(self) -> None:
        command = self.command
        if self.skew and self.command[0] == "workers":
            command = ["tests.faults.skewed", str(self.skew), *self.command[1:]]
            self.skew = 0.0
        self.process = processes.launch(
            [sys.executable, "-m", *command], log=self.log, environment=self.environment, last_signal=signal.SIGKILL
        )
        self.starts += 1

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> bool:
        """Whether there was something to kill."""
        if self.process is None or not self.runs:
            return False
        self.process.kill()
        self.process.wait()
        self.ends.append((time.monotonic(), time.monotonic()))
        return True

    async def end(self) -> bool:
        """SIGTERM, five seconds, -9. Whether there was something to end."""
        if self.process is None or not self.runs:
            return False
        process, since = self.process, time.monotonic()
        process.send_signal(signal.SIGTERM)
        while process.poll() is None and time.monotonic() < since + GRACE:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        if process.poll() is None:
            process.kill()
            process.wait()
        self.ends.append((since, time.monotonic()))
        return True


@dataclass
class Company:
    """Starts again what ended, until it is told to close."""

    actors: list[Actor] = field(default_factory=list)
    _keeper: asyncio.Task[None] | None = None
    unasked: list[str] = field(default_factory=list)  # ended by themselves

    def open(self) -> None:
        for actor in self.actors:
            actor.start()
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            for actor in self.actors:
                if not actor.runs:
                    code = actor.process.returncode if actor.process else 0
                    if code not in (-signal.SIGKILL, -signal.SIGTERM, 0):
                        self.unasked.append(f"{actor.name} ended with {code}")
                        await asyncio.sleep(0.3)
                    actor.start()
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        for actor in self.actors:
            actor.kill()

    async def ready(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        for actor in self.actors:
            while not await asyncio.to_thread(_ready, actor):
                if time.monotonic() > until:
                    raise TimeoutError(f"{actor.name} is not ready; see {actor.log}")
                await asyncio.sleep(0.1)


def _ready(actor: Actor) -> bool:
    if not actor.port:
        return b'"ready"' in actor.log.read_bytes()
    try:
        with urlopen(f"http://127.0.0.1:{actor.port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@dataclass
class Postgres:
    """A cluster of the run's own: what it committed stays, whatever is killed."""

    state: Path
    away: list[tuple[float, float]] = field(default_factory=list)
    # A child that is tied to us ends with the thread that started it: it is always this one.
    _starter: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    async def start(self) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._starter, lambda: start_postgres(self.state, tied=True))

    async def crash(self, how: signal.Signals) -> None:
        pid, since = postmaster(cluster_folder(self.state)), time.monotonic()
        if pid:
            os.kill(pid, how)
            while postmaster(cluster_folder(self.state)) == pid:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await self.start()
        self.away.append((since, time.monotonic()))

    def stop(self) -> None:
        self._starter.submit(stop_postgres, self.state).result()
        self._starter.shutdown()
