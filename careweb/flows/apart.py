"""Two people who must not meet: whoever of them said so."""

from careweb.domain.ids import AskId, MatchId, MemberId, NeedId
from careweb.flows.context import Context
from careweb.flows.entering import enter
from careweb.flows.matches import take_back
from careweb.flows.notices import owe_notice
from careweb.storage.database import run
from careweb.storage.promises import call_off, promise


async def keep_apart(
    ctx: Context, need_id: NeedId, member_id: MemberId, kind: str, *, but: MatchId | None = None
) -> None:
    """Whoever asked for this need and this volunteer: from the moment this commits they are not matched, not connected, and
    neither sees how to reach the other. `but`: the match that its caller ends, in the name of who said so.

    Their needs, in every group, and then they themselves are held first, in the order of a yes: one that is being given
    now comes before, and is taken back here, or comes after and is refused.
    """
    two = {"need_id": need_id, "member_id": member_id}
    await run(ctx.tx, "hold_needs_of_two", **two)
    # Who left no contact is known as the series of this need would be, should it become one.
    otherwise = ctx.vault.index("series", str(need_id))
    await run(ctx.tx, "part_two", kind=kind, otherwise=otherwise, now=ctx.now, **two)
    for row in await run(ctx.tx, "between_two", **two):
        await enter(ctx, row["need_id"])  # which may be another group's
        if row["ask_id"]:
            await _take_ask_back(ctx, row["need_id"], row["ask_id"])
        elif row["match_id"] != but:
            await take_back(ctx, row["match_id"])
            await owe_notice(ctx, "need_ended", row["match_id"], member_id=row["member_id"])
    await enter(ctx, need_id)


async def _take_ask_back(ctx: Context, need_id: NeedId, ask_id: AskId) -> None:
    await promise(ctx.tx, "match_need", need_id, ctx.now)  # before its ask, as everywhere
    if await run(ctx.tx, "take_ask_back", id=ask_id, now=ctx.now):
        await call_off(ctx.tx, "time_out_ask", [ask_id])
