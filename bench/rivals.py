"""The same needs searched in four other ways: what each costs, whom it misses, and whom it finds in vain."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
import asyncpg

from bench import machine
from bench.crowd import queries as crowd

CITIES = {"Windsor": "N9A", "Toronto": "M5V", "Vancouver": "V6B", "Edmonton": "T5J", "Whitehorse": "Y1A"}
LANGUAGES = ("en", "pa", "ti")
EVERYBODY = 10_000_000
_SLOWLY = 3  # needs for which every distance is measured a second time, only for its processor time
OURS, TRUTH = "ours", "every distance, sorted"
_WAYS = {
    "geography KNN with tie-break": "nearest",
    "box of degrees, language join": "degrees_box",
    "integer grid, fairness, 5 km bands": "integer_grid",
    TRUTH: "every_distance",
}
_queries: Any = aiosql.from_path(Path(__file__).with_name("rivals.sql"), "asyncpg")


@dataclass(frozen=True, kw_only=True)
class Way:
    cpu: float  # processor milliseconds a need, for the first twenty
    longest: float  # milliseconds, of one need
    recall: Mapping[str, float]  # by city: of all who may serve, how many it would ever find
    precision: Mapping[str, float]  # of all it would ever find, how many may serve


@dataclass(frozen=True, kw_only=True)
class Rivals:
    ways: Mapping[str, Way]
    needs: int
    compared: int  # costs held against the truth
    unequal: int  # and found different


async def compare(connection: asyncpg.Connection, most: int) -> Rivals:
    await _queries.drop_rivals(connection)
    await _queries.make_rival_table(connection)
    await _queries.make_rival_indexes(connection)
    undone = connection.transaction()
    await undone.start()
    try:
        needs = {
            (city, language): await crowd.need_at(connection, postal=postal, language=language)
            for (city, postal), language in product(CITIES.items(), LANGUAGES)
        }
        return await _held_together(connection, needs, most)
    finally:
        await undone.rollback()
        await _queries.drop_rivals(connection)


async def _held_together(connection: asyncpg.Connection, needs: Mapping[tuple[str, str], UUID], most: int) -> Rivals:
    truth = {place: await _rows(connection, TRUTH, need, EVERYBODY) for place, need in needs.items()}
    ways = {
        name: Way(
            **await _cost(connection, name, list(needs.values()), most), **await _whom(connection, name, needs, truth)
        )
        for name in (OURS, *_WAYS)
    }
    pairs = [pair for place, need in needs.items() for pair in await _costs(connection, need, truth[place], most)]
    unequal = sum(ours is None or true is None or abs(ours - true) > 1e-9 for ours, true in pairs)
    return Rivals(ways=ways, needs=len(needs), compared=len(pairs), unequal=unequal)


async def _rows(connection: asyncpg.Connection, name: str, need: UUID, most: int) -> list[asyncpg.Record]:
    if name == OURS:
        return [row async for row in crowd.best(connection, need_ids=[need], most=most)]
    return [row async for row in getattr(_queries, _WAYS[name])(connection, need_id=need, most=most)]


async def _cost(connection: asyncpg.Connection, name: str, needs: Sequence[UUID], most: int) -> dict[str, Any]:
    await _rows(connection, name, needs[0], most)
    pid, longest = connection.get_server_pid(), 0.0
    before = machine.cpu_seconds(pid)
    needs = needs[:_SLOWLY] if name == TRUTH else needs
    for need in needs:
        start = time.perf_counter()
        await _rows(connection, name, need, most)
        longest = max(longest, time.perf_counter() - start)
    return {"cpu": (machine.cpu_seconds(pid) - before) * 1000 / len(needs), "longest": longest * 1000}


async def _whom(
    connection: asyncpg.Connection,
    name: str,
    needs: Mapping[tuple[str, str], UUID],
    truth: Mapping[tuple[str, str], Sequence[asyncpg.Record]],
) -> dict[str, Any]:
    """In the first of the languages, which everywhere somebody speaks."""
    recall, precision = {}, {}
    for city in CITIES:
        place = (city, LANGUAGES[0])
        rows = truth[place] if name == TRUTH else await _rows(connection, name, needs[place], EVERYBODY)
        found = {row["member_id"] for row in rows}
        true = {row["member_id"] for row in truth[place]}
        recall[city] = len(found & true) / len(true) if true else 1.0
        precision[city] = len(found & true) / len(found) if found else 1.0
    return {"recall": recall, "precision": precision}


async def _costs(
    connection: asyncpg.Connection, need: UUID, truth: Sequence[asyncpg.Record], most: int
) -> Iterator[tuple[float | None, float | None]]:
    """Ours beside the truth: each of the best, and the next one as bound."""
    best = await _rows(connection, OURS, need, most)
    ours: list[float | None] = [row["cost"] for row in best]
    ours += [best[0]["next_cost"]] if best and best[0]["next_cost"] is not None else []
    true: list[float | None] = [row["cost"] for row in truth[: most + 1]]
    length = max(len(ours), len(true))
    return iter(list(zip(ours + [None] * (length - len(ours)), true + [None] * (length - len(true)), strict=True)))
