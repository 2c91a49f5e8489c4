"""The asker's own page of a need, and everything they do there."""

from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response

from careweb.domain.errors import OverError
from careweb.domain.hours import unpack, until
from careweb.domain.ids import MatchId, NeedId
from careweb.domain.needs import LONGEST
from careweb.domain.states import LIVE, OVER, NeedState
from careweb.flows import matches, needs, repeating, signin, widening
from careweb.flows.channels import channels_of
from careweb.flows.following import NeedView, follow
from careweb.flows.forgetting import forget_series, need_kept_until, series_kept_until
from careweb.flows.forms import first_time
from careweb.flows.groups import group_by_slug
from careweb.flows.widening import LANGUAGES_MOST, languages_that_help
from careweb.web.asking import fill_in, form_id_of, new_form_id
from careweb.web.bodies import NO_FIELDS, Fields
from careweb.web.cautions import cautions
from careweb.web.choices import spoken_languages
from careweb.web.need_form import Errors
from careweb.web.text_rules import names_a_position, read_day
from careweb.web.visits import Visit, see_other
from careweb.web.where import ask_where


async def need(visit: Visit) -> Response:
    return await _status(visit, visit.need_id())


async def _status(
    visit: Visit,
    need_id: NeedId,
    errors: Errors | None = None,
    status: int = 200,
    writing_to: MatchId | None = None,
) -> Response:
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    view = await follow(visit.ctx, need_id)
    locale = visit.interface.tag
    asks_language = view.nobody_left and view.state == NeedState.OPEN and len(view.languages) < LANGUAGES_MOST
    others = await languages_that_help(visit.ctx, need_id) if asks_language else []
    return visit.page(
        "needs/status.html", status, need=view, group=view, now=visit.ctx.now, errors=errors or {},
        writing_to=writing_to, kept=await need_kept_until(visit.ctx, need_id) if view.state in OVER else None,
        late="late" in visit.request.query_params, again="again" in visit.request.query_params, form_id=new_form_id(),
        values=visit.fields if visit.posting else NO_FIELDS, ways=await channels_of(visit.ctx, need_id),
        languages=[spoken.name(tag, locale) for tag in view.languages], speech=spoken.name, others=others[:3],
    )  # fmt: skip


async def change(visit: Visit) -> Response:
    need_id = visit.need_id()
    view = await follow(visit.ctx, need_id)
    if view.state not in LIVE:
        return see_other(f"/need/{need_id}?late=yes")
    group = await group_by_slug(visit.ctx, view.group_slug)
    sent = visit.posting and visit.fields.get("do", "send") == "send"
    kept = {"contact_kind": "code"}  # how to reach the asker is not changed here
    values = ImmutableMultiDict([*visit.fields.multi_items(), *kept.items()]) if visit.posting else as_typed(view)
    filled = await fill_in(visit, values, sent=sent, consent=False)
    if filled.need is None or not sent:
        return ask_where(visit, filled.place, filled.errors) or visit.page(
            "needs/change.html", 422 if filled.errors else 200, group=group, need=view,
            **{**filled.shown(), "changing": True},
        )  # fmt: skip
    await needs.change_need(visit.ctx, need_id, filled.need)
    return see_other(f"/need/{need_id}")


def as_typed(view: NeedView) -> Fields:
    """The need as its asker would fill in the form now."""
    day = view.needed_by.astimezone(ZoneInfo(view.time_zone)).date()
    parts = {part for _, part in unpack(view.hours)}
    items = [
        ("category", view.category), ("text", view.text), ("urgency", view.urgency), ("by", day.isoformat()),
        ("helpers", str(view.helpers)), ("name", view.name), ("contact_kind", "code"), ("reach", view.reach),
        ("see_first", "yes" if view.see_first else "no"), ("wider", "same"), ("kept_zone", view.zone_code),
        *((f"language{number or ''}", tag) for number, tag in zip(("", 2, 3, 4), view.languages, strict=False)),
        *((("parts", str(int(part))) for part in sorted(parts)) if len(parts) < 3 else ()),
    ]  # fmt: skip
    if view.repeats_until:
        items.append(("repeats_until", view.repeats_until.isoformat()))
    postal = view.zone_code if len(view.zone_code) == 3 else ""
    items.append(("place", postal) if postal else ("kept_town", view.zone_code))
    return ImmutableMultiDict([*items, ("show_text", "yes")] if view.show_text else items)


async def renew(visit: Visit) -> Response:
    need_id = visit.need_id()
    view = await follow(visit.ctx, need_id)
    needed_by = _end_of_day(visit.fields.get("by", ""), view.time_zone)
    if needed_by is None:
        return await _status(visit, need_id, {"by": "by"}, 422)
    if not visit.ctx.now < needed_by <= visit.ctx.now + LONGEST:
        return await _status(visit, need_id, {"by": "by_past" if needed_by < visit.ctx.now else "by_far"}, 422)
    await needs.renew_need(visit.ctx, need_id, needed_by, until(visit.ctx.now, needed_by, view.time_zone))
    return see_other(f"/need/{need_id}")


