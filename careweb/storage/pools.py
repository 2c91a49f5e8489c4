"""The open pool, read column by column: a row object for each of a million pairs would take a gigabyte."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from careweb.domain.lists import UUIDS, Columns
from careweb.storage.database import Transaction, run

BATCH = 500  # needs in one query: some 16,000 pairs at a time
_TYPES = {
    "need": UUIDS, "offer": UUIDS, "member": UUIDS, "group": UUIDS, "cost": np.dtype(">f8"), "km": np.dtype(">f4"),
    "radius_km": np.dtype(">f4"), "r50_km": np.dtype(">f4"), "second": np.dtype("?"), "next_cost": np.dtype(">f8"),
}  # fmt: skip  # as PostgreSQL sends one value


class Pairs:
    """Pairs of a pool, batch by batch."""

    def __init__(self, tx: Transaction, *, weekly_asks: int, now: datetime) -> None:
        self._tx, self._weekly_asks, self._now = tx, weekly_asks, now
        self._languages: dict[str, int] = {}
        self._names: list[str] = []  # grows; all columns share it

    async def of(self, needs: Sequence[UUID], most: int) -> Columns:
        row = await run(
            self._tx, "pool_pairs", needs=list(needs), weekly_asks=self._weekly_asks, most=most, now=self._now
        )
        languages = [self._number(name) for name in (row["language"] or "").split()]
        return Columns(
            language=np.array(languages, np.int16), languages=self._names,
            **{name: _column(row[name] or b"", of) for name, of in _TYPES.items()},
        )  # fmt: skip

    def _number(self, language: str) -> int:
        if language not in self._languages:
            self._languages[language] = len(self._names)
            self._names.append(language)
        return self._languages[language]


def _column(sent: bytes, of: np.dtype[Any]) -> Any:
    return np.frombuffer(sent, of).astype(of.newbyteorder("="))


async def people(
    tx: Transaction, members: Sequence[UUID], *, weekly_asks: int, now: datetime
) -> Mapping[str, Sequence[Any]]:
    """Column by column, in the order given."""
    found: Mapping[str, Sequence[Any]] = await run(
        tx, "pool_people", members=list(members), weekly_asks=weekly_asks, now=now
    )
    return found
