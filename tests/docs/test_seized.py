"""docs/threat-model.md says of every table that holds something of a person what it tells whoever takes it."""

import re

import pytest

from careweb import paths
from careweb.storage.database import Transaction
from tests.flows.test_retention import OF_NOBODY
from tests.world import World

PAGE = (paths.ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
TABLE = PAGE.split("\n## What a seized server can tell\n")[1].split("\n\n")[1]
ROWS = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in TABLE.splitlines()[2:]]
FILES = {
    "copies of the database, for 30 days",
    "keys that were destroyed, in what the database has not yet written over",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_names_a_test_that_is_there(row: list[str]) -> None:
    _, _, _, _, shown = row
    named = re.findall(r"\[test\]\(\.\./(tests/\S+\.py) \"(test_\w+)\"\)", shown)
    assert named
    for file, test in named:
        assert f"def {test}(" in (paths.ROOT / file).read_text(encoding="utf-8"), test


async def test_every_table_that_knows_of_somebody_is_in_it(tx: Transaction) -> None:
    found = await World(tx=tx).rows("""SELECT c.relname FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')""")
    told = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[1])}
    assert told == {row["relname"] for row in found} - OF_NOBODY
    assert {row[0] for row in ROWS if row[1] == "files"} == FILES


# What a row of these says in clear beside ids, moments, hashes and what is sealed. Whoever adds a column says so in the page too.
IN_CLEAR = {
    "opening": {"at_once", "record", "state"},
    "channel": {"details", "kind", "position", "state", "wrong_codes"},
    "staff": {"role"},
    "second_step_event": {"kind"},
    "need": {
        "call_back", "category", "close_reason", "confirmed", "consent_reason", "contact_kind", "filled", "held_reason", "helpers", "hours",
        "languages", "locale", "mail_stopped", "quiet_from", "quiet_until", "reach", "repeats_until", "round", "see_first", "show_text", "source_ref", "state", "urgency", "waves",
        "widened_km", "zone_code",
    },
}  # fmt: skip


@pytest.mark.parametrize("table", IN_CLEAR)
async def test_what_these_say_in_clear_is_what_the_page_was_written_for(tx: Transaction, table: str) -> None:
    columns = await World(tx=tx).rows(
        """SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1
            AND data_type NOT IN ('uuid', 'bytea', 'timestamp with time zone')
            AND column_name NOT IN ('id', 'secret_hash', 'wrong_secrets')""",
        table,
    )
    assert {row["column_name"] for row in columns} == IN_CLEAR[table]
