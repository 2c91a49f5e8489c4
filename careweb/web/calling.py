"""Calling those who are reached by telephone only: who it is, then, with a reason, the number of one of them."""

from uuid import UUID

from starlette.responses import Response

from careweb.domain.ids import NeedId
from careweb.domain.openings import CallReason
from careweb.flows import calls as flow
from careweb.flows.auditing import note
from careweb.flows.openings import two_needed
from careweb.flows.signin import confirm_for_caller
from careweb.web.choices import spoken_languages
from careweb.web.need_form import Errors
from careweb.web.visits import Visit, see_other


def _need_id(visit: Visit) -> NeedId:
    return NeedId(UUID(visit.given("need_id")))


async def calls(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, *, number: str = "", errors: Errors | None = None) -> Response:
    """`number`: of the one whose need is in the path."""
    post = visit.post()
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    waiting = await flow.read_call_backs(visit.ctx, post, visit.member_id)
    return visit.page(
        "board/calls.html", 422 if errors else 200, post=post, calls=waiting, speech=spoken.name, number=number,
        shown=_need_id(visit) if visit.posting else None, errors=errors or {},
        two=await two_needed(visit.ctx, post.group_id),
    )  # fmt: skip


async def number(visit: Visit) -> Response:
    """On a post and never in an address: nothing that is followed or kept shows it."""
    post, reason = visit.post(), visit.fields.get("reason", "")
    if reason not in list(CallReason):
        return await _page(visit, errors={f"reason-{_need_id(visit)}": "reason"})
    try:
        found = await flow.number_to_call(visit.ctx, post, visit.member_id, _need_id(visit), CallReason(reason))
    except flow.SecondPersonFirstError:
        return see_other(f"/staff/{post.slug}/needs/{_need_id(visit)}/contact")
    return await _page(visit, number=found)


async def called(visit: Visit) -> Response:
    post = visit.post()
    await flow.called_back(visit.ctx, post, visit.member_id, _need_id(visit))
    return see_other(f"/staff/{post.slug}/calls")


async def said_yes(visit: Visit) -> Response:
    """On the phone, to what a file said they need."""
    post = visit.post()
    await confirm_for_caller(visit.ctx, post.group_id, _need_id(visit))
    await note(visit.ctx, post.group_id, post.role, visit.member_id, "confirmed_need", "need", _need_id(visit))
    return see_other(f"/staff/{post.slug}/calls")
