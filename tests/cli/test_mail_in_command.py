"""`careweb mail-in`, as a mail server calls it: it reads by the code what to do with the mail."""

import base64
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import DEVNULL, PIPE
from uuid import uuid4

import asyncpg
import pytest
from click.testing import CliRunner, Result

from careweb.cli import main
from careweb.config import Settings, settings
from careweb.domain.contacts import read_email
from careweb.storage.database import open_engine
from tests import letters
from tests.cli.conftest import KEYS
from tests.world import VAULT, committed

ANSWERS = "answers+{token}@care.example.org"


def given(raw: bytes, database: str, *arguments: str, **changes: str) -> Result:
    environment = {"DATABASE_URL": database, "CAREWEB_KEYS": KEYS, "CAREWEB_ANSWERS_TO": ANSWERS} | changes
    settings.cache_clear()
    with ThreadPoolExecutor(1) as thread:  # a command has a loop of its own
        call = thread.submit(CliRunner().invoke, main, ("mail-in", *arguments), input=raw, env=environment)
        result = call.result()
    settings.cache_clear()
    return result


async def a_message(database: str) -> str:
    """The address of one, to whoever asked for something."""
    engine = open_engine(database)
    async with committed(engine) as world:
        need = await world.need(await world.group(), contact=read_email("po@example.org"))
        notice = await world.one("SELECT id FROM notice WHERE need_id = $1", need)
    await engine.dispose()
    return ANSWERS.replace("{token}", VAULT.address(notice))


async def test_what_is_done_is_said_in_one_word(database: str) -> None:
    to = await a_message(database)
    done = given(letters.mail("STOP", to), database)
    assert (done.exit_code, done.output) == (0, "stopped\n")
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT mail_stopped FROM need")
    await connection.close()
    by_envelope = given(letters.mail("STOP", "x@example.org", Message_ID="<2@x>"), database, to)
    assert (by_envelope.exit_code, by_envelope.output) == (0, "stopped\n")


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\x00", letters.mail("STOP", "answers@care.example.org"), b"From: \xff\n\n" * 100]
)
async def test_what_is_nothing_to_us_is_dropped_without_a_word(database: str, raw: bytes) -> None:
    done = given(raw, database)
    assert (done.exit_code, done.output) == (0, "ignored\n")


async def test_an_answer_to_what_we_have_forgotten_is_handed_back(database: str) -> None:
    old = given(letters.mail("STOP, Mei", ANSWERS.replace("{token}", VAULT.address(uuid4()))), database)
    assert (old.exit_code, old.stdout) == (67, "")
    assert "too old to answer by mail" in old.stderr


async def test_while_something_is_away_the_mail_server_keeps_the_mail(database: str) -> None:
    raw = letters.mail("Secret words", await a_message(database))
    assert given(raw, database).output == "unclear\n", "with these keys"
    elsewhere = database.rpartition("/")[0] + "/there_is_none"
    for away in (
        given(raw, database, CAREWEB_ANSWERS_TO=""),
        given(raw, elsewhere),
        given(raw, database, CAREWEB_KEYS="1:" + base64.b64encode(bytes(32)).decode()),
    ):
        assert (away.exit_code, away.stdout) == (75, "")
        assert away.stderr.endswith("try again later\n")
        assert "Secret" not in away.output
        assert "example.org" not in away.output


def test_a_mail_that_never_ends_is_read_away_and_not_kept() -> None:
    """A mail server would take a closed pipe for a failure."""
    environment = os.environ | {
        "CAREWEB_KEYS": KEYS,
        "CAREWEB_ANSWERS_TO": ANSWERS,
        "DATABASE_URL": "postgresql://127.0.0.1:1/x",
    }
    raw = b"To: x@example.org\n\n" + b"y" * 5_000_000
    command = [sys.executable, "-m", "careweb", "mail-in"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(raw)  # raises where nobody reads it
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 75, "the database was asked, and is away"


@pytest.mark.parametrize(
    "template",
    ["answers@care.example.org", "answers+{token}", "Answers+{token}@x.org", "a" * 20 + "{token}@x.org", "{token}{token}@x.org", "a b{token}@x.org", "{token}@x.org>, <y@z.org"],
)  # fmt: skip
def test_a_template_that_is_none_is_refused_at_the_start(template: str) -> None:
    with pytest.raises(ValueError, match="once, before the @"):
        Settings.model_validate({"answers_to": template})


@pytest.mark.parametrize("template", ["", ANSWERS, "{token}@answers.example.org", "a" * 19 + "{token}@localhost"])
def test_a_template_that_fits_is_taken(template: str) -> None:
    assert Settings.model_validate({"answers_to": template}).answers_to == template
