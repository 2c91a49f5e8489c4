"""What the real server answers and writes where no page of ours was asked for, or none could be drawn."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from careweb import paths
from careweb.web.headers import HEADERS
from tests.ops.conftest import environment_of
from tests.web.site import KEYS

_SERVE = ("careweb", "serve")
_SECRET = "needle-416-555-0123"  # in an address, a query and the message of an error
_UPGRADE = (
    "GET /need/{secret}?name={secret} HTTP/1.1\r\nHost: care.example.org\r\nConnection: Upgrade{close}\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_ASKED = "GET {path}?name={secret} HTTP/1.1\r\nHost: care.example.org\r\nConnection: close\r\n\r\n"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _served(database: str, folder: Path, port: int, command: tuple[str, ...]) -> Iterator[Path]:
    """The server as a process; the file that it writes to."""
    own = {
        "DATABASE_URL": database, "REDIS_URL": "redis://127.0.0.1:1", "PORT": str(port), "CAREWEB_KEYS": KEYS,
        "SHAKY_FLAG": str(folder / "flag"),
    }  # fmt: skip
    log = folder / "log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-m", *command], env=environment_of(folder, **own), cwd=paths.ROOT, stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):  # fmt: skip
        try:
            _until_alive(port)
            yield log
        finally:
            process.terminate()
            process.wait(30)


def _until_alive(port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if _lines(port, _ASKED.format(path="/healthz", secret="")):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("it does not answer")


def _lines(port: int, request: str) -> list[str]:
    """What is answered, line by line, until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(request.encode())
        with line.makefile("r", encoding="utf-8", newline="\r\n") as answer:
            return [one.rstrip("\r\n") for one in answer]


def _carries_them(lines: list[str]) -> bool:
    return {f"{name}: {value}" for name, value in HEADERS.items()} | {"cache-control: no-store"} <= set(lines)


def test_whoever_asks_for_a_web_socket_gets_a_page_and_leaves_no_trace(database: str, tmp_path: Path) -> None:
    port = _free_port()
    with _served(database, tmp_path, port, _SERVE) as log:
        lines = _lines(port, _UPGRADE.format(secret=_SECRET, close=", close"))
        rubbish = _lines(port, f"rubbish {_SECRET}\r\n\r\n")
    assert lines[0] == "HTTP/1.1 404 Not Found"
    assert _carries_them(lines)
    assert "</html>" in lines[-1]
    assert (rubbish[0], _carries_them(rubbish)) == ("HTTP/1.1 400 Bad Request", True)
    written = log.read_text(encoding="utf-8")
    assert '"status":404' in written.replace(" ", "")
    assert _SECRET not in written
    assert "127.0.0.1" not in written
    assert all(re.fullmatch(r"\{.*\}", line) for line in written.splitlines()), written


def test_after_that_the_connection_goes_on_as_before(database: str, tmp_path: Path) -> None:
    port = _free_port()
    with _served(database, tmp_path, port, _SERVE):
        asked = _ASKED.format(path="/healthz", secret="")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.sendall(_UPGRADE.format(secret=_SECRET, close="").encode())
            first = line.recv(65_536)
            line.sendall(asked.encode())
            with line.makefile("rb") as answer:
                rest = first + answer.read()
    assert [rest.count(one) for one in (b"HTTP/1.1 404", b"HTTP/1.1 200 OK", b"ok\n")] == [1, 1, 1]


def test_when_even_the_page_of_errors_fails_headers_stand_and_only_its_kind_is_written(
    database: str, tmp_path: Path
) -> None:
    port = _free_port()
    (tmp_path / "flag").write_text(f"crash all {_SECRET}", encoding="utf-8")
    with _served(database, tmp_path, port, ("tests.attacks.shaky", "web", str(port))) as log:
        lines = _lines(port, _ASKED.format(path="/help", secret=_SECRET))
    assert lines[0] == "HTTP/1.1 500 Internal Server Error"
    assert _carries_them(lines)
    written = log.read_text(encoding="utf-8")
    assert "RuntimeError" in written
    assert _SECRET not in written
    assert all(re.fullmatch(r"\{.*\}", line) for line in written.splitlines()), written


def test_a_port_that_is_taken_is_said_in_words(database: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = environment_of(
            tmp_path, DATABASE_URL=database, CAREWEB_KEYS=KEYS, PORT=str(taken.getsockname()[1])
        )
        done = subprocess.run(
            [sys.executable, "-m", *_SERVE], env=environment, cwd=paths.ROOT, capture_output=True, text=True, check=False,
            timeout=60,
        )  # fmt: skip
    assert (done.returncode, "Set PORT" in done.stderr) == (1, True)
