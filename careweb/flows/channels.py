"""A member's channels: added, proven, ordered, stopped, and turned off when nothing arrives there."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from careweb.delivery.push import public_key
from careweb.domain.channels import CHANNELS_MOST, CODES_MOST, TYPED, ChannelKind, read_address, read_subscription
from careweb.domain.codes import CodeError, read_digits
from careweb.domain.errors import NotHereError, TooManyChannelsError, WrongCodeError
from careweb.domain.ids import MemberId
from careweb.domain.notices import NoticeKind
from careweb.domain.states import ChannelState
from careweb.flows.context import Context
from careweb.flows.entering import act_for
from careweb.flows.messages import CHANNEL_DIGITS
from careweb.flows.notices import owe_notice
from careweb.flows.ways import any_left, switched_on
from careweb.storage.database import run
from careweb.storage.sealing import key_of


@dataclass(frozen=True, kw_only=True)
class Channel:
    id: UUID
    kind: ChannelKind
    state: ChannelState
    address: str = field(repr=False)  # of a browser: nothing a person would read
    details: bool


async def channels_of(ctx: Context, member_id: MemberId) -> list[Channel]:
    """In their order. E-mail is always among them."""
    member = await run(ctx.tx, "recipient_member", id=member_id)
    sealer = await key_of(ctx.tx, ctx.vault, "member", member_id)
    if member is None or sealer is None:
        raise NotHereError
    contact = sealer.open("contact", member["sealed_contact"])
    mail = Channel(id=member_id, kind=ChannelKind.EMAIL, state=ChannelState.ON, address=contact, details=True)
    rows = await run(ctx.tx, "channels_of_member", member_id=member_id)
    there = [
        Channel(
            id=row["id"], kind=ChannelKind(row["kind"]), state=ChannelState(row["state"]), details=row["details"],
            address=contact if row["id"] == member_id else _shown(row["kind"], sealer.open(f"channel {row['id']}", row["sealed_address"])),
        )
        for row in rows
    ]  # fmt: skip
    return there if any(one.id == member_id for one in there) else [mail, *there]


def _shown(kind: str, address: str) -> str:
    return "" if kind == ChannelKind.PUSH else address


async def add_channel(ctx: Context, member_id: MemberId, kind: ChannelKind, text: str) -> UUID:
    """A code goes there. Raises AddressError, TooManyChannelsError, or NotHereError where the operator has no such channel."""
    if kind not in TYPED & switched_on(ctx.settings):
        raise NotHereError
    address = read_address(kind, text)
    await run(ctx.tx, "hold_member", id=member_id)
    since = ctx.now - timedelta(days=1)
    if await run(ctx.tx, "channel_codes_sent", member_id=member_id, since=since) >= CODES_MOST:
        raise TooManyChannelsError
    channel_id = await _add(ctx, member_id, kind, address, ChannelState.UNPROVEN)
    await owe_notice(ctx, NoticeKind.CHANNEL_CODE, channel_id, member_id=member_id)
    return channel_id


async def add_browser(ctx: Context, member_id: MemberId, subscription: str, browser: str) -> UUID:
    """That it is theirs needs no code: the browser made the subscription for whoever is signed in. `browser`: its own secret."""
    address = read_subscription(subscription, ctx.settings.push_hosts)
    await run(ctx.tx, "hold_member", id=member_id)
    channel_id = await _add(ctx, member_id, ChannelKind.PUSH, address, ChannelState.ON)
    await run(ctx.tx, "set_browser", id=channel_id, browser=_browser_index(ctx, browser))
    return channel_id


def _browser_index(ctx: Context, browser: str) -> bytes:
    return ctx.vault.index("browser", browser)


async def _add(ctx: Context, member_id: MemberId, kind: ChannelKind, address: str, state: ChannelState) -> UUID:
    channel_id = uuid4()
    sealer = await key_of(ctx.tx, ctx.vault, "member", member_id)
    if sealer is None:
        raise NotHereError
    await run(ctx.tx, "keep_mail_channel", member_id=member_id, now=ctx.now)
    added = await run(
        ctx.tx, "add_channel", id=channel_id, member_id=member_id, kind=kind, state=state, now=ctx.now,
        sealed_address=sealer.seal(f"channel {channel_id}", address), address_index=address_index(ctx, kind, address),
        most=CHANNELS_MOST,
    )  # fmt: skip
    if added is None:
        raise TooManyChannelsError
    return channel_id


def push_key(ctx: Context) -> str:
    """With which a browser subscribes to what this installation pushes."""
    return public_key(ctx.vault.push_key())


def address_index(ctx: Context, kind: ChannelKind, address: str) -> bytes:
    return ctx.vault.index("channel", f"{kind}:{address}")


async def prove(ctx: Context, member_id: MemberId, channel_id: UUID, code: str) -> None:
    """Raises WrongCodeError; commit even then, since wrong codes are counted."""
    try:
        typed = read_digits(code, CHANNEL_DIGITS)
    except CodeError:
        raise WrongCodeError from None
    if typed != ctx.vault.digits("channel", channel_id, CHANNEL_DIGITS):
        await run(ctx.tx, "count_wrong_channel_code", id=channel_id, member_id=member_id)
        raise WrongCodeError
    if not await run(ctx.tx, "prove_channel", id=channel_id, member_id=member_id):
        raise WrongCodeError


async def put_first(ctx: Context, member_id: MemberId, channel_id: UUID) -> None:
    await run(ctx.tx, "hold_member", id=member_id)
    await run(ctx.tx, "keep_mail_channel", member_id=member_id, now=ctx.now)
    there = [row["id"] for row in await run(ctx.tx, "channels_of_member", member_id=member_id)]
    if channel_id not in there:
        raise NotHereError
    await run(ctx.tx, "order_channels", member_id=member_id, ids=sorted(there, key=lambda id: id != channel_id))


async def set_details(ctx: Context, member_id: MemberId, channel_id: UUID, *, details: bool) -> None:
    await run(ctx.tx, "set_channel_details", id=channel_id, member_id=member_id, details=details)


async def digest_at(ctx: Context, member_id: MemberId) -> int | None:
    hour: int | None = (await run(ctx.tx, "recipient_member", id=member_id))["digest_at"]
    return hour


async def set_digest(ctx: Context, member_id: MemberId, hour: int | None) -> None:
    """At which hour of their clock they are told what can wait; None: at once."""
    await run(ctx.tx, "set_digest", id=member_id, hour=hour)


async def stop_channel(ctx: Context, member_id: MemberId, channel_id: UUID) -> bool:
    """With the last one all messages stop, and nobody asks them anything."""
    await run(ctx.tx, "keep_mail_channel", member_id=member_id, now=ctx.now)
    stopped = bool(await run(ctx.tx, "stop_channel", id=channel_id, member_id=member_id))
    await any_left(ctx, member_id)
    return stopped


async def restart_channel(ctx: Context, member_id: MemberId, channel_id: UUID) -> None:
    await run(ctx.tx, "restart_channel", id=channel_id, member_id=member_id)
    await run(ctx.tx, "restart_mail", id=member_id)


async def end_browser(ctx: Context, browser: str) -> None:
    """Somebody signs out in it, and it forgets its subscription: whoever was told there is told elsewhere from now on."""
    for row in await run(ctx.tx, "channels_of_browser", browser=_browser_index(ctx, browser)) if browser else ():
        await act_for(ctx, MemberId(row["member_id"]))
        await remove_channel(ctx, MemberId(row["member_id"]), row["id"])


async def end_browsers(ctx: Context, member_id: MemberId) -> None:
    """All of theirs: a lost phone shows no message any more."""
    for row in await run(ctx.tx, "channels_of_member", member_id=member_id):
        if row["kind"] == ChannelKind.PUSH:
            await remove_channel(ctx, member_id, row["id"])


async def remove_channel(ctx: Context, member_id: MemberId, channel_id: UUID) -> None:
    await run(ctx.tx, "remove_channel", id=channel_id, member_id=member_id)
    await any_left(ctx, member_id)
