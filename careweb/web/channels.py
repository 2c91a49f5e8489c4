"""A member's page of channels: how we reach them, in which order. All of it works without a script but a browser itself."""

from uuid import UUID

from starlette.responses import Response

from careweb.domain.channels import TYPED, AddressError, ChannelKind
from careweb.domain.errors import NotHereError, TooManyChannelsError, WrongCodeError
from careweb.flows import channels
from careweb.flows.ways import switched_on
from careweb.web.bodies import NO_FIELDS
from careweb.web.cookies import BROWSER, read_cookie
from careweb.web.headers import SCRIPTED
from careweb.web.need_form import Errors
from careweb.web.visits import Visit, see_other

PAGE = "/me/channels"


async def show(visit: Visit) -> Response:
    return await (_add(visit) if visit.posting else _page(visit))


async def _page(visit: Visit, errors: Errors | None = None) -> Response:
    usable = switched_on(visit.ctx.settings)
    return visit.page(
        "members/channels.html", 422 if errors else 200, headers=SCRIPTED, errors=errors or {},
        values=visit.fields if visit.posting else NO_FIELDS, there=await channels.channels_of(visit.ctx, visit.member_id),
        kinds=[kind for kind in ChannelKind if kind in usable & TYPED], usable=usable,
        digest_at=await channels.digest_at(visit.ctx, visit.member_id),
        push_key=channels.push_key(visit.ctx) if ChannelKind.PUSH in usable else "",
    )  # fmt: skip


async def _own(visit: Visit) -> UUID:
    """The channel of the path, if it is theirs; else it is as if there were none."""
    channel_id = UUID(str(visit.request.path_params["channel_id"]))
    if not any(one.id == channel_id for one in await channels.channels_of(visit.ctx, visit.member_id)):
        raise NotHereError
    return channel_id


async def _add(visit: Visit) -> Response:
    kind = visit.fields.get("kind", "")
    if kind not in TYPED:
        return await _page(visit, {"kind": "channel"})
    try:
        await channels.add_channel(visit.ctx, visit.member_id, ChannelKind(kind), visit.fields.get("address", ""))
    except AddressError:
        return await _page(visit, {"address": f"address_{kind}"})
    except TooManyChannelsError:
        return await _page(visit, {"address": "channels"})
    return see_other(PAGE)


async def add_browser(visit: Visit) -> Response:
    given, browser = visit.fields.get("subscription", ""), read_cookie(visit.request, BROWSER)
    try:
        await channels.add_browser(visit.ctx, visit.member_id, given, browser)
    except AddressError:
        return await _page(visit, {"push": "push"})
    except TooManyChannelsError:
        return await _page(visit, {"push": "channels"})
    return see_other(PAGE)


async def set_digest(visit: Visit) -> Response:
    at = visit.fields.get("at", "")
    if at and at not in map(str, range(24)):
        return await _page(visit, {"at": "channel"})
    await channels.set_digest(visit.ctx, visit.member_id, int(at) if at else None)
    return see_other(PAGE)


async def prove(visit: Visit) -> Response:
    channel_id = await _own(visit)
    try:
        await channels.prove(visit.ctx, visit.member_id, channel_id, visit.fields.get("code", ""))
    except WrongCodeError:  # answered, not raised: the try must be counted
        return await _page(visit, {f"code-{channel_id}": "code"})
    return see_other(PAGE)


async def change(visit: Visit) -> Response:
    """One button each; pressing it twice is pressing it once."""
    member_id, channel_id, do = visit.member_id, await _own(visit), visit.fields.get("do", "")
    if do == "first":
        await channels.put_first(visit.ctx, member_id, channel_id)
    elif do == "stop":
        await channels.stop_channel(visit.ctx, member_id, channel_id)
    elif do == "start":
        await channels.restart_channel(visit.ctx, member_id, channel_id)
    elif do == "remove":
        await channels.remove_channel(visit.ctx, member_id, channel_id)
    elif do in ("details", "neutral"):
        await channels.set_details(visit.ctx, member_id, channel_id, details=do == "details")
    return see_other(PAGE)
