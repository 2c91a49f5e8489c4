"""Messages: owed with the fact they tell of, delivered later, once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from careweb.delivery.messages import DeliveryError, Message
from careweb.domain.ids import AskId, MemberId, NeedId, NoticeId
from careweb.domain.notices import (
    BURST,
    CALL_INSTEAD,
    TO_THE_UNCONFIRMED,
    TO_THOSE_WHO_STOPPED,
    TRIES_MOST,
    UNSURE_MOST,
    NoticeKind,
    wait_after,
)
from careweb.domain.states import AskState, NoticeState
from careweb.flows.again import look_again
from careweb.flows.context import Context
from careweb.flows.digests import put_off, with_others
from careweb.flows.entering import act_for, act_for_owner, enter
from careweb.flows.messages import STOP_ASKER, STOP_CHANNEL, STOP_MEMBER, compose
from careweb.flows.ways import Way, any_left, reader_of, stop_channel, turn_off
from careweb.storage import notices
from careweb.storage.database import run
from careweb.storage.notices import Notice
from careweb.storage.promises import call_off, postpone, promise, promise_many, unpromise

LEASE_MARGIN = timedelta(seconds=10)  # beyond the time one send may take
_SETTLE_EVERY = 0.5  # seconds between tries to write down what became of a message

Begin = Callable[[], AbstractAsyncContextManager[Context]]
Send = Callable[[Message], Awaitable[None]]


class Outcome(StrEnum):
    NOT_OURS = "not_ours"  # another sender has it, or had it
    OBSOLETE = "obsolete"  # it makes no sense any more
    SENT = "sent"
    AGAIN = "again"
    WAITS = "waits"  # for the hour at which its reader is told what can wait
    FAILED = "failed"
    PARKED = "parked"


async def owe_notice(
    ctx: Context,
    kind: str,
    subject: UUID,
    member_id: MemberId | None = None,
    need_id: NeedId | None = None,
    due: datetime | None = None,
) -> None:
    """To a member, or to whoever asked for a need; at once, or when due. Owing the same twice is owing it once."""
    kind = NoticeKind(kind)
    to = member_id or need_id
    if to is None:
        raise ValueError("a notice is to a member or to an asker")
    notice_id = await notices.owe(
        ctx.tx, kind, subject, to,
        asker=member_id is None, always=kind in TO_THOSE_WHO_STOPPED, confirming=kind in TO_THE_UNCONFIRMED, now=ctx.now,
    )  # fmt: skip
    if notice_id:
        await promise(ctx.tx, "deliver_notice", notice_id, due or ctx.now)
    elif need_id and kind in CALL_INSTEAD:
        await notices.call_back(ctx.tx, need_id)


async def owe_notices(ctx: Context, kind: str, about: Sequence[tuple[UUID, MemberId]]) -> None:
    """The same at once to many members, to each about a subject of their own, however many they are."""
    if not about:
        return
    owed = await run(
        ctx.tx, "owe_notices_to_members", ids=[uuid4() for _ in about], kind=NoticeKind(kind), now=ctx.now,
        subjects=[subject for subject, _ in about], members=[member for _, member in about],
    )  # fmt: skip
    await promise_many(ctx.tx, "deliver_notice", [row["id"] for row in owed], ctx.now)


async def owe_anew(
    ctx: Context, kind: str, subject: UUID, member_id: MemberId | None = None, need_id: NeedId | None = None
) -> None:
    """Of something that may happen again: what was owed before is overtaken by this one."""
    await notices.forget(ctx.tx, NoticeKind(kind), subject, member_id, need_id)
    await owe_notice(ctx, kind, subject, member_id, need_id)


async def owe_in_bursts(
    ctx: Context, kind: str, subject: UUID, member_id: MemberId | None = None, need_id: NeedId | None = None
) -> None:
    """Of what may come many times in a minute: one message tells of all that came until it is sent."""
    last = await notices.forget_sent(ctx.tx, NoticeKind(kind), subject, member_id, need_id)
    due = max(ctx.now, last + BURST) if last else ctx.now
    await owe_notice(ctx, kind, subject, member_id, need_id, due)


async def stop(ctx: Context, token: str) -> bool:
    """One click: no more messages to this member, on this channel, or about this need. False if the link is not ours."""
    if member_id := ctx.vault.verify(STOP_MEMBER, token):
        await act_for(ctx, MemberId(member_id))
        await run(ctx.tx, "stop_mail", id=member_id)
    elif channel_id := ctx.vault.verify(STOP_CHANNEL, token):
        person_id = await run(ctx.tx, "person_of_channel", id=channel_id)
        if person_id:
            await act_for_owner(ctx, person_id)
            await stop_channel(ctx, person_id, channel_id)
    elif need_id := ctx.vault.verify(STOP_ASKER, token):
        await enter(ctx, need_id)
        await stop_asker(ctx, NeedId(need_id))
    else:
        return False
    return True


async def stop_asker(ctx: Context, need_id: NeedId) -> None:
    """No more about this need. Each channel by itself: to use one again is not to use all."""
    await run(ctx.tx, "stop_mail_to_asker", id=need_id)
    for id in (need_id, *[row["id"] for row in await run(ctx.tx, "channels_of_person", person_id=need_id)]):
        await stop_channel(ctx, need_id, id)


async def revive_parked(ctx: Context) -> int:
    """What an operator does once the mail server is mended: every parked message is owed again."""
    revived = await notices.revive(ctx.tx)
    await promise_many(ctx.tx, "deliver_notice", revived, ctx.now)
    return len(revived)


@dataclass(frozen=True, kw_only=True)
class _Claimed:
    notice: Notice
    others: Sequence[Notice]  # of a digest: told in the same message
    message: Message
    way: Way
    after: Way  # where to try next


async def deliver(begin: Begin, send: Send, notice_id: NoticeId) -> Outcome:
    """The one verb with two transactions: claim with a lease, send, mark. Running twice is safe: one has the lease."""
    async with begin() as ctx:
        lease_until = ctx.now + ctx.settings.smtp_timeout + LEASE_MARGIN
        if not await postpone(
            ctx.tx, "deliver_notice", notice_id, lease_until
        ):  # should we die, another takes over then
            return Outcome.NOT_OURS
        claimed = await _claim(ctx, notice_id, lease_until)
        mark_until = time.monotonic() + (ctx.settings.smtp_timeout + LEASE_MARGIN / 2).total_seconds()
        if claimed is Outcome.WAITS:
            return claimed
        if isinstance(claimed, Outcome):
            await unpromise(ctx.tx, "deliver_notice", notice_id)
            return claimed
    try:
        await send(claimed.message)
    except DeliveryError as error:
        return await _settle(begin, claimed, error, mark_until)
    return await _settle(begin, claimed, None, mark_until)


async def _claim(ctx: Context, notice_id: NoticeId, lease_until: datetime) -> _Claimed | Outcome:
    notice = await notices.claim(ctx.tx, notice_id, now=ctx.now, lease_until=lease_until)
    if notice is None:
        return Outcome.NOT_OURS
    if notice.tries > TRIES_MOST:  # its senders died, one after the other
        return await _give_up(ctx, notice, NoticeState.PARKED)
    reader = await reader_of(ctx, notice)
    if reader and not reader.ways:
        await any_left(ctx, notice.person_id)
        return await _give_up(ctx, notice, NoticeState.FAILED)
    way = reader.way(notice.channel_id) if reader else None
    message = await compose(ctx, notice, way)
    if reader is None or way is None or message is None:
        await notices.mark_not_sent(ctx.tx, notice, NoticeState.FAILED)
        return Outcome.OBSOLETE
    if await put_off(ctx, notice, reader):
        return Outcome.WAITS
    message, others = await with_others(ctx, notice, message, reader, way)
    for one in (notice, *others):
        await notices.goes_by(ctx.tx, one, way.kind, way.id, detailed=message.detailed)
    return _Claimed(notice=notice, others=others, message=message, way=way, after=reader.after(way))


async def _settle(begin: Begin, claimed: _Claimed, error: DeliveryError | None, mark_until: float) -> Outcome:
    """Tried until the lease ends: what was sent and not marked would be sent again."""
    while True:
        try:
            async with begin() as ctx:
                return await _mark(ctx, claimed, error)
        except Exception:
            if time.monotonic() > mark_until:
                raise
            await asyncio.sleep(_SETTLE_EVERY)


async def _mark(ctx: Context, claimed: _Claimed, error: DeliveryError | None) -> Outcome:
    for other in claimed.others:
        await _mark_one(ctx, other, claimed, error)
    return await _mark_one(ctx, claimed.notice, claimed, error)


async def _mark_one(ctx: Context, notice: Notice, claimed: _Claimed, error: DeliveryError | None) -> Outcome:
    await unpromise(ctx.tx, "deliver_notice", notice.id)
    if error is None:
        return await _sent(ctx, notice)
    if error.permanent:
        return await _refused(ctx, notice, claimed)
    if notice.tries >= TRIES_MOST:
        return await _give_up(ctx, notice, NoticeState.PARKED)
    next_way = claimed.way if error.unsure and notice.tries % UNSURE_MOST else claimed.after
    await notices.mark_not_sent(ctx.tx, notice, NoticeState.OWED, channel_id=next_way.id)
    await promise(ctx.tx, "deliver_notice", notice.id, ctx.now + wait_after(notice.tries, ctx.settings.notice_retry))
    return Outcome.AGAIN


async def _refused(ctx: Context, notice: Notice, claimed: _Claimed) -> Outcome:
    """For good: nothing goes there any more. Where there is another channel it tells of that, and takes the message."""
    channel_id = claimed.way.id
    if await turn_off(ctx, notice.person_id, channel_id):
        await owe_anew(ctx, NoticeKind.CHANNEL_OFF, channel_id, notice.member_id, notice.need_id)
    if claimed.after.id == channel_id:
        return await _give_up(ctx, notice, NoticeState.FAILED)
    await notices.mark_not_sent(ctx.tx, notice, NoticeState.OWED, channel_id=claimed.after.id, tries=0)
    await promise(ctx.tx, "deliver_notice", notice.id, ctx.now)
    return Outcome.AGAIN


async def _sent(ctx: Context, notice: Notice) -> Outcome:
    await notices.mark_sent(ctx.tx, notice, ctx.now)
    if notice.kind == NoticeKind.ASK:
        ask_id = AskId(notice.subject)
        state = await notices.ask_was_sent(ctx.tx, ask_id, ctx.now)
        if state in (AskState.COVERED, AskState.CANCELLED):  # taken by someone while this was on its way
            await owe_notice(ctx, NoticeKind.ASK_COVERED, ask_id, member_id=notice.member_id)
    return Outcome.SENT


async def _give_up(ctx: Context, notice: Notice, state: NoticeState) -> Outcome:
    await notices.mark_not_sent(ctx.tx, notice, state)
    await never_arrived(ctx, notice)
    return Outcome(state)


async def never_arrived(ctx: Context, notice: Notice) -> None:
    """Whoever was asked by it is free again, and the need looks for others; who left a telephone number is called."""
    if notice.need_id and notice.kind in CALL_INSTEAD:
        await notices.call_back(ctx.tx, notice.need_id)
    if notice.kind != NoticeKind.ASK:
        return
    ask_id = AskId(notice.subject)
    await look_again(ctx, ask_id)
    if await notices.ask_never_arrived(ctx.tx, ask_id, ctx.now):
        await call_off(ctx.tx, "time_out_ask", [ask_id])
