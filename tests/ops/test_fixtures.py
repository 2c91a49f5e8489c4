"""The tests' own ground: real servers, nothing kept from test to test, nothing beyond this machine."""

import socket

import aiosmtplib
import pytest
import redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from careweb.storage.database import Transaction
from tests.servers import MailSink


async def _note(tx: Transaction) -> None:
    await tx.execute(text("CREATE TABLE note_of_a_test (x int)"))


async def test_what_one_test_writes_in_its_transaction_the_next_does_not_see(tx: Transaction) -> None:
    await _note(tx)


async def test_nor_does_this_one(tx: Transaction) -> None:
    await _note(tx)


async def test_a_test_that_commits_has_a_database_of_its_own(engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        await _note(tx)
    async with engine.begin() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM note_of_a_test")) == 0
        assert await tx.scalar(text("SELECT count(*) FROM migration")) is not None


def test_redis_is_empty_at_the_start(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        client.set("left", "behind")


def test_and_at_the_start_of_the_next_test(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


async def test_mail_arrives_at_a_real_server_that_can_refuse(smtp: MailSink) -> None:
    message = "To: bo@example.org\r\nSubject: hello\r\n\r\nbody\r\n"
    send = {"sender": "a@example.org", "recipients": ["bo@example.org"], "hostname": smtp.host, "port": smtp.port}
    smtp.refuse_next("550 5.1.1 no such person")
    with pytest.raises(aiosmtplib.SMTPDataError, match="no such person"):
        await aiosmtplib.send(message, **send)  # type: ignore[arg-type]
    await aiosmtplib.send(message, **send)  # type: ignore[arg-type]
    assert [str(mail["Subject"]) for mail in smtp.to("bo@example.org")] == ["hello"]


def test_a_test_cannot_reach_beyond_this_machine() -> None:
    with pytest.raises(PermissionError, match="only this machine"):
        socket.create_connection(("192.0.2.1", 25), timeout=0.1)
    with pytest.raises(PermissionError, match="only this machine"):
        socket.getaddrinfo("example.org", 25)
