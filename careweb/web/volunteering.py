"""Offering help, and a member's own page: asked, accepted, given, needed; rest without guilt."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response

from careweb.domain.errors import MovedTooOftenError
from careweb.domain.ids import OfferId
from careweb.domain.offers import PER_WEEK_MOST, RADII_KM
from careweb.domain.places import Zone
from careweb.domain.states import UNDER_WAY
from careweb.flows import offers
from careweb.flows.groups import Group, all_groups, group_by_slug
from careweb.flows.members import forget_member, member_kept_until
from careweb.flows.signin import NOBODY
from careweb.web.asking import form_id_of, in_order
from careweb.web.bodies import NO_FIELDS, Fields
from careweb.web.cautions import cautions
from careweb.web.choices import choose_language, choose_place, spoken_languages
from careweb.web.cookies import SESSION, drop_cookie
from careweb.web.need_form import Errors
from careweb.web.offer_form import OfferForm, as_typed, read_offer_form, read_pace_form, read_rest
from careweb.web.visits import Visit, see_other
from careweb.web.where import ask_where, left_for_later
from careweb.wording import CATEGORIES

OFFER_FIELDS = 80  # twelve categories and 28 parts of a week are boxes of their own
_MOVED = {"errors": {"place": "moved"}}
_DAYTIME = [("hours", f"{day}-{part}") for day in range(7) for part in range(3)]


async def offer(visit: Visit) -> Response:
    """A new offer in a group. Signing in comes first, so that nobody can be signed up by someone else."""
    group = await group_by_slug(visit.ctx, visit.given("slug"))
    if visit.visitor.member_id is None:
        return visit.page("offers/start.html", group=group, errors={}, values=NO_FIELDS)
    pace = await offers.pace_of(visit.ctx, visit.member_id)
    own = [("name", visit.visitor.name), ("per_week", str(pace.per_week))]
    fresh: Fields = ImmutableMultiDict([("reach", "group"), ("radius", "10"), *own, *_DAYTIME])
    form, zone, shown = await _filled(visit, visit.fields if visit.posting else fresh, first=group.languages)
    if form is None or zone is None:
        return _offer_page(visit, group, {**shown, "form_id": form_id_of(visit)})
    stated = form.stated(str(zone.code))
    try:
        await offers.make_offer(visit.ctx, group.id, visit.member_id, stated, form_id=form_id_of(visit))
    except MovedTooOftenError:
        return _offer_page(visit, group, {**shown, **_MOVED, "form_id": form_id_of(visit)})
    await _about_them(visit, form, zone)
    return see_other("/me")


async def _about_them(visit: Visit, form: OfferForm, zone: Zone) -> None:
    """What an offer says of its person: their name, their pace, the language they read and the clock they live by."""
    await offers.set_name(visit.ctx, visit.member_id, form.name)
    await offers.set_tasks(visit.ctx, visit.member_id, form.per_week)
    await offers.speak_in(visit.ctx, visit.member_id, locale=visit.interface.tag, time_zone=zone.time_zone)


async def change_offer(visit: Visit) -> Response:
    offer_id = OfferId(UUID(str(visit.request.path_params["offer_id"])))
    row = await offers.offer_of(visit.ctx, offer_id, visit.member_id)
    per_week = (await offers.pace_of(visit.ctx, visit.member_id)).per_week
    values = visit.fields if visit.posting else as_typed(row, visit.visitor.name, per_week)
    form, zone, shown = await _filled(visit, values)
    if form is None or zone is None:
        return _offer_page(visit, None, {**shown, "offer_id": offer_id, "form_id": ""})
    try:
        await offers.change_offer(visit.ctx, offer_id, visit.member_id, form.stated(str(zone.code)))
    except MovedTooOftenError:
        return _offer_page(visit, None, {**shown, **_MOVED, "offer_id": offer_id, "form_id": ""})
    await _about_them(visit, form, zone)
    return see_other("/me")


def _offer_page(visit: Visit, group: Group | None, shown: Mapping[str, Any]) -> Response:
    status = 422 if shown["errors"] else 200
    return ask_where(visit, shown["place"], shown["errors"]) or visit.page(
        "offers/offer.html", status, **{"group": group, "offer_id": None, **shown}
    )


async def _filled(
    visit: Visit, values: Fields, first: tuple[str, ...] = ()
) -> tuple[OfferForm | None, Zone | None, Mapping[str, Any]]:
    """The form if it was sent and holds, the zone, and what a page needs to show it again."""
    languages = await choose_language(visit, values, first)
    place = await choose_place(visit, values)
    sent = visit.posting and values.get("do", "send") == "send"
    form, errors = read_offer_form(values) if sent else (None, {})
    errors |= languages.errors | (place.errors | cautions(values, "name") if sent else {})
    errors = left_for_later(errors)
    shown = {
        "values": values, "languages": languages, "place": place, "errors": in_order(errors),
        "categories": list(CATEGORIES), "radii": RADII_KM, "per_weeks": _listed_tasks(values.get("per_week", "")),
    }  # fmt: skip
    return (form if not errors else None), place.zone, shown


def _listed_tasks(chosen: str) -> list[int]:
    """One to ten, and what a file had said of this person."""
    usual, every = range(1, 11), map(str, range(1, PER_WEEK_MOST + 1))
    return sorted({*usual, int(chosen)}) if chosen in every else list(usual)


async def end_offer(visit: Visit) -> Response:
    await offers.end_offer(visit.ctx, OfferId(UUID(str(visit.request.path_params["offer_id"]))), visit.member_id)
    return see_other("/me")


async def switch_on(visit: Visit) -> Response:
    await offers.switch_on(visit.ctx, OfferId(UUID(str(visit.request.path_params["offer_id"]))), visit.member_id)
    return see_other("/me")


async def me(visit: Visit) -> Response:
    return await _my_page(visit)


async def _my_page(visit: Visit, errors: Errors | None = None) -> Response:
    mine = await offers.my_page(visit.ctx, visit.member_id)
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    waiting = [ask for ask in mine.asks if ask["state"] in ("planned", "sent")]
    return visit.page(
        "members/me.html", 422 if errors else 200, mine=mine, waiting=waiting, groups=await all_groups(visit.ctx),
        ask_links={ask["id"]: f"/a/{visit.ctx.vault.sign('ask', ask['id'])}" for ask in waiting},
        under_way=[match for match in mine.matches if match["state"] in UNDER_WAY],
        over=[match for match in mine.matches if match["state"] in ("done", "fell_through")],
        given=[match for match in mine.matches if match["state"] == "done"],
        received=[need for need in mine.needs if need["state"] == "met"], thanks=mine.thanks,
        errors=errors or {}, values=visit.fields if visit.posting else NO_FIELDS, speech=spoken.name, now=visit.ctx.now,
        usual_asks=visit.ctx.settings.weekly_asks,
    )  # fmt: skip


async def set_pace(visit: Visit) -> Response:
    form, errors = read_pace_form(visit.fields)
    if form is None:
        return await _my_page(visit, errors)
    await offers.set_pace(visit.ctx, visit.member_id, form.stated())
    return see_other("/me")


async def rest(visit: Visit) -> Response:
    until = read_rest(
        visit.fields.get("until", ""), visit.ctx.now.astimezone(ZoneInfo(visit.visitor.time_zone or "UTC")).date()
    )
    if until is None:
        return await _my_page(visit, {"until": "until"})
    await offers.rest(visit.ctx, visit.member_id, until)
    return see_other("/me")


async def resume(visit: Visit) -> Response:
    await offers.resume(visit.ctx, visit.member_id)
    return see_other("/me")


async def hear_again(visit: Visit) -> Response:
    await offers.hear_again(visit.ctx, visit.member_id)
    return see_other("/me")


async def remove(visit: Visit) -> Response:
    """For good. Whoever coordinates a group does not leave it alone by a click: the operator removes them."""
    member_id = visit.member_id
    if not visit.posting or visit.visitor.posts:
        kept = await member_kept_until(visit.ctx, member_id)
        return visit.page("members/remove.html", posts=visit.visitor.posts, kept=kept)
    kept = await forget_member(visit.ctx, member_id)
    visit.request.state.visitor = NOBODY
    response = visit.page("members/removed.html", kept=kept)
    drop_cookie(visit.request, response, SESSION)
    return response
