"""Asking: the form, and the page with the code."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import Response

from careweb.domain.ids import NeedId
from careweb.domain.needs import NewNeed
from careweb.flows.entering import act_in
from careweb.flows.following import sent_lately
from careweb.flows.groups import Group, group_by_slug
from careweb.flows.needs import Posted, need_of_form, post_need
from careweb.flows.signin import open_session
from careweb.web.bodies import Fields
from careweb.web.cautions import cautions
from careweb.web.choices import LanguageChoice, PlaceChoice, choose_language, choose_place
from careweb.web.cookies import SESSION, set_cookie
from careweb.web.errors import StaleFormError
from careweb.web.need_form import Errors, NeedForm, WhenError, read_need_form, read_when, stated_need
from careweb.web.outcomes import ended
from careweb.web.pages import FormToken, answer, drawn
from careweb.web.slowing import held_because
from careweb.web.visits import Visit, see_other
from careweb.web.where import ask_where, left_for_later
from careweb.wording import CATEGORIES

_FORM_ID = re.compile(r"[A-Za-z0-9_-]{22,64}")
FRESH: Fields = ImmutableMultiDict({"reach": "group", "see_first": "no", "helpers": "1"})


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A form as it stands: what was typed, the lists it needs, what is wrong, and the need if nothing is."""

    values: Fields
    place: PlaceChoice
    languages: LanguageChoice
    errors: Errors
    need: NewNeed | None

    def shown(self) -> Mapping[str, object]:
        return {
            "values": self.values, "place": self.place, "languages": self.languages, "errors": self.errors,
            "categories": list(CATEGORIES), "changing": False,
        }  # fmt: skip


async def ask(visit: Visit) -> Response:
    group = await group_by_slug(visit.ctx, visit.given("slug"))
    if not visit.posting:
        return await _first_form(visit, group)
    sent = visit.fields.get("do", "send") == "send"
    filled = await fill_in(visit, visit.fields, sent=sent, first=group.languages)
    if filled.need is None:
        return ask_where(visit, filled.place, filled.errors) or await _form(
            visit, group, filled, status=422 if filled.errors else 200
        )
    same = await sent_lately(visit.ctx, visit.visitor.needs, filled.need)
    await act_in(visit.ctx, group.slug)
    if same and not await need_of_form(
        visit.ctx, form_id_of(visit)
    ):  # whoever sends one form again sees its code again
        return see_other(f"/need/{same}?again=yes")
    posted = await post_need(
        visit.ctx, group.id, filled.need, form_id=form_id_of(visit), member_id=visit.visitor.member_id,
        secret_hash=hashed_first(visit), held=await held_because(visit.request, filled.need.text),
    )  # fmt: skip
    response = posted_page(visit, group, posted)
    await remember(visit, response, [posted.need_id])
    return response


async def _first_form(visit: Visit, group: Group) -> Response:
    """As every stranger gets it: drawn once for a group and language, then only its token and number differ."""
    state = visit.request.app.state
    key = (visit.interface.tag, group)
    if visit.visitor.member_id or not hasattr(state, "spoken"):
        return await _form(visit, group, await fill_in(visit, FRESH, sent=False, first=group.languages))
    if key not in state.first_forms:
        filled = await fill_in(visit, FRESH, sent=False, first=group.languages)
        html = drawn(
            visit.request,
            "needs/ask.html",
            group=group,
            form_token=_TOKEN,
            form_id=_NUMBER,
            page_address=visit.request.url.path,
            **filled.shown(),
        )
        while len(state.first_forms) >= _KEPT_FORMS:
            del state.first_forms[next(iter(state.first_forms))]
        state.first_forms[key] = [piece.encode() for piece in _STAND_INS.split(html)]
    token = FormToken(visit.request)
    real = {_TOKEN.encode(): str(token).encode(), _NUMBER.encode(): form_id_of(visit).encode()}
    return answer(
        visit.request, "needs/ask.html", b"".join([real.get(piece, piece) for piece in state.first_forms[key]]), token
    )


