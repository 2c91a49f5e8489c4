"""One of two people says that something is wrong with the other, or wants to be kept apart; and appeals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from careweb.domain.errors import NotHereError, NotNowError
from careweb.domain.ids import GroupId, MatchId, MemberId, NeedId
from careweb.domain.reviews import KEPT_MOST, URGENT_CAUSES, Cause, due_at
from careweb.domain.states import LIVE, UNDER_WAY, MatchState
from careweb.flows.apart import keep_apart
from careweb.flows.context import Context
from careweb.flows.matches import cannot, choose, missed
from careweb.storage.database import run
from careweb.storage.promises import hasten, promise, unpromise
from careweb.storage.sealing import destroy_key, key_of


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody reports. `block`: nobody needs to look, the two are only kept apart."""

    cause: Cause
    urgent: bool = False
    block: bool = False
    text: str = field(default="", repr=False)


async def report_helper(ctx: Context, need_id: NeedId, match_id: MatchId, said: Said) -> None:
    """By whoever asked. The two are kept apart, what was under way ends, and a person looks: in one transaction."""
    match = await _match(ctx, match_id, need_id=need_id)
    match = await _parted(ctx, match, said)
    group_id = await run(ctx.tx, "group_of_offer", offer_id=match["offer_id"])  # who may suspend the volunteer
    await _report(ctx, match, "asker", group_id, said)
    if _under_way(match):
        if match["state"] == MatchState.AWAITING_ASKER:
            await choose(ctx, need_id, match_id, yes=False)
        else:
            await missed(ctx, need_id, match_id)


async def report_asker(ctx: Context, match_id: MatchId, member_id: MemberId, said: Said) -> None:
    """By the volunteer."""
    match = await _match(ctx, match_id, member_id=member_id)
    match = await _parted(ctx, match, said)
    await _report(ctx, match, "helper", match["group_id"], said)
    if _under_way(match):
        await cannot(ctx, match_id, member_id)


async def _match(
    ctx: Context, match_id: MatchId, *, member_id: MemberId | None = None, need_id: NeedId | None = None
) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await run(ctx.tx, "match_by_id", id=match_id, member_id=member_id, need_id=need_id)
    if row is None or row["purged_at"]:
        raise NotHereError
    return row


async def _parted(ctx: Context, match: Mapping[str, Any], said: Said) -> Mapping[str, Any]:
    """The match as it is once their needs are held, this one among them, and everything else of the two has ended."""
    kind = "block" if said.block else "keep_apart"
    await keep_apart(ctx, match["need_id"], match["member_id"], kind, but=match["id"])
    return await _match(ctx, match["id"])


def _under_way(match: Mapping[str, Any]) -> bool:
    return match["state"] in UNDER_WAY and match["need_state"] in LIVE


async def _report(ctx: Context, match: Mapping[str, Any], author: str, group_id: GroupId, said: Said) -> None:
    if said.block:
        return
    need_id, member_id = match["need_id"], match["member_id"]
    review_id, urgent, kept = uuid4(), said.urgent or said.cause in URGENT_CAUSES, ctx.now + KEPT_MOST
    sealer, master, wrapped = ctx.vault.new_sealer("review", review_id)
    added = await run(
        ctx.tx, "add_report", id=review_id, group_id=group_id, need_id=need_id, match_id=match["id"],
        member_id=member_id, author=author, cause=said.cause, urgent=urgent, sealed_text=sealer.seal("text", said.text),
        now=ctx.now, due_at=due_at(ctx.now, urgent=urgent), kept_until=kept,
    )  # fmt: skip
    if added:  # else it was said before, and is not decided yet
        await run(ctx.tx, "add_data_key", record="review", id=review_id, master=master, wrapped=wrapped)
        await promise(ctx.tx, "purge_review", review_id, kept)
        await promise(ctx.tx, "tell_staff", review_id, ctx.now)


async def reviews_of_need(ctx: Context, need_id: NeedId) -> list[Mapping[str, Any]]:
    return list(await run(ctx.tx, "reviews_of_need", need_id=need_id))


async def reviews_of_member(ctx: Context, member_id: MemberId) -> list[Mapping[str, Any]]:
    return list(await run(ctx.tx, "reviews_of_member", member_id=member_id))


async def appeal(
    ctx: Context, review_id: UUID, text: str, *, need_id: NeedId | None = None, member_id: MemberId | None = None
) -> None:
    """Once, to another person, by whoever it concerns."""
    theirs = await reviews_of_need(ctx, need_id) if need_id else []
    theirs += await reviews_of_member(ctx, member_id) if member_id else []
    if review_id not in {one["id"] for one in theirs}:  # before a key is made: one of another group has one already
        raise NotNowError
    sealer = await key_of(ctx.tx, ctx.vault, "review", review_id)
    if sealer is None:  # a held need has no words yet
        sealer, master, wrapped = ctx.vault.new_sealer("review", review_id)
        await run(ctx.tx, "add_data_key", record="review", id=review_id, master=master, wrapped=wrapped)
    kept = await run(
        ctx.tx, "appeal_review", id=review_id, need_id=need_id, member_id=member_id,
        sealed_appeal=sealer.seal("appeal", text), now=ctx.now, due_at=due_at(ctx.now, urgent=False),
    )  # fmt: skip
    if kept is None:
        raise NotNowError
    await unpromise(ctx.tx, "purge_review", review_id)
    await promise(ctx.tx, "purge_review", review_id, kept)
    await promise(ctx.tx, "tell_staff", review_id, ctx.now)


async def purge_review(ctx: Context, review_id: UUID) -> None:
    """What was said in it; if nobody ever decided, that is over too, and what was kept for it may go."""
    if await run(ctx.tx, "lapse_review", id=review_id, now=ctx.now):
        await destroy_key(ctx.tx, ctx.vault, "review", review_id, ctx.now)


async def hasten_destruction(ctx: Context, need_id: NeedId, member_id: MemberId | None) -> None:
    """What was to be destroyed once this is decided waits no longer than the time for an appeal."""
    kept = await run(ctx.tx, "need_kept_until", need_id=need_id, now=ctx.now) or ctx.now
    for job in ("purge_need", "erase_need"):
        await hasten(ctx.tx, job, need_id, kept)
    if member_id:
        kept = await run(ctx.tx, "member_kept_until", member_id=member_id, now=ctx.now) or ctx.now
        await hasten(ctx.tx, "remove_member", member_id, kept)
