import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from careweb.config import Settings
from careweb.storage.database import Engine
from tests.servers import MailSink
from tests.workers.shop import Circle, OwnValkey, Workers, quick_settings, running_valkey, workshop_of
from workers.workshop import Workshop


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Unix socket paths are short."""
    folder = Path(tempfile.mkdtemp(prefix="cw-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def valkey(short_folder: Path) -> Iterator[OwnValkey]:
    with running_valkey(short_folder, "--maxmemory-policy", "noeviction") as valkey:
        yield valkey


@pytest.fixture
def quick(database: str, redis_url: str, smtp: MailSink, tmp_path: Path) -> Settings:
    return quick_settings(database, redis_url, smtp, state=tmp_path / "state")


@pytest_asyncio.fixture
async def workshop(engine: Engine, quick: Settings) -> AsyncIterator[Workshop]:
    async with workshop_of(quick) as workshop:
        yield workshop


@pytest.fixture
def circle(engine: Engine) -> Circle:
    return Circle(engine)


@pytest.fixture
def workers(database: str, smtp: MailSink, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(database, smtp, tmp_path)
    yield workers
    for worker in workers.started:
        worker.kill()
