"""A member leaves for good."""

import secrets
from datetime import datetime

from careweb.domain.contacts import Contact
from careweb.domain.errors import NotHereError
from careweb.domain.ids import MemberId, NeedId, OfferId
from careweb.flows.auditing import note_of_operator
from careweb.flows.context import Context
from careweb.flows.entering import act_for, enter
from careweb.flows.forgetting import forget_need, hold_all
from careweb.flows.matches import cannot
from careweb.flows.offers import end_offer
from careweb.flows.signin import sign_out_everywhere
from careweb.storage.database import run
from careweb.storage.promises import promise
from careweb.storage.sealing import destroy_key


async def member_kept_until(ctx: Context, member_id: MemberId) -> datetime | None:
    kept: datetime | None = await run(ctx.tx, "member_kept_until", member_id=member_id, now=ctx.now)
    return kept


async def remove_member(ctx: Context, member_id: MemberId) -> None:
    """What a report had kept, of somebody who had left for good."""
    await act_for(ctx, member_id)
    await forget_member(ctx, member_id)


async def forget_member(ctx: Context, member_id: MemberId, *, even_kept: bool = False) -> datetime | None:
    """Whoever counts on them is told and others are asked; then nothing is left that says who they were.

    Where a report keeps name and contact, only that waits: until the moment returned, at the latest.
    In the order membership, need, match, ask, as everywhere. Twice is once.
    """

    async def own_needs() -> set[NeedId]:
        return {NeedId(need["id"]) for need in await run(ctx.tx, "needs_of_member", member_id=member_id)}

    kept = None if even_kept else await member_kept_until(ctx, member_id)
    await run(ctx.tx, "leave_groups", member_id=member_id, now=ctx.now)
    await run(ctx.tx, "leave_roles", member_id=member_id)
    for id in await hold_all(ctx, own_needs):  # before any helper of one of them, so that nobody waits in a circle
        await enter(ctx, id)
        await forget_need(ctx, id, even_kept=even_kept)
    for match in await run(ctx.tx, "matches_under_way", member_id=member_id, group_id=None):
        await cannot(ctx, match["id"], member_id)
    for offer in await run(ctx.tx, "offers_of_member", member_id=member_id):
        await end_offer(ctx, OfferId(offer["id"]), member_id)
    for query in ("forget_offers", "forget_own_needs", "forget_sign_ins"):
        await run(ctx.tx, query, member_id=member_id)
    await run(ctx.tx, "forget_channels", person_id=member_id)
    if kept:
        await run(ctx.tx, "leaves_by", id=member_id, gone_by=kept)
        await promise(ctx.tx, "remove_member", member_id, kept)
        return kept
    await run(ctx.tx, "forget_member", id=member_id, contact_index=secrets.token_bytes(32))
    await destroy_key(ctx.tx, ctx.vault, "member", member_id, ctx.now)
    return None


async def forget_contact(ctx: Context, contact: Contact) -> datetime | None:
    member = await run(ctx.tx, "member_by_contact", contact_index=ctx.vault.contact_index(contact))
    if member is None:
        raise NotHereError
    await note_of_operator(ctx, "forgotten", MemberId(member["id"]))  # while there is a key to write it with
    return await forget_member(ctx, MemberId(member["id"]))


async def sign_out_contact(ctx: Context, contact: Contact) -> None:
    member = await run(ctx.tx, "member_by_contact", contact_index=ctx.vault.contact_index(contact))
    if member is None:
        raise NotHereError
    await sign_out_everywhere(ctx, MemberId(member["id"]))
    await note_of_operator(ctx, "signed_out", MemberId(member["id"]))
