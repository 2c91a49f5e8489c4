"""A need that comes again every week: each time a need of its own, found by the same code and followed by the same browsers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from careweb.domain.contacts import Contact
from careweb.domain.ids import NeedId
from careweb.domain.needs import NewNeed, calmer, next_by_when, urgency_of
from careweb.domain.states import ContactKind, NeedState, Reach, Urgency
from careweb.flows.channels import carry_channels, quiet_hours, set_quiet_hours
from careweb.flows.context import Context
from careweb.flows.needs import add_need, tell
from careweb.storage.database import run
from careweb.storage.promises import promise
from careweb.storage.sealing import Sealer, key_of

NOT_AGAIN = (NeedState.HELD, NeedState.WITHDRAWN, NeedState.CLOSED, NeedState.HANDED_OVER)


async def repeat_need(ctx: Context, need_id: NeedId) -> None:
    """Its day has come: the same again, a week later. Held meanwhile, so that it is repeated once."""
    await run(ctx.tx, "hold_need", id=need_id)
    row = await run(ctx.tx, "need_by_id", id=need_id)
    if row is None or row["repeats_until"] is None or row["state"] in NOT_AGAIN:
        return
    if row["needed_by"] > ctx.now:  # its day was moved
        await promise(ctx.tx, "repeat_need", need_id, row["needed_by"])
        return
    sealer = await key_of(ctx.tx, ctx.vault, "need", need_id)
    again = next_by_when(row["needed_by"], row["repeats_until"], now=ctx.now, time_zone=row["time_zone"])
    if again is None or sealer is None or await run(ctx.tx, "need_after", id=need_id):
        return
    next_id = NeedId(uuid4())
    await run(ctx.tx, "take_code_away", id=need_id)
    await add_need(
        ctx, row["group_id"], _the_same(row, sealer, again, ctx.now), next_id, [row["locator_hash"]], member_id=row["member_id"], contact_index=row["contact_index"],
        form_hash=row["form_hash"], secret_hash=row["secret_hash"], confirmed=row["confirmed"], repeats_of=need_id,
    )  # fmt: skip
    await run(ctx.tx, "follow_next", id=need_id, next_id=next_id)
    if row["mail_stopped"]:
        await run(ctx.tx, "stop_mail_to_asker", id=next_id)
    await carry_channels(ctx, need_id, next_id)
    await set_quiet_hours(ctx, next_id, await quiet_hours(ctx, need_id))
    await tell(ctx, next_id, "worker", "posted")


def _the_same(row: Mapping[str, Any], sealer: Sealer, needed_by: datetime, now: datetime) -> NewNeed:
    kept = {name: row[name] for name in (
        "category", "zone_code", "hours", "helpers", "show_text", "see_first", "locale", "repeats_until",
    )}  # fmt: skip
    return NewNeed(
        **kept, languages=tuple(row["languages"]), needed_by=needed_by, reach=Reach(row["reach"]),
        urgency=calmer(Urgency(row["urgency"]), urgency_of(now, needed_by)),
        name=sealer.open("name", row["sealed_name"]), text=sealer.open("text", row["sealed_text"]),
        contact=Contact(ContactKind(row["contact_kind"]), sealer.open("contact", row["sealed_contact"])),
    )  # fmt: skip


async def stop_repeating(ctx: Context, need_id: NeedId) -> None:
    await run(ctx.tx, "stop_repeating", id=need_id)
