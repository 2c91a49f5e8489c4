"""Back in without the second step: a colleague vouches, or the operator does; and what was done about it, for all to read."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from careweb.domain.contacts import Contact
from careweb.domain.errors import NotHereError
from careweb.domain.ids import GroupId, MemberId
from careweb.flows import auditing
from careweb.flows.context import Context
from careweb.flows.second_step import note, sealer_of
from careweb.flows.signin import Post
from careweb.storage.database import run
from careweb.storage.sealing import key_of


@dataclass(frozen=True, kw_only=True)
class Event:
    at: datetime
    kind: str
    by: str = field(repr=False)  # a name, where somebody of the group did it
    by_operator: bool
    reason: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Colleague:
    id: MemberId
    name: str = field(repr=False)
    roles: tuple[str, ...]
    second_step: bool


async def colleagues(ctx: Context, group_id: GroupId) -> list[Colleague]:
    return [
        Colleague(
            id=row["id"], name=(await sealer_of(ctx, row["id"])).open("name", row["sealed_name"]),
            roles=tuple(row["roles"]), second_step=row["second_step"],
        )
        for row in await run(ctx.tx, "colleagues", group_id=group_id)
    ]  # fmt: skip


async def vouch(ctx: Context, post: Post, member_id: MemberId, *, by: MemberId, reason: str) -> None:
    """Another of the group's staff says that this person lost theirs: they sign in by mail and begin anew."""
    known = {one.id for one in await colleagues(ctx, post.group_id)}
    if member_id == by or not reason or not {member_id, by} <= known:
        raise NotHereError
    await _begin_anew(ctx, member_id, "vouched", by=by, group_id=post.group_id, reason=reason)
    await auditing.note(ctx, post.group_id, post.role, by, "vouched", "member", member_id, reason)


async def reset_by_operator(ctx: Context, contact: Contact, reason: str) -> None:
    member = await run(ctx.tx, "member_by_contact", contact_index=ctx.vault.contact_index(contact))
    if member is None:
        raise NotHereError
    member_id = MemberId(member["id"])
    await _begin_anew(ctx, member_id, "operator", reason=reason)
    await auditing.note_of_operator(ctx, "second_step_reset", member_id, reason)


async def _begin_anew(ctx: Context, member_id: MemberId, kind: str, **more: Any) -> None:
    await run(ctx.tx, "remove_authenticators", member_id=member_id)
    await note(ctx, member_id, kind, **more)


async def events(ctx: Context, member_id: MemberId) -> list[Event]:
    sealer = await sealer_of(ctx, member_id)
    found = []
    for row in await run(ctx.tx, "second_step_events", member_id=member_id):
        other = await key_of(ctx.tx, ctx.vault, "member", row["by_member"]) if row["by_name"] else None
        found.append(
            Event(
                at=row["at"], kind=row["kind"], by=other.open("name", row["by_name"]) if other else "",
                by_operator=row["kind"] == "operator", reason=sealer.open("second step", row["sealed_reason"]),
            )
        )  # fmt: skip
    return found
