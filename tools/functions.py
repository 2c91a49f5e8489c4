"""The guards inside SQL functions and triggers: what a WHERE, ON, IF or WHEN of theirs asks, and each trigger as a whole.

They are found in the definitions that are in force, in a database of the tests. What is one of several (by OR) is dropped by
making it true, and once more by making it never so. The candidate search and what keeps its index are left out: a test asks
an independent oracle whether they find the right people.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import asyncpg

from tools.guards import Guard, Place, blanked, conditions, dropped, guards_rows, texts_of_queries

_SEARCH = re.compile(
    r"\b(?:stock_\w+|unstock|restep_\w+|restretch_offers|raise_steps|age_loads|best_candidates|why_nobody|closed_to_need"
    r"|shared_languages|zones_near|gather_zones|radius_step|distance_cost|within_km)\("
)
_CLAUSE = re.compile(r"\b(?:WHERE|HAVING|ON(?! CONFLICT| public\.)|(?<!END )IF|(?<=ROW )WHEN)\b")
_DEFINED = """
    SELECT p.proname AS name, pg_get_functiondef(p.oid) AS text, NULL AS runs_with FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT t.tgname, replace(pg_get_triggerdef(t.oid), 'CREATE ', 'CREATE OR REPLACE '), CAST(t.tgrelid::regclass AS text)
    FROM pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL
    SELECT p.policyname, concat(p.qual, p.with_check), p.tablename FROM pg_policies p WHERE p.schemaname = 'public'
    ORDER BY name, text
"""


@dataclass(frozen=True, kw_only=True)
class Defined:
    name: str
    text: str
    table: str  # with which a trigger or a policy runs; a function runs with none

    @property
    def words(self) -> set[str]:
        return set(re.findall(r"\w+", self.text))


async def guards_of_functions(url: str) -> list[Guard]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(_DEFINED)
    finally:
        await connection.close()
    defined = [Defined(name=row["name"], text=row["text"], table=row["runs_with"] or "") for row in rows]
    ours = [
        one for one in defined if one.text.startswith("CREATE") and not _SEARCH.search(one.text.partition("AS $")[0])
    ]
    return [guard for one in ours for guard in _guards_of(one, callers(one, defined))]


def _guards_of(one: Defined, callers: frozenset[str]) -> Iterator[Guard]:
    for guard in dropped(one.name, one.text, _places(one.text)):
        yield replace(guard, whole=one.text, callers=callers)
    if one.table:
        gone = f"DROP TRIGGER {one.name} ON {one.table}"
        yield Guard(subject=one.name, condition="as a whole", number=1, without=gone, whole=one.text, callers=callers)


def _places(whole: str) -> Iterator[tuple[Place, str]]:
    text = blanked(whole)
    for clause in _CLAUSE.finditer(text):
        together = list(conditions(text, clause.end()))
        for start, end in together:
            one_of_several = re.search(r"\bOR\s*$", text[:start]) or re.match(r"\s*OR\b", text[end:])
            by_own_key = re.search(r"\bid\b", whole[start:end])
            refuses = re.match(r"\s*THEN\s+RAISE\b", text[end:])
            if not refuses and (one_of_several or not by_own_key or guards_rows(whole, (start, end), together)):
                yield (start, end), "OR true"
            if refuses or one_of_several:
                yield (start, end), "AND false"


def callers(of: Defined, defined: Iterable[Defined]) -> frozenset[str]:
    """The functions that run it, through others too, and the queries that run these or touch a table with which they run."""
    names = {of.name}
    while more := {one.name for one in defined if not one.table and one.words & names} - names:
        names |= more
    tables = {one.table for one in defined if one.table and (one is of or one.words & names)}
    touching = {name for name, text in texts_of_queries() if set(re.findall(r"\w+", text)) & (names | tables)}
    return frozenset(names | tables | touching)
