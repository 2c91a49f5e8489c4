import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, async_playwright

from careweb.storage.database import open_engine, transaction
from careweb.web.app import create_app
from tests import servers
from tests.browser.stages import MAIL, Pages, Sessions, staged
from tests.cast import gather
from tests.web.site import site_settings
from tests.world import World

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-quic", "--no-first-run",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Running:
    """A site on a port of its own, its people's session secrets, and the pages worth looking at."""

    url: str
    sessions: Sessions
    pages: Pages  # name -> path, whose session


@pytest_asyncio.fixture(scope="session")
async def prepared(postgres: str, template: str) -> AsyncIterator[tuple[str, Sessions, Pages]]:
    url = await servers.clone(postgres, template)
    engine = open_engine(url)
    cast = await gather(engine)
    async with transaction(engine) as tx:
        sessions, pages = await staged(World(tx=tx, now=datetime.now(UTC)), cast)
    await engine.dispose()
    yield url, sessions, pages
    await servers.drop(postgres, url)


@contextmanager
def served(database: str, **settings: Any) -> Iterator[str]:
    """The address of a site on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(site_settings(database, port=port, **settings))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def running(prepared: tuple[str, Sessions, Pages], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    database, sessions, pages = prepared
    folder, mail = tmp_path_factory.mktemp("mail"), EmailMessage()
    mail["To"], mail["Subject"] = "someone@example.org", "You have a message"
    mail.set_content("Someone would like help:\n\nhttp://127.0.0.1:8000/a/a-token-as-long-as-they-are\n\n123456\n")
    (folder / MAIL).write_bytes(bytes(mail))
    with served(database, demo=True, demo_mail=folder) as url:
        yield Running(url=url, sessions=sessions, pages=pages)


@pytest.fixture(scope="session")
def earnest(prepared: tuple[str, Sessions, Pages]) -> Iterator[Running]:
    """The same for real people, which offers all channels."""
    database, sessions, pages = prepared
    with served(database, ntfy_url="ntfys://ntfy.example.org/{to}") as url:
        yield Running(url=url, sessions=sessions, pages=pages)


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()
