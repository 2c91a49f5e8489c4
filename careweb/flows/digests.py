"""What can wait is told once a day, at an hour of their own and in one message, to those who prefer that."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from careweb.delivery.messages import Message
from careweb.domain.channels import ChannelKind
from careweb.domain.notices import CAN_WAIT, NoticeKind
from careweb.domain.quiet import quiet_ends
from careweb.domain.states import NoticeState, Urgency
from careweb.flows.context import Context
from careweb.flows.messages import compose, joined
from careweb.flows.ways import Reader, Way
from careweb.storage import notices
from careweb.storage.database import run
from careweb.storage.notices import Notice
from careweb.storage.promises import promise, unpromise


async def put_off(ctx: Context, notice: Notice, reader: Reader) -> datetime | None:
    """Until when, if it waits. An ask then has as long to be answered as if it had been made at that moment."""
    if reader.digest_at is None or notice.kind not in CAN_WAIT:
        return None
    due = quiet_ends(notice.created_at, time_zone=reader.time_zone, quiet_until=reader.digest_at)
    if due <= ctx.now:
        return None
    if notice.kind == NoticeKind.ASK:
        until = due + ctx.settings.low_ask_timeout
        times_out_at = await run(ctx.tx, "put_off_ask", id=notice.subject, urgency=Urgency.LOW, due=due, until=until)
        if times_out_at is None:  # it cannot wait, or is needed before
            return None
        await unpromise(ctx.tx, "time_out_ask", notice.subject)
        await promise(ctx.tx, "time_out_ask", notice.subject, times_out_at)
    await notices.mark_not_sent(ctx.tx, notice, NoticeState.OWED, tries=notice.tries - 1)
    await unpromise(ctx.tx, "deliver_notice", notice.id)
    await promise(ctx.tx, "deliver_notice", notice.id, due)
    return due


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
    whole = joined([message, *parts]) if way.kind is ChannelKind.EMAIL else _only_that(ctx, message)
    return replace(whole, id=oldest.id)


def _only_that(ctx: Context, message: Message) -> Message:
    """There are several: their page has them all, and no one code or line would be that of the message."""
    page = f"{ctx.settings.public_url}/me"
    text = "" if message.channel is ChannelKind.PUSH else f"{message.subject}: {page}"
    return replace(message, text=text, link=page, detailed=False)
