"""A pool of open needs for a settled town, written as the web process would leave it: each promised to be matched."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiosql
import asyncpg

from bench.town import Town, open_town
from careweb.domain.hours import ANY_TIME

queries: Any = aiosql.from_path(Path(__file__).with_name("pool.sql"), "asyncpg")

_NEED = [
    "id",
    "group_id",
    "state",
    "category",
    "zone_code",
    "languages",
    "urgency",
    "helpers",
    "needed_by",
    "hours",
    "reach",
    "locale",
    "contact_kind",
    "posted_at",
    "expires_at",
]
_URGENCY = {"urgent": (0.2, 1), "medium": (0.3, 6), "low": (0.5, 20)}  # share, and days until it is needed


async def post_needs(connection: asyncpg.Connection, count: int, seed: int) -> list[UUID]:
    """Where people live, in the languages they speak. A tenth wants two helpers."""
    town = await open_town(connection, seed)
    groups = {row["slug"]: row["id"] async for row in queries.group_of_city(connection)}
    rows = list(_needs(town, groups, count))
    ids = [row[0] for row in rows]
    now = datetime.now(UTC)
    await connection.copy_records_to_table("need", records=rows, columns=_NEED)
    promised = [("match_need", one, now) for one in ids]
    await connection.copy_records_to_table("promise", records=promised, columns=["job", "subject", "due_at"])
    await queries.analyze_needs(connection)
    return ids


def _needs(town: Town, groups: dict[str, UUID], count: int) -> Iterator[tuple[Any, ...]]:
    now = datetime.now(UTC)
    for place in town.somewhere(count):
        first, common = town.tongue(place), town.common(place)
        also = [common] if first != common and town.chance(0.5) else []
        urgency = town.pick(list(_URGENCY), [share for share, _ in _URGENCY.values()])
        needed_by = now + timedelta(days=_URGENCY[urgency][1])
        yield (
            uuid4(), groups[place.city], "open", town.pick(town.categories), place.code, [first, *also], urgency,
            1 if town.chance(0.9) else 2, needed_by, ANY_TIME, "alliance" if town.chance(0.5) else "group", "en", "code",
            now, needed_by + timedelta(days=1),
        )  # fmt: skip
