"""Reporting the other of two people, seeing what became of it, and the one appeal."""

from uuid import UUID

from starlette.responses import Response

from careweb.domain.errors import NotHereError, NotNowError
from careweb.domain.ids import MatchId
from careweb.domain.needs import TEXT_MOST
from careweb.domain.reviews import REASON_MOST, Cause
from careweb.domain.states import MatchState
from careweb.flows import reports
from careweb.flows.following import NeedView, follow
from careweb.flows.forgetting import need_kept_until
from careweb.flows.matches import helper_side
from careweb.flows.members import member_kept_until
from careweb.flows.reports import Said
from careweb.web.cautions import cautions
from careweb.web.choices import spoken_languages
from careweb.web.need_form import Errors
from careweb.web.text_rules import names_a_position
from careweb.web.visits import Visit, see_other


def _match_id(visit: Visit) -> MatchId:
    return MatchId(UUID(str(visit.request.path_params["match_id"])))


def _review_id(visit: Visit) -> UUID:
    return UUID(str(visit.request.path_params["review_id"]))


def _said(visit: Visit) -> tuple[Said | None, Errors]:
    fields = visit.fields
    if fields.get("do") == "block":
        return Said(cause=Cause.OTHER, block=True), {}
    text, cause = fields.get("text", "").strip(), fields.get("cause", "")
    errors = cautions(fields, "text")
    if names_a_position(text) or len(text) > TEXT_MOST:
        errors["text"] = "coordinates" if names_a_position(text) else "text"
    if cause not in list(Cause):
        errors = {"cause": "cause"} | errors
    return (None if errors else Said(cause=Cause(cause), urgent="urgent" in fields, text=text)), errors


async def report_helper(visit: Visit) -> Response:
    """By the asker, of a match of theirs."""
    need_id, match_id = visit.need_id(), _match_id(visit)
    view = await follow(visit.ctx, need_id)
    match = next((one for one in view.matches if one.id == match_id), None)
    if match is None:
        raise NotHereError
    said, errors = _said(visit) if visit.posting else (None, {})
    if said is None:
        return _form(visit, errors, match.helper_name, f"/need/{need_id}", view)
    await reports.report_helper(visit.ctx, need_id, match_id, said)
    return see_other(f"/need/{need_id}/reviews")


async def report_asker(visit: Visit) -> Response:
    """By the volunteer, of a task of theirs."""
    task = await helper_side(visit.ctx, _match_id(visit), visit.member_id)
    if task.state is MatchState.AWAITING_ASKER:  # they do not know yet who it is
        raise NotNowError
    said, errors = _said(visit) if visit.posting else (None, {})
    if said is None:
        return _form(visit, errors, task.asker_name, f"/task/{task.id}")
    await reports.report_asker(visit.ctx, task.id, visit.member_id, said)
    return see_other("/me/reviews")


def _form(visit: Visit, errors: Errors, name: str, back: str, group: NeedView | None = None) -> Response:
    return visit.page(
        "reviews/report.html", 422 if errors else 200, errors=errors, values=visit.fields, who=name, back=back,
        group=group, causes=list(Cause), here=visit.request.url.path,
    )  # fmt: skip


async def reviews_of_need(visit: Visit, errors: Errors | None = None) -> Response:
    need_id = visit.need_id()
    view = await follow(visit.ctx, need_id)
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    return visit.page(
        "reviews/mine.html", 422 if errors else 200, answering=_answering(visit), speech=spoken.name,
        others=[one for one in view.matches if one.state is MatchState.FELL_THROUGH],
        reviews=await reports.reviews_of_need(visit.ctx, need_id),
        base=f"/need/{need_id}", errors=errors or {}, values=visit.fields, now=visit.ctx.now, time_zone=view.time_zone,
        kept=await need_kept_until(visit.ctx, need_id),
    )  # fmt: skip


async def reviews_of_member(visit: Visit, errors: Errors | None = None) -> Response:
    return visit.page(
        "reviews/mine.html", 422 if errors else 200, answering=_answering(visit), base="/me", others=(),
        errors=errors or {}, values=visit.fields,
        reviews=await reports.reviews_of_member(visit.ctx, visit.member_id), now=visit.ctx.now,
        time_zone=visit.visitor.time_zone, kept=await member_kept_until(visit.ctx, visit.member_id),
    )  # fmt: skip


def _answering(visit: Visit) -> str:
    """The review whose form was sent, if any."""
    return str(visit.request.path_params.get("review_id", ""))


def _words(visit: Visit) -> tuple[str, Errors]:
    text = visit.fields.get("appeal", "").strip()
    if not 0 < len(text) <= REASON_MOST:
        return text, {"appeal": "note"}
    return text, {"appeal": "coordinates"} if names_a_position(text) else cautions(visit.fields, "appeal")


async def appeal_of_asker(visit: Visit) -> Response:
    need_id, (text, errors) = visit.need_id(), _words(visit)
    if errors:
        return await reviews_of_need(visit, errors)
    await reports.appeal(visit.ctx, _review_id(visit), text, need_id=need_id)
    return see_other(f"/need/{need_id}/reviews")


async def appeal_of_member(visit: Visit) -> Response:
    member_id, (text, errors) = visit.member_id, _words(visit)
    if errors:
        return await reviews_of_member(visit, errors)
    await reports.appeal(visit.ctx, _review_id(visit), text, member_id=member_id)
    return see_other("/me/reviews")
