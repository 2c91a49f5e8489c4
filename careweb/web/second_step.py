"""The second step of staff: showing it, and looking after it. Codes need no script; a passkey cannot do without."""

import io
import ipaddress
from urllib.parse import urlsplit
from uuid import UUID

import segno
from starlette.responses import Response

from careweb.domain.errors import NotHereError, WrongCodeError
from careweb.domain.ids import MemberId
from careweb.flows import passkeys, second_step, ways_back
from careweb.flows.entering import act_in
from careweb.web.bodies import NO_FIELDS
from careweb.web.cautions import read_words
from careweb.web.errors import SecondStepFirstError
from careweb.web.headers import SCRIPTED
from careweb.web.language import own_path
from careweb.web.need_form import Errors
from careweb.web.outcomes import ended
from careweb.web.visits import Visit, see_other

_WRONG = {"code": "code"}


def _then(visit: Visit) -> str:
    return own_path(visit.fields.get("then") or visit.request.query_params.get("then", "/me"))


def _id(visit: Visit) -> UUID:
    return UUID(str(visit.request.path_params["id"]))


async def show(visit: Visit) -> Response:
    member_id, then = visit.member_id, _then(visit)
    there = [one for one in await second_step.authenticators(visit.ctx, member_id) if one.confirmed]
    if not there:
        return see_other("/second-step/own")
    errors = {}
    if visit.posting:
        try:
            await second_step.show_code(visit.ctx, member_id, visit.fields.get("code", ""), session=visit.secret)
            ended(visit.request, "second_step")
            return see_other(then)
        except WrongCodeError:  # answered, not raised: the try must be counted
            ended(visit.request, "wrong_code")
            errors = _WRONG
    return visit.page(
        "second/show.html", 422 if errors else 200, errors=errors, values={}, then=then,
        passkey=any(one.kind == second_step.Kind.PASSKEY for one in there),
    )  # fmt: skip


async def _owner(visit: Visit) -> MemberId:
    """Whoever has a second step shows it before they change anything about it."""
    there = await second_step.authenticators(visit.ctx, visit.member_id)
    if any(one.confirmed for one in there) and not visit.visitor.second_at:
        raise SecondStepFirstError
    return visit.member_id


async def own(visit: Visit) -> Response:
    member_id = await _owner(visit)
    there = await second_step.authenticators(visit.ctx, member_id)
    if visit.visitor.posts:  # whose coordinators may have vouched: their names are of that group
        await act_in(visit.ctx, visit.visitor.posts[0].slug)
    return visit.page(
        "second/own.html", there=[one for one in there if one.confirmed], posts=visit.visitor.posts,
        codes_left=await second_step.recovery_codes_left(visit.ctx, member_id),
        events=await ways_back.events(visit.ctx, member_id), with_passkeys=_may_have_passkeys(visit),
    )  # fmt: skip


