"""Where one message may go: the channels of its reader that work, in the order they want.

Only here is a recipient's address opened, and only to put it on the envelope.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from careweb.config import Settings
from careweb.domain.channels import ChannelKind
from careweb.domain.ids import MemberId
from careweb.domain.notices import BY_MAIL_ONLY, TO_THE_UNCONFIRMED, TO_THOSE_WHO_STOPPED, NoticeKind
from careweb.domain.states import ChannelState
from careweb.flows.context import Context
from careweb.rendering import SOURCE, interfaces
from careweb.storage.database import run
from careweb.storage.notices import Notice
from careweb.storage.sealing import Sealer, key_of


@dataclass(frozen=True, kw_only=True)
class Way:
    id: UUID  # the channel's; of e-mail its person's
    kind: ChannelKind
    address: str = field(repr=False)
    details: bool = False


@dataclass(frozen=True, kw_only=True)
class Reader:
    locale: str
    ways: tuple[Way, ...]
    time_zone: str
    digest_at: int | None = None  # the hour of their clock at which they are told what can wait

    def way(self, id: UUID | None) -> Way:
        """That one if it works; else the first."""
        return next((way for way in self.ways if way.id == id), self.ways[0])

    def after(self, way: Way) -> Way:
        """Where to try next: the following one, and after the last the first again."""
        return self.ways[(self.ways.index(way) + 1) % len(self.ways)]


def switched_on(settings: Settings) -> frozenset[ChannelKind]:
    """By the operator. A demonstration sends nothing to anybody, and its mail is caught."""
    if settings.demo:
        return frozenset({ChannelKind.EMAIL})
    messengers = {kind for kind in ChannelKind if getattr(settings, f"{kind}_url", None)}
    push = {ChannelKind.PUSH} if settings.push_hosts else set()
    return frozenset({ChannelKind.EMAIL, *messengers, *push})


async def reader_of(ctx: Context, notice: Notice) -> Reader | None:
    """None: gone, or stopped messages since this one was owed. Without any way: nothing reaches them."""
    record, id = ("member", notice.member_id) if notice.member_id else ("need", notice.need_id)
    row = await run(ctx.tx, "recipient_member" if notice.member_id else "recipient_asker", id=id)
    if row is None or id is None:
        return None
    stopped = row["mail_stopped"] and notice.kind not in TO_THOSE_WHO_STOPPED
    if stopped or not (row["confirmed"] or notice.kind in TO_THE_UNCONFIRMED):
        return None
    sealer = await key_of(ctx.tx, ctx.vault, record, id)
    address = sealer.open("contact", row["sealed_contact"]) if sealer else ""
    if sealer is None or not address:
        return None
    mail = Way(id=id, kind=ChannelKind.EMAIL, address=address)
    only_mail = notice.need_id is not None or notice.kind in BY_MAIL_ONLY
    ways = (mail,) if only_mail else await _ways(ctx, notice, mail, sealer)
    return Reader(
        locale=row["locale"] if row["locale"] in interfaces() else SOURCE, ways=ways, time_zone=row["time_zone"],
        digest_at=row["digest_at"] if notice.member_id else None,
    )  # fmt: skip


async def _ways(ctx: Context, notice: Notice, mail: Way, sealer: Sealer) -> tuple[Way, ...]:
    rows = await run(ctx.tx, "channels_of_member", member_id=notice.member_id)
    usable = switched_on(ctx.settings)
    if notice.kind == NoticeKind.CHANNEL_CODE:  # to the new one itself
        wanted = [row for row in rows if row["id"] == notice.subject and row["state"] == ChannelState.UNPROVEN]
    else:
        wanted = [row for row in rows if row["state"] == ChannelState.ON]
    ways = [mail if row["id"] == mail.id else _way(row, sealer) for row in wanted if row["kind"] in usable]
    told_by_mail = notice.kind != NoticeKind.CHANNEL_CODE and not any(row["id"] == mail.id for row in rows)
    return (mail, *ways) if told_by_mail else tuple(ways)


def _way(row: Any, sealer: Sealer) -> Way:
    address = sealer.open(f"channel {row['id']}", row["sealed_address"])
    return Way(id=row["id"], kind=ChannelKind(row["kind"]), address=address, details=row["details"])


async def turn_off(ctx: Context, member_id: MemberId, channel_id: UUID) -> bool:
    """It refused for good. True: by another channel its person should hear of it.

    E-mail is left on where there is no other: a mail server that refuses everybody for an hour must not silence everybody.
    """
    await run(ctx.tx, "keep_mail_channel", member_id=member_id, now=ctx.now)
    others = [id for id in await _on(ctx, member_id) if id != channel_id]
    if channel_id == member_id and not others:
        return False
    was_on = await run(ctx.tx, "turn_channel_off", id=channel_id)
    return await any_left(ctx, member_id) and bool(was_on)


async def any_left(ctx: Context, member_id: MemberId) -> bool:
    """Whom nothing reaches is not asked: as if they had stopped messages."""
    if await _on(ctx, member_id):
        return True
    await run(ctx.tx, "stop_mail", id=member_id)
    return False


async def _on(ctx: Context, member_id: MemberId) -> list[UUID]:
    usable = switched_on(ctx.settings)
    rows = await run(ctx.tx, "channels_of_member", member_id=member_id)
    on = [row["id"] for row in rows if row["state"] == ChannelState.ON and row["kind"] in usable]
    return on if any(row["id"] == member_id for row in rows) else [member_id, *on]
