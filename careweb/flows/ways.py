"""Where one message may go: the channels of its reader that work, in the order they want.

Only here is a recipient's address opened, and only to put it on the envelope.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from careweb.config import Settings
from careweb.domain.channels import ChannelKind
from careweb.domain.ids import PersonId
from careweb.domain.notices import (
    BY_MAIL_ONLY,
    NOT_IN_SUSPENSE,
    TO_THE_UNCONFIRMED,
    TO_THOSE_WHO_STOPPED,
    NoticeKind,
)
from careweb.domain.quiet import USUAL, QuietHours
from careweb.domain.states import ChannelState, ContactKind
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
    quiet: QuietHours
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
    row = await run(ctx.tx, "recipient", id=notice.person_id)
    if row is None:
        return None
    stopped = row["mail_stopped"] and notice.kind not in TO_THOSE_WHO_STOPPED
    if stopped or not (row["confirmed"] or notice.kind in TO_THE_UNCONFIRMED):
        return None
    sealer = await key_of(ctx.tx, ctx.vault, row["record"], notice.person_id)
    if sealer is None:
        return None
    contact = sealer.open("contact", row["sealed_contact"]) if row["contact_kind"] == ContactKind.EMAIL else ""
    mail = [Way(id=notice.person_id, kind=ChannelKind.EMAIL, address=contact)] if contact else []
    return Reader(
        locale=row["locale"] if row["locale"] in interfaces() else SOURCE, digest_at=row["digest_at"], quiet=_quiet(row, notice.kind),
        ways=tuple(mail if notice.kind in BY_MAIL_ONLY else await _ways(ctx, notice, mail, sealer)),
    )  # fmt: skip


def _quiet(row: Any, kind: str) -> QuietHours:
    """As they chose. Whoever asked, and chose none, waits to hear, and is left alone at night only with the rest."""
    hours = {name: row[name] for name in USUAL}
    if row["quiet_from"] is None:
        hours = USUAL if kind in NOT_IN_SUSPENSE else dict.fromkeys(USUAL, 0)
    return QuietHours(time_zone=row["time_zone"], urgent_any_hour=row["urgent_any_hour"], **hours)


async def _ways(ctx: Context, notice: Notice, mail: list[Way], sealer: Sealer) -> list[Way]:
    """`mail`: to the address they gave, if they gave one."""
    rows = await run(ctx.tx, "channels_of_person", person_id=notice.person_id)
    usable = switched_on(ctx.settings)
    if notice.kind == NoticeKind.CHANNEL_CODE:  # to the new one itself
        wanted = [row for row in rows if row["id"] == notice.subject and row["state"] == ChannelState.UNPROVEN]
    else:
        wanted = [row for row in rows if row["state"] == ChannelState.ON]
    ways = [mail[0] if row["id"] == notice.person_id else _way(row, sealer) for row in wanted if row["kind"] in usable]
    told_by_mail = notice.kind != NoticeKind.CHANNEL_CODE and not any(row["id"] == notice.person_id for row in rows)
    return [*mail, *ways] if told_by_mail else ways


def _way(row: Any, sealer: Sealer) -> Way:
    address = sealer.open(f"channel {row['id']}", row["sealed_address"])
    return Way(id=row["id"], kind=ChannelKind(row["kind"]), address=address, details=row["details"])


async def turn_off(ctx: Context, person_id: PersonId, channel_id: UUID) -> bool:
    """It refused for good. True: by another channel its person should hear of it.

    E-mail is left on where there is no other: a mail server that refuses everybody for an hour must not silence everybody.
    """
    others = [id for id in await _on(ctx, person_id) if id != channel_id]
    if channel_id == person_id and not others:
        return False
    was_on = await run(ctx.tx, "turn_channel_off", id=channel_id)
    return await any_left(ctx, person_id) and bool(was_on)


async def stop_channel(ctx: Context, person_id: PersonId, channel_id: UUID) -> bool:
    """With the last one all messages stop, and nobody asks a member anything.

    Of a need that comes again every week it stops for all of them: whoever stops it means the whole.
    """
    series = [row["id"] for row in await run(ctx.tx, "series_of_need", id=person_id)]
    for one in (person_id, *series):
        await run(ctx.tx, "keep_mail_channel", person_id=one, now=ctx.now)
    stopped = bool(await run(ctx.tx, "stop_channel", id=channel_id, person_id=person_id, series=series))
    await any_left(ctx, person_id)
    return stopped


async def any_left(ctx: Context, person_id: PersonId) -> bool:
    """A member whom nothing reaches is not asked: as if they had stopped messages. Whoever asked comes back by code."""
    if await _on(ctx, person_id):
        return True
    await run(ctx.tx, "stop_mail", id=person_id)
    return False


async def _on(ctx: Context, person_id: PersonId) -> list[UUID]:
    await run(ctx.tx, "keep_mail_channel", person_id=person_id, now=ctx.now)
    usable = switched_on(ctx.settings)
    rows = await run(ctx.tx, "channels_of_person", person_id=person_id)
    return [row["id"] for row in rows if row["state"] == ChannelState.ON and row["kind"] in usable]
