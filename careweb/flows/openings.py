"""Staff opening a contact outside a match: with a reason, a second person where the group wants one, and in the audit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from careweb.domain.errors import NotHereError, NotNowError
from careweb.domain.ids import GroupId, MemberId
from careweb.domain.openings import KEPT, OPEN_FOR, takes_two
from careweb.domain.states import ContactKind
from careweb.domain.whys import why
from careweb.flows.auditing import note, note_many
from careweb.flows.context import Context
from careweb.flows.notices import owe_notice
from careweb.flows.signin import Post
from careweb.storage.database import run
from careweb.storage.sealing import key_of

Record = Literal["need", "member"]
_READ = {"need": "read_need", "member": "read_name"}
_CONTACTS = {"need": "contact_of_need", "member": "contact_of_volunteer"}


@dataclass(frozen=True, kw_only=True)
class Opening:
    id: UUID
    record: Record
    subject: UUID
    state: str  # asked, open, refused
    mine: bool
    open: bool  # for whoever asked, now
    at_once: bool
    asked_at: datetime
    asker: str = field(repr=False)  # of the staff
    name: str = field(repr=False)  # whose contact it is
    reason: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Reachable:
    kind: ContactKind
    address: str = field(repr=False)


async def two_needed(ctx: Context, group_id: GroupId) -> bool:
    staff = await run(ctx.tx, "staff_of_group", group_id=group_id)
    return takes_two(staff[0]["two_people"] if staff else None, len(staff))


async def ask_to_open(
    ctx: Context, post: Post, by: MemberId, record: Record, subject: UUID, reason: str, *, at_once: bool = False
) -> UUID:
    """`at_once`: no second person, and everyone who is staff here hears of it."""
    await contact_row(ctx, post.group_id, record, subject)
    sealer = await key_of(ctx.tx, ctx.vault, record, subject)
    if sealer is None:
        raise NotHereError
    waits = await two_needed(ctx, post.group_id)
    alone, opening_id = at_once and waits, uuid4()
    waits = waits and not at_once
    await run(
        ctx.tx, "add_opening", id=opening_id, group_id=post.group_id, record=record, subject=subject, asked_by=by,
        sealed_reason=sealer.seal("opening", reason), state="asked" if waits else "open", at_once=alone, now=ctx.now,
        open_until=None if waits else ctx.now + OPEN_FOR,
    )  # fmt: skip
    await note(ctx, post.group_id, post.role, by, "asked_contact", record, subject, reason)
    if alone:
        await note(ctx, post.group_id, post.role, by, "broke_glass", record, subject, reason)
        for one in await run(ctx.tx, "staff_of_group", group_id=post.group_id):
            if one["member_id"] != by:
                await owe_notice(ctx, "glass_broken", opening_id, member_id=one["member_id"])
    return opening_id


async def openings(ctx: Context, post: Post, by: MemberId) -> list[Opening]:
    """With the names of those whose contact it is: each may read that somebody saw theirs."""
    rows = await run(ctx.tx, "openings_of_group", group_id=post.group_id, since=ctx.now - KEPT)
    for record, action in _READ.items():
        reasons = {row["subject"]: why("opening", row["state"]) for row in rows if row["record"] == record}
        await note_many(ctx, post.group_id, post.role, by, action, record, reasons)
    return [await _opening(ctx, row, by) for row in rows]


async def opening_of(ctx: Context, group_id: GroupId, by: MemberId, opening_id: UUID) -> Opening:
    return await _opening(ctx, await _row(ctx, group_id, opening_id), by)


async def _row(ctx: Context, group_id: GroupId, opening_id: UUID) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await run(ctx.tx, "opening_by_id", id=opening_id, group_id=group_id)
    if row is None:
        raise NotHereError
    return row


async def _opening(ctx: Context, row: Mapping[str, Any], by: MemberId) -> Opening:
    sealer = await key_of(ctx.tx, ctx.vault, row["record"], row["subject"])
    found = await run(ctx.tx, _CONTACTS[row["record"]], id=row["subject"], group_id=row["group_id"])
    staff = await key_of(ctx.tx, ctx.vault, "member", row["asked_by"])
    member = await run(ctx.tx, "member_by_id", id=row["asked_by"])
    mine = row["asked_by"] == by
    return Opening(
        id=row["id"], record=row["record"], subject=row["subject"], state=row["state"], at_once=row["at_once"],
        asked_at=row["asked_at"], mine=mine, open=mine and row["state"] == "open" and row["open_until"] > ctx.now,
        asker=staff.open("name", member["sealed_name"]) if staff else "",
        name=sealer.open("name", found["sealed_name"]) if sealer and found else "",
        reason=sealer.open("opening", row["sealed_reason"]) if sealer else "",
    )  # fmt: skip


async def decide_opening(ctx: Context, post: Post, by: MemberId, opening_id: UUID, *, yes: bool) -> None:
    """By a second person; never by whoever asked."""
    row = await _row(ctx, post.group_id, opening_id)
    decided = await run(
        ctx.tx, "decide_opening", id=opening_id, group_id=post.group_id, by=by, state="open" if yes else "refused",
        open_until=ctx.now + OPEN_FOR if yes else None,
    )  # fmt: skip
    if not decided:
        raise NotNowError
    action = "allowed_contact" if yes else "refused_contact"
    sealer = await key_of(ctx.tx, ctx.vault, row["record"], row["subject"])
    reason = sealer.open("opening", row["sealed_reason"]) if sealer else ""
    await note(ctx, post.group_id, post.role, by, action, row["record"], row["subject"], reason)


async def open_contact(ctx: Context, post: Post, by: MemberId, opening_id: UUID) -> Reachable:
    """Only for whoever asked, while it is open; each day on which it is looked at is a line of the audit."""
    found = await opening_of(ctx, post.group_id, by, opening_id)
    if not found.open:
        raise NotNowError
    row = await contact_row(ctx, post.group_id, found.record, found.subject)
    sealer = await key_of(ctx.tx, ctx.vault, found.record, found.subject)
    await note(ctx, post.group_id, post.role, by, "opened_contact", found.record, found.subject, found.reason)
    return Reachable(
        kind=ContactKind(row["contact_kind"]), address=sealer.open("contact", row["sealed_contact"]) if sealer else ""
    )


async def contact_row(ctx: Context, group_id: GroupId, record: Record, subject: UUID) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await run(ctx.tx, _CONTACTS[record], id=subject, group_id=group_id)
    if row is None:
        raise NotHereError
    return row


async def set_rule(ctx: Context, post: Post, by: MemberId, *, chosen: bool | None, reason: str) -> None:
    """None: as many do, from three people on. All staff read it in their account; who lets one be enough is loud."""
    before = await two_needed(ctx, post.group_id)
    await run(ctx.tx, "set_two_people", id=post.group_id, two_people=chosen)
    staff = [row["member_id"] for row in await run(ctx.tx, "staff_of_group", group_id=post.group_id)]
    after = takes_two(chosen, len(staff))
    action = "rule_two" if after else "rule_one"
    await note_many(ctx, post.group_id, post.role, by, action, "member", dict.fromkeys(staff, reason))
    if chosen is False or (before and not after):
        for one in staff:
            if one != by:
                await owe_notice(ctx, "rule_off", uuid4(), member_id=one)
