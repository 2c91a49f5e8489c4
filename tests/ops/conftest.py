"""A state folder of a test's own, and the command as an operator runs it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from careweb import paths
from careweb.cli.postgres import stop_postgres
from careweb.cli.state import socket_folder
from careweb.cli.valkey import stop_redis


@pytest.fixture
def state() -> Iterator[Path]:
    """Where the database server's user can reach it, as pytest's own temporary folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="careweb-test-"))
    folder.chmod(0o755)
    yield folder
    stop_redis(folder)
    stop_postgres(folder)
    shutil.rmtree(socket_folder(folder))
    shutil.rmtree(folder)


class Careweb(Protocol):
    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]: ...


def environment_of(state: Path, **more: str) -> dict[str, str]:
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("CAREWEB_", "DATABASE_", "REDIS_"))
    }
    return own | {"CAREWEB_STATE": str(state)} | more


@pytest.fixture
def careweb(state: Path) -> Careweb:
    """`careweb(...)` runs the command with this state, and gives its output and exit code."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "careweb", *arguments],
            env=environment_of(state, **environment),
            cwd=paths.ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
