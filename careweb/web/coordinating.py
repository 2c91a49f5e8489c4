"""What coordinators do: about a need, for someone who phoned, and with those who want to help."""

from collections.abc import Mapping
from uuid import UUID

from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response

from careweb.domain.errors import AtCapacityError, NotHereError, NotNowError, OverError
from careweb.domain.ids import MemberId, NeedId
from careweb.domain.states import LIVE, AskState, CloseReason, NeedState
from careweb.domain.whys import why
from careweb.flows import asks, groups, needs
from careweb.flows import board as flow
from careweb.flows.auditing import note, note_many
from careweb.storage.database import attempt
from careweb.web.asking import FRESH, fill_in, form_id_of, hashed_first, posted_page
from careweb.web.bodies import NO_FIELDS
from careweb.web.cautions import read_words
from careweb.web.choices import spoken_languages
from careweb.web.following import as_typed
from careweb.web.need_form import Errors
from careweb.web.visits import Visit, see_other
from careweb.web.where import ask_where

_ENTERED = (asks.Answer.ACCEPTED, asks.Answer.AWAITING_ASKER, "declined")
_OUTCOMES = (*asks.Answer, "declined", "at_capacity")
_ANSWERED = (AskState.ACCEPTED, AskState.DECLINED)
WIDEN_KM = (5, 10, 15, 25, 50, 100, 200)


def _need_id(visit: Visit) -> NeedId:
    return NeedId(UUID(str(visit.request.path_params["need_id"])))


async def _account(visit: Visit, action: str, reason: str = "") -> None:
    """What they do with a need, for the person who asked."""
    post = visit.post()
    await note(visit.ctx, post.group_id, post.role, visit.member_id, action, "need", _need_id(visit), reason)


async def _account_of(visit: Visit, action: str, reasons: Mapping[UUID, str]) -> None:
    """The same of volunteers."""
    post = visit.post()
    await note_many(visit.ctx, post.group_id, post.role, visit.member_id, action, "member", reasons)


async def need(visit: Visit) -> Response:
    return await _need_page(visit)


async def _need_page(visit: Visit, errors: Errors | None = None) -> Response:
    post = visit.post()
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    view = await flow.need_for_staff(visit.ctx, post.group_id, _need_id(visit))
    await _account(visit, "read_need", why("need", view.need.state))
    await _account_of(visit, "read_name", {ask.member_id: why("ask", ask.state) for ask in view.asked if ask.own})
    return visit.page(
        "board/need.html", 422 if errors else 200, post=post, view=view, need=view.need, errors=errors or {},
        values=visit.fields if visit.posting else NO_FIELDS, reasons=list(CloseReason), widen_km=WIDEN_KM,
        speech=spoken.name, now=visit.ctx.now, late="late" in visit.request.query_params,
        outcome=next((one for one in _OUTCOMES if one == visit.request.query_params.get("outcome")), None),
        languages=[spoken.name(tag, visit.interface.tag) for tag in view.need.languages],
    )  # fmt: skip


async def widen(visit: Visit) -> Response:
    post, km = visit.post(), visit.fields.get("km", "")
    if km not in map(str, WIDEN_KM):
        return await _need_page(visit, {"km": "radius"})
    await flow.widen(visit.ctx, post.group_id, _need_id(visit), float(km))
    await _account(visit, "widened_need", why("need", NeedState.OPEN))
    return _back(visit)


async def ask_again(visit: Visit) -> Response:
    await flow.ask_again(visit.ctx, visit.post().group_id, _need_id(visit))
    await _account(visit, "asked_again", why("need", NeedState.OPEN))
    return _back(visit)


async def close(visit: Visit) -> Response:
    post, reason = visit.post(), visit.fields.get("reason", "")
    words, wrong = read_words(visit, "words")
    errors = {"reason": "reason"} if reason not in list(CloseReason) else {}
    errors |= {"words": wrong} if wrong else {}
    if errors:
        return await _need_page(visit, errors)
    try:
        await flow.close_need(visit.ctx, post.group_id, _need_id(visit), CloseReason(reason), words)
        await _account(visit, "closed_need", why("close_reason", reason))
    except OverError:  # sent twice?
        if (await flow.need_for_staff(visit.ctx, post.group_id, _need_id(visit))).need.state != NeedState.CLOSED:
            raise
    return _back(visit)


async def answer_for_caller(visit: Visit) -> Response:
    """A volunteer of the group phoned: what it is about was told, so their word is as good as on the page."""
    post, ask_id = visit.post(), UUID(str(visit.request.path_params["ask_id"]))
    view = await flow.need_for_staff(visit.ctx, post.group_id, _need_id(visit))
    asked = next((one for one in view.asked if one.id == ask_id and one.own), None)
    if asked is None:
        raise NotHereError
    outcome = await _enter(visit, asked)
    if outcome in _ENTERED and asked.state not in _ANSWERED:
        said = why("ask", AskState.DECLINED if outcome == "declined" else AskState.ACCEPTED)
        await _account_of(visit, "answered_for", {asked.member_id: said})
    return see_other(f"/staff/{post.slug}/needs/{view.need.id}?outcome={outcome}")


