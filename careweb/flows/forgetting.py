"""A need is forgotten: in time, or at once where its asker says "stop everything"."""

from datetime import datetime

from careweb.domain.errors import NotHereError
from careweb.domain.ids import NeedId
from careweb.domain.states import LIVE
from careweb.flows.context import Context
from careweb.flows.needs import withdraw_need
from careweb.storage.database import run
from careweb.storage.promises import unpromise
from careweb.storage.sealing import destroy_key


async def forget_need(ctx: Context, need_id: NeedId) -> None:
    """Now, whatever its state: helpers under way are told that it is over, and its key is destroyed. Twice is once."""
    state = await run(ctx.tx, "hold_need", id=need_id)
    if state is None:
        raise NotHereError
    if state in LIVE:
        await withdraw_need(ctx, need_id)
    await purge(ctx, need_id, closed_before=ctx.now)
    await unpromise(ctx.tx, "purge_need", need_id)


async def purge(ctx: Context, need_id: NeedId, *, closed_before: datetime) -> None:
    """Who asked, and what they wrote. What is left is of the week."""
    if await run(ctx.tx, "may_purge_need", id=need_id, closed_before=closed_before):
        await run(ctx.tx, "count_need", id=need_id)
        await run(ctx.tx, "purge_need", id=need_id, now=ctx.now)
        for query in ("purge_thread", "purge_events", "purge_asks", "purge_matches"):
            await run(ctx.tx, query, need_id=need_id)
        await destroy_key(ctx.tx, ctx.vault, "need", need_id, ctx.now)
