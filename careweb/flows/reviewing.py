"""The queue of a group: what waits, who has it, and what is decided. Nobody sees there what is about themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from careweb.domain.errors import NotHereError, NotNowError, OverError
from careweb.domain.hours import until
from careweb.domain.ids import GroupId, MatchId, MemberId, NeedId
from careweb.domain.needs import USUAL_TIME, expires_at
from careweb.domain.notices import NoticeKind
from careweb.domain.reviews import APPEAL_WITHIN, Action, ReviewKind, possible, told_at
from careweb.domain.states import LIVE, CloseReason, NeedState, ReviewState, Urgency
from careweb.flows.context import Context
from careweb.flows.groups import suspend
from careweb.flows.needs import end_need, promise_dates, tell
from careweb.flows.notices import owe_in_bursts
from careweb.flows.reports import hasten_destruction
from careweb.storage.database import run
from careweb.storage.promises import promise, unpromise
from careweb.storage.sealing import Sealer, key_of, new_key


@dataclass(frozen=True, kw_only=True)
class Review:
    id: UUID
    kind: ReviewKind
    need_id: NeedId
    match_id: MatchId | None
    member_id: MemberId | None
    author: str | None
    cause: str
    urgent: bool
    state: ReviewState
    opened_at: datetime
    due_at: datetime
    late: bool
    own_need: bool
    category: str
    need_state: NeedState
    time_zone: str
    owner_id: MemberId | None
    owner: str = field(repr=False)
    text: str = field(default="", repr=False)
    reason: str = field(default="", repr=False)  # of the decision that is appealed against
    appeal: str = field(default="", repr=False)
    helper: str = field(default="", repr=False)
    asker: str = field(default="", repr=False)
    can: tuple[Action, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Waiting:
    waiting: int
    late: int


async def count_reviews(ctx: Context, group_id: GroupId, by: MemberId) -> Waiting:
    return Waiting(**await run(ctx.tx, "count_reviews", group_id=group_id, by=by, now=ctx.now))


async def reviews(ctx: Context, group_id: GroupId, by: MemberId) -> list[Review]:
    return [await _review(ctx, row) for row in await run(ctx.tx, "reviews_of_group", group_id=group_id, by=by)]


@dataclass(frozen=True, kw_only=True)
class Left:
    """What an operator may know of one that waits for too long: no name, no id, not what it is about."""

    slug: str
    kind: ReviewKind
    urgent: bool
    appealed: bool
    opened_at: datetime
    due_at: datetime
    nobody: bool  # of its group may judge it


async def reviews_left(ctx: Context) -> list[Left]:
    rows = await run(ctx.tx, "reviews_left_to_nobody", before=ctx.now)
    return [
        Left(
            slug=row["slug"], kind=ReviewKind(row["kind"]), urgent=row["urgent"], appealed=row["state"] == ReviewState.APPEALED,
            opened_at=row["opened_at"], due_at=row["due_at"], nobody=row["nobody"],
        ) for row in rows
    ]  # fmt: skip


async def review_of(ctx: Context, group_id: GroupId, by: MemberId, review_id: UUID) -> Review:
    """With its words, and the names of those of the group itself."""
    row = await _row(ctx, group_id, by, review_id)
    sealer = await key_of(ctx.tx, ctx.vault, "review", review_id)
    words = {name: _open(sealer, name, row[f"sealed_{name}"]) for name in ("text", "reason", "appeal")}
    own_need = row["need_group_id"] == group_id
    return await _review(
        ctx, row, **words,
        helper=await _name(ctx, "member", row["member_id"], row["helper_sealed_name"]),
        asker=await _name(ctx, "need", row["need_id"], row["asker_sealed_name"]) if own_need else "",
        can=possible(row["kind"], row["author"], own_need=own_need, live=row["need_state"] in LIVE),
    )  # fmt: skip


async def _row(ctx: Context, group_id: GroupId, by: MemberId, review_id: UUID) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await run(ctx.tx, "review_by_id", id=review_id, group_id=group_id, by=by)
    if row is None:
        raise NotHereError
    return row


async def _review(ctx: Context, row: Mapping[str, Any], **more: Any) -> Review:
    same = {name: row[name] for name in (
        "id", "need_id", "match_id", "member_id", "author", "cause", "urgent", "opened_at", "due_at", "category",
        "time_zone", "owner_id",
    )}  # fmt: skip
    return Review(
        **same, **more, kind=ReviewKind(row["kind"]), state=ReviewState(row["state"]), late=row["due_at"] <= ctx.now,
        own_need=row["need_group_id"] == row["group_id"], need_state=NeedState(row["need_state"]),
        owner=await _name(ctx, "member", row["owner_id"], row["owner_sealed_name"]),
    )  # fmt: skip


def _open(sealer: Sealer | None, column: str, sealed: bytes | None) -> str:
    return sealer.open(column, sealed) if sealer else ""


async def _name(ctx: Context, record: str, id: UUID | None, sealed: bytes | None) -> str:
    return _open(await key_of(ctx.tx, ctx.vault, record, id) if id else None, "name", sealed)


async def tell_staff(ctx: Context, review_id: UUID) -> None:
    """There is something to look at, to whoever may judge it. However much comes, a group hears of it once an hour."""
    row = await run(ctx.tx, "waiting_review", id=review_id)
    if row is None:
        return
    last = await run(ctx.tx, "last_told", kind=NoticeKind.TO_LOOK_AT, subject=row["group_id"])
    at = told_at(row["since"], row["due_at"], last)
    if at <= ctx.now:
        for judge in await run(ctx.tx, "judges_of_review", id=review_id):
            await owe_in_bursts(ctx, NoticeKind.TO_LOOK_AT, row["group_id"], judge["member_id"])
        at = told_at(row["since"], row["due_at"], ctx.now)
    await promise(ctx.tx, "tell_staff", review_id, at)


async def take_review(ctx: Context, group_id: GroupId, by: MemberId, review_id: UUID) -> None:
    if not await run(ctx.tx, "take_review", id=review_id, group_id=group_id, by=by):
        raise NotHereError


async def decide_review(
    ctx: Context, group_id: GroupId, by: MemberId, review_id: UUID, action: Action, reason: str
) -> None:
    """Once, with a reason; after an appeal once more, by somebody else."""
    found = await review_of(ctx, group_id, by, review_id)
    if action not in found.can:
        raise NotNowError
    sealer = await key_of(ctx.tx, ctx.vault, "review", review_id)
    sealer = sealer or await new_key(ctx.tx, ctx.vault, "review", review_id)
    if action is Action.SUSPENDED and found.member_id:  # memberships are locked before needs, as everywhere
        await suspend(ctx, group_id, found.member_id, by=by, note="")
    await run(ctx.tx, "hold_need", id=found.need_id)
    kept = ctx.now + APPEAL_WITHIN
    if not await run(
        ctx.tx, "decide_review", id=review_id, group_id=group_id, by=by, action=action,
        sealed_reason=sealer.seal("reason", reason), kept_until=kept, now=ctx.now,
    ):  # fmt: skip
        raise OverError
    await _do(ctx, found, action)
    await unpromise(ctx.tx, "tell_staff", review_id)
    await unpromise(ctx.tx, "purge_review", review_id)
    await promise(ctx.tx, "purge_review", review_id, kept)
    await hasten_destruction(ctx, found.need_id, found.member_id)


async def _do(ctx: Context, found: Review, action: Action) -> None:
    if action is Action.CLOSED:
        await end_need(
            ctx, found.need_id, NeedState.CLOSED, actor="coordinator", kind="closed", close_reason=CloseReason.NOT_SAFE
        )
    elif action is Action.RELEASED and found.kind is ReviewKind.HELD:
        await release_need(ctx, found.need_id)
    elif action is Action.RELEASED:
        await run(ctx.tx, "let_together", need_id=found.need_id, member_id=found.member_id)


async def release_need(ctx: Context, need_id: NeedId) -> None:
    """Looked for from now on; whose day passed meanwhile gets as long again as such a need has."""
    row = await run(ctx.tx, "need_by_id", id=need_id)
    if not await run(ctx.tx, "release_need", id=need_id):
        raise NotNowError
    if row["needed_by"] <= ctx.now:
        needed_by = ctx.now + USUAL_TIME[Urgency(row["urgency"])]
        hours = row["hours"] | until(ctx.now, needed_by, row["time_zone"])
        expires = expires_at(needed_by)
        await run(ctx.tx, "postpone_need", id=need_id, needed_by=needed_by, hours=hours, expires_at=expires)
        await promise_dates(ctx, need_id, needed_by, ctx.now, expires)
    if row["confirmed"]:
        await promise(ctx.tx, "match_need", need_id, ctx.now)
    await tell(ctx, need_id, "coordinator", "released")
