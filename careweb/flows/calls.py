"""Who is reached by telephone only and waits for a coordinator's call. Their number is shown one at a time (ADR 26)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from careweb.domain.errors import CareError, NotHereError
from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.domain.openings import CallReason, reasons_to_call
from careweb.domain.states import NeedState
from careweb.domain.whys import why
from careweb.flows.auditing import note, note_many
from careweb.flows.context import Context
from careweb.flows.openings import two_needed
from careweb.flows.signin import Post
from careweb.storage.database import run
from careweb.storage.sealing import key_of


class SecondPersonFirstError(CareError):
    """They did not ask for a call, and this group wants two people to open how to reach somebody."""


@dataclass(frozen=True, kw_only=True)
class CallBack:
    need_id: NeedId
    category: str
    state: NeedState
    confirmed: bool
    name: str = field(repr=False)
    languages: tuple[str, ...]
    posted_at: datetime
    time_zone: str

    @property
    def reasons(self) -> tuple[CallReason, ...]:
        return reasons_to_call(confirmed=self.confirmed)


async def count_call_backs(ctx: Context, group_id: GroupId) -> int:
    return len(await run(ctx.tx, "call_backs", group_id=group_id))


async def call_backs(ctx: Context, group_id: GroupId) -> list[CallBack]:
    return [await _call_back(ctx, row) for row in await run(ctx.tx, "call_backs", group_id=group_id)]


async def _call_back(ctx: Context, row: Mapping[str, Any]) -> CallBack:
    sealer = await key_of(ctx.tx, ctx.vault, "need", row["id"])
    return CallBack(
        need_id=row["id"], category=row["category"], state=NeedState(row["state"]), confirmed=row["confirmed"],
        languages=tuple(row["languages"]), posted_at=row["posted_at"], time_zone=row["time_zone"],
        name=sealer.open("name", row["sealed_name"]) if sealer else "",
    )  # fmt: skip


async def read_call_backs(ctx: Context, post: Post, by: MemberId) -> list[CallBack]:
    """With their names: each may read that somebody saw theirs."""
    waiting = await call_backs(ctx, post.group_id)
    reasons: dict[UUID, str] = {one.need_id: why("need", one.state) for one in waiting}
    await note_many(ctx, post.group_id, post.role, by, "read_need", "need", reasons)
    return waiting


async def number_to_call(ctx: Context, post: Post, by: MemberId, need_id: NeedId, reason: CallReason) -> str:
    """Only while the call is due. Who asked for it said yes to it; who did not, is opened as anybody else is."""
    row = await run(ctx.tx, "number_to_call", id=need_id, group_id=post.group_id)
    if row is None or reason not in reasons_to_call(confirmed=row["confirmed"]):
        raise NotHereError
    if not row["confirmed"] and await two_needed(ctx, post.group_id):
        raise SecondPersonFirstError
    await note(ctx, post.group_id, post.role, by, "called_back", "need", need_id, why("call", reason))
    sealer = await key_of(ctx.tx, ctx.vault, "need", need_id)
    return sealer.open("contact", row["sealed_contact"]) if sealer else ""


async def called_back(ctx: Context, post: Post, by: MemberId, need_id: NeedId) -> None:
    if not await run(ctx.tx, "called_back", id=need_id, group_id=post.group_id):
        raise NotHereError
    await note(ctx, post.group_id, post.role, by, "called", "need", need_id)
