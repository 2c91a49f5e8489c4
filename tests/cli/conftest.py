"""The command as an operator calls it, on a database of the test's own; in this process, which spares its start."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from careweb.cli import main
from careweb.config import settings

Careweb = Callable[..., Result]
KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def careweb(database: str, tmp_path: Path) -> Careweb:
    """`careweb(...)` gives output and exit code; there is a group `east`."""

    def run(*arguments: str, **environment: str) -> Result:
        given = {"DATABASE_URL": database, "CAREWEB_KEYS": KEYS, "CAREWEB_STATE": str(tmp_path / "state")} | environment
        settings.cache_clear()
        with ThreadPoolExecutor(1) as thread:  # a command has a loop of its own
            result = thread.submit(CliRunner().invoke, main, arguments, env=given).result()
        settings.cache_clear()
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    opened = run("groups", "open", "east", "--name", "East End", "--area", "M1S 2K3", "--languages", "zh-Hant en")
    assert opened.exit_code == 0, opened.stderr
    return run
