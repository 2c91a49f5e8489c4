"""Two people who must not meet: whoever of them said so."""

from careweb.flows.context import Context
from careweb.flows.matches import take_back
from careweb.flows.notices import owe_notice
from careweb.storage.database import run
from careweb.storage.promises import call_off, promise


async def keep_apart(ctx: Context, one: bytes, other: bytes, kind: str) -> None:
    """From the moment this commits they are not matched, not connected, and neither sees how to reach the other.

    `one` and `other` are the keyed hashes of their contacts. Their needs and then they themselves are held first, in
    the order of a yes: one that is being given now comes before, and is taken back here, or comes after and is refused.
    """
    people = {"one": min(one, other), "other": max(one, other)}
    await run(ctx.tx, "hold_needs_of_two", **people)
    await run(ctx.tx, "hold_two", **people)
    await run(ctx.tx, "add_apart", kind=kind, now=ctx.now, **people)
    for match in await run(ctx.tx, "matches_of_two", **people):
        await take_back(ctx, match["id"])
        await owe_notice(ctx, "need_ended", match["id"], member_id=match["member_id"])
    for ask in await run(ctx.tx, "cancel_asks_of_two", now=ctx.now, **people):
        await call_off(ctx.tx, "time_out_ask", [ask["id"]])
        await promise(ctx.tx, "match_need", ask["need_id"], ctx.now)
