"""The open pool, read column by column: a row object for each of a million pairs would take a gigabyte."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from careweb.domain.ticks import Columns, Person
from careweb.storage.database import Transaction, run

BATCH = 500  # needs in one query: some 16,000 pairs at a time
_NUMBERS = {"cost": np.float64, "km": np.float64, "radius_km": np.float64, "r50_km": np.float64, "next_cost": np.float64,
            "second": np.bool_}  # fmt: skip


class Pairs:
    """Pairs of a pool, batch by batch. A name that comes again is the same object, kept once."""

    def __init__(self, tx: Transaction, *, weekly_asks: int, now: datetime) -> None:
        self._tx, self._weekly_asks, self._now = tx, weekly_asks, now
        self._same: dict[Any, Any] = {}

    async def of(self, needs: Sequence[UUID], most: int) -> Columns:
        row = await run(
            self._tx, "pool_pairs", needs=list(needs), weekly_asks=self._weekly_asks, most=most, now=self._now
        )
        return Columns(**{name: self._column(name, column or []) for name, column in row.items()})

    def _column(self, name: str, values: Sequence[Any]) -> Any:
        if name in _NUMBERS:
            return np.array(values, _NUMBERS[name])  # NULL becomes not a number
        return [self._same.setdefault(value, value) for value in values]


async def people(tx: Transaction, members: Sequence[UUID], *, weekly_asks: int, now: datetime) -> list[Person]:
    if not members:
        return []
    row = await run(tx, "pool_people", members=list(members), weekly_asks=weekly_asks, now=now)
    columns = [row[name] for name in Person._fields]
    return list(map(Person._make, zip(*columns, strict=True)))
