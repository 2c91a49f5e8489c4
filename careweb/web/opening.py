"""Opening how to reach somebody, outside a match."""

from uuid import UUID

from starlette.responses import Response

from careweb.domain.errors import NotHereError
from careweb.domain.states import Role
from careweb.flows import openings as flow
from careweb.flows.openings import Record
from careweb.web.need_form import Errors
from careweb.web.reviewing import read_reason
from careweb.web.visits import Visit, see_other


async def ask_for_asker(visit: Visit) -> Response:
    return await _ask(visit, "need", UUID(visit.given("need_id")))


async def ask_for_volunteer(visit: Visit) -> Response:
    return await _ask(visit, "member", UUID(visit.given("member_id")))


async def _ask(visit: Visit, record: Record, subject: UUID) -> Response:
    """`do=at_once` needs no second person, and is loud."""
    post = visit.post()
    reason, errors = read_reason(visit) if visit.posting else ("", {})
    if not visit.posting or errors:
        return await _form(visit, record, subject, errors)
    opening_id = await flow.ask_to_open(
        visit.ctx, post, visit.member_id, record, subject, reason, at_once=visit.fields.get("do") == "at_once"
    )
    return see_other(f"/staff/{post.slug}/openings/{opening_id}")


async def _form(visit: Visit, record: Record, subject: UUID, errors: Errors) -> Response:
    post = visit.post()
    await flow.contact_row(visit.ctx, post.group_id, record, subject)
    return visit.page(
        "board/ask_contact.html", 422 if errors else 200, post=post, errors=errors, values=visit.fields,
        two=await flow.two_needed(visit.ctx, post.group_id), here=visit.request.url.path,
    )  # fmt: skip


def _id(visit: Visit) -> UUID:
    return UUID(str(visit.request.path_params["opening_id"]))


async def openings(visit: Visit) -> Response:
    return await _page(visit, {})


async def _page(visit: Visit, errors: Errors) -> Response:
    post = visit.post()
    return visit.page(
        "board/openings.html", 422 if errors else 200, post=post, errors=errors, values=visit.fields,
        openings=await flow.openings(visit.ctx, post, visit.member_id),
        two=await flow.two_needed(visit.ctx, post.group_id), steward=post.role is Role.STEWARD,
    )  # fmt: skip


async def contact(visit: Visit) -> Response:
    post = visit.post()
    found = await flow.opening_of(visit.ctx, post.group_id, visit.member_id, _id(visit))
    shown = await flow.open_contact(visit.ctx, post, visit.member_id, found.id) if found.open else None
    return visit.page("board/contact.html", post=post, opening=found, contact=shown)


async def decide(visit: Visit) -> Response:
    post = visit.post()
    yes = visit.fields.get("answer") == "yes"
    await flow.decide_opening(visit.ctx, post, visit.member_id, _id(visit), yes=yes)
    return see_other(f"/staff/{post.slug}/openings")


async def set_rule(visit: Visit) -> Response:
    """A steward decides whether it takes two; a coordinator could otherwise switch it off for themselves."""
    post = visit.post()
    if post.role is not Role.STEWARD:
        raise NotHereError
    reason, errors = read_reason(visit)
    if errors:
        return await _page(visit, errors)
    chosen = {"yes": True, "no": False}.get(visit.fields.get("two", ""))
    await flow.set_rule(visit.ctx, post, visit.member_id, chosen=chosen, reason=reason)
    return see_other(f"/staff/{post.slug}/openings")
