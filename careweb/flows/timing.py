"""What happens because time passed. Each runs twice safely: the guarded move happens once."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from careweb.domain.ids import AskId, MatchId, NeedId
from careweb.domain.moments import morning_after
from careweb.domain.openings import KEPT
from careweb.domain.states import MatchState, NeedState
from careweb.flows.again import look_again
from careweb.flows.context import Context
from careweb.flows.forgetting import purge
from careweb.flows.matches import lapse
from careweb.flows.matching import offer_appeared
from careweb.flows.needs import cancel_asks, drop_matches, stop_promises, tell
from careweb.flows.notices import owe_notice
from careweb.storage.database import run
from careweb.storage.promises import promise

AGED_MOST = 5_000  # people in one transaction


async def time_out_ask(ctx: Context, ask_id: AskId) -> None:
    await look_again(ctx, ask_id)
    await run(ctx.tx, "time_out_ask", id=ask_id, now=ctx.now)


async def lapse_match(ctx: Context, match_id: MatchId) -> None:
    await lapse(ctx, match_id)


async def warn_need(ctx: Context, need_id: NeedId) -> None:
    row = await run(ctx.tx, "need_by_id", id=need_id)
    if row and row["state"] == NeedState.OPEN:
        await owe_notice(ctx, "need_warning", _this_time(need_id, row["expires_at"]), need_id=need_id)


async def expire_need(ctx: Context, need_id: NeedId) -> None:
    expired_at = await run(ctx.tx, "expire_need", id=need_id, now=ctx.now)
    if expired_at:
        await cancel_asks(ctx, need_id)
        await stop_promises(ctx, need_id)
        await owe_notice(ctx, "need_expired", _this_time(need_id, expired_at), need_id=need_id)
        await tell(ctx, need_id, "worker", "expired")


def _this_time(need_id: NeedId, expires_at: datetime) -> UUID:
    """A renewed need is warned of again: each message is sent once for its subject, and this is another one."""
    return uuid5(need_id, expires_at.isoformat())


async def close_silent_need(ctx: Context, need_id: NeedId) -> None:
    """A matched need silent long after its by-when counts as met, unconfirmed, so that nothing lives for ever."""
    needed_before = ctx.now - ctx.settings.met_after
    if await run(ctx.tx, "close_silent_need", id=need_id, needed_before=needed_before, now=ctx.now):
        await run(ctx.tx, "finish_matches_of_need", need_id=need_id, by="time", now=ctx.now)
        await drop_matches(ctx, need_id, "time")
        await cancel_asks(ctx, need_id)
        await stop_promises(ctx, need_id)
        await tell(ctx, need_id, "worker", "met")


async def purge_need(ctx: Context, need_id: NeedId) -> None:
    await purge(ctx, need_id, closed_before=ctx.now - ctx.settings.purge_after)


async def remind_match(ctx: Context, match_id: MatchId) -> None:
    row = await run(ctx.tx, "match_by_id", id=match_id, member_id=None, need_id=None)
    if row and row["state"] == MatchState.CONNECTED:
        await owe_notice(ctx, "remind", match_id, member_id=row["member_id"])


async def ask_whether(ctx: Context, match_id: MatchId) -> None:
    """Did it happen? Both are asked once, on the morning after the day, where neither has said so."""
    row = await run(ctx.tx, "match_by_id", id=match_id, member_id=None, need_id=None)
    if row is None or row["state"] != MatchState.CONNECTED:
        return
    at = morning_after(row["needed_by"], row["time_zone"])
    if at > ctx.now:  # not yet, or not any more: the day was moved
        await promise(ctx.tx, "ask_whether", match_id, at)
        return
    await owe_notice(ctx, "whether", match_id, member_id=row["member_id"])
    await owe_notice(ctx, "whether", match_id, need_id=row["need_id"])


async def wake_rested(ctx: Context, _: UUID) -> None:
    """Rest is over for whoever said "until today", from the first hour of that day in Vancouver on."""
    for row in await run(ctx.tx, "wake_rested", today=(ctx.now - timedelta(hours=8)).date()):
        await offer_appeared(ctx, row["id"])


async def age_loads(ctx: Context, _: UUID) -> None:
    """So many people at a time; then again at once, until the search knows how busy everybody at least is."""
    if await run(ctx.tx, "age_loads", now=ctx.now, most=AGED_MOST):
        await promise(ctx.tx, "age_loads", UUID(int=0), ctx.now)


async def end_old_sessions(ctx: Context, _: UUID) -> None:
    """And what else is forgotten by its age alone."""
    await run(ctx.tx, "end_old_sessions", now=ctx.now)
    await run(ctx.tx, "forget_notices", before=ctx.now - ctx.settings.notices_kept)
    await run(ctx.tx, "forget_openings", before=ctx.now - KEPT)
    await run(ctx.tx, "forget_weeks", now=ctx.now)
