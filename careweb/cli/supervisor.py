"""Keeps the processes of this installation alive, and ends them in order, whatever ends the supervisor."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

import click

from careweb.cli import processes

_FIRST_DELAY, _LONGEST_DELAY = 0.25, 30.0  # seconds
_STEADY = 60.0  # one that ran this long is restarted at once
_POLL = 0.1


class StoppedError(BaseException):
    """Someone asked us to end."""


def stop_on_signals() -> None:
    """The first Ctrl-C, SIGTERM or SIGHUP ends the supervisor in order; more of them cannot hurry it."""
    for one in _SIGNALS:
        signal.signal(one, _stop)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    raise StoppedError


@dataclass(kw_only=True)
class Child:
    name: str
    command: Sequence[str]
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = _FIRST_DELAY
    due: float = 0.0  # when to start it again


@dataclass
class Supervisor:
    state: Path
    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list)
    patience: float = 15.0  # seconds that a child has to end by itself

    def log(self, child: Child) -> Path:
        return self.state / f"{child.name}.log"

    def add(self, name: str, command: Sequence[str], pass_fds: Sequence[int] = ()) -> Child:
        child = Child(name=name, command=command, pass_fds=pass_fds)
        self.children.append(child)
        self._launch(child)
        return child

    def _launch(self, child: Child) -> None:
        child.process = processes.launch(
            child.command, log=self.log(child), environment=self.environment, pass_fds=child.pass_fds
        )
        child.started = time.monotonic()
        processes.record(self.state / f"{child.name}.pid", child.process.pid)

    def watch(self) -> None:
        """Until a signal ends it."""
        while True:
            for child in self.children:
                self.tend(child)
            time.sleep(_POLL)

    def tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._launch(child)
        elif child.process.poll() is not None:
            steady = now - child.started > _STEADY
            child.delay = _FIRST_DELAY if steady else min(child.delay * 2, _LONGEST_DELAY)
            child.due = now + child.delay
            code = child.process.returncode
            click.echo(f"  {child.name} ended (code {code}); again in {child.delay:g} s, see {self.log(child)}")
            child.process = None

    def stop(self) -> None:
        for child in self.children:
            if child.process is not None:
                processes.end(child.process.pid, patience=self.patience)
                child.process.wait()
            (self.state / f"{child.name}.pid").unlink(missing_ok=True)


def end_leftovers(state: Path, names: Sequence[str]) -> None:
    """Children of a supervisor that was killed; recognised by number and start time, so never anyone else's."""
    for name in names:
        pid = processes.recorded(state / f"{name}.pid")
        if pid is not None:
            processes.end(pid, patience=3)
        (state / f"{name}.pid").unlink(missing_ok=True)


def listen(host: str, port: int) -> socket.socket:
    """Held by the supervisor, so that a restarted child has the same port and nobody takes it in between."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}. Set PORT to a free one."
        ) from error


def await_ready(child: Child, host: str, port: int, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.process is not None and child.process.poll() is not None:
            break
        if _is_ready(host, port):
            return
        time.sleep(0.02)
    raise click.ClickException(f"{child.name} did not become ready")


def _is_ready(host: str, port: int) -> bool:
    connection = HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=0.5)  # noqa: S104
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
