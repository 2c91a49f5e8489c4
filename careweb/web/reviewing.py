"""The queue of a group: held needs and reports."""

from uuid import UUID

from starlette.responses import Response

from careweb.domain.openings import REASON_LEAST, REASON_MOST
from careweb.domain.reviews import Action
from careweb.domain.whys import why
from careweb.flows import reviewing as flow
from careweb.flows.auditing import note
from careweb.web.cautions import cautions
from careweb.web.need_form import Errors
from careweb.web.text_rules import names_a_position
from careweb.web.visits import Visit, see_other

_AUTHORS = {"asker": "need", "helper": "member"}


def _id(visit: Visit) -> UUID:
    return UUID(str(visit.request.path_params["review_id"]))


async def reviews(visit: Visit) -> Response:
    post = visit.post()
    waiting = await flow.reviews(visit.ctx, post.group_id, visit.member_id)
    return visit.page("board/reviews.html", post=post, reviews=waiting, now=visit.ctx.now, me=visit.member_id)


async def review(visit: Visit) -> Response:
    return await _page(visit, {})


async def _page(visit: Visit, errors: Errors) -> Response:
    post = visit.post()
    found = await flow.review_of(visit.ctx, post.group_id, visit.member_id, _id(visit))
    if found.member_id:
        await _tell(visit, found, "read_report", why("cause", found.cause))
    else:
        await _tell(visit, found, "read_need", why("held_reason", found.cause))
    return visit.page(
        "board/review.html", 422 if errors else 200, post=post, review=found, errors=errors, values=visit.fields,
        now=visit.ctx.now, me=visit.member_id,
    )  # fmt: skip


async def _tell(visit: Visit, found: flow.Review, action: str, reason: str) -> None:
    """Both people it is about may see that somebody read or decided it; of what it is, only who reported reads the cause."""
    post = visit.post()
    for record, id in (("need", found.need_id), ("member", found.member_id)):
        if id:
            theirs = reason if action != "read_report" or record == _AUTHORS.get(found.author or "") else ""
            await note(visit.ctx, post.group_id, post.role, visit.member_id, action, record, id, theirs)


async def take(visit: Visit) -> Response:
    post = visit.post()
    await flow.take_review(visit.ctx, post.group_id, visit.member_id, _id(visit))
    return see_other(f"/staff/{post.slug}/reviews/{_id(visit)}")


def read_reason(visit: Visit) -> tuple[str, Errors]:
    text = visit.fields.get("reason", "").strip()
    if not REASON_LEAST <= len(text) <= REASON_MOST:
        return text, {"reason": "words_needed"}
    return text, {"reason": "coordinates"} if names_a_position(text) else cautions(visit.fields, "reason")


async def decide(visit: Visit) -> Response:
    post, action = visit.post(), visit.fields.get("action", "")
    reason, errors = read_reason(visit)
    if action not in list(Action):
        errors = {"action": "reason"} | errors
    if errors:
        return await _page(visit, errors)
    found = await flow.review_of(visit.ctx, post.group_id, visit.member_id, _id(visit))
    await _tell(visit, found, "decided_report", why("action", action))
    await flow.decide_review(visit.ctx, post.group_id, visit.member_id, found.id, Action(action), reason)
    return see_other(f"/staff/{post.slug}/reviews")