def _may_have_passkeys(visit: Visit) -> bool:
    """They are bound to a name; an address of numbers is none."""
    host = urlsplit(visit.ctx.settings.public_url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return visit.ctx.settings.secure or host == "localhost"
    return False


async def begin_app(visit: Visit) -> Response:
    return see_other(f"/second-step/app/{await second_step.begin_app(visit.ctx, await _owner(visit))}")


async def app(visit: Visit) -> Response:
    member_id = await _owner(visit)
    begun = await second_step.begun_app(visit.ctx, member_id, _id(visit))
    errors = {}
    if visit.posting:
        try:
            await second_step.confirm_app(
                visit.ctx, member_id, begun.id, visit.fields.get("code", ""), session=visit.secret
            )
            return await _after_adding(visit, member_id)
        except WrongCodeError:
            ended(visit.request, "wrong_code")
            errors = _WRONG
    address = second_step.address_of(begun, visit.ctx)
    key = begun.secret.rstrip("=")
    return visit.page(
        "second/app.html", 422 if errors else 200, errors=errors, values={}, picture=_picture(address), address=address,
        key=" ".join(key[at : at + 4] for at in range(0, len(key), 4)),
    )  # fmt: skip


def _picture(address: str) -> str:
    """Black on white whatever the colours of the page: a camera has to read it."""
    drawn = io.BytesIO()
    segno.make(address, micro=False).save(
        drawn, kind="svg", scale=5, light="#fff", xmldecl=False, svgns=False, nl=False, svgclass=None, lineclass=None
    )
    return drawn.getvalue().decode()


async def _after_adding(visit: Visit, member_id: MemberId) -> Response:
    """With the first comes the paper."""
    if await second_step.recovery_codes_left(visit.ctx, member_id):
        return see_other("/second-step/own")
    return await make_codes(visit)


async def make_codes(visit: Visit) -> Response:
    codes = await second_step.make_recovery_codes(visit.ctx, await _owner_or_new(visit))
    shown = [" ".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]
    return visit.page("second/codes.html", codes=shown)


async def _owner_or_new(visit: Visit) -> MemberId:
    """Who has just confirmed their first one has shown it with that; the visitor was read before."""
    path = visit.request.url.path
    return visit.member_id if path.startswith(("/second-step/app/", "/second-step/passkey")) else await _owner(visit)


async def remove(visit: Visit) -> Response:
    await second_step.remove(visit.ctx, await _owner(visit), _id(visit))
    return see_other("/second-step/own")


async def make_passkey(visit: Visit) -> Response:
    """First the page that asks the browser, then its answer."""
    member_id, proof = await _owner(visit), visit.fields.get("proof", "")
    if not proof:
        asked = await passkeys.ask_to_make_passkey(visit.ctx, member_id, visit.visitor.name)
        return visit.page("second/passkey.html", headers=SCRIPTED, asked=asked, making=True, then="")
    await passkeys.keep_passkey(visit.ctx, member_id, proof, session=visit.secret)
    return await _after_adding(visit, member_id)


async def show_passkey(visit: Visit) -> Response:
    member_id, proof = visit.member_id, visit.fields.get("proof", "")
    if not proof:
        asked = await passkeys.ask_to_show_passkey(visit.ctx, member_id)
        if not asked:
            raise NotHereError
        return visit.page("second/passkey.html", headers=SCRIPTED, asked=asked, making=False, then=_then(visit))
    try:
        await passkeys.show_passkey(visit.ctx, member_id, proof, session=visit.secret)
    except WrongCodeError:
        ended(visit.request, "wrong_code")
        return see_other(f"/second-step?then={_then(visit)}")
    ended(visit.request, "second_step")
    return see_other(_then(visit))


# those of the group


async def colleagues(visit: Visit) -> Response:
    return await _colleagues_page(visit)


async def _colleagues_page(visit: Visit, errors: Errors | None = None) -> Response:
    post = visit.post()
    staff = await ways_back.colleagues(visit.ctx, post.group_id)
    told = {one.id: await ways_back.events(visit.ctx, one.id) for one in staff}
    return visit.page(
        "board/colleagues.html", 422 if errors else 200, post=post, staff=staff, told=told, errors=errors or {},
        me=visit.member_id, values=visit.fields if errors else NO_FIELDS,
    )  # fmt: skip


async def vouch(visit: Visit) -> Response:
    """Only for who has shown a second step of their own: a mailbox alone opens nobody else's door."""
    post, (reason, wrong) = visit.post(), read_words(visit, "reason")
    if not visit.visitor.second_at:
        raise SecondStepFirstError
    member_id = MemberId(UUID(str(visit.request.path_params["member_id"])))
    if wrong or not reason:
        return await _colleagues_page(visit, {f"reason-{member_id}": wrong or "note"})
    await ways_back.vouch(visit.ctx, post, member_id, by=visit.member_id, reason=reason)
    return see_other(f"/staff/{post.slug}/colleagues")
