"""The doctor names each thing that is wrong, and how to mend it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import redis

from careweb.cli.state import ensure_keys
from careweb.cli.valkey import start_redis
from tests import servers
from tests.ops.conftest import Careweb
from tests.servers import MailSink

REAL = {"CAREWEB_BASE_URL": "https://care.example.org", "CAREWEB_MAIL_FROM": "careweb <care@care.example.org>"}


@pytest.fixture
def healthy(database: str, redis_url: str, smtp: MailSink, state: Path) -> dict[str, str]:
    ensure_keys(state)
    return REAL | {"DATABASE_URL": database, "REDIS_URL": redis_url, "CAREWEB_SMTP_PORT": str(smtp.port)}


def test_where_nothing_is_wrong_it_says_so(careweb: Careweb, healthy: dict[str, str]) -> None:
    told = careweb("doctor", **healthy)
    assert told.returncode == 0, told.stdout
    assert "wrong" not in told.stdout
    for what in ("settings", "keys", "PostgreSQL", "PostGIS", "tables", "clock", "Redis", "mail server"):
        assert what in told.stdout


async def test_every_wrong_thing_is_named_with_its_remedy(
    careweb: Careweb, healthy: dict[str, str], postgres: str, state: Path
) -> None:
    empty = await servers.clone(postgres, "template0")
    evicting = start_redis(state)
    with redis.Redis.from_url(evicting) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    (state / "keys").chmod(0o644)
    wrong = {
        "DATABASE_URL": empty, "REDIS_URL": evicting, "CAREWEB_SMTP_PORT": "9", "CAREWEB_BASE_URL": "http://care.example.org",
    }  # fmt: skip
    told = careweb("doctor", **(healthy | wrong))
    await servers.drop(postgres, empty)
    assert told.returncode == 1
    for remedy in (
        "CAREWEB_BASE_URL",
        "chmod 600",
        "extension postgis",
        "careweb update",
        "noeviction",
        "CAREWEB_SMTP_HOST",
    ):
        assert remedy in told.stdout, told.stdout


def test_a_channel_that_apprise_does_not_know_is_named_and_one_it_knows_is_not(
    careweb: Careweb, healthy: dict[str, str]
) -> None:
    known = {"CAREWEB_NTFY_URL": "ntfys://ntfy.example.org/{to}"}
    assert "email, push, ntfy" in careweb("doctor", **(healthy | known)).stdout
    told = careweb(
        "doctor", **(healthy | known | {"CAREWEB_SMS_URL": "nothing://host/{to}", "CAREWEB_SMS_SECRET": "s"})
    )
    assert told.returncode == 1
    assert "CAREWEB_SMS_URL" in told.stdout
    assert "CAREWEB_NTFY_URL" not in told.stdout
    assert "{to}" in careweb("doctor", **(healthy | {"CAREWEB_SMS_URL": "json://{to}/"})).stdout


@pytest.mark.parametrize(("minutes", "code"), [(1, 0), (60, 1)])
async def test_a_solver_that_has_stopped_is_named(
    careweb: Careweb, healthy: dict[str, str], minutes: int, code: int
) -> None:
    connection = await asyncpg.connect(healthy["DATABASE_URL"])
    ticked = datetime.now(UTC) - timedelta(minutes=minutes)
    await connection.execute("INSERT INTO market (slug, due_at, ticked_at) VALUES ('all', $1, $1)", ticked)
    await connection.close()
    told = careweb("doctor", **healthy)
    assert (told.returncode, "careweb work --solver" in told.stdout) == (code, bool(code)), told.stdout


def test_keys_of_another_database_are_named(careweb: Careweb, healthy: dict[str, str], state: Path) -> None:
    assert careweb("keys", **healthy).returncode == 0
    (state / "keys").unlink()
    ensure_keys(state)
    told = careweb("doctor", **healthy)
    assert told.returncode == 1
    assert "not those this database was sealed with" in told.stdout


def test_copies_that_nobody_makes_or_nobody_deletes_are_named(
    careweb: Careweb, healthy: dict[str, str], state: Path
) -> None:
    copies = state / "backups"
    copies.mkdir()
    (copies / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.dump.age").touch()
    assert careweb("doctor", **healthy).returncode == 0
    (copies / "20260101T000000.dump").touch()
    assert "copies kept for too long: 1" in careweb("doctor", **healthy).stdout
    for file in copies.iterdir():
        file.unlink()
    (copies / f"{datetime.now(UTC) - timedelta(days=3):%Y%m%dT%H%M%S}.dump.age").touch()
    told = careweb("doctor", **healthy)
    assert (told.returncode, "careweb backup every night" in told.stdout) == (1, True)


async def test_what_is_open_and_waits_for_nobody_is_named(careweb: Careweb, healthy: dict[str, str]) -> None:
    assert "nothing open waits for nobody" in careweb("doctor", **healthy).stdout
    connection = await asyncpg.connect(healthy["DATABASE_URL"])
    await connection.execute(
        "INSERT INTO promise (job, subject, due_at) VALUES ('match_need', gen_random_uuid(), now() - interval '6 minutes')"
    )
    await connection.close()
    told = careweb("doctor", **healthy)
    assert (told.returncode, "1 of the table promise wait for nobody" in told.stdout) == (1, True)


def test_a_server_that_is_away_hides_nothing_else(careweb: Careweb, healthy: dict[str, str]) -> None:
    told = careweb("doctor", **(healthy | {"DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}))
    assert told.returncode == 1
    assert "is DATABASE_URL right?" in told.stdout
    assert "evicts nothing" in told.stdout


def test_a_setting_that_cannot_be_read_is_named(careweb: Careweb) -> None:
    told = careweb("doctor", PORT="eight thousand")
    assert told.returncode == 1
    assert "PORT" in told.stdout
