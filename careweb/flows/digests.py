"""What waits: what can, for one message a day at an hour of their own, to those who prefer that; the rest for quiet hours to end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from careweb.delivery.messages import Message
from careweb.domain.channels import ChannelKind
from careweb.domain.notices import AT_ANY_HOUR, CAN_WAIT, NoticeKind
from careweb.domain.quiet import GETTING_READY, quiet_ends
from careweb.domain.states import NoticeState, Urgency
from careweb.flows.context import Context
from careweb.flows.messages import compose, in_one, joined
from careweb.flows.ways import Reader, Way
from careweb.storage import notices
from careweb.storage.database import run
from careweb.storage.notices import Notice
from careweb.storage.promises import promise, unpromise


async def put_off(ctx: Context, notice: Notice, reader: Reader) -> datetime | None:
    """Until when, if it waits: for the hour of a digest, or for the end of quiet hours."""
    digests = reader.digest_at is not None and notice.kind in CAN_WAIT
    due = await (_digest_due(ctx, notice, reader) if digests else _quiet_until(ctx, notice, reader))
    if due is None:
        return None
    await notices.mark_not_sent(ctx.tx, notice, NoticeState.OWED, tries=notice.tries - 1)
    await unpromise(ctx.tx, "deliver_notice", notice.id)
    await promise(ctx.tx, "deliver_notice", notice.id, due)
    return due


async def _digest_due(ctx: Context, notice: Notice, reader: Reader) -> datetime | None:
    """An ask then has as long to be answered as if it had been made at that moment."""
    hour: Any = reader.digest_at
    due = quiet_ends(notice.created_at, time_zone=reader.quiet.time_zone, quiet_until=hour)
    if due <= ctx.now:
        return None
    if notice.kind == NoticeKind.ASK:
        until = due + ctx.settings.low_ask_timeout
        times_out_at = await run(ctx.tx, "put_off_ask", id=notice.subject, urgency=Urgency.LOW, due=due, until=until)
        if times_out_at is None:  # it cannot wait, or is needed before
            return None
        await unpromise(ctx.tx, "time_out_ask", notice.subject)
        await promise(ctx.tx, "time_out_ask", notice.subject, times_out_at)
    return due


async def _quiet_until(ctx: Context, notice: Notice, reader: Reader) -> datetime | None:
    """What they agreed to, and is due before they could get ready for it otherwise, does not wait; nor does what is urgent
    for those who want to be asked at any hour. An ask was planned for another hour, and is late: it may time out meanwhile.
    """
    end = reader.quiet.until(ctx.now)
    if end is None or notice.kind in AT_ANY_HOUR:
        return None
    need = await run(ctx.tx, "need_of_notice", id=notice.id)
    if need is None:
        return end
    if notice.kind in (NoticeKind.ASK, NoticeKind.ASK_COVERED):
        return None if reader.quiet.urgent_any_hour and need["urgency"] == Urgency.URGENT else end
    ready = timedelta(0) if notice.kind == NoticeKind.REMIND else GETTING_READY
    return None if need["needed_by"] <= end + ready else end


async def with_others(
    ctx: Context, notice: Notice, message: Message, reader: Reader, way: Way
) -> tuple[Message, list[Notice]]:
    """What else waited for this hour goes into the same message, and shares its lease and its fate."""
    if reader.digest_at is None or notice.kind not in CAN_WAIT or notice.member_id is None:
        return message, []
    told: list[tuple[Notice, Message]] = []
    for other in await notices.claim_waiting(ctx.tx, notice, sorted(CAN_WAIT)):
        part = await compose(ctx, other, way)
        await unpromise(ctx.tx, "deliver_notice", other.id)
        if part is None:
            await notices.mark_not_sent(ctx.tx, other, NoticeState.FAILED)
        else:
            await promise(ctx.tx, "deliver_notice", other.id, other.lease_until)
            told.append((other, part))
    others = [other for other, _ in told]
    return _one(ctx, notice, others, message, [part for _, part in told], way), others


def _one(
    ctx: Context, notice: Notice, others: Sequence[Notice], message: Message, parts: Sequence[Message], way: Way
) -> Message:
    """Under the id of the oldest, whichever is claimed first when it is tried again."""
    if not parts:
        return message
    oldest = min([notice, *others], key=lambda one: (one.created_at, one.id))
    whole = joined([message, *parts]) if way.kind is ChannelKind.EMAIL else in_one(ctx, notice, way, message)
    return replace(whole, id=oldest.id)
