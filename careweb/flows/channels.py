"""A person's channels: added, proven, ordered, stopped, and turned off when nothing arrives there.

A person is a member, or whoever asked for a need. What is sealed lies under the key of that record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from careweb.delivery.push import public_key
from careweb.domain.channels import CHANNELS_MOST, CODES_MOST, TYPED, ChannelKind, read_address, read_subscription
from careweb.domain.codes import CodeError, read_digits
from careweb.domain.errors import NotHereError, NotNowError, TooManyChannelsError, WrongCodeError
from careweb.domain.ids import MemberId, NeedId, PersonId
from careweb.domain.notices import NoticeKind
from careweb.domain.states import ChannelState, ContactKind
from careweb.flows.context import Context
from careweb.flows.entering import act_for_owner
from careweb.flows.messages import CHANNEL_DIGITS
from careweb.flows.notices import owe_notice
from careweb.flows.ways import any_left, switched_on
from careweb.storage.database import run
from careweb.storage.sealing import Sealer, key_of


@dataclass(frozen=True, kw_only=True)
class Channel:
    id: UUID
    kind: ChannelKind
    state: ChannelState
    address: str = field(repr=False)  # of a browser: nothing a person would read
    details: bool
    given: bool = False  # the e-mail address they gave: it may be stopped, and stays


async def channels_of(ctx: Context, person_id: PersonId) -> list[Channel]:
    """In their order. The e-mail address they gave, if they gave one, is always among them."""
    person, sealer = await _person(ctx, person_id)
    contact = sealer.open("contact", person["sealed_contact"]) if person["contact_kind"] == ContactKind.EMAIL else ""
    mail = Channel(
        id=person_id, kind=ChannelKind.EMAIL, state=ChannelState.ON, address=contact, details=True, given=True
    )
    rows = await run(ctx.tx, "channels_of_person", person_id=person_id)
    there = [
        Channel(
            id=row["id"], kind=ChannelKind(row["kind"]), state=ChannelState(row["state"]), details=row["details"],
            address=contact if row["id"] == person_id else _shown(row["kind"], sealer.open(f"channel {row['id']}", row["sealed_address"])),
            given=row["id"] == person_id,
        )
        for row in rows
    ]  # fmt: skip
    return there if not contact or any(one.given for one in there) else [mail, *there]


async def _person(ctx: Context, person_id: PersonId) -> tuple[Mapping[str, Any], Sealer]:
    row = await run(ctx.tx, "recipient", id=person_id)
    sealer = await key_of(ctx.tx, ctx.vault, row["record"], person_id) if row else None
    if row is None or sealer is None:
        raise NotHereError
    return row, sealer


def _shown(kind: str, address: str) -> str:
    return "" if kind == ChannelKind.PUSH else address


def may_type(ctx: Context, there: Iterable[Channel]) -> list[ChannelKind]:
    """Kinds whose address they may add: what the operator has switched on; e-mail if they gave no address of it."""
    mail = set() if any(one.given for one in there) else {ChannelKind.EMAIL}
    return [kind for kind in ChannelKind if kind in switched_on(ctx.settings) & (TYPED | mail)]


async def add_channel(ctx: Context, person_id: PersonId, kind: ChannelKind, text: str) -> UUID:
    """A code goes there. Raises AddressError, TooManyChannelsError, NotHereError where the operator has no such channel.

    NotNowError: nothing is sent for a need that waits for a coordinator, or for its asker to say that it is theirs.
    """
    person, _ = await _person(ctx, person_id)
    if kind not in may_type(ctx, await channels_of(ctx, person_id)):
        raise NotHereError
    if person["held"] or not person["confirmed"]:
        raise NotNowError
    address = read_address(kind, text)
    await run(ctx.tx, "hold_person", id=person_id)
    since = ctx.now - timedelta(days=1)
    if await run(ctx.tx, "channel_codes_sent", person_id=person_id, since=since) >= CODES_MOST:
        raise TooManyChannelsError
    channel_id = await _add(ctx, person_id, kind, address, ChannelState.UNPROVEN)
    member_id, need_id = (MemberId(person_id), None) if person["record"] == "member" else (None, NeedId(person_id))
    await owe_notice(ctx, NoticeKind.CHANNEL_CODE, channel_id, member_id, need_id)
    return channel_id


async def add_browser(ctx: Context, person_id: PersonId, subscription: str, browser: str) -> UUID:
    """That it is theirs needs no code: the browser made the subscription for whoever is signed in, or follows the need.

    `browser`: its own secret.
    """
    address = read_subscription(subscription, ctx.settings.push_hosts)
    await run(ctx.tx, "hold_person", id=person_id)
    channel_id = await _add(ctx, person_id, ChannelKind.PUSH, address, ChannelState.ON)
    await run(ctx.tx, "set_browser", id=channel_id, browser=_browser_index(ctx, browser))
    await run(ctx.tx, "restart_mail_to_asker", id=person_id)
    return channel_id


def _browser_index(ctx: Context, browser: str) -> bytes:
    return ctx.vault.index("browser", browser)


async def _add(ctx: Context, person_id: PersonId, kind: ChannelKind, address: str, state: ChannelState) -> UUID:
    channel_id = uuid4()
    _, sealer = await _person(ctx, person_id)
    await run(ctx.tx, "keep_mail_channel", person_id=person_id, now=ctx.now)
    added = await run(
        ctx.tx, "add_channel", id=channel_id, person_id=person_id, kind=kind, state=state, now=ctx.now,
        sealed_address=sealer.seal(f"channel {channel_id}", address), address_index=address_index(ctx, kind, address),
        most=CHANNELS_MOST,
    )  # fmt: skip
    if added is None:
        raise TooManyChannelsError
    return channel_id


async def carry_channels(ctx: Context, need_id: NeedId, next_id: NeedId) -> None:
    """What repeats a need is told of where that one was, as its asker left it; addresses under the key of the new one."""
    (_, before), (_, after) = await _person(ctx, need_id), await _person(ctx, next_id)
    for row in await run(ctx.tx, "channels_of_person", person_id=need_id):
        id = next_id if row["id"] == need_id else uuid4()
        address = before.open(f"channel {row['id']}", row["sealed_address"])
        if row["state"] != ChannelState.UNPROVEN:
            await run(
                ctx.tx, "copy_channel", copied=row["id"], id=id, person_id=next_id, now=ctx.now,
                sealed_address=after.seal(f"channel {id}", address) if address else None,
            )  # fmt: skip


def push_key(ctx: Context) -> str:
    """With which a browser subscribes to what this installation pushes."""
    return public_key(ctx.vault.push_key())


def address_index(ctx: Context, kind: ChannelKind, address: str) -> bytes:
    return ctx.vault.index("channel", f"{kind}:{address}")


async def prove(ctx: Context, person_id: PersonId, channel_id: UUID, code: str) -> None:
    """Raises WrongCodeError; commit even then, since wrong codes are counted."""
    try:
        typed = read_digits(code, CHANNEL_DIGITS)
    except CodeError:
        raise WrongCodeError from None
    if typed != ctx.vault.digits("channel", channel_id, CHANNEL_DIGITS):
        await run(ctx.tx, "count_wrong_channel_code", id=channel_id, person_id=person_id)
        raise WrongCodeError
    if not await run(ctx.tx, "prove_channel", id=channel_id, person_id=person_id):
        raise WrongCodeError
    await run(ctx.tx, "restart_mail_to_asker", id=person_id)


async def put_first(ctx: Context, person_id: PersonId, channel_id: UUID) -> None:
    await run(ctx.tx, "hold_person", id=person_id)
    await run(ctx.tx, "keep_mail_channel", person_id=person_id, now=ctx.now)
    there = [row["id"] for row in await run(ctx.tx, "channels_of_person", person_id=person_id)]
    if channel_id not in there:
        raise NotHereError
    await run(ctx.tx, "order_channels", person_id=person_id, ids=sorted(there, key=lambda id: id != channel_id))


async def set_details(ctx: Context, person_id: PersonId, channel_id: UUID, *, details: bool) -> None:
    await run(ctx.tx, "set_channel_details", id=channel_id, person_id=person_id, details=details)


async def digest_at(ctx: Context, member_id: MemberId) -> int | None:
    hour: int | None = (await run(ctx.tx, "recipient", id=member_id))["digest_at"]
    return hour


async def set_digest(ctx: Context, member_id: MemberId, hour: int | None) -> None:
    """At which hour of their clock they are told what can wait; None: at once."""
    await run(ctx.tx, "set_digest", id=member_id, hour=hour)


async def quiet_hours(ctx: Context, need_id: NeedId) -> tuple[int, int] | None:
    row = await run(ctx.tx, "recipient", id=need_id)
    return None if row["quiet_from"] is None else (row["quiet_from"], row["quiet_until"])


async def set_quiet_hours(ctx: Context, need_id: NeedId, hours: tuple[int, int] | None) -> None:
    """From one full hour until another of the clock where it is; None: whoever asked hears at any hour."""
    quiet_from, quiet_until = hours or (None, None)
    await run(ctx.tx, "set_quiet_hours", id=need_id, quiet_from=quiet_from, quiet_until=quiet_until)


async def restart_channel(ctx: Context, person_id: PersonId, channel_id: UUID) -> None:
    await run(ctx.tx, "restart_channel", id=channel_id, person_id=person_id)
    await run(ctx.tx, "restart_mail", id=person_id)
    await run(ctx.tx, "restart_mail_to_asker", id=person_id)


async def end_browser(ctx: Context, browser: str) -> None:
    """Somebody signs out in it, and it forgets its subscription: whoever was told there is told elsewhere from now on."""
    for row in await run(ctx.tx, "channels_of_browser", browser=_browser_index(ctx, browser)) if browser else ():
        await act_for_owner(ctx, row["person_id"])
        await remove_channel(ctx, row["person_id"], row["id"])


async def end_browsers(ctx: Context, member_id: MemberId) -> None:
    """All of theirs: a lost phone shows no message any more."""
    for row in await run(ctx.tx, "channels_of_person", person_id=member_id):
        if row["kind"] == ChannelKind.PUSH:
            await remove_channel(ctx, member_id, row["id"])


async def remove_channel(ctx: Context, person_id: PersonId, channel_id: UUID) -> None:
    await run(ctx.tx, "remove_channel", id=channel_id, person_id=person_id)
    await any_left(ctx, person_id)
