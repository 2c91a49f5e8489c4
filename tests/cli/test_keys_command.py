"""`careweb keys`, and what a start says when the keys are not there."""

import asyncio
import base64
import subprocess
import sys
from pathlib import Path

import pytest

from careweb import paths
from careweb.config import Settings
from careweb.storage.database import Engine
from careweb.storage.sealing import Vault, read_keys
from tests.cli.conftest import KEYS, Careweb
from tests.ops.conftest import environment_of
from tests.storage.test_renewal import fill
from tests.workers.shop import do_all_due, workshop_of


async def test_a_rotation_adds_a_key_and_workers_do_the_rest(
    careweb: Careweb, database: str, engine: Engine, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir(exist_ok=True)
    file = state / "keys"
    file.write_text(KEYS + "\n")
    file.chmod(0o600)
    await fill(engine, Vault({1: bytes(range(32))}), 40)
    assert (
        careweb("keys", CAREWEB_KEYS="").stdout
        == "key 1: 40 records  seals what is new; links and look-ups come from it\n"
    )

    told = careweb("keys", "rotate", CAREWEB_KEYS="")
    assert told.exit_code == 0, told.stderr
    lines = file.read_text().split()
    assert [line.partition(":")[0] for line in lines] == ["2", "1"]
    assert lines[1] == KEYS
    assert file.stat().st_mode & 0o777 == 0o600
    settings = Settings.model_validate({"database_url": database, "state": state})
    vault = Vault({1: bytes(range(32))}, lambda: read_keys(file.read_text()))
    async with workshop_of(settings, vault) as workshop:
        assert ("rewrap_keys", "done") in await do_all_due(workshop)
    assert careweb("keys", CAREWEB_KEYS="").stdout.splitlines() == [
        "key 1: 0 records  links and look-ups come from it",
        "key 2: 40 records  seals what is new",
    ]


def test_keys_of_the_environment_are_not_changed_behind_its_back(careweb: Careweb) -> None:
    told = careweb("keys", "rotate")
    assert (told.exit_code, "CAREWEB_KEYS" in told.stderr) == (1, True)


WORKER, WEB, PREPARE = "workers", "careweb serve", "careweb.cli.prepare"


@pytest.mark.parametrize(
    ("part", "which"),
    [(WORKER, "none"), (WEB, "none"), (WORKER, "another"), (WEB, "another"), (PREPARE, "another")],
)
async def test_without_the_right_keys_nothing_starts_and_it_says_why(
    careweb: Careweb, database: str, tmp_path: Path, part: str, which: str
) -> None:
    assert careweb("keys").exit_code == 0, "now the database knows its keys"
    other = "1:" + base64.b64encode(bytes(32)).decode()
    state = tmp_path / "fresh"
    state.mkdir()
    environment = environment_of(state, DATABASE_URL=database, REDIS_URL="redis://127.0.0.1:1", PORT="0")
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", *part.split()], cwd=paths.ROOT, capture_output=True, text=True, timeout=60, check=False,
        env=environment | ({"CAREWEB_KEYS": other} if which == "another" else {}),
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert ("There is no usable master key" if which == "none" else "not those this database was sealed with") in said
