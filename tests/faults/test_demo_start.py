"""`careweb demo` from nothing, killed at its worst moment, started again, and ended in order."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis

from careweb import paths
from careweb.cli import processes
from careweb.cli.demo import CHILDREN
from careweb.cli.postgres import postmaster
from careweb.cli.state import cluster_folder
from careweb.web.headers import HEADERS
from tests.ops.conftest import environment_of
from tests.ops.conftest import state as state

_DEMO = (sys.executable, "-m", "careweb", "demo")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _demo(state: Path, port: int, command: tuple[str, ...] = _DEMO, **more: str) -> Iterator[subprocess.Popen[str]]:
    environment = environment_of(state, PORT=str(port), PYTHONUNBUFFERED="1", **more)
    with subprocess.Popen(
        command, env=environment, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            return said
    pytest.fail(said)


def _status(port: int, path: str) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return int(answer.status)


def _lines_to_rubbish(port: int) -> set[str]:
    """What is answered, line by line, to what is no HTTP."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"rubbish\r\n\r\n")
        with line.makefile("r", encoding="ascii", newline="\r\n") as answer:
            return {one.rstrip("\r\n") for one in answer}


async def _second_steps(database: str) -> set[str]:
    connection = await asyncpg.connect(database)
    rows = await connection.fetch("SELECT second_step FROM care_group")
    await connection.close()
    return {row["second_step"] for row in rows}


def _running(state: Path) -> list[int]:
    recorded = [processes.recorded(state / f"{name}.pid") for name in (*CHILDREN, "valkey")]
    return [pid for pid in [*recorded, postmaster(cluster_folder(state))] if pid]


def _all_end(pids: list[int], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while any(processes.started_at(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(processes.started_at(pid) for pid in pids)


def test_from_nothing_through_kill_9_to_an_orderly_end(state: Path) -> None:
    port = _free_port()
    with _demo(state, port) as process:
        said = _until_ready(process)
        assert f"http://127.0.0.1:{port}/g/scarborough/ask" in said
        assert _status(port, "/readyz") == 200
        assert _status(port, "/g/scarborough/ask") == 200
        started = _running(state)
        assert len(started) == 6
        with _demo(state, _free_port()) as second:
            assert second.wait(20) == 1
            assert "in use: careweb demo" in (second.stdout.read() if second.stdout else "")
        process.kill()
    with _demo(state, port) as process:  # at once, while what the first one left is still ending
        said = _until_ready(process)
        assert "places" not in said  # prepared already
        assert _all_end(started)
        assert _status(port, "/readyz") == 200
        started = _running(state)
        os.kill(processes.recorded(state / "worker.pid") or 0, signal.SIGKILL)
        assert process.stdout is not None
        assert "worker ended (code -9)" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not any(processes.started_at(pid) for pid in started)
    assert _running(state) == []


def test_servers_that_were_given_are_used_and_left_running(state: Path, database: str, redis_url: str) -> None:
    port = _free_port()
    with _demo(state, port, DATABASE_URL=database, REDIS_URL=redis_url) as process:
        said = _until_ready(process)
        assert "of our own" not in said
        assert _status(port, "/readyz") == 200
        assert _lines_to_rubbish(port) >= {
            "HTTP/1.1 400 Bad Request",
            *(f"{name}: {value}" for name, value in HEADERS.items()),
        }
        process.terminate()
        assert process.wait(30) == 0
    assert not (state / "postgres").exists()
    assert asyncio.run(_second_steps(database)) == {"off"}, "whoever looks around sees the board"
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_when_make_is_killed_nothing_it_started_stays(state: Path, database: str, redis_url: str) -> None:
    with _demo(state, _free_port(), ("make", "run"), DATABASE_URL=database, REDIS_URL=redis_url) as process:
        _until_ready(process)
        started = _running(state)
        assert len(started) == 4
        process.kill()
    assert _all_end(started)


def test_an_occupied_port_ends_the_start_with_the_name_of_the_setting(state: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        _demo(state, taken.getsockname()[1]) as process,
    ):
        assert process.wait(20) == 1
        assert "Set PORT" in (process.stdout.read() if process.stdout else "")
