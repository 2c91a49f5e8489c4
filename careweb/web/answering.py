"""The volunteer's answer: facts on GET; a yes or no only with their session, or with the code of the message."""

from uuid import UUID

from starlette.responses import Response

from careweb.domain.errors import NotHereError, NotNowError
from careweb.domain.ids import AskId, MatchId, MemberId
from careweb.domain.states import AskState, MatchState
from careweb.flows import matches
from careweb.flows.asks import Answer, AskView, accept, decline, view_ask, who_holds
from careweb.flows.entering import enter
from careweb.flows.forms import first_time
from careweb.flows.matches import helper_side
from careweb.storage.database import attempt
from careweb.web.asking import form_id_of, new_form_id
from careweb.web.bodies import NO_FIELDS
from careweb.web.choices import spoken_languages
from careweb.web.following import read_note
from careweb.web.need_form import Errors
from careweb.web.visits import Visit, see_other

OPEN_STATES = (AskState.PLANNED, AskState.SENT, AskState.TIMED_OUT)


async def answer(visit: Visit) -> Response:
    ask_id = visit.ctx.vault.verify("ask", visit.given("token"))
    if ask_id is None:
        raise NotHereError
    await enter(visit.ctx, ask_id)
    visitor = visit.visitor.member_id
    view = await view_ask(visit.ctx, AskId(ask_id), None)
    asked = visitor == view.member_id
    if asked:
        view = await view_ask(visit.ctx, AskId(ask_id), visitor)
        if view.match_id and not visit.posting:
            return see_other(f"/task/{view.match_id}")
    if not visit.posting:
        return await _ask_page(visit, view, asked=asked)
    member_id = visitor if asked else await who_holds(visit.ctx, view.id, visit.fields.get("code", ""))
    if member_id is None:
        return await _ask_page(visit, view, asked=asked, errors={"code": "code"})
    return await _decide(visit, view, MemberId(member_id), asked=asked)


async def _ask_page(visit: Visit, view: AskView, *, asked: bool, errors: Errors | None = None) -> Response:
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    return visit.page(
        "asks/answer.html", 422 if errors else 200, ask=view, asked=asked, errors=errors or {}, values=NO_FIELDS,
        can_answer=view.state in OPEN_STATES, speech=spoken.name,
    )  # fmt: skip


async def _decide(visit: Visit, view: AskView, member_id: MemberId, *, asked: bool) -> Response:
    if visit.fields.get("answer") != "yes":
        await decline(visit.ctx, view.id, member_id)
        return visit.page("asks/answered.html", outcome="declined", asked=asked, here=visit.request.url.path)
    outcome = await accept(visit.ctx, view.id, member_id)
    if asked and outcome in (Answer.ACCEPTED, Answer.AWAITING_ASKER):
        after = await view_ask(visit.ctx, view.id, member_id)
        return see_other(f"/task/{after.match_id}")
    return visit.page("asks/answered.html", outcome=outcome, asked=asked, here=visit.request.url.path)


async def task(visit: Visit) -> Response:
    return await _task_page(visit)


async def _task_page(visit: Visit, errors: Errors | None = None) -> Response:
    side = await helper_side(visit.ctx, _match_id(visit), visit.member_id)
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    return visit.page(
        "asks/task.html", 422 if errors else 200, task=side, errors=errors or {}, form_id=new_form_id(),
        values=visit.fields if visit.posting else NO_FIELDS, speech=spoken.name,
    )  # fmt: skip


def _match_id(visit: Visit) -> MatchId:
    return MatchId(UUID(str(visit.request.path_params["match_id"])))


async def task_done(visit: Visit) -> Response:
    try:
        async with attempt(visit.ctx.tx):
            await matches.helped(visit.ctx, _match_id(visit), visit.member_id)
    except NotNowError:
        await _unless_reached(visit, MatchState.DONE)
    return see_other(f"/task/{_match_id(visit)}")


async def task_cannot(visit: Visit) -> Response:
    if not visit.posting:
        side = await helper_side(visit.ctx, _match_id(visit), visit.member_id)
        return visit.page("asks/cannot.html", task=side)
    try:
        async with attempt(visit.ctx.tx):
            await matches.cannot(visit.ctx, _match_id(visit), visit.member_id)
    except NotNowError:
        await _unless_reached(visit, MatchState.FELL_THROUGH)
    return see_other("/me")


async def _unless_reached(visit: Visit, state: MatchState) -> None:
    """A form sent twice finds what the first one did: that is no mistake of the person."""
    if (await helper_side(visit.ctx, _match_id(visit), visit.member_id)).state != state:
        raise NotNowError


async def task_note(visit: Visit) -> Response:
    text, errors = read_note(visit.fields)
    if errors:
        return await _task_page(visit, errors)
    if await first_time(visit.ctx, form_id_of(visit)):
        await matches.add_helper_note(visit.ctx, _match_id(visit), visit.member_id, text)
    return see_other(f"/task/{_match_id(visit)}#thread")
