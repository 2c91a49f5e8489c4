"""A PostgreSQL of our own: no port, no share in any other cluster, ready to be killed at any moment."""

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from careweb.cli import processes
from careweb.cli.state import cluster_folder, ensure_state, locked, server_folder, server_user, socket_folder

NAME = "careweb"  # of the database and of its role
_START_SECONDS = 120.0  # a long crash recovery is not a failure
_TRIES = 4
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "max_wal_size": "2GB",  # pages are written whole after each checkpoint: fewer of them make writing cheaper
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # statements and details can hold what people wrote
    "log_error_verbosity": "terse",
}
_CARELESS = {"shared_buffers": "128MB", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(click.ClickException):
    """The private database server cannot be started."""


@dataclass(frozen=True)
class Cluster:
    data: Path
    sockets: Path
    binaries: Path
    log: Path

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={self.sockets}"


def find_binaries(major: str = "") -> Path | None:
    """The newest PostgreSQL that has PostGIS (or the one of that major version), Debian's layout first."""
    found = [(version, folder) for version, folder in _installed() if not major or version == major]
    return max(found, key=lambda pair: float(pair[0]))[1] if found else None


def _installed() -> Iterator[tuple[str, Path]]:
    for control in Path("/usr/share/postgresql").glob("*/extension/postgis.control"):
        major = control.parent.parent.name
        binaries = Path("/usr/lib/postgresql") / major / "bin"
        if (binaries / "postgres").exists():
            yield major, binaries
    config = shutil.which("pg_config")
    if config and (Path(_ask(config, "--sharedir")) / "extension" / "postgis.control").exists():
        binaries = Path(_ask(config, "--bindir"))
        if (binaries / "postgres").exists():
            yield _ask(config, "--version").split()[1].split(".")[0], binaries


def _ask(config: str, what: str) -> str:
    return subprocess.run([config, what], capture_output=True, text=True, check=False).stdout.strip()


def start_postgres(state: Path, *, durable: bool = True, tied: bool = False) -> str:
    """Makes the cluster if there is none, starts it if it does not run, and returns its address.

    `tied`: it ends with this process. Not `durable`: faster, for data nobody would miss.
    """
    with locked(ensure_state(state) / "postgres.lock"):
        cluster = _cluster(state)
        if not (cluster.data / "PG_VERSION").exists():
            _make(cluster)
        if tied and postmaster(cluster.data) not in {None, *(child.pid for child in _children)}:
            stop_postgres(state)  # left by a process that was killed; ours must end with us
        if postmaster(cluster.data) is None or not _await_ready(cluster, None):
            _start(cluster, durable=durable, tied=tied)
        _make_database(cluster)
        return cluster.url


def stop_postgres(state: Path) -> bool:
    """Ends our server, fast and clean; False when it did not run."""
    data = cluster_folder(state)
    pid = postmaster(data)
    if pid is None:
        return False
    processes.end(pid, signal.SIGINT, patience=30)
    for child in [child for child in _children if child.pid == pid]:
        child.wait()
        _children.remove(child)
    return True


def running_major(state: Path) -> str:
    version = cluster_folder(state) / "PG_VERSION"
    return version.read_text(encoding="ascii").strip() if version.exists() else ""


def _cluster(state: Path) -> Cluster:
    data = cluster_folder(state)
    major = running_major(state)
    binaries = find_binaries(major)
    if binaries is None:
        wanted = f"PostgreSQL {major}, which made {data}," if major else "PostgreSQL with PostGIS"
        raise PostgresError(f"{wanted} is not installed: make setup")
    sockets = server_folder(socket_folder(state) / "postgres")
    return Cluster(data=data, sockets=sockets, binaries=binaries, log=_log_file(data))


def _log_file(data: Path) -> Path:
    return data.with_name("postgres.log")


def _make(cluster: Cluster) -> None:
    """In a folder beside it that is renamed when complete, so that a half-made cluster is never used."""
    fresh = cluster.data.with_name(f"{cluster.data.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    server_folder(fresh)
    command = [
        cluster.binaries / "initdb",
        "--no-sync",
        "--locale=C.UTF-8",
        "-E",
        "UTF8",
        "--auth=trust",
        "-U",
        NAME,
        "-D",
        fresh,
    ]
    done = _as_server([str(part) for part in command])
    if done.returncode != 0:
        raise PostgresError(f"initdb failed: {done.stderr.strip()[-500:]}")
    fresh.rename(cluster.data)


def _as_server(command: list[str]) -> subprocess.CompletedProcess[str]:
    user = server_user()
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=_environment(),
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def _environment() -> dict[str, str]:
    """Without the PG* variables of whoever calls, which would lead to another server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def postmaster(data: Path) -> int | None:
    """The number of the server that runs on this folder now; a stale postmaster.pid is seen through."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if not processes.started_at(pid):
        return None
    with suppress(OSError):
        return pid if Path(f"/proc/{pid}/cwd").resolve() == data.resolve() else None
    return pid


_children: list[subprocess.Popen[bytes]] = []  # those that are tied to us, to be reaped by us


def _start(cluster: Cluster, *, durable: bool, tied: bool) -> None:
    for attempt in range(_TRIES):
        _clear_stale(cluster)
        child = _start_tied(cluster, durable) if tied else None
        if not tied:
            _start_detached(cluster, durable)
        if _await_ready(cluster, child):
            return
        time.sleep(0.5 * (attempt + 1))  # after a kill -9 the last backends of the old server may still be leaving
    raise PostgresError(f"PostgreSQL did not start:\n{_tail(cluster.log)}")


def _clear_stale(cluster: Cluster) -> None:
    """A dead server's number may be in use by another process, for which PostgreSQL itself would not start."""
    for child in [child for child in _children if child.poll() is not None]:
        _children.remove(child)  # until its parent looks, a killed server counts as running
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int((cluster.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        if processes.started_at(pid):
            (cluster.data / "postmaster.pid").unlink()
    for left in cluster.sockets.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def _settings(cluster: Cluster, durable: bool) -> list[str]:
    kept = {"shared_buffers": f"{shared_megabytes(_memory())}MB"} if durable else _CARELESS
    chosen = _SETTINGS | {"unix_socket_directories": str(cluster.sockets)} | kept
    return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


def shared_megabytes(memory: int) -> int:
    """An eighth of the memory (bytes), from PostgreSQL's own 128 MB to 1 GB: the solver and the pages live beside it."""
    return min(max(memory // 2**20 // 8, 128), 1024)


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _start_tied(cluster: Cluster, durable: bool) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [cluster.binaries / "postgres", "-D", cluster.data, *_settings(cluster, durable)]
    child = processes.launch(
        command, log=cluster.log, environment=_environment(), user=server_user(), last_signal=signal.SIGINT
    )
    _children.append(child)
    return child


def _start_detached(cluster: Cluster, durable: bool) -> None:
    command = [cluster.binaries / "pg_ctl", "start", "-w", "-s", "-t", "120", "-D", cluster.data, "-l", cluster.log]
    _own_log(cluster)
    _as_server([*map(str, command), "-o", shlex.join(_settings(cluster, durable))])


def _own_log(cluster: Cluster) -> None:
    """pg_ctl opens the log itself, as the server's user."""
    cluster.log.touch(mode=0o600)
    user = server_user()
    if user:
        os.chown(cluster.log, user.pw_uid, user.pw_gid)


def _await_ready(cluster: Cluster, child: subprocess.Popen[bytes] | None) -> bool:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with suppress(FileNotFoundError, IndexError):
            lines = (cluster.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            if lines[7].startswith("ready") and postmaster(cluster.data):
                return True
        if child.poll() is not None if child else postmaster(cluster.data) is None:
            return False
        time.sleep(0.01)
    return False


def _tail(log: Path) -> str:
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
    return ""


def _make_database(cluster: Cluster) -> None:
    made = cluster.data / "careweb.made"  # inside, so that it goes where the cluster goes
    if made.exists():
        return
    command = [cluster.binaries / "createdb", "-h", cluster.sockets, "-U", NAME, NAME]
    done = _as_server([str(part) for part in command])
    if done.returncode != 0 and "already exists" not in done.stderr:
        raise PostgresError(f"createdb failed: {done.stderr.strip()}")
    made.touch()
