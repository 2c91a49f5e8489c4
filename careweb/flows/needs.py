"""What an asker does with a need."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from careweb.domain.codes import CodeError, ReturnCode, read_return_code
from careweb.domain.errors import NoCodeLeftError, NotHereError, OverError
from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.domain.limits import HeldReason
from careweb.domain.needs import Agreed, NewNeed, changes, expires_at, warned_at
from careweb.domain.states import UNDER_WAY, AskState, CloseReason, ContactKind, NeedState
from careweb.flows.context import Context
from careweb.flows.entering import enter
from careweb.flows.notices import Begin, owe_anew, owe_notice, owe_notices
from careweb.storage.database import run
from careweb.storage.promises import call_off, promise, unpromise
from careweb.storage.sealing import Sealer, key_of, new_key


@dataclass(frozen=True, kw_only=True)
class Posted:
    need_id: NeedId
    code: ReturnCode
    fresh: bool  # False: this form was sent before, and this is the need it made
    held: bool = False  # a coordinator reads it first


async def post_need(
    ctx: Context,
    group_id: GroupId,
    new: NewNeed,
    *,
    form_id: str,
    member_id: MemberId | None = None,
    actor: str = "asker",
    secret_hash: str = "",
    held: HeldReason | None = None,
) -> Posted:
    """Posting the same form twice makes one need, and shows the same code. `secret_hash`: if it was made before.

    `held`: why a coordinator reads it before anybody is asked.
    """
    if sent_before := await need_of_form(ctx, form_id):
        return sent_before
    need_id = NeedId(uuid4())
    added = await add_need(
        ctx, group_id, new, need_id, (locator for locator, _ in _codes(ctx, form_id)),
        member_id=member_id, form_hash=ctx.vault.index("form", form_id),
        secret_hash=secret_hash or await ctx.vault.hash_aside(ctx.vault.return_code(form_id).secret), held_reason=held,
    )  # fmt: skip
    if not added:  # the other of two at once was first
        if first := await need_of_form(ctx, form_id):
            return first
        raise NoCodeLeftError
    await tell(ctx, need_id, actor, "posted")
    await owe_notice(ctx, "posted", need_id, need_id=need_id)
    return Posted(need_id=need_id, code=_code_at(ctx, form_id, added), fresh=True, held=bool(held))


_BEGINNINGS = 8  # even beside ten million live needs, one form in a hundred million would find none that is free


def _codes(ctx: Context, form_id: str) -> Iterator[tuple[bytes, ReturnCode]]:
    """Those that this form can have, each after what is stored of its first half."""
    for beginning in range(_BEGINNINGS):
        code = ctx.vault.return_code(form_id, beginning)
        yield ctx.vault.index("locator", code.locator), code


def _code_at(ctx: Context, form_id: str, locator: bytes) -> ReturnCode:
    return next(code for stored, code in _codes(ctx, form_id) if stored == locator)


async def need_of_form(ctx: Context, form_id: str) -> Posted | None:
    row = await run(ctx.tx, "need_of_form", form_hash=ctx.vault.index("form", form_id))
    if not row:
        return None
    return Posted(need_id=NeedId(row["id"]), code=_code_at(ctx, form_id, row["locator_hash"]), fresh=False)


async def add_need(
    ctx: Context, group_id: GroupId, new: NewNeed, need_id: NeedId, locators: Iterable[bytes], **more: Any
) -> bytes | None:
    """The row, its key and all the jobs it owes. Returns which of the locators no other need has, and is this one's now."""
    sealer = await new_key(ctx.tx, ctx.vault, "need", need_id)
    values = {
        "contact_index": _known_by(ctx, new, need_id), "member_id": None, "form_hash": None, "secret_hash": None, "source_ref": None,
        "consent_reason": None, "held_reason": None, "repeats_of": None, "confirmed": True, "posted_at": ctx.now, "expires_at": expires_at(new.needed_by),
    } | more  # fmt: skip
    values |= _stated(new, sealer) | {
        "contact_kind": new.contact.kind, "sealed_contact": sealer.seal("contact", new.contact.address), "call_back": False,
        "locale": new.locale, "state": NeedState.HELD if values["held_reason"] else NeedState.OPEN,
    }  # fmt: skip
    for locator in locators:
        if await run(ctx.tx, "add_need", id=need_id, group_id=group_id, locator_hash=locator, **values):
            break
    else:
        return None
    if values["confirmed"] and not values["held_reason"]:
        await promise(ctx.tx, "match_need", need_id, ctx.now)
    if values["held_reason"]:
        await run(ctx.tx, "tell_of_held", need_id=need_id)
    await promise_dates(ctx, need_id, new.needed_by, values["posted_at"], values["expires_at"])
    if new.repeats_until:
        await promise(ctx.tx, "repeat_need", need_id, new.needed_by)
    return locator


