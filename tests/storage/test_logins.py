"""How the web and the workers come to the database, and an operator who is no superuser."""

import base64
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from careweb.config import Settings
from careweb.storage.database import open_engine
from careweb.storage.logins import Login, address_for, give_passwords, scram
from careweb.storage.migrations import migrate, outdated
from tests import servers
from tests.world import VAULT, committed

KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("operator", "web"),
    [
        ("postgresql://me@/care?host=/run/pg", "postgresql://careweb_web@/care?host=/run/pg"),
        ("postgresql:///care?host=/run/pg&user=me", "postgresql://careweb_web@/care?host=/run/pg"),
        ("postgresql://me:pass@db.example.org:5432/care", f"postgresql://careweb_web:{VAULT.password('careweb_web')}@db.example.org:5432/care"),
        ("postgresql://db/care?user=me&password=x&sslmode=require", f"postgresql://careweb_web:{VAULT.password('careweb_web')}@db/care?sslmode=require"),
    ],
)  # fmt: skip
def test_the_web_comes_to_the_operators_server_by_a_name_of_its_own(operator: str, web: str) -> None:
    assert address_for(Login.WEB, Settings.model_validate({"database_url": operator}), VAULT) == web


def test_an_address_that_was_given_is_taken_as_it_is() -> None:
    settings = Settings.model_validate(
        {"web_database_url": "postgresql://a/w", "matcher_database_url": "postgresql://a/m"}
    )
    assert [address_for(login, settings, VAULT)[-1] for login in (Login.WEB, Login.MATCHER)] == ["w", "m"]


async def test_the_server_keeps_a_password_as_we_reckon_it(postgres: str) -> None:
    admin = await asyncpg.connect(postgres)
    async with admin.transaction():
        await admin.execute("CREATE ROLE somebody PASSWORD 'an old song'")
        kept = await admin.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'somebody'")
        await admin.execute("DROP ROLE somebody")
    await admin.close()
    salt = kept.split("$")[1].split(":")[1]
    assert scram("an old song", base64.b64decode(salt)) == kept


@pytest_asyncio.fixture
async def by_an_operator(postgres: str) -> AsyncIterator[str]:
    """A database of somebody who is no superuser but may make roles; PostGIS is there."""
    name = f"operator_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"CREATE ROLE {name} LOGIN CREATEROLE")
    await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
    url = servers.database_url(postgres, name)
    superuser = await asyncpg.connect(url)
    await superuser.execute("CREATE EXTENSION postgis")
    await superuser.close()
    yield url.replace("://careweb@", f"://{name}:unasked@")
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.execute(f"REVOKE careweb_owner FROM {name}")
    await admin.execute(f"DROP ROLE {name}")
    await admin.close()


async def test_an_operator_who_is_no_superuser_installs_and_sees_everything(by_an_operator: str) -> None:
    engine = open_engine(by_an_operator)
    await migrate(engine)
    assert await outdated(engine) == []
    await give_passwords(engine, Settings.model_validate({"database_url": by_an_operator, "keys": KEYS}))
    async with committed(engine) as world:
        await world.rows("INSERT INTO data_key VALUES ('need', gen_random_uuid(), 1, '')")
        assert await world.one("SELECT count(*) FROM data_key") == 1
    await engine.dispose()
