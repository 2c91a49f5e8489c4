"""Groups, their roles, and whom they admit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from careweb.domain.contacts import Contact
from careweb.domain.errors import NotHereError
from careweb.domain.ids import GroupId, MemberId
from careweb.domain.states import MembershipState, Role
from careweb.flows.context import Context
from careweb.flows.entering import act_for
from careweb.flows.matches import take_back
from careweb.flows.notices import owe_notice
from careweb.flows.signin import add_member
from careweb.storage.database import run
from careweb.storage.promises import promise
from careweb.storage.sealing import key_of


@dataclass(frozen=True, kw_only=True)
class Group:
    id: GroupId
    slug: str
    name: str
    phone_line: str
    area_code: str
    languages: tuple[str, ...]
    demo: bool


@dataclass(frozen=True, kw_only=True)
class Helper:
    """A volunteer as the coordinators of their group see them."""

    id: MemberId
    name: str = field(repr=False)
    state: MembershipState
    confirmed: bool
    vetting: int
    categories: tuple[str, ...]
    languages: tuple[str, ...]
    since: datetime
    note: str = field(repr=False)  # how whoever admitted them knows them


def _group(row: Mapping[str, Any]) -> Group:
    return Group(**{**row, "languages": tuple(row["languages"])})


async def all_groups(ctx: Context) -> list[Group]:
    return [_group(row) for row in await run(ctx.tx, "all_groups")]


async def group_by_slug(ctx: Context, slug: str) -> Group:
    row = await run(ctx.tx, "group_by_slug", slug=slug)
    if row is None:
        raise NotHereError
    return _group(row)


async def open_group(
    ctx: Context,
    slug: str,
    name: str,
    *,
    area_code: str,
    phone_line: str = "",
    languages: tuple[str, ...] = (),
    demo: bool = False,
) -> GroupId:
    group_id = GroupId(uuid4())
    await run(
        ctx.tx, "add_group", id=group_id, slug=slug, name=name, phone_line=phone_line, area_code=area_code,
        languages=list(languages), demo=demo,
    )  # fmt: skip
    return group_id


async def grant_role(
    ctx: Context, group_id: GroupId, contact: Contact, role: Role, *, name: str = "", locale: str = "en"
) -> MemberId:
    """Whoever has this contact gets the role; they sign in as everyone does."""
    member = await run(ctx.tx, "member_by_contact", contact_index=ctx.vault.contact_index(contact))
    if member:
        member_id = MemberId(member["id"])
    else:
        member_id = await add_member(
            ctx, contact, locale=locale, time_zone="America/Toronto", confirmed=True, name=name
        )
    await run(ctx.tx, "add_staff", group_id=group_id, member_id=member_id, role=role, now=ctx.now)
    return member_id


async def take_role(ctx: Context, group_id: GroupId, contact: Contact, role: Role) -> MemberId:
    member = await run(ctx.tx, "member_by_contact", contact_index=ctx.vault.contact_index(contact))
    if member is None:
        raise NotHereError
    await run(ctx.tx, "remove_staff", group_id=group_id, member_id=member["id"], role=role)
    return MemberId(member["id"])


async def want_second_step(ctx: Context, group_id: GroupId, wanted: str | None) -> None:
    """None: as the installation has it."""
    await run(ctx.tx, "set_second_step", id=group_id, second_step=wanted)


async def helpers(ctx: Context, group_id: GroupId) -> list[Helper]:
    return [await _helper(ctx, row) for row in await run(ctx.tx, "members_of_group", group_id=group_id)]


async def _helper(ctx: Context, row: Mapping[str, Any]) -> Helper:
    sealer = await key_of(ctx.tx, ctx.vault, "member", row["id"])
    return Helper(
        id=row["id"], name=sealer.open("name", row["sealed_name"]) if sealer else "",
        state=MembershipState(row["state"]), confirmed=row["confirmed"], vetting=row["vetting"],
        categories=tuple(row["categories"] or ()), languages=tuple(row["languages"] or ()), since=row["created_at"],
        note=sealer.open("note", row["sealed_note"]) if sealer else "",
    )  # fmt: skip


async def admit(
    ctx: Context, group_id: GroupId, member_id: MemberId, *, by: MemberId | None, note: str, vetting: int = 0
) -> None:
    await _decide(ctx, group_id, member_id, MembershipState.ADMITTED, by=by, note=note, vetting=vetting)
    for offer in await run(ctx.tx, "offers_of_member", member_id=member_id):
        await promise(ctx.tx, "offer_appeared", offer["id"], ctx.now)
    await owe_notice(ctx, "admitted", group_id, member_id=member_id)


async def suspend(ctx: Context, group_id: GroupId, member_id: MemberId, *, by: MemberId | None, note: str) -> None:
    """One click: what they were asked and what they agreed to is taken back, and the needs look for others."""
    await _decide(ctx, group_id, member_id, MembershipState.SUSPENDED, by=by, note=note, vetting=0)
    await act_for(ctx, member_id)  # what they were asked for other groups is theirs, and taken back too
    for match in await run(ctx.tx, "matches_under_way", member_id=member_id, group_id=group_id):
        await take_back(ctx, match["id"])
    for row in await run(ctx.tx, "cancel_asks_of_member", member_id=member_id, group_id=group_id, now=ctx.now):
        await promise(ctx.tx, "match_need", row["need_id"], ctx.now)
    await owe_notice(ctx, "suspended", group_id, member_id=member_id)


async def _decide(
    ctx: Context,
    group_id: GroupId,
    member_id: MemberId,
    state: MembershipState,
    *,
    by: MemberId | None,
    note: str,
    vetting: int,
) -> None:
    if not await run(ctx.tx, "membership_state", group_id=group_id, member_id=member_id):
        raise NotHereError  # before the key is looked for: another group's member is as nobody
    sealer = await key_of(ctx.tx, ctx.vault, "member", member_id)
    if sealer is None or not await run(
        ctx.tx, "decide_membership", group_id=group_id, member_id=member_id, state=state, vetting=vetting,
        sealed_note=sealer.seal("note", note), decided_by=by, now=ctx.now,
    ):  # fmt: skip
        raise NotHereError
