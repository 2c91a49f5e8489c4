"""docs/files.md says what the code does."""

import re
from collections.abc import Sequence

from careweb import paths
from careweb.domain.columns import EXPORTS, IMPORTS, WITH_CONTACT, Column, Exported, Imported
from careweb.storage.database import Transaction, run

DOCS = (paths.ROOT / "docs" / "files.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"\n#+ ", DOCS.split(f"\n### {title}\n", 1)[1])[0]


def tables(title: str) -> list[list[str]]:
    """Its tables, each a list of lines without the head."""
    return [table.strip().split("\n")[2:] for table in re.findall(r"(?:^\|.*\n?)+", section(title), re.MULTILINE)]


def lines(columns: Sequence[Column]) -> list[str]:
    return [f"| `{column.name}` | {column.holds} |" for column in columns]


def test_the_columns_of_imports_are_all_there_in_order() -> None:
    for what in Imported:
        expected = [f"| `{c.name}` | {'yes |' if c.required else '|'} {c.holds} |" for c in IMPORTS[what]]
        assert tables(f"Columns of {what}") == [expected]


def test_the_columns_of_exports_are_all_there_in_order() -> None:
    for what in Exported:
        more = [lines(WITH_CONTACT[what])] if what in WITH_CONTACT else []
        assert tables(f"Columns of exported {what}") == [lines(EXPORTS[what]), *more]


async def test_the_categories_are_those_of_the_database(tx: Transaction) -> None:
    assert re.findall(r"`(\w+)`", section("Categories")) == [row["slug"] for row in await run(tx, "all_categories")]
