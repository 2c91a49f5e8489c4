"""A misspelt column fails here, by the name of its query."""

import re
from collections import Counter

import aiosql
import pytest

from careweb import paths
from careweb.storage.database import Transaction, driver, queries
from tools.guards import guards

NAMES = [name for name in queries().available_queries if not name.endswith("_cursor")]
FILES = sorted((paths.SQL / "queries").glob("*.sql"))
HEAD = re.compile(r"^-- name: *(\w+)", re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
async def test_a_query_fits_the_migrated_schema(name: str, tx: Transaction) -> None:
    connection = await driver(tx)
    await connection.prepare(getattr(queries(), name).sql)


async def test_a_query_without_one_of_its_guards_is_still_one(tx: Transaction) -> None:
    """Or `make mutation` would take a mistake in the SQL for a test that noticed."""
    connection = await driver(tx)
    for guard in guards():
        await connection.prepare(getattr(aiosql.from_str(guard.without, "asyncpg"), guard.subject).sql)


def test_every_query_has_a_name_of_its_own() -> None:
    named = Counter(name for file in FILES for name in HEAD.findall(file.read_text(encoding="utf-8")))
    assert [name for name, count in named.items() if count > 1] == []
    assert set(named) == set(NAMES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_query_says_what_it_answers(file: object) -> None:
    text = getattr(file, "read_text")(encoding="utf-8")  # noqa: B009
    silent = re.findall(r"^-- name: *(\w+).*\n(?!-- \w)", text, re.MULTILINE)
    assert silent == []