def _known_by(ctx: Context, new: NewNeed, need_id: NeedId) -> bytes | None:
    """What a block of its asker is tied to: their contact; without one a series is known by its first need."""
    if new.contact.kind is not ContactKind.CODE:
        return ctx.vault.contact_index(new.contact)
    return ctx.vault.index("series", str(need_id)) if new.repeats_until else None


def _stated(new: NewNeed, sealer: Sealer) -> dict[str, Any]:
    return {
        "category": new.category, "zone_code": new.zone_code, "languages": list(new.languages), "urgency": new.urgency,
        "helpers": new.helpers, "needed_by": new.needed_by, "hours": new.hours, "reach": new.reach,
        "show_text": new.show_text, "see_first": new.see_first, "repeats_until": new.repeats_until,
        "sealed_name": sealer.seal("name", new.name), "sealed_text": sealer.seal("text", new.text),
    }  # fmt: skip


async def promise_dates(
    ctx: Context, need_id: NeedId, needed_by: datetime, posted: datetime, expires: datetime
) -> None:
    for job, at in (
        ("warn_need", warned_at(posted, expires, ctx.settings.expiry_warning)),
        ("expire_need", expires),
        ("close_silent_need", needed_by + ctx.settings.met_after),
    ):
        await unpromise(ctx.tx, job, need_id)  # a renewed need is due later, and promising only ever moves earlier
        await promise(ctx.tx, job, need_id, at)


async def change_need(ctx: Context, need_id: NeedId, new: NewNeed, *, actor: str = "asker") -> None:
    """Taken slots stay taken, even where fewer helpers are wanted now; whoever took one is told what is different."""
    sealer, before = await _sealer(ctx, need_id), await _agreed(ctx, need_id)
    expires = expires_at(new.needed_by)
    series = ctx.vault.index("series", str(need_id)) if new.repeats_until else None
    if not await run(ctx.tx, "change_need", id=need_id, expires_at=expires, series=series, **_stated(new, sealer)):
        raise OverError
    await cancel_asks(ctx, need_id)  # they were asked about something else
    await promise_dates(ctx, need_id, new.needed_by, ctx.now, expires)
    if new.repeats_until:
        await promise(ctx.tx, "repeat_need", need_id, new.needed_by)
    await promise(ctx.tx, "match_need", need_id, ctx.now)
    await _tell_of_change(ctx, need_id, before, actor, "changed")


async def renew_need(ctx: Context, need_id: NeedId, needed_by: datetime, hours: int) -> None:
    before, expires = await _agreed(ctx, need_id), expires_at(needed_by)
    if not await run(ctx.tx, "renew_need", id=need_id, needed_by=needed_by, hours=hours, expires_at=expires):
        raise OverError
    await unpromise(ctx.tx, "purge_need", need_id)
    await promise_dates(ctx, need_id, needed_by, ctx.now, expires)
    await promise(ctx.tx, "match_need", need_id, ctx.now)
    await _tell_of_change(ctx, need_id, before, "asker", "renewed")


async def _agreed(ctx: Context, need_id: NeedId) -> Agreed:
    """As it stands, held until the transaction ends."""
    await run(ctx.tx, "hold_need", id=need_id)
    row: Mapping[str, Any] = await run(ctx.tx, "need_by_id", id=need_id)
    return Agreed(
        category=row["category"], day=row["needed_by"].astimezone(ZoneInfo(row["time_zone"])).date(),
        place=row["zone_code"], helpers=row["helpers"],
    )  # fmt: skip


async def _tell_of_change(ctx: Context, need_id: NeedId, before: Agreed, actor: str, kind: str) -> None:
    changed = changes(before, await _agreed(ctx, need_id))
    await tell(ctx, need_id, actor, kind, {"changed": changed} if changed else None)
    for match in await run(ctx.tx, "matches_of_need", need_id=need_id) if changed else ():
        if match["state"] in UNDER_WAY:
            await owe_anew(ctx, "need_changed", match["id"], match["member_id"])


async def withdraw_need(ctx: Context, need_id: NeedId) -> None:
    await end_need(ctx, need_id, NeedState.WITHDRAWN, actor="asker", kind="withdrawn")


