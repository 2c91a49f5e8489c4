import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from careweb import paths
from careweb.storage.database import Engine
from tests.attacks.house import House
from tests.attacks.marks import Marks
from tests.attacks.walk import Walk
from tests.servers import MailSink
from tests.workers.shop import KEYS, QUICK, OwnValkey, running_valkey


@pytest.fixture
def valkey() -> Iterator[OwnValkey]:
    """One that writes all it knows to disk, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="cw-"))  # Unix socket paths are short
    on_disk = ("--appendonly", "yes", "--dir", str(folder), "--rdbcompression", "no")
    with running_valkey(folder, *on_disk, "--logfile", str(folder / "valkey.log")) as valkey:
        yield valkey
    shutil.rmtree(folder)


@pytest.fixture
def house(database: str, engine: Engine, valkey: OwnValkey, smtp: MailSink, tmp_path: Path) -> Iterator[House]:
    port, metrics_port = _free_port(), _free_port()
    settings = {
        "smtp_host": smtp.host, "smtp_port": smtp.port, "keys": KEYS, "state": tmp_path / "state", "metrics_port": metrics_port,
        "ntfy_url": "ntfy://127.0.0.1:9/{to}", "answers_to": "answers+{token}@care.example.org",
        "second_step": "many",  # the walk begins where staff have none yet, and sets one up on its way
    } | QUICK  # fmt: skip
    own = {f"CAREWEB_{name.upper()}": str(value) for name, value in settings.items()}
    own |= {"PORT": str(port), "DATABASE_URL": database, "REDIS_URL": valkey.url, "SHAKY_FLAG": str(tmp_path / "flag")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CAREWEB_")} | own
    processes = []
    for kind in (["web", str(port)], ["worker"]):
        with (tmp_path / f"{kind[0]}.log").open("wb") as log:
            command = [sys.executable, "-X", "faulthandler", "-m", "tests.attacks.shaky", *kind]
            processes.append(
                subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=paths.ROOT, env=environment)
            )
    marks = Marks()
    walk = Walk(f"http://127.0.0.1:{port}", marks)
    yield House(engine, database, walk, tmp_path, valkey, smtp, marks, metrics_port, environment)
    walk.transport.close()
    for process in processes:
        process.kill()  # all that it wrote has been looked at
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
