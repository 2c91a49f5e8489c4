"""Real PostgreSQL, Redis and SMTP for every test that asks; nothing leaves this machine."""

import ipaddress
import os
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
import redis
from sqlalchemy.ext.asyncio import AsyncEngine

from careweb.cli.postgres import PostgresError, start_postgres, stop_postgres
from careweb.cli.valkey import start_redis, stop_redis
from careweb.storage.database import Transaction, open_engine
from tests import servers
from tests.servers import MailServer, MailSink

_LEAVE_NOTHING = os.environ.get("CI") == "true"  # elsewhere the servers stay for the next run


def _loopback_only(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _refuse_unless_loopback(arguments[1][0])
    elif event == "socket.getaddrinfo":
        _refuse_unless_loopback(arguments[0])


def _refuse_unless_loopback(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host or "localhost"
    try:
        allowed = ipaddress.ip_address(name).is_loopback or ipaddress.ip_address(name).is_unspecified
    except ValueError:
        allowed = name == "localhost" or name.endswith(".localhost")
    if not allowed:
        raise PermissionError(f"a test tried to reach {name}: only this machine is allowed")


def pytest_configure() -> None:
    # Compiling takes half a minute; processes that tests start would each do it in a state folder of their own.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(servers.STATE / "numba"))
    sys.addaudithook(_loopback_only)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _LEAVE_NOTHING and not hasattr(config, "workerinput"):  # workers end before the run that started them
        stop_postgres(servers.STATE)
        stop_redis(servers.STATE)


@pytest.fixture(scope="session")
def postgres() -> str:
    """The address of the tests' PostgreSQL server (its own database is empty; see `database`)."""
    servers.STATE.mkdir(parents=True, exist_ok=True)
    try:
        url = start_postgres(servers.STATE, durable=False)
    except PostgresError:  # this machine went down while nothing was flushed to disk: begin again
        servers.forget_cluster()
        url = start_postgres(servers.STATE, durable=False)
    return url


@pytest_asyncio.fixture(scope="session")
async def template(postgres: str) -> str:
    """The name of a migrated database with places in it, to be cloned."""
    return await servers.ensure_template(postgres)


@pytest_asyncio.fixture
async def database(postgres: str, template: str) -> AsyncIterator[str]:
    """The address of a migrated database of this test alone, for tests that need commits."""
    url = await servers.clone(postgres, template)
    yield url
    await servers.drop(postgres, url)


@pytest_asyncio.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a migrated database of this test alone."""
    engine = open_engine(database)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def shared_engine(postgres: str, template: str) -> AsyncIterator[AsyncEngine]:
    """One database for all tests that roll back; commit nothing here."""
    url = await servers.clone(postgres, template)
    engine = open_engine(url)
    yield engine
    await engine.dispose()
    await servers.drop(postgres, url)


@pytest_asyncio.fixture
async def tx(shared_engine: AsyncEngine) -> AsyncIterator[Transaction]:
    """A transaction on a migrated database with places in it, rolled back after the test."""
    async with shared_engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()


@pytest.fixture(scope="session")
def _redis_database() -> Iterator[str]:
    servers.STATE.mkdir(parents=True, exist_ok=True)
    address = start_redis(servers.STATE)
    number, lock = servers.claim_redis_number()
    with lock:
        yield f"{address}?db={number}"


@pytest.fixture
def redis_url(_redis_database: str) -> str:
    """A real Valkey, empty at the start of this test."""
    with redis.Redis.from_url(_redis_database) as client:
        client.flushdb()
    return _redis_database


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def smtp(_mail_server: MailServer) -> MailSink:
    """A real SMTP server: `smtp.host`, `smtp.port`, `smtp.messages`, `smtp.refuse_next()`, `await smtp.wait_for(1)`."""
    _mail_server.sink.clear()
    return _mail_server.sink