def _end_of_day(text: str, time_zone: str) -> datetime | None:
    try:
        return datetime.combine(read_day(text), time(23, 59), ZoneInfo(time_zone))
    except ValueError:
        return None


async def stop_repeating(visit: Visit) -> Response:
    await repeating.stop_repeating(visit.ctx, visit.need_id())  # twice is once
    return see_other(f"/need/{visit.need_id()}")


async def allow_language(visit: Visit) -> Response:
    need_id = visit.need_id()
    language = visit.fields.get("language", "")
    try:
        await widening.allow_language(visit.ctx, need_id, language)
    except OverError:
        if language not in (await follow(visit.ctx, need_id)).languages:  # else it was sent twice
            raise
    return see_other(f"/need/{need_id}")


async def withdraw(visit: Visit) -> Response:
    need_id = visit.need_id()
    if not visit.posting:
        view = await follow(visit.ctx, need_id)
        return visit.page("needs/withdraw.html", need=view) if view.state in LIVE else see_other(f"/need/{need_id}")
    try:
        await needs.withdraw_need(visit.ctx, need_id)
    except OverError:
        await _unless_reached(visit, need_id, NeedState.WITHDRAWN)
    return see_other(f"/need/{need_id}")


async def erase(visit: Visit) -> Response:
    """Stop everything: looked at first, then all that is known of the asker is destroyed before the answer is sent."""
    need_id = visit.need_id()
    if not visit.posting:
        view = await follow(visit.ctx, need_id)
        return visit.page(
            "needs/erase.html",
            need=view,
            live=view.state in LIVE,
            kept=await series_kept_until(visit.ctx, need_id),
            weeks=len(await signin.series_of(visit.ctx, need_id)) > 1 or view.repeats_until,
        )
    kept = await forget_series(visit.ctx, need_id)  # a form sent twice finds it erased
    return visit.page("needs/erased.html", kept=kept)


async def forget_everywhere(visit: Visit) -> Response:
    """Somebody else may be looking: no browser follows this need any more, this one neither, until its code is typed."""
    await signin.forget_everywhere(visit.ctx, visit.need_id())
    return see_other("/find")


async def done(visit: Visit) -> Response:
    need_id = visit.need_id()
    try:
        await needs.confirm_met(visit.ctx, need_id)
    except OverError:
        await _unless_reached(visit, need_id, NeedState.MET)
    return see_other(f"/need/{need_id}")


async def _unless_reached(visit: Visit, need_id: NeedId, state: NeedState) -> None:
    """A form sent twice finds what the first one did: that is no mistake of the person."""
    if (await follow(visit.ctx, need_id)).state != state:
        raise OverError


def _match_id(visit: Visit) -> MatchId:
    return MatchId(UUID(str(visit.request.path_params["match_id"])))


async def choose(visit: Visit) -> Response:
    need_id = visit.need_id()
    await matches.choose(visit.ctx, need_id, _match_id(visit), yes=visit.fields.get("answer") == "yes")
    return see_other(f"/need/{need_id}")


async def missed(visit: Visit) -> Response:
    need_id = visit.need_id()
    await matches.missed(visit.ctx, need_id, _match_id(visit))
    return see_other(f"/need/{need_id}")


async def write_note(visit: Visit) -> Response:
    need_id = visit.need_id()
    text, errors = read_note(visit.fields)
    if errors:
        return await _status(visit, need_id, errors, 422, writing_to=_match_id(visit))
    if await first_time(visit.ctx, form_id_of(visit)):
        await matches.add_note(visit.ctx, _match_id(visit), need_id, "asker", text)
    return see_other(f"/need/{need_id}#thread")


async def thank(visit: Visit) -> Response:
    need_id = visit.need_id()
    text, errors = read_thanks(visit.fields)
    if errors:
        return await _status(visit, need_id, errors, 422, writing_to=_match_id(visit))
    await matches.thank(visit.ctx, _match_id(visit), need_id, "asker", text)
    return see_other(f"/need/{need_id}#thread")


def read_note(fields: Fields) -> tuple[str, Errors]:
    return read_line(fields, "note", matches.NOTE_MOST)


def read_thanks(fields: Fields) -> tuple[str, Errors]:
    return read_line(fields, "thanks", matches.THANKS_MOST)


def read_line(fields: Fields, name: str, most: int) -> tuple[str, Errors]:
    text = fields.get(name, "").strip()
    if names_a_position(text):
        return "", {name: "coordinates"}
    return text, cautions(fields, name) if 0 < len(text) <= most else {name: name}
