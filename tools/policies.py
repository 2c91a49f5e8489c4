"""The guards of rows: which rows the web sees of each table that a group owns, which it may write, and that both hold for
everybody. Each is dropped from every database of the session.
"""

from collections.abc import Iterator

import asyncpg

from tools.guards import Guard

_TESTS = frozenset({"rows_of", "ITS_OWN"})  # those that compare rows are asked first, then those that compare lists
_POLICIES = (
    "SELECT tablename, qual, with_check FROM pg_policies WHERE schemaname = 'public' AND policyname = 'web' ORDER BY 1"
)


async def guards_of_rows(url: str) -> list[Guard]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(_POLICIES)
    finally:
        await connection.close()
    return [guard for row in rows for guard in _guards_of(row["tablename"], row["qual"], row["with_check"])]


def _guards_of(table: str, seen: str, written: str) -> Iterator[Guard]:
    policy = f"ALTER POLICY web ON {table}"
    yield _guard(table, f"USING {seen}", f"{policy} USING (true)", f"{policy} USING ({seen})")
    if written != "true":
        yield _guard(table, f"WITH CHECK {written}", f"{policy} WITH CHECK (true)", f"{policy} WITH CHECK ({written})")
    for how, back in (("DISABLE", "ENABLE"), ("NO FORCE", "FORCE")):
        of_table = f"ALTER TABLE {table} {{}} ROW LEVEL SECURITY"
        yield _guard(table, f"{back} ROW LEVEL SECURITY", of_table.format(how), of_table.format(back))


def _guard(table: str, condition: str, without: str, whole: str) -> Guard:
    return Guard(
        subject=f"rows of {table}",
        condition=" ".join(condition.split()),
        number=1,
        without=without,
        whole=whole,
        callers=_TESTS,
    )