_TOKEN, _NUMBER = "\0token", "\0number"  # no text from the database holds this character
_STAND_INS = re.compile(f"({_TOKEN}|{_NUMBER})")
_KEPT_FORMS = 64  # of about 40 KB


async def _form(visit: Visit, group: Group, filled: Filled, status: int = 200) -> Response:
    return visit.page("needs/ask.html", status, group=group, form_id=form_id_of(visit), **filled.shown())


def new_form_id() -> str:
    return secrets.token_urlsafe(24)


def form_id_of(visit: Visit) -> str:
    """Made with the form and sent back with it: the same form posted twice makes one need."""
    if not visit.posting:
        return new_form_id()
    form_id = visit.fields.get("form_id", "")
    if not _FORM_ID.fullmatch(form_id):
        raise StaleFormError
    return form_id


async def hash_code_first(request: Request, fields: Fields) -> None:
    """The slow hash of the return code that this form will get, if it is sent to be kept."""
    form_id = fields.get("form_id", "")
    if fields.get("do", "send") == "send" and "consent" in fields and _FORM_ID.fullmatch(form_id):
        vault = request.app.state.vault
        request.state.secret_hash = await vault.hash_aside(vault.return_code(form_id).secret)


def hashed_first(visit: Visit) -> str:
    return str(getattr(visit.request.state, "secret_hash", ""))


def posted_page(visit: Visit, group: Group, posted: Posted, *, by_phone: bool = False) -> Response:
    return visit.page(
        "needs/posted.html", group=group, need_id=posted.need_id, code=str(posted.code), by_phone=by_phone,
        again=not posted.fresh, held=posted.held,
        page_address=visit.request.url.path if by_phone else f"/need/{posted.need_id}",
        link=f"{visit.ctx.settings.public_url}/n/{visit.ctx.vault.sign('need', posted.need_id)}",
    )  # fmt: skip


async def remember(visit: Visit, response: Response, needs: list[NeedId]) -> None:
    """From now on this browser may follow these needs."""
    secret = await open_session(visit.ctx, needs=needs, old_secret=visit.secret)
    keep_session(visit, response, secret)


def keep_session(visit: Visit, response: Response, secret: str) -> None:
    set_cookie(visit.request, response, SESSION, secret, _KEPT)
    ended(visit.request, "session_began")


_KEPT = 30 * 24 * 3600  # seconds; the server ends it earlier for coordinators


async def fill_in(
    visit: Visit, fields: Fields, *, sent: bool, consent: bool = True, first: Iterable[str] = ()
) -> Filled:
    """`first`: the languages of the group. `sent` is False while someone only looks for a town or a language: then nothing is wrong yet."""
    languages = await choose_language(visit, fields, first)
    place = await choose_place(visit, fields, languages=languages)
    form: NeedForm | None = None
    errors: Errors = {}
    if sent:
        form, errors = read_need_form(fields, consent=consent)
        errors = left_for_later(cautions(fields, "text", "name") | errors | languages.errors | place.errors)
    elif languages.searched:
        errors = languages.errors
    need = None
    if form and place.zone and not errors:
        try:
            when = read_when(form, now=visit.ctx.now, time_zone=place.zone.time_zone)
            need = stated_need(form, when, zone_code=place.zone.code, locale=visit.interface.tag)
        except WhenError as error:
            errors = {error.field: error.key}
    return Filled(values=fields, place=place, languages=languages, errors=in_order(errors), need=need)


_ORDER = ("category", "categories", "text", "place", "wider", "province", "town", "zone", "language", "language_search", "urgency", "by", "repeats_until", "parts",
    "helpers", "radius", "per_week", "hours", "name", "contact_kind", "contact", "reach", "see_first", "consent")  # fmt: skip


def in_order(errors: Errors) -> Errors:
    """As the fields stand on the page."""
    return {field: errors[field] for field in sorted(errors, key=_place_on_page)}


def _place_on_page(field: str) -> int:
    return _ORDER.index(field) if field in _ORDER else len(_ORDER)