async def _enter(visit: Visit, asked: flow.Asked) -> str:
    if visit.fields.get("answer") != "yes":
        declined = await asks.decline(visit.ctx, asked.id, asked.member_id, asks.Door.PHONE)
        return "declined" if declined else asks.Answer.OVER
    try:
        async with attempt(visit.ctx.tx):
            return await asks.accept(visit.ctx, asked.id, asked.member_id, asks.Door.PHONE)
    except AtCapacityError:
        return "at_capacity"
    except NotNowError:
        return asks.Answer.OVER


def _back(visit: Visit, *, late: bool = False) -> Response:
    return see_other(f"/staff/{visit.given('slug')}/needs/{visit.given('need_id')}{'?late=yes' if late else ''}")


async def change(visit: Visit) -> Response:
    """The same form as the asker's; first of all it must be this group's need."""
    post = visit.post()
    view = (await flow.need_for_staff(visit.ctx, post.group_id, _need_id(visit))).need
    if view.state not in LIVE:
        return _back(visit, late=True)
    await _account(visit, "read_need", why("need", view.state))
    sent = visit.posting and visit.fields.get("do", "send") == "send"
    values = (
        ImmutableMultiDict([*visit.fields.multi_items(), ("contact_kind", "code")]) if visit.posting else as_typed(view)
    )
    filled = await fill_in(visit, values, sent=sent, consent=False)
    if filled.need is None or not sent:
        status = 422 if filled.errors else 200
        shown = {**filled.shown(), "changing": True}
        return ask_where(visit, filled.place, filled.errors) or visit.page(
            "board/change.html", status, post=post, need=view, **shown
        )
    await needs.change_need(visit.ctx, view.id, filled.need, actor="coordinator")
    await _account(visit, "changed_need", why("need", view.state))
    return _back(visit)


async def post_for_caller(visit: Visit) -> Response:
    """A need for someone who phoned; the code is read out to them."""
    post = visit.post()
    group = await groups.group_by_slug(visit.ctx, post.slug)
    fresh = ImmutableMultiDict([*FRESH.multi_items(), ("contact_kind", "phone")])
    sent = visit.posting and visit.fields.get("do", "send") == "send"
    values = visit.fields if visit.posting else fresh
    filled = await fill_in(visit, values, sent=sent, first=group.languages)
    if filled.need is None:
        status = 422 if filled.errors else 200
        return ask_where(visit, filled.place, filled.errors) or visit.page(
            "board/post.html", status, post=post, form_id=form_id_of(visit), **filled.shown()
        )
    made = await needs.post_need(
        visit.ctx,
        group.id,
        filled.need,
        form_id=form_id_of(visit),
        actor="coordinator",
        secret_hash=hashed_first(visit),
    )
    await note(visit.ctx, group.id, post.role, visit.member_id, "posted_need", "need", made.need_id)
    return posted_page(visit, group, made, by_phone=True)


async def people(visit: Visit) -> Response:
    return await _people_page(visit)


async def _people_page(visit: Visit, errors: Errors | None = None) -> Response:
    post = visit.post()
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    helpers = await groups.helpers(visit.ctx, post.group_id)
    await _account_of(visit, "read_name", {one.id: why("membership", one.state) for one in helpers})
    return visit.page(
        "board/people.html", 422 if errors else 200, post=post, helpers=helpers, errors=errors or {}, speech=spoken.name,
        values=visit.fields if errors else NO_FIELDS,
    )  # fmt: skip


def _member_id(visit: Visit) -> MemberId:
    return MemberId(UUID(str(visit.request.path_params["member_id"])))


async def admit(visit: Visit) -> Response:
    post, (words, wrong) = visit.post(), read_words(visit, "note")
    if wrong or not words:
        return await _people_page(visit, {f"note-{_member_id(visit)}": wrong or "admit_note"})
    vetting = {"1": 1, "2": 2}.get(visit.fields.get("vetting", ""), 0)
    await groups.admit(visit.ctx, post.group_id, _member_id(visit), by=visit.member_id, note=words, vetting=vetting)
    await _account_of(visit, "admitted", {_member_id(visit): why("vetting", str(vetting))})
    return see_other(f"/staff/{post.slug}/people")


async def suspend(visit: Visit) -> Response:
    """One click: no words are asked for."""
    post = visit.post()
    await groups.suspend(visit.ctx, post.group_id, _member_id(visit), by=visit.member_id, note="")
    await _account_of(visit, "suspended", {_member_id(visit): ""})
    return see_other(f"/staff/{post.slug}/people")
