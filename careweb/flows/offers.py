"""What a volunteer does with their offers, and how often they may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from careweb.domain.errors import MovedTooOftenError, NotHereError
from careweb.domain.ids import GroupId, MemberId, OfferId
from careweb.domain.offers import MOVES_MOST, MOVES_WITHIN, NewOffer, Pace
from careweb.domain.states import ChannelState, OfferState
from careweb.flows.context import Context
from careweb.storage.database import run
from careweb.storage.promises import call_off, promise
from careweb.storage.sealing import key_of

EVERYBODY = uuid5(NAMESPACE_URL, "careweb:everybody")  # the subject of a job that is about nobody in particular


@dataclass(frozen=True, kw_only=True)
class MyPage:
    """All a signed-in member sees of themselves."""

    member_id: MemberId
    name: str = field(repr=False)
    pace: Pace
    mail_stopped: bool
    unreached: bool  # not because they stopped messages: no channel takes them any more
    tasks_this_week: int
    memberships: list[Mapping[str, Any]]
    offers: list[Mapping[str, Any]]
    asks: list[Mapping[str, Any]]
    matches: list[Mapping[str, Any]]
    needs: list[Mapping[str, Any]]
    thanks: tuple[str, ...] = field(repr=False)  # for what they gave, while it is not erased


async def make_offer(
    ctx: Context, group_id: GroupId, member_id: MemberId, new: NewOffer, *, form_id: str = ""
) -> OfferId:
    """A first offer in a group also asks to be admitted there. The same form sent twice makes one offer.

    Raises MovedTooOftenError: then nothing of it has happened.
    """
    await _move(ctx, member_id, new.zone_code)
    await run(ctx.tx, "add_membership", group_id=group_id, member_id=member_id, now=ctx.now)
    offer_id = OfferId(uuid4())
    form_hash = ctx.vault.index("offer form", f"{member_id} {form_id}") if form_id else None
    added = await run(
        ctx.tx, "add_offer", id=offer_id, group_id=group_id, member_id=member_id, source_ref=None, form_hash=form_hash,
        now=ctx.now, **_stated(new),
    )  # fmt: skip
    if not added:
        return OfferId(await run(ctx.tx, "offer_of_form", form_hash=form_hash))
    await promise(ctx.tx, "offer_appeared", offer_id, ctx.now)
    return offer_id


async def _move(ctx: Context, member_id: MemberId, zone_code: str) -> None:
    """Where they are already it is no move; nor before anyone admitted them, since nobody asks them anything."""
    if not await run(ctx.tx, "would_move", member_id=member_id, zone_code=zone_code):
        return
    if not await run(
        ctx.tx, "count_move", id=member_id, since=ctx.now - MOVES_WITHIN, most=MOVES_MOST, now=ctx.now
    ):  # fmt: skip
        raise MovedTooOftenError


def _stated(new: NewOffer) -> dict[str, Any]:
    return {
        "categories": list(new.categories), "languages": list(new.languages), "zone_code": new.zone_code,
        "radius_km": new.radius_km, "reach": new.reach, "hours": new.hours,
    }  # fmt: skip


async def change_offer(ctx: Context, offer_id: OfferId, member_id: MemberId, new: NewOffer) -> None:
    """Raises MovedTooOftenError: then nothing of it has happened."""
    before = await offer_of(ctx, offer_id, member_id)
    await _move(ctx, member_id, new.zone_code)
    if not await run(ctx.tx, "change_offer", id=offer_id, member_id=member_id, now=ctx.now, **_stated(new)):
        raise NotHereError
    if _asked_of(before) != _asked_of(_stated(new)):
        await _take_asks_back(ctx, offer_id)
    await promise(ctx.tx, "offer_appeared", offer_id, ctx.now)


def _asked_of(offer: Mapping[str, Any]) -> tuple[object, ...]:
    """All by which someone was chosen for an ask that is out."""
    lists = set(offer["categories"]), set(offer["languages"])
    return (*lists, offer["zone_code"], offer["radius_km"], offer["hours"])


async def _take_asks_back(ctx: Context, offer_id: OfferId) -> None:
    for ask in await run(ctx.tx, "cancel_asks_of_offer", offer_id=offer_id, now=ctx.now):
        await call_off(ctx.tx, "time_out_ask", [ask["id"]])
        await promise(ctx.tx, "match_need", ask["need_id"], ctx.now)


async def offer_of(ctx: Context, offer_id: OfferId, member_id: MemberId) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await run(ctx.tx, "offer_of_member", id=offer_id, member_id=member_id)
    if row is None:
        raise NotHereError
    return row


async def end_offer(ctx: Context, offer_id: OfferId, member_id: MemberId) -> None:
    """Ending twice is ending once."""
    if await run(ctx.tx, "end_offer", id=offer_id, member_id=member_id):
        await _take_asks_back(ctx, offer_id)
    elif not await run(ctx.tx, "offer_state", id=offer_id, member_id=member_id):
        raise NotHereError


async def switch_on(ctx: Context, offer_id: OfferId, member_id: MemberId) -> None:
    """The person agrees to an offer that was imported for them; twice is once."""
    if await run(ctx.tx, "switch_on_offer", id=offer_id, member_id=member_id):
        await promise(ctx.tx, "offer_appeared", offer_id, ctx.now)
    else:
        await offer_of(ctx, offer_id, member_id)


async def set_pace(ctx: Context, member_id: MemberId, pace: Pace) -> None:
    await run(
        ctx.tx, "set_member_pace", id=member_id, per_week=pace.per_week, weekly_asks=pace.weekly_asks,
        quiet_from=pace.quiet_from, quiet_until=pace.quiet_until, urgent_any_hour=pace.urgent_any_hour,
    )  # fmt: skip
    for offer in await run(ctx.tx, "offers_of_member", member_id=member_id):
        if offer["state"] == OfferState.ACTIVE:  # whoever takes more than before may be just who a need waits for
            await promise(ctx.tx, "offer_appeared", offer["id"], ctx.now)


async def pace_of(ctx: Context, member_id: MemberId) -> Pace:
    return _pace(await run(ctx.tx, "member_by_id", id=member_id))


def _pace(member: Mapping[str, Any]) -> Pace:
    return Pace(**{name: member[name] for name in Pace.__dataclass_fields__})


async def set_tasks(ctx: Context, member_id: MemberId, per_week: int) -> None:
    pace = await pace_of(ctx, member_id)
    if pace.per_week != per_week:
        await set_pace(ctx, member_id, replace(pace, per_week=per_week))


async def set_name(ctx: Context, member_id: MemberId, name: str) -> None:
    sealer = await key_of(ctx.tx, ctx.vault, "member", member_id)
    if sealer:
        await run(ctx.tx, "rename_member", id=member_id, sealed_name=sealer.seal("name", name))


async def rest(ctx: Context, member_id: MemberId, until: date) -> None:
    """Without guilt: what was asked is taken back, and nothing new comes until that day."""
    await run(ctx.tx, "rest_offers", member_id=member_id, rests_until=until)
    for row in await run(ctx.tx, "cancel_asks_of_member", member_id=member_id, group_id=None, now=ctx.now):
        await promise(ctx.tx, "match_need", row["need_id"], ctx.now)
    await promise(ctx.tx, "wake_rested", EVERYBODY, datetime.combine(until, time(0, 5), UTC) + timedelta(hours=8))


async def resume(ctx: Context, member_id: MemberId) -> None:
    for row in await run(ctx.tx, "resume_offers", member_id=member_id):
        await promise(ctx.tx, "offer_appeared", row["id"], ctx.now)


async def hear_again(ctx: Context, member_id: MemberId) -> None:
    """Messages were stopped by the link at their foot, or none arrived; whoever signs in can have them again, by e-mail."""
    await run(ctx.tx, "restart_mail", id=member_id)
    await run(ctx.tx, "restart_channel", id=member_id, person_id=member_id)
    for offer in await run(ctx.tx, "offers_of_member", member_id=member_id):
        await promise(ctx.tx, "offer_appeared", offer["id"], ctx.now)


async def speak_in(ctx: Context, member_id: MemberId, *, locale: str, time_zone: str) -> None:
    """The language of messages, and the clock of quiet hours."""
    await run(ctx.tx, "set_member_place", id=member_id, locale=locale, time_zone=time_zone)


async def my_page(ctx: Context, member_id: MemberId) -> MyPage:
    row = await run(ctx.tx, "member_by_id", id=member_id)
    sealer = await key_of(ctx.tx, ctx.vault, "member", member_id)
    week_ago = ctx.now - timedelta(days=7)
    return MyPage(
        member_id=member_id,
        name=sealer.open("name", row["sealed_name"]) if sealer else "",
        pace=_pace(row),
        mail_stopped=row["mail_stopped"],
        unreached=row["mail_stopped"] and await _is_unreached(ctx, member_id),
        tasks_this_week=sum(at > week_ago for at in row["task_times"]),
        memberships=await run(ctx.tx, "memberships", member_id=member_id),
        offers=await run(ctx.tx, "offers_of_member", member_id=member_id),
        asks=await run(ctx.tx, "asks_of_member", member_id=member_id),
        matches=await run(ctx.tx, "matches_of_member", member_id=member_id),
        needs=await run(ctx.tx, "needs_of_member", member_id=member_id),
        thanks=await _thanks_to(ctx, member_id),
    )


async def _is_unreached(ctx: Context, member_id: MemberId) -> bool:
    """Some channel refused, and none is left. E-mail without a row of its own has never been stopped."""
    rows = await run(ctx.tx, "channels_of_person", person_id=member_id)
    states = {row["state"] for row in rows}
    return ChannelState.OFF in states and ChannelState.ON not in states and any(row["id"] == member_id for row in rows)


async def _thanks_to(ctx: Context, member_id: MemberId) -> tuple[str, ...]:
    lines = []
    for row in await run(ctx.tx, "thanks_to_member", member_id=member_id):
        sealer = await key_of(ctx.tx, ctx.vault, "need", row["need_id"])
        lines.append(sealer.open("note", row["sealed_text"]) if sealer else "")
    return tuple(filter(None, lines))
