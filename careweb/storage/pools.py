"""The open pool, read column by column: a row object for each of a million pairs would take a gigabyte."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from careweb.domain.ticks import Columns, Person
from careweb.storage.database import Transaction, run

BATCH = 500  # needs in one query: some 16,000 pairs at a time


async def pairs(tx: Transaction, needs: Sequence[UUID], *, weekly_asks: int, most: int, now: datetime) -> Columns:
    row = await run(tx, "pool_pairs", needs=list(needs), weekly_asks=weekly_asks, most=most, now=now)
    return Columns(**{name: column or [] for name, column in row.items()})


async def people(tx: Transaction, members: Sequence[UUID], *, weekly_asks: int, now: datetime) -> list[Person]:
    if not members:
        return []
    row = await run(tx, "pool_people", members=list(members), weekly_asks=weekly_asks, now=now)
    columns = [row[name] for name in Person._fields]
    return list(map(Person._make, zip(*columns, strict=True)))
