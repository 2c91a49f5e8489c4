"""Whoever was erased stays erased: in the list beside the database, and after a copy of it was restored."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from careweb.config import Settings
from careweb.domain.backups import oldest_week, too_old
from careweb.domain.ids import MemberId, NeedId
from careweb.flows.context import Context
from careweb.flows.forgetting import forget_need
from careweb.flows.members import forget_member
from careweb.storage.database import Transaction, run
from careweb.storage.tombstones import append_marks, drop_weeks, folder_of, last_marks, read_marks

_AT_ONCE = 20_000


class ErasedComeBackError(Exception):
    """This database is older than the list of who was erased: `careweb erased` erases them again."""

    def __str__(self) -> str:
        return str(type(self).__doc__)


async def list_erased(ctx: Context, _: UUID) -> None:
    """What was erased lately goes into the list. If it is not committed, it goes there twice."""
    if not folder_of(ctx.settings.state).is_dir():  # a new machine, or a folder that was lost
        await run(ctx.tx, "list_all_again")
    fresh: defaultdict[date, list[bytes]] = defaultdict(list)
    for row in await run(ctx.tx, "list_tombstones"):
        fresh[row["week"]].append(row["mark"])
    for week, marks in fresh.items():
        await asyncio.to_thread(append_marks, folder_of(ctx.settings.state), week, marks)


async def erase_again(ctx: Context, folders: Iterable[Path] = ()) -> int:
    """Everyone on the list who is in the database all the same; how many that were. Twice is once."""
    known = read_marks([folder_of(ctx.settings.state), *folders])
    needs = [id async for id in _sealed(ctx, "need") if ctx.vault.tombstone("need", id) in known]
    for id in needs:
        await forget_need(ctx, NeedId(id), even_kept=True)
    members = [id async for id in _sealed(ctx, "member") if ctx.vault.tombstone("member", id) in known]
    for id in members:
        await forget_member(ctx, MemberId(id), even_kept=True)
    marks = list(known)
    for some in (marks[at : at + _AT_ONCE] for at in range(0, len(marks), _AT_ONCE)):
        await run(ctx.tx, "add_tombstones", marks=some, weeks=[known[mark] for mark in some])
    return len(needs) + len(members)


async def _sealed(ctx: Context, record: str) -> AsyncIterator[UUID]:
    after = UUID(int=0)
    while rows := await run(ctx.tx, "sealed_records", record=record, after=after, most=_AT_ONCE):
        for row in rows:
            yield row["id"]
        after = rows[-1]["id"]


async def refuse_erased(tx: Transaction, settings: Settings, now: datetime) -> None:
    """At a start: a copy was put in place, and what was erased since has not been erased again."""
    marks = last_marks(folder_of(settings.state), oldest_week(now, settings.backups_kept))
    if await run(tx, "unknown_tombstones", marks=marks):
        raise ErasedComeBackError


async def drop_old_copies(ctx: Context, _: UUID) -> None:
    """Copies of the database that were kept long enough, then the marks that only they would need."""
    before = oldest_week(ctx.now, ctx.settings.backups_kept)
    await asyncio.to_thread(delete_copies, ctx.settings.state / "backups", ctx.now, ctx.settings.backups_kept)
    await asyncio.to_thread(drop_weeks, folder_of(ctx.settings.state), before)
    await run(ctx.tx, "drop_tombstones", before=before)


def delete_copies(folder: Path, now: datetime, kept: timedelta) -> list[str]:
    old = too_old([file.name for file in folder.iterdir()] if folder.is_dir() else (), now, kept)
    for name in old:
        (folder / name).unlink(missing_ok=True)
    return old
