"""Bringing a file in: batch by batch, each in one transaction, so that a bad row costs nobody else."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Generic, Protocol, TypeVar

from careweb.domain.records import Cells, Known, RecordError, cells_of, readable_ref
from careweb.domain.rows import Row
from careweb.flows.context import Context
from careweb.rendering import SOURCE, interfaces
from careweb.storage import imports
from careweb.storage.imports import RefusedError, refusals

BATCH = 500  # rows a transaction: enough to be quick, few enough to lose little and hold no lock for long
CONFIRMATIONS_A_SECOND = 20  # so that thirty thousand of them do not stand before the next urgent message


class _HasRef(Protocol):
    @property
    def ref(self) -> str: ...


R = TypeVar("R", bound=_HasRef)
R_contra = TypeVar("R_contra", contravariant=True)


Begin = Callable[[], AbstractAsyncContextManager[Context]]


def confirmations_due(now: datetime, before: int) -> datetime:
    """When the confirmations of a batch may go, after those of the rows before it."""
    return now + timedelta(seconds=before / CONFIRMATIONS_A_SECOND)


async def what_is_known(ctx: Context) -> Known:
    """Places, categories and languages by name, read once a file."""
    return await imports.known(ctx.tx, [SOURCE, *(tag for tag in interfaces() if tag != SOURCE)], ctx.now)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A row that was not taken, without what it holds."""

    line: int
    ref: str
    column: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of one batch."""

    new: int = 0
    there: int = 0  # imported before: nothing changed
    twice: frozenset[str] = frozenset()  # refs that stood earlier in this very file
    paused: int = 0  # offers of people who are members already and have not been asked about this
    by_phone: int = 0  # offers of people whom no message reaches, since messages go by e-mail


class Take(Protocol[R_contra]):
    """Saves a batch in one transaction; `before`: how many of this file were taken earlier."""

    async def __call__(self, ctx: Context, records: Sequence[R_contra], /, *, before: int) -> Taken: ...


@dataclass(kw_only=True)
class Tally:
    new: int = 0
    there: int = 0
    refused: int = 0
    paused: int = 0
    by_phone: int = 0

    @property
    def rows(self) -> int:
        return self.new + self.there + self.refused


@dataclass(frozen=True, kw_only=True)
class Import(Generic[R]):
    """`read` makes a record of cells or says why not; `take` saves a batch of them."""

    begin: Begin
    columns: tuple[str, ...]
    read: Callable[[Cells, Known], R]
    take: Take[R]
    refuse: Callable[[Refusal], None]
    progress: Callable[[Tally], None]
    tally: Tally = field(default_factory=Tally)

    async def run(self, rows: Iterable[Row]) -> Tally:
        async with self.begin() as ctx:
            known = await what_is_known(ctx)
        rows = iter(rows)
        while batch := list(islice(rows, BATCH)):
            await self._save(list(self._read(batch, known)))
            self.progress(self.tally)
        return self.tally

    def _read(self, batch: list[Row], known: Known) -> Iterator[tuple[int, R]]:
        earlier: set[str] = set()
        for row in batch:
            try:
                if row.trouble:
                    raise RecordError("", row.trouble)
                record = self.read(cells_of(self.columns, row.cells), known)
                if record.ref in earlier:
                    raise RecordError("ref", _TWICE)
            except RecordError as error:
                ref = readable_ref(row.cells, self.columns)
                self._refuse(Refusal(line=row.line, ref=ref, column=error.column, reason=error.reason))
            else:
                earlier.add(record.ref)
                yield row.line, record

    async def _save(self, batch: list[tuple[int, R]]) -> None:
        """Where the database refuses a batch, its halves are tried, down to the row that is at fault."""
        if not batch:
            return
        try:
            with refusals():
                async with self.begin() as ctx:
                    taken = await self.take(ctx, [record for _, record in batch], before=self.tally.new)
        except RefusedError:
            if len(batch) == 1:
                line, record = batch[0]
                self._refuse(Refusal(line=line, ref=record.ref, column="", reason="the database refuses this row"))
                return
            half = len(batch) // 2
            await self._save(batch[:half])
            await self._save(batch[half:])
            return
        self._count(batch, taken)

    def _count(self, batch: list[tuple[int, R]], taken: Taken) -> None:
        self.tally.new += taken.new
        self.tally.there += taken.there
        self.tally.paused += taken.paused
        self.tally.by_phone += taken.by_phone
        for line, record in batch:
            if record.ref in taken.twice:
                self._refuse(Refusal(line=line, ref=record.ref, column="ref", reason=_TWICE))

    def _refuse(self, refusal: Refusal) -> None:
        self.tally.refused += 1
        self.refuse(refusal)


_TWICE = "stands on an earlier line of this file"
