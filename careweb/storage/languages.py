"""Languages, what else people call them, and which pairs a group has said go together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from careweb.domain.languages import Direction, Language, LanguageTag, SpokenId, alias_table
from careweb.storage.database import Transaction, run


async def languages(tx: Transaction) -> list[Language]:
    """The most widely known first. Changes only when shipped data does: callers may keep it."""
    return [_language(row) for row in await run(tx, "languages")]


async def language_aliases(tx: Transaction) -> dict[str, frozenset[str]]:
    return alias_table((row["alias"], row["tag"]) for row in await run(tx, "language_aliases"))


async def language_pairs(tx: Transaction) -> frozenset[frozenset[str]]:
    return frozenset(frozenset((row["spoken_a"], row["spoken_b"])) for row in await run(tx, "language_pairs"))


async def save_languages(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        await run(tx, "save_language", **row)


async def save_aliases(tx: Transaction, rows: Iterable[tuple[str, str]]) -> None:
    await run(tx, "forget_aliases")
    aliases, tags = zip(*rows, strict=True)
    await run(tx, "save_aliases", aliases=list(aliases), tags=list(tags))


async def add_pairs(tx: Transaction, rows: Iterable[tuple[str, str, str]]) -> None:
    """Shipped pairs; what a group has changed since stays as it is."""
    for a, b, note in rows:
        await run(tx, "add_language_pair", spoken_a=min(a, b), spoken_b=max(a, b), note=note)


def _language(row: Mapping[str, Any]) -> Language:
    values = dict(row)
    direction = Direction(values.pop("dir"))
    tag, spoken_id = LanguageTag(values.pop("tag")), SpokenId(values.pop("spoken_id"))
    return Language(**values, tag=tag, spoken_id=spoken_id, direction=direction)