async def confirm_met(ctx: Context, need_id: NeedId) -> None:
    """ "It is done." Who said yes and was not chosen yet is free again."""
    if not await run(ctx.tx, "end_need", id=need_id, state=NeedState.MET, close_reason=None, now=ctx.now):
        raise OverError
    await run(ctx.tx, "finish_matches_of_need", need_id=need_id, by="asker", now=ctx.now)
    await drop_matches(ctx, need_id, "asker")
    await _after_end(ctx, need_id)
    await tell(ctx, need_id, "asker", "met")


async def end_need(
    ctx: Context,
    need_id: NeedId,
    state: NeedState,
    *,
    actor: str,
    kind: str,
    close_reason: CloseReason | None = None,
    words: str = "",
) -> None:
    """Ends a need that nobody will meet now: asks are taken back, helpers under way are told."""
    if not await run(ctx.tx, "end_need", id=need_id, state=state, close_reason=close_reason, now=ctx.now):
        raise OverError
    await drop_matches(ctx, need_id, actor)
    await _after_end(ctx, need_id)
    await tell(ctx, need_id, actor, kind, {"reason": close_reason} if close_reason else None, reason=words)


async def drop_matches(ctx: Context, need_id: NeedId, by: str) -> None:
    """What was under way ends with its need: helpers are told, and have their week back."""
    for match in await run(ctx.tx, "drop_matches_of_need", need_id=need_id, by=by, now=ctx.now):
        await run(ctx.tx, "give_task_back", id=match["member_id"], accepted_at=match["accepted_at"])
        for job in ("lapse_match", "remind_match", "ask_whether"):
            await call_off(ctx.tx, job, [match["id"]])
        await owe_notice(ctx, "need_ended", match["id"], member_id=match["member_id"])


async def _after_end(ctx: Context, need_id: NeedId) -> None:
    await cancel_asks(ctx, need_id)
    await stop_promises(ctx, need_id)


async def stop_promises(ctx: Context, need_id: NeedId) -> None:
    for job in ("match_need", "warn_need", "expire_need", "close_silent_need"):
        await call_off(ctx.tx, job, [need_id])
    await promise(ctx.tx, "purge_need", need_id, ctx.now + ctx.settings.purge_after)


async def cancel_asks(ctx: Context, need_id: NeedId, state: AskState = AskState.CANCELLED) -> None:
    """Takes back what is out; whoever had been written to is told that nothing is left to do.

    In one order everywhere: not that in which rows happen to lie, by which nobody should tell anything.
    """
    rows = await run(ctx.tx, "end_asks", need_id=need_id, state=state, now=ctx.now)
    ended = sorted(rows, key=itemgetter("id"))
    # However many they are: whoever else says yes at this moment waits for us.
    await call_off(ctx.tx, "time_out_ask", [ask["id"] for ask in ended])
    await owe_notices(ctx, "ask_covered", [(ask["id"], ask["member_id"]) for ask in ended if ask["sent_at"]])


async def find_by_code(begin: Begin, text: str) -> NeedId | None:
    """The need this return code opens. An unknown locator costs as much as a wrong secret: one statement and one hash.

    No connection waits for the hash. How often may be tried is the door's business: careweb/web/slowing.py.
    """
    try:
        code = read_return_code(text)
    except CodeError:
        return None
    async with begin() as ctx:
        row = await run(ctx.tx, "need_of_locator", locator_hash=ctx.vault.index("locator", code.locator))
        need_id = NeedId(row["id"] if row else uuid4())
        hashed = await _secret_of(ctx, need_id)  # of nobody, where there is none: the same statements
    if hashed is None:
        await ctx.vault.hash_aside(code.secret)
        return None
    return need_id if await ctx.vault.fits_aside(code.secret, hashed) else None


async def _secret_of(ctx: Context, need_id: NeedId) -> str | None:
    await enter(ctx, need_id)
    hashed: str | None = await run(ctx.tx, "secret_of_need", id=need_id)
    return hashed


async def _sealer(ctx: Context, need_id: NeedId) -> Sealer:
    sealer = await key_of(ctx.tx, ctx.vault, "need", need_id)
    if sealer is None:
        raise NotHereError
    return sealer


async def tell(
    ctx: Context, need_id: NeedId, actor: str, kind: str, detail: dict[str, Any] | None = None, reason: str = ""
) -> None:
    """Writes a line into the need's history; the reason, free text, is sealed with the need's key."""
    sealed = (await _sealer(ctx, need_id)).seal("reason", reason) if reason else None
    await run(
        ctx.tx, "add_event", need_id=need_id, at=ctx.now, actor=actor, kind=kind,
        detail=json.dumps(detail or {}), sealed_reason=sealed,
    )  # fmt: skip
