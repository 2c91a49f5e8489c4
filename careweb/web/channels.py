"""The page of channels, of a member or of whoever asked for a need: how we reach them, in which order.

All of it works without a script but a browser itself.
"""

from uuid import UUID

from starlette.responses import Response

from careweb.domain.channels import CODES_MOST, AddressError, ChannelKind, read_address
from careweb.domain.errors import NotHereError, TooManyChannelsError, WrongCodeError
from careweb.domain.ids import PersonId
from careweb.domain.quiet import USUAL
from careweb.flows import channels
from careweb.flows.following import follow
from careweb.flows.ways import stop_channel, switched_on
from careweb.web.bodies import NO_FIELDS
from careweb.web.cookies import BROWSER, read_cookie
from careweb.web.headers import SCRIPTED
from careweb.web.need_form import Errors
from careweb.web.outcomes import ended
from careweb.web.slowing import codes_sent_to
from careweb.web.visits import Visit, see_other

_HOURS = frozenset(map(str, range(24)))


def _whose(visit: Visit) -> PersonId:
    """Of the need of the path, if this browser may follow it; else of whoever is signed in."""
    return visit.need_id() if "need_id" in visit.request.path_params else visit.member_id


def _here(visit: Visit) -> str:
    return f"/need/{visit.need_id()}/channels" if "need_id" in visit.request.path_params else "/me/channels"


async def show(visit: Visit) -> Response:
    return await (_add(visit) if visit.posting else _page(visit))


async def _page(visit: Visit, errors: Errors | None = None) -> Response:
    usable, there = switched_on(visit.ctx.settings), await channels.channels_of(visit.ctx, _whose(visit))
    need = await follow(visit.ctx, visit.need_id()) if "need_id" in visit.request.path_params else None
    quiet = await channels.quiet_hours(visit.ctx, visit.need_id()) if need else None
    return visit.page(
        "members/channels.html", 422 if errors else 200, headers=SCRIPTED, errors=errors or {}, here=_here(visit),
        values=visit.fields if visit.posting else NO_FIELDS, there=there, usable=usable, need=need, quiet=quiet or ("", USUAL["quiet_until"]),
        kinds=channels.may_type(visit.ctx, there),
        digest_at=None if need else await channels.digest_at(visit.ctx, visit.member_id),
        push_key=channels.push_key(visit.ctx) if ChannelKind.PUSH in usable else "",
    )  # fmt: skip


async def _own(visit: Visit) -> UUID:
    """The channel of the path, if it is theirs; else it is as if there were none."""
    channel_id = UUID(str(visit.request.path_params["channel_id"]))
    if not any(one.id == channel_id for one in await channels.channels_of(visit.ctx, _whose(visit))):
        raise NotHereError
    return channel_id


async def _add(visit: Visit) -> Response:
    kind = visit.fields.get("kind", "")
    if kind not in channels.may_type(visit.ctx, await channels.channels_of(visit.ctx, _whose(visit))):
        return await _page(visit, {"kind": "channel"})
    try:
        address = read_address(ChannelKind(kind), visit.fields.get("address", ""))
        if await codes_sent_to(visit.request, kind, address) > CODES_MOST:
            raise TooManyChannelsError
        await channels.add_channel(visit.ctx, _whose(visit), ChannelKind(kind), address)
    except AddressError:
        return await _page(visit, {"address": f"address_{kind}"})
    except TooManyChannelsError:
        return await _page(visit, {"address": "channels"})
    return see_other(_here(visit))


async def add_browser(visit: Visit) -> Response:
    given, browser = visit.fields.get("subscription", ""), read_cookie(visit.request, BROWSER)
    try:
        await channels.add_browser(visit.ctx, _whose(visit), given, browser)
    except AddressError:
        return await _page(visit, {"push": "push"})
    except TooManyChannelsError:
        return await _page(visit, {"push": "channels"})
    return see_other(_here(visit))


async def set_digest(visit: Visit) -> Response:
    at = visit.fields.get("at", "")
    if at and at not in _HOURS:
        return await _page(visit, {"at": "channel"})
    await channels.set_digest(visit.ctx, visit.member_id, int(at) if at else None)
    return see_other(_here(visit))


async def set_quiet(visit: Visit) -> Response:
    """Without an hour from which: none."""
    chosen = {name: visit.fields.get(name, "") for name in ("quiet_from", "quiet_until")}
    if chosen["quiet_from"] and (wrong := {name: name for name, hour in chosen.items() if hour not in _HOURS}):
        return await _page(visit, wrong)
    hours = (int(chosen["quiet_from"]), int(chosen["quiet_until"])) if chosen["quiet_from"] else None
    await channels.set_quiet_hours(visit.ctx, visit.need_id(), hours)
    return see_other(_here(visit))


async def prove(visit: Visit) -> Response:
    channel_id = await _own(visit)
    try:
        await channels.prove(visit.ctx, _whose(visit), channel_id, visit.fields.get("code", ""))
    except WrongCodeError:  # answered, not raised: the try must be counted
        ended(visit.request, "wrong_code")
        return await _page(visit, {f"code-{channel_id}": "code"})
    return see_other(_here(visit))


async def change(visit: Visit) -> Response:
    """One button each; pressing it twice is pressing it once."""
    person_id, channel_id, do = _whose(visit), await _own(visit), visit.fields.get("do", "")
    if do == "first":
        await channels.put_first(visit.ctx, person_id, channel_id)
    elif do == "stop":
        await stop_channel(visit.ctx, person_id, channel_id)
    elif do == "start":
        await channels.restart_channel(visit.ctx, person_id, channel_id)
    elif do == "remove":
        await channels.remove_channel(visit.ctx, person_id, channel_id)
    elif do in ("details", "neutral"):
        await channels.set_details(visit.ctx, person_id, channel_id, details=do == "details")
    return see_other(_here(visit))
