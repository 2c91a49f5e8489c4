"""A need is forgotten: in time, or at once where its asker says "stop everything"."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from careweb.domain.errors import NotHereError
from careweb.domain.ids import NeedId
from careweb.domain.states import LIVE
from careweb.flows.context import Context
from careweb.flows.needs import withdraw_need
from careweb.flows.signin import series_of
from careweb.storage.database import run
from careweb.storage.promises import promise, unpromise
from careweb.storage.sealing import destroy_key


async def forget_series(ctx: Context, need_id: NeedId) -> datetime | None:
    """What "stop everything" says of one week is meant of all of them. Until when a report keeps one of them, if one does."""

    async def weeks() -> set[NeedId]:
        return {need_id, *await series_of(ctx, need_id)}

    kept = [await forget_need(ctx, one) for one in await hold_all(ctx, weeks)]
    return max((day for day in kept if day), default=None)


async def hold_all(ctx: Context, needs: Callable[[], Awaitable[set[NeedId]]]) -> list[NeedId]:
    """All are held before one is forgotten, and looked for again then: none is posted anew in between."""
    held: list[NeedId] = []
    while new := sorted((await needs()).difference(held)):
        for one in new:
            await run(ctx.tx, "hold_need", id=one)
        held += new
    return held


async def forget_need(ctx: Context, need_id: NeedId, *, even_kept: bool = False) -> datetime | None:
    """Now, whatever its state: helpers under way are told that it is over, and its key is destroyed. Twice is once.

    Where a report keeps what is known of those involved, only that waits: until the moment returned, at the latest.
    """
    state = await run(ctx.tx, "hold_need", id=need_id)
    if state is None:
        raise NotHereError
    if state in LIVE:
        await withdraw_need(ctx, need_id)
    await run(ctx.tx, "forget_channels", person_id=need_id)  # even where a report keeps the rest: they hear no more
    await run(ctx.tx, "stop_mail_to_asker", id=need_id)
    await run(ctx.tx, "stop_repeating", id=need_id)
    kept = await purge(ctx, need_id, closed_before=ctx.now, even_kept=even_kept)
    if kept:
        await promise(ctx.tx, "erase_need", need_id, kept)
    await unpromise(ctx.tx, "purge_need", need_id)
    return kept


async def erase_need(ctx: Context, need_id: NeedId) -> None:
    """What a report had kept, of somebody who had said "stop everything"."""
    await forget_need(ctx, need_id)


async def need_kept_until(ctx: Context, need_id: NeedId) -> datetime | None:
    kept: datetime | None = await run(ctx.tx, "need_kept_until", need_id=need_id, now=ctx.now)
    return kept


async def series_kept_until(ctx: Context, need_id: NeedId) -> datetime | None:
    kept = [await need_kept_until(ctx, one) for one in await series_of(ctx, need_id)]
    return max((day for day in kept if day), default=None)


async def purge(ctx: Context, need_id: NeedId, *, closed_before: datetime, even_kept: bool = False) -> datetime | None:
    """Who asked, and what they wrote. What is left is of the week. Returns until when a report keeps it, if one does."""
    kept = None if even_kept else await need_kept_until(ctx, need_id)
    if kept:
        await promise(ctx.tx, "purge_need", need_id, kept)
        return kept
    if await run(ctx.tx, "may_purge_need", id=need_id, closed_before=closed_before):
        await run(ctx.tx, "count_need", id=need_id)
        before = await run(ctx.tx, "week_before", id=need_id)
        await run(ctx.tx, "purge_need", id=need_id, now=ctx.now)
        await run(ctx.tx, "purge_series", need_id=need_id, before=before)
        for query in ("purge_thread", "purge_events", "purge_asks", "purge_matches"):
            await run(ctx.tx, query, need_id=need_id)
        await run(ctx.tx, "forget_channels", person_id=need_id)
        await destroy_key(ctx.tx, ctx.vault, "need", need_id, ctx.now)
    return None
